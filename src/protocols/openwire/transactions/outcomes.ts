// The outcomes of local transactions that were committed lately.

import { BoundedByUser } from '../../../broker/publishing/bounded-by-user.ts';
import { outcomeCountMax, outcomeMs, outcomeTotalMax } from '../limits.ts';

/** A transaction of a user. Ids are the clients' own, so that two users can use the same one. */
export interface TransactionKey {
  readonly user: string;
  readonly id: string;
}

/**
 * Remembers committed transactions, so that a client that has connected again, and repeats a commit
 * whose answer it did not receive, is answered as before.
 */
export class Outcomes {
  readonly #nowMs: () => number;
  /** The time and the group of each commit. */
  readonly #committed = new BoundedByUser<{ readonly atMs: number; readonly group: number }>({
    countMax: outcomeCountMax,
    totalMax: outcomeTotalMax,
  });

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** @param group the group whose sync makes the commit durable */
  committed({ user, id }: TransactionKey, group: number): void {
    this.#committed.set(user, id, { atMs: this.#nowMs(), group });
  }

  /** Returns the group of a commit; undefined if it is not known. */
  groupOf({ user, id }: TransactionKey): number | undefined {
    const found = this.#committed.get(user, id);
    return found !== undefined && this.#nowMs() - found.atMs <= outcomeMs ? found.group : undefined;
  }
}
