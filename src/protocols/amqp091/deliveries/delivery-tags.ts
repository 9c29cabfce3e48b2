// Delivery tags.

import { assert } from '../../../base/assert.ts';
import type { Outcome, Subscription } from '../../../broker/subscription.ts';
import { type Run, RunRing } from './run-ring.ts';

/** Number of deliveries settled in one step. */
const stepSize = 8;
/** Maximum number of deliveries that are settled at once, and of tags that they span. */
const atOnceMax = 4096;
const atOnceSpanMax = 16 * atOnceMax;
/** Number of tags of a run that are examined in one step. */
const lookedMax = 1024;

/**
 * Maps the delivery tags of a channel to deliveries of subscriptions. A channel with one consumer
 * has one run, so a tag costs only arithmetic. With many consumers, each delivery may be a run.
 * There may be a million runs: they are in rings of bounded size, so that the duration of a call
 * does not depend on their number, and large settlements are done in steps.
 */
export class DeliveryTags {
  /** The number of unsettled deliveries. */
  unsettledCount = 0;
  /** The number of deliveries that needed no settlement. */
  settledAtOnceCount = 0;
  #lastTag = 0;
  /** Runs in the order of their tags. Only the last ring may be empty. */
  readonly #rings: RunRing[] = [new RunRing()];
  #current: Run | undefined = undefined;

  /** The number of rings. */
  get ringCount(): number {
    return this.#rings.length;
  }

  /** Returns the tag of a delivery that needs no settlement (no-ack). */
  nextSettled(): number {
    this.settledAtOnceCount++;
    return ++this.#lastTag;
  }

  /** Returns the tag of a delivery that must be settled. */
  next(subscription: Subscription, deliveryNumber: number): number {
    const tag = ++this.#lastTag;
    this.unsettledCount++;
    const offset = tag - deliveryNumber;
    const run = this.#current;
    if (
      run !== undefined &&
      run.lastTag === tag - 1 &&
      run.subscription === subscription &&
      run.offset === offset
    ) {
      run.lastTag = tag;
      run.left++;
    } else this.#begin(subscription, tag, offset);
    return tag;
  }

  #begin(subscription: Subscription, tag: number, offset: number): void {
    let ring = this.#ring(this.#rings.length - 1);
    if (ring.isFull) {
      ring = new RunRing();
      this.#rings.push(ring);
    }
    const run = ring.push();
    run.subscription = subscription;
    run.firstTag = tag;
    run.lastTag = tag;
    run.offset = offset;
    run.left = 1;
    this.#current = run;
  }

  #ring(at: number): RunRing {
    return this.#rings[at] as RunRing; // there is at least one, and callers check the range
  }

  /** The index of the ring that contains a tag, or otherwise of the last ring. */
  #ringFor(tag: number): number {
    let low = 0;
    let high = this.#rings.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const ring = this.#ring(middle);
      if (ring.run(ring.count - 1).lastTag < tag) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first run that ends at or after a tag. */
  #runFrom(tag: number): Run | undefined {
    const ring = this.#ring(this.#ringFor(tag));
    const at = ring.findFrom(tag);
    return at < ring.count ? ring.run(at) : undefined;
  }

  /** Whether the delivery with this tag is unsettled. */
  isUnsettled(tag: number): boolean {
    const run = this.#runFrom(tag);
    return run !== undefined && run.firstTag <= tag && run.isUnsettled(tag);
  }

  /**
   * Settles one delivery, or all up to it. Tag 0 with `isMultiple` means all.
   *
   * @returns false if no unsettled delivery has this tag
   */
  settle(tag: number, isMultiple: boolean, outcome: Outcome): boolean {
    if (tag === 0 && isMultiple) {
      this.settleAll(outcome);
      return true;
    }
    const ringAt = this.#ringFor(tag);
    const ring = this.#ring(ringAt);
    const at = ring.findFrom(tag);
    if (at === ring.count) return false;
    const run = ring.run(at);
    if (run.firstTag > tag || !run.isUnsettled(tag)) return false;
    if (isMultiple) this.#settleUpTo(ringAt, tag, outcome);
    else {
      this.#settleIn(run, tag, tag, outcome);
      if (run.left === 0) this.#forget(ringAt, at);
    }
    return true;
  }

  /** The last assigned tag; 0 before the first. */
  get lastTag(): number {
    return this.#lastTag;
  }

  /** The oldest unsettled delivery; undefined if there is none. */
  oldest(): { readonly tag: number; readonly subscription: Subscription } | undefined {
    const ring = this.#ring(0);
    for (let at = 0; at < ring.count; at++) {
      const { left, subscription, offset } = ring.run(at);
      if (left === 0 || subscription === undefined) continue;
      return { tag: subscription.firstUnsettled + offset, subscription };
    }
    return undefined;
  }

  /** Settles the deliveries above a tag, except for those to keep, in steps. */
  *settleOthers(
    upTo: number,
    kept: { has(tag: number): boolean },
    outcome: Outcome,
  ): Generator<void> {
    const lastTag = this.#lastTag;
    for (let tag = upTo + 1; ; ) {
      const run = this.#runFrom(tag);
      if (run === undefined || run.firstTag > lastTag) return;
      const first = Math.max(tag, run.firstTag);
      const last = Math.min(run.lastTag, lastTag, first + stepSize - 1);
      // In reverse order, which is best for requeueing.
      for (let at = last; at >= first; at--) if (!kept.has(at)) this.settle(at, false, outcome);
      tag = last + 1;
      yield;
    }
  }

  /**
   * Removes the unsettled deliveries between two tags, because somebody else settles them. Passes
   * their delivery numbers, of one subscription at a time, in steps.
   */
  *handOver(
    first: number,
    last: number,
    take: (subscription: Subscription, first: number, last: number) => void,
  ): Generator<void> {
    for (let tag = first; tag <= last; ) {
      const ringAt = this.#ringFor(tag);
      const ring = this.#ring(ringAt);
      const at = ring.findFrom(tag);
      if (at === ring.count) return;
      const run = ring.run(at);
      const from = Math.max(tag, run.firstTag);
      const to = Math.min(last, run.lastTag, from + lookedMax - 1);
      if (from > to) return;
      const count = countUnsettled(run, from, to);
      if (count > 0 && run.subscription !== undefined) {
        take(run.subscription, from - run.offset, to - run.offset);
      }
      this.#count(run, count);
      if (count > 0 && run.left === 0) this.#forget(ringAt, at);
      tag = to + 1;
      yield;
    }
  }

  /** Settles all unsettled deliveries. */
  settleAll(outcome: Outcome): void {
    this.#settleUpTo(this.#rings.length - 1, this.#lastTag, outcome);
  }

  /** Requeues all unsettled deliveries, in steps. Nothing may be delivered in the meantime. */
  *requeueAll(): Generator<void> {
    const { unsettledCount } = this;
    if (this.isMuch(0, true)) yield* this.settleInSteps(this.#lastTag, 'modified');
    else {
      this.settleAll('modified');
      for (let done = stepSize; done < unsettledCount; done += stepSize) yield;
    }
  }

  /** Whether a settlement is so large that it must be done in steps. */
  isMuch(tag: number, isMultiple: boolean): boolean {
    if (!isMultiple || this.unsettledCount === 0) return false;
    const span = this.#lastTag - this.#ring(0).run(0).firstTag;
    if (this.unsettledCount <= atOnceMax && span <= atOnceSpanMax) return false;
    return tag === 0 || this.isUnsettled(tag);
  }

  /**
   * Settles all deliveries up to a tag, or all for 0, in steps. Starts with the first, so that
   * other consumers get them in order.
   */
  *settleInSteps(tag: number, outcome: Outcome): Generator<void> {
    const lastTag = tag === 0 ? this.#lastTag : tag;
    while (this.#ring(0).count > 0) {
      const run = this.#ring(0).run(0);
      if (run.firstTag > lastTag) return;
      const { subscription, offset } = run;
      if (subscription !== undefined) {
        const oldest = subscription.firstUnsettled + offset;
        run.firstTag = Math.max(run.firstTag, Math.min(oldest, run.lastTag));
      }
      const last = Math.min(run.lastTag, lastTag, run.firstTag + stepSize - 1);
      if (run.left > 0) this.#settleIn(run, run.firstTag, last, outcome);
      run.firstTag = last + 1;
      this.#passSettled();
      yield;
    }
  }

  /** Later runs first unless accepted, so that messages are requeued in reverse order. */
  #settleUpTo(ringAt: number, tag: number, outcome: Outcome): void {
    for (let i = 0; i <= ringAt; i++) {
      const ring = this.#ring(outcome === 'accepted' ? i : ringAt - i);
      const count = Math.min(ring.count, ring.findFrom(tag) + 1);
      for (let at = 0; at < count; at++) {
        const run = ring.run(outcome === 'accepted' ? at : count - 1 - at);
        if (run.left === 0 || run.firstTag > tag) continue;
        this.#settleIn(run, run.firstTag, Math.min(run.lastTag, tag), outcome);
      }
    }
    this.#passSettled();
  }

  #settleIn(run: Run, firstTag: number, lastTag: number, outcome: Outcome): void {
    const { subscription, offset } = run;
    assert(subscription !== undefined, 'a run that is not settled has no subscription');
    // Requeued messages may be redelivered at once, in a new run, because this one may be removed
    // as soon as it is settled.
    if (outcome !== 'accepted') this.#current = undefined;
    this.#count(run, subscription.settle(firstTag - offset, lastTag - offset, outcome));
  }

  /** Counts the settled deliveries of a run. */
  #count(run: Run, count: number): void {
    run.left -= count;
    this.unsettledCount -= count;
    if (run.left === 0) run.subscription = undefined;
  }

  /** A run is settled completely. */
  #forget(ringAt: number, at: number): void {
    const ring = this.#ring(ringAt);
    ring.settled(at);
    if (this.#rings.length === 1) return;
    if (ringAt === 0) this.#passSettled();
    if (ring.count === 0 || ring.isSparse) this.#join(this.#rings.indexOf(ring));
  }

  /** Shrinks a ring with few runs, and merges it with a neighbour. */
  #join(ringAt: number): void {
    if (ringAt < 0 || this.#rings.length === 1) return;
    if (this.#ring(ringAt).count === 0) {
      this.#rings.splice(ringAt, 1);
      return;
    }
    this.#ring(ringAt).shrink();
    for (const at of [ringAt, ringAt - 1]) {
      const [ring, next] = [this.#rings[at], this.#rings[at + 1]];
      if (ring === undefined || next === undefined || !ring.canAbsorb(next)) continue;
      ring.absorb(next);
      this.#rings.splice(at + 1, 1);
      // Its run has been copied.
      this.#current = undefined;
    }
  }

  /** Removes settled runs at the beginning. */
  #passSettled(): void {
    for (;;) {
      const ring = this.#ring(0);
      ring.passSettled();
      if (ring.count > 0 || this.#rings.length === 1) return;
      this.#rings.shift();
    }
  }
}

function countUnsettled(run: Run, first: number, last: number): number {
  let count = 0;
  for (let tag = first; tag <= last; tag++) if (run.isUnsettled(tag)) count++;
  return count;
}
