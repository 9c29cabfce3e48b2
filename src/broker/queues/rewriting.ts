// Messages that a consumer returns with changed contents.

import type { Delivery } from '../subscription.ts';

/** How a message is changed that a consumer returns or rejects. */
export interface Rewriting {
  /** Returns a changed copy of the message, with the same address. Must not throw. */
  readonly changed: (delivery: Delivery) => Delivery;
  /** Whether it is rejected instead of requeued, and the cause that the consumer stated. */
  readonly isRejected: boolean;
  readonly cause: string | undefined;
  /** Whether the delivery counts as failed. Always true for rejections. */
  readonly hasFailed: boolean;
  /** When it may be delivered again, milliseconds since 1970; only quorum queues wait. */
  readonly readyAtMs?: number | undefined;
}

/** Rewritings of a queue that wait for their turn; see `rewritingCountMax`. */
export class Rewritings {
  #bySequence: Map<number, Rewriting> | undefined = undefined;

  get count(): number {
    return this.#bySequence?.size ?? 0;
  }

  get isEmpty(): boolean {
    return this.#bySequence === undefined;
  }

  add(sequence: number, rewriting: Rewriting): void {
    this.#bySequence ??= new Map();
    this.#bySequence.set(sequence, rewriting);
  }

  get(sequence: number): Rewriting | undefined {
    return this.#bySequence?.get(sequence);
  }

  delete(sequence: number): void {
    this.#bySequence?.delete(sequence);
    if (this.#bySequence?.size === 0) this.#bySequence = undefined;
  }
}

/**
 * Number of messages that may wait in one queue before a consumer that returns more of them with
 * changes has to wait.
 */
export const rewritingCountMax = 64;
