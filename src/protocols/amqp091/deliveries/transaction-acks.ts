// The acknowledgements of a transaction.

import { wholeText } from '../../../base/bytes.ts';
import type { Outcome, Subscription } from '../../../broker/subscription.ts';
import { AmqpError } from '../errors.ts';
import type { DeliveryTags } from './delivery-tags.ts';
import { TagRanges } from './tag-ranges.ts';

/** Deliveries that a transaction settles with the same outcome. */
interface Ack {
  readonly first: number;
  last: number;
  readonly outcome: Outcome;
}

/** Number of gaps from which adding a delivery takes longer. */
const scatteredCount = 1024;

/**
 * The settlements of a channel's transaction until it commits. Deliveries with consecutive tags and
 * the same outcome are one entry.
 */
export class TransactionAcks {
  readonly #tags: DeliveryTags;
  readonly #countMax: number;
  /** In the order of arrival. No delivery is in two of them. */
  #acks: Ack[] = [];
  /** All deliveries up to this tag are settled. */
  #upTo = 0;
  /** Settled tags above it. */
  readonly #above = new TagRanges();

  /** @param countMax maximum number of entries */
  constructor(tags: DeliveryTags, countMax: number) {
    this.#tags = tags;
    this.#countMax = countMax;
  }

  /**
   * Adds a delivery, or all up to it. Tag 0 with `isMultiple` means all deliveries so far.
   *
   * @throws {AmqpError} 'precondition-failed' if no unsettled delivery has this tag;
   *   'resource-error' if the transaction is too large
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
    // Deliveries that are settled already keep their outcome.
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

  /** Whether there are so many gaps that adding a delivery takes a while. */
  get isScattered(): boolean {
    return this.#above.count > scatteredCount;
  }

  /** Whether the transaction settles this delivery. */
  has(tag: number): boolean {
    return tag <= this.#upTo || this.#above.has(tag);
  }

  /**
   * The transaction commits: passes on all settlements as delivery numbers, of one subscription at
   * a time, in steps. The receiver settles them.
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

  /** Requeues all deliveries without a settlement (`basic.recover`), in steps. */
  recover(): Generator<void> {
    return this.#tags.settleOthers(this.#upTo, this, 'modified');
  }

  /** The transaction is complete, or was rolled back. */
  clear(): void {
    this.#acks = [];
    this.#above.clear();
    this.#upTo = 0;
  }
}
