// The end of all nodes when the lease ends.

import type { Lease } from '../hosts/lease.ts';

/** Knows whether nodes may be running, and ends them. */
export class Fence {
  readonly #lease: Lease;
  readonly #end: () => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #isClosed = true;
  #closing: Promise<void> | undefined = undefined;

  /**
   * @param end ends all nodes
   * @param failed called if that fails; it is tried again
   */
  constructor(lease: Lease, end: () => Promise<void>, failed: (error: unknown) => void) {
    this.#lease = lease;
    this.#end = end;
    this.#failed = failed;
  }

  /** Nodes may be started from now on: there is a lease. */
  open(): void {
    this.#isClosed = false;
  }

  /** Whether the lease has ended, nodes may still run, and nobody ends them. */
  get isDue(): boolean {
    return !this.#isClosed && !this.#lease.isValid && this.#closing === undefined;
  }

  /** Resolves once the attempt to end nodes that is being made is over. */
  get closing(): Promise<void> {
    return this.#closing ?? Promise.resolve();
  }

  /** Ends all nodes. It does not fail: {@link isDue} says whether to try again. */
  close(): Promise<void> {
    this.#closing ??= this.#end()
      .then(() => {
        // A lease that was granted meanwhile has started nodes again, or will.
        this.#isClosed = !this.#lease.isValid;
      })
      .catch((error: unknown) => {
        this.#isClosed = false;
        this.#failed(error);
      })
      .finally(() => {
        this.#closing = undefined;
      });
    return this.#closing;
  }
}
