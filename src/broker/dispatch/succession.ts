// The succession of single active consumers.

import type { Subscription } from '../subscription.ts';

/** The consumers of one priority in the order in which they were added. */
interface Rank {
  readonly priority: number;
  readonly members: Set<Subscription>;
}

/**
 * Determines the next active consumer of a queue with a single active consumer: among those with
 * the highest priority, the one that has waited longest. The cost of an operation does not depend
 * on the number of consumers.
 */
export class Succession {
  /** Non-empty ranks, highest priority first. */
  readonly #ranks: Rank[] = [];

  /** The next active consumer; undefined if there is none. */
  get first(): Subscription | undefined {
    return this.#ranks[0]?.members.values().next().value;
  }

  add(subscription: Subscription): void {
    const { priority } = subscription.options;
    const at = this.#rankAt(priority);
    const rank = this.#ranks[at];
    if (rank?.priority === priority) rank.members.add(subscription);
    else this.#ranks.splice(at, 0, { priority, members: new Set([subscription]) });
  }

  /** Removes a consumer. */
  remove(subscription: Subscription): void {
    const at = this.#rankAt(subscription.options.priority);
    const members = this.#ranks[at]?.members;
    members?.delete(subscription);
    if (members?.size === 0) this.#ranks.splice(at, 1);
  }

  clear(): void {
    this.#ranks.length = 0;
  }

  /** Returns the index of the first rank whose priority is at most the given one. */
  #rankAt(priority: number): number {
    let low = 0;
    let high = this.#ranks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranks[middle]?.priority ?? priority) > priority) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
