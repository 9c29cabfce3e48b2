import type { Outcome } from '../../broker/subscription.ts';
import type { DeliveryTags } from './delivery-tags.ts';

/** Settlements of one delivery each that are one step. */
const acksPerStep = 16;

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
    if (isSettled || !this.#tags.isUnsettled(last)) return false;
    if (isMultiple) this.#upTo = last;
    else this.#single.add(last);
    this.#acks.push({ tag: last, isMultiple, outcome });
    return true;
  }

  /** Settles everything that was added, in its order and some a step. */
  *settle(): Generator<void> {
    let count = 0;
    for (const { tag, isMultiple, outcome } of this.#acks) {
      if (isMultiple) yield* this.#tags.settleInSteps(tag, outcome);
      else this.#tags.settle(tag, false, outcome);
      if (++count % acksPerStep === 0) yield;
    }
  }

  /** Gives back every delivery that nothing was added for (`basic.recover`), some a step. */
  recover(): Generator<void> {
    return this.#tags.giveBackAbove(this.#upTo, this.#single);
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
