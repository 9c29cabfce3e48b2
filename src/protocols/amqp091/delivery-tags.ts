import { assert } from '../../base/assert.ts';
import type { Outcome, Subscription } from '../../broker/subscription.ts';

/** Deliveries of one subscription whose tags and numbers rise together. */
class Run {
  /** Undefined once the run is over. */
  subscription: Subscription | undefined = undefined;
  firstTag = 0;
  lastTag = 0;
  /** Delivery number = tag - offset. */
  offset = 0;
  /** Deliveries of the run not settled yet. */
  left = 0;
}

/** Runs that a ring has room for at first, and up to which it is kept when it is empty. */
/** Deliveries settled in one step, and up to which all are settled at once. */
const stepSize = 16;
const atOnceMax = 512;

const ringSizeMin = 4;
const ringSizeKept = 4096;

/**
 * A channel's delivery tags, and which delivery of which subscription each stands for. A channel
 * with one consumer has one run, so that a tag costs arithmetic only; with many each delivery may
 * be a run, so runs are written over those that are over instead of being made anew.
 */
export class DeliveryTags {
  /** Deliveries that wait to be settled. */
  unsettledCount = 0;
  #lastTag = 0;
  /** Runs in the order of their tags, from the head on and round; its size is a power of 2. */
  #ring: Run[] = [];
  #head = 0;
  #count = 0;
  #current: Run | undefined = undefined;
  /** Runs that ended behind the head since they were last closed up. */
  #overCount = 0;

  /** The tag of a delivery that is never settled (no-ack). */
  nextSettled(): number {
    return ++this.#lastTag;
  }

  /** The tag of a delivery that waits to be settled. */
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
    if (this.#count === this.#ring.length) this.#grow();
    const run = this.#run(this.#count++);
    run.subscription = subscription;
    run.firstTag = tag;
    run.lastTag = tag;
    run.offset = offset;
    run.left = 1;
    this.#current = run;
  }

  /** The run that so many are before. */
  #run(at: number): Run {
    return this.#ring[(this.#head + at) & (this.#ring.length - 1)] as Run; // the ring has no holes
  }

  #grow(): void {
    const size = Math.max(ringSizeMin, this.#ring.length * 2);
    const ring: Run[] = [];
    for (let at = 0; at < size; at++) ring.push(at < this.#count ? this.#run(at) : new Run());
    this.#ring = ring;
    this.#head = 0;
  }

  /**
   * Settles one delivery, or all up to it; tag 0 with `isMultiple` means all.
   *
   * @returns false where no unsettled delivery has this tag
   */
  settle(tag: number, isMultiple: boolean, outcome: Outcome): boolean {
    if (tag === 0 && isMultiple) {
      this.settleAll(outcome);
      return true;
    }
    const at = this.#find(tag);
    const run = at < 0 ? undefined : this.#run(at);
    if (run === undefined || !isUnsettled(run, tag)) return false;
    if (isMultiple) this.#settleUpTo(at, tag, outcome);
    else {
      this.#settleIn(run, tag, tag, outcome);
      if (run.left === 0) this.#forget(at);
    }
    return true;
  }

  /** Whether a delivery with this tag waits to be settled. */
  isUnsettled(tag: number): boolean {
    const at = this.#find(tag);
    return at >= 0 && isUnsettled(this.#run(at), tag);
  }

  /** The highest tag of a delivery that is not settled; 0 where there is none. */
  lastUnsettled(): number {
    for (let at = this.#count - 1; at >= 0; at--) {
      const run = this.#run(at);
      if (run.left === 0) continue;
      for (let tag = run.lastTag; tag >= run.firstTag; tag--) {
        if (isUnsettled(run, tag)) return tag;
      }
    }
    return 0;
  }

  /** The last tag that was given; 0 before the first. */
  get lastTag(): number {
    return this.#lastTag;
  }

  /** The delivery that has waited longest to be settled; undefined where none waits. */
  oldest(): { readonly tag: number; readonly subscription: Subscription } | undefined {
    for (let at = 0; at < this.#count; at++) {
      const { left, subscription, offset } = this.#run(at);
      if (left === 0 || subscription === undefined) continue;
      return { tag: subscription.firstUnsettled + offset, subscription };
    }
    return undefined;
  }

  /**
   * Gives every delivery back that is not settled and is above a tag, but for some: the last one first
   * where they are few, else from the first on and some a step.
   */
  *giveBackAbove(upTo: number, kept: ReadonlySet<number>): Generator<void> {
    const isMuch = this.unsettledCount > atOnceMax;
    const runCount = this.#count;
    let count = 0;
    for (let i = 0; i < runCount; i++) {
      const run = this.#run(isMuch ? i : runCount - 1 - i);
      const first = Math.max(run.firstTag, upTo + 1);
      const last = run.lastTag;
      for (let j = first; j <= last; j++) {
        const tag = isMuch ? j : last - (j - first);
        if (isMuch && ++count % stepSize === 0) yield;
        if (!kept.has(tag) && isUnsettled(run, tag)) this.#settleIn(run, tag, tag, 'released');
      }
    }
    this.#closeUp();
  }

  /** Settles every delivery that is still open. */
  settleAll(outcome: Outcome): void {
    if (this.#count > 0) this.#settleUpTo(this.#count - 1, this.#lastTag, outcome);
  }

  /** Gives everything back that is not settled, some of it a step. */
  giveBack(): Generator<void> {
    return this.settleInSteps(0, 'released');
  }

  /** Whether so much would be settled that it is to be done in steps. */
  isMuch(tag: number, isMultiple: boolean): boolean {
    if (!isMultiple || this.unsettledCount <= atOnceMax) return false;
    const at = tag === 0 ? 0 : this.#find(tag);
    return tag === 0 || (at >= 0 && isUnsettled(this.#run(at), tag));
  }

  /**
   * Settles every delivery up to a tag, or all there are for 0, as steps. A few are settled at once.
   * Of many the first go first, so that whoever gets them meanwhile gets them in order.
   */
  *settleInSteps(tag: number, outcome: Outcome): Generator<void> {
    const lastTag = tag === 0 ? this.#lastTag : tag;
    const { unsettledCount } = this;
    if (unsettledCount <= atOnceMax) {
      this.#settleUpTo(this.#countUpTo(lastTag) - 1, lastTag, outcome);
      const count = unsettledCount - this.unsettledCount;
      for (let done = stepSize; done < count; done += stepSize) yield;
      return;
    }
    while (this.#count > 0) {
      const run = this.#run(0);
      if (run.firstTag > lastTag) return;
      const last = Math.min(run.lastTag, lastTag, run.firstTag + stepSize - 1);
      if (run.left > 0) this.#settleIn(run, run.firstTag, last, outcome);
      run.firstTag = last + 1;
      this.#passOver();
      yield;
    }
  }

  /** How many runs begin at or before a tag. */
  #countUpTo(tag: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#run(middle).firstTag <= tag) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Later runs first unless accepted, so that messages that go back to a queue do so last first. */
  #settleUpTo(at: number, tag: number, outcome: Outcome): void {
    for (let i = 0; i <= at; i++) {
      const run = this.#run(outcome === 'accepted' ? i : at - i);
      if (run.left > 0) this.#settleIn(run, run.firstTag, Math.min(run.lastTag, tag), outcome);
    }
    this.#passOver();
  }

  #settleIn(run: Run, firstTag: number, lastTag: number, outcome: Outcome): void {
    const { subscription, offset } = run;
    assert(subscription !== undefined, 'a run that is not over has no subscription');
    // What goes back may be delivered again at once: as the beginning of another run, for this
    // one may be forgotten as soon as it is settled.
    if (outcome !== 'accepted') this.#current = undefined;
    const count = subscription.settle(firstTag - offset, lastTag - offset, outcome);
    run.left -= count;
    this.unsettledCount -= count;
    if (run.left === 0) run.subscription = undefined;
  }

  /** One run is over. Those behind the head wait until they are as many as the others. */
  #forget(at: number): void {
    if (at === 0) this.#passOver();
    else if (++this.#overCount * 2 > this.#count) this.#closeUp();
  }

  /** Moves the head to the first run that is not over. */
  #passOver(): void {
    while (this.#count > 0 && this.#run(0).left === 0) {
      this.#head = (this.#head + 1) & (this.#ring.length - 1);
      this.#count--;
    }
    if (this.#count === 0 && this.#ring.length > ringSizeKept) this.#ring = [];
  }

  /** Takes out every run that is over. */
  #closeUp(): void {
    const ring = this.#ring;
    const mask = ring.length - 1;
    let kept = 0;
    for (let at = 0; at < this.#count; at++) {
      const run = this.#run(at);
      if (run.left === 0) continue;
      ring[(this.#head + at) & mask] = this.#run(kept);
      ring[(this.#head + kept++) & mask] = run;
    }
    this.#count = kept;
    this.#overCount = 0;
    this.#passOver();
  }

  /** How many runs are before the one that holds the tag; -1 where none does. */
  #find(tag: number): number {
    let low = 0;
    let high = this.#count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const run = this.#run(middle);
      if (tag < run.firstTag) high = middle - 1;
      else if (tag > run.lastTag) low = middle + 1;
      else return middle;
    }
    return -1;
  }
}

function isUnsettled(run: Run, tag: number): boolean {
  return run.subscription?.isUnsettled(tag - run.offset) === true;
}
