import type { Subscription } from '../subscription.ts';

/** Consumers of one priority, in the order in which they came. */
interface Rank {
  readonly priority: number;
  readonly members: Set<Subscription>;
}

/**
 * Who becomes the active consumer of a queue that has one at a time: of the highest priority the one
 * that has waited longest. To add, remove or find one takes no longer the more there are.
 */
export class Succession {
  /** Highest priority first; none is empty. */
  readonly #ranks: Rank[] = [];

  /** The consumer that comes first; undefined where there is none. */
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

  /** Takes out one that was added. */
  remove(subscription: Subscription): void {
    const at = this.#rankAt(subscription.options.priority);
    const members = this.#ranks[at]?.members;
    members?.delete(subscription);
    if (members?.size === 0) this.#ranks.splice(at, 1);
  }

  clear(): void {
    this.#ranks.length = 0;
  }

  /** The place of the first rank whose priority is not above the given one. */
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
