import { wholeText } from '../../../base/bytes.ts';
import type { Outcome, Subscription } from '../../../broker/subscription.ts';
import { AmqpError } from '../errors.ts';
import type { DeliveryTags } from './delivery-tags.ts';
import { TagRanges } from './tag-ranges.ts';

/** Deliveries that a transaction settles in the same way. */
interface Ack {
  readonly first: number;
  last: number;
  readonly outcome: Outcome;
}

/** Gaps from which on it takes longer to add a delivery. */
const scatteredCount = 1024;

/**
 * Settlements of a channel's transaction, which happen when it commits. Deliveries whose tags follow
 * each other and end in the same way are one entry, whatever their number.
 */
export class TransactionAcks {
  readonly #tags: DeliveryTags;
  readonly #countMax: number;
  /** In the order in which they came; no delivery is in two of them. */
  #acks: Ack[] = [];
  /** Every delivery up to this tag is settled. */
  #upTo = 0;
  /** Those above it that are settled. */
  readonly #above = new TagRanges();

  /** @param countMax entries that a transaction may have */
  constructor(tags: DeliveryTags, countMax: number) {
    this.#tags = tags;
    this.#countMax = countMax;
  }

  /**
   * Adds one delivery, or all up to it; tag 0 with `isMultiple` means all that have come so far.
   *
   * @throws {AmqpError} 'precondition-failed' where no delivery has this tag that neither this nor
   * anything before has settled, 'resource-error' where the transaction has become too large
   */
  add(tag: number, isMultiple: boolean, outcome: Outcome): void {
    const isAll = tag === 0 && isMultiple;
    const last = isAll ? this.#tags.lastTag : tag;
    if (!isAll && (this.has(tag) || !this.#tags.isUnsettled(tag))) {
      throw new AmqpError('precondition-failed', `unknown delivery tag ${wholeText(tag)}`);
    }
    if (!isMultiple) {
      this.#above.add(tag);
      this.#push(tag, tag, outcome);
      return;
    }
    // What of it is settled already keeps the outcome that it has.
    for (let first = this.#upTo + 1; first <= last; ) {
      const next = this.#above.takeFirst(last);
      const end = next === undefined ? last : next.first - 1;
      if (first <= end) this.#push(first, end, outcome);
      first = next === undefined ? last + 1 : next.last + 1;
      this.#upTo = Math.max(this.#upTo, first - 1);
    }
  }

  #push(first: number, last: number, outcome: Outcome): void {
    const before = this.#acks.at(-1);
    if (before !== undefined && before.last + 1 === first && before.outcome === outcome) {
      before.last = last;
      return;
    }
    if (this.#acks.length >= this.#countMax) {
      const found = `transaction with more than ${this.#countMax} settlements of deliveries`;
      throw new AmqpError('resource-error', `${found} that do not follow each other`);
    }
    this.#acks.push({ first, last, outcome });
  }

  /** Whether there are so many gaps between them that to add one takes a while. */
  get isScattered(): boolean {
    return this.#above.count > scatteredCount;
  }

  /** Whether the transaction will settle this delivery. */
  has(tag: number): boolean {
    return tag <= this.#upTo || this.#above.has(tag);
  }

  /**
   * The transaction commits: hands over everything that was added, some of it a step, as delivery
   * numbers of one subscription at a time. Whoever takes it settles it.
   */
  *take(
    settle: (subscription: Subscription, first: number, last: number, outcome: Outcome) => void,
  ): Generator<void> {
    const acks = this.#acks;
    this.clear();
    for (const { first, last, outcome } of acks) {
      yield* this.#tags.handOver(first, last, (subscription, from, to) => {
        settle(subscription, from, to, outcome);
      });
    }
  }

  /** Gives back every delivery that nothing was added for (`basic.recover`), some of it a step. */
  recover(): Generator<void> {
    return this.#tags.settleOthers(this.#upTo, this, 'modified');
  }

  /** The transaction is over: what was added is settled, or was never. */
  clear(): void {
    this.#acks = [];
    this.#above.clear();
    this.#upTo = 0;
  }
}
