// The outcomes of local transactions that were committed lately.

import { outcomeCountMax, outcomeMs } from '../limits.ts';

/**
 * Remembers committed transactions, so that a client that has connected again, and repeats a commit
 * whose answer it did not receive, is answered as before.
 */
export class Outcomes {
  readonly #nowMs: () => number;
  /** The time and the group of each commit, oldest first. */
  readonly #committed = new Map<string, { readonly atMs: number; readonly group: number }>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** @param group the group whose sync makes the commit durable */
  committed(transaction: string, group: number): void {
    this.#committed.delete(transaction);
    this.#committed.set(transaction, { atMs: this.#nowMs(), group });
    if (this.#committed.size <= outcomeCountMax) return;
    const [oldest] = this.#committed.keys();
    if (oldest !== undefined) this.#committed.delete(oldest);
  }

  /** Returns the group of a commit; undefined if it is not known. */
  groupOf(transaction: string): number | undefined {
    const found = this.#committed.get(transaction);
    return found !== undefined && this.#nowMs() - found.atMs <= outcomeMs ? found.group : undefined;
  }
}
