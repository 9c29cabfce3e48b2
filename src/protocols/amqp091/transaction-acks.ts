import type { Outcome, Subscription } from '../../broker/subscription.ts';
import type { DeliveryTags } from './delivery-tags.ts';

interface Ack {
  readonly tag: number;
  readonly isMultiple: boolean;
  readonly outcome: Outcome;
}

/** Settlements of a channel's transaction, which happen when it commits. */
export class TransactionAcks {
  readonly #tags: DeliveryTags;
  #acks: Ack[] = [];
  readonly #single = new Set<number>();
  /** Every delivery up to this tag is settled. */
  #upTo = 0;

  constructor(tags: DeliveryTags) {
    this.#tags = tags;
  }

  /**
   * Adds one delivery, or all up to it; tag 0 with `isMultiple` means all that have come so far.
   *
   * @returns false where no delivery has this tag that neither this nor anything before has settled
   */
  add(tag: number, isMultiple: boolean, outcome: Outcome): boolean {
    const isAll = tag === 0 && isMultiple;
    const last = isAll ? this.#tags.lastUnsettled() : tag;
    if (isAll && last <= this.#upTo) return true;
    const isSettled = !isAll && (last <= this.#upTo || this.#single.has(last));
    if (isSettled || !this.#tags.visit(last, isMultiple, () => {})) return false;
    if (isMultiple) this.#upTo = last;
    else this.#single.add(last);
    this.#acks.push({ tag: last, isMultiple, outcome });
    return true;
  }

  /** Hands over everything that was added, run by run. */
  take(
    settle: (subscription: Subscription, first: number, last: number, outcome: Outcome) => void,
  ): void {
    for (const { tag, isMultiple, outcome } of this.#acks) {
      this.#tags.visit(tag, isMultiple, (subscription, first, last) => {
        settle(subscription, first, last, outcome);
      });
    }
  }

  /** Gives back every delivery that nothing was added for (`basic.recover`). */
  recover(): void {
    this.#tags.settleAbove(this.#upTo, this.#single, 'released');
  }

  /** Whether the transaction will settle this delivery. */
  has(tag: number): boolean {
    return tag <= this.#upTo || this.#single.has(tag);
  }

  get isEmpty(): boolean {
    return this.#acks.length === 0;
  }

  /** The transaction is over: what was added is settled, or was never. */
  clear(): void {
    this.#acks = [];
    this.#single.clear();
    this.#upTo = 0;
  }
}
