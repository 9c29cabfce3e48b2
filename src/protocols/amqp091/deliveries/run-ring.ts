// A ring of runs of delivery tags.

import type { Subscription } from '../../../broker/subscription.ts';

/** Deliveries of one subscription with consecutive tags and numbers. */
export class Run {
  /** Undefined once all of them are settled. */
  subscription: Subscription | undefined = undefined;
  firstTag = 0;
  lastTag = 0;
  /** Delivery number = tag - offset. */
  offset = 0;
  /** The number of unsettled deliveries. */
  left = 0;

  /** Whether the delivery with this tag, which must be in the run, is unsettled. */
  isUnsettled(tag: number): boolean {
    return this.subscription?.isUnsettled(tag - this.offset) === true;
  }
}

/** The initial and the maximum number of runs in a ring. */
const sizeMin = 4;
const sizeMax = 1024;

/**
 * Runs in the order of their tags. A settled run at the head is released at once; one in the middle
 * is released when half of the runs are settled. Run objects are reused. No call takes longer than
 * 1,024 runs require.
 */
export class RunRing {
  /** The number of runs, including settled ones in the middle. */
  count = 0;
  /** The runs, starting at the head and wrapping around. The size is a power of 2. */
  #ring: Run[] = [];
  #head = 0;
  /** Runs behind the head that were settled since the ring was last compacted. */
  #settledCount = 0;

  /** The run at an index, which must exist. */
  run(at: number): Run {
    return this.#ring[(this.#head + at) & (this.#ring.length - 1)] as Run; // the ring has no holes
  }

  /** Whether there is no room for another run. */
  get isFull(): boolean {
    return this.count === sizeMax;
  }

  /** Whether most of the capacity is unused, so that {@link shrink} has an effect. */
  get isSparse(): boolean {
    return this.#ring.length > sizeMin && this.count * 4 <= this.#ring.length;
  }

  /** Adds a run, whose fields must be set. The ring must not be full. */
  push(): Run {
    if (this.count === this.#ring.length) this.#resize(Math.max(sizeMin, this.count * 2));
    return this.run(this.count++);
  }

  #resize(size: number): void {
    const ring: Run[] = [];
    for (let at = 0; at < size; at++) ring.push(at < this.count ? this.run(at) : new Run());
    this.#ring = ring;
    this.#head = 0;
  }

  /** Releases unused capacity. */
  shrink(): void {
    this.#compact();
    let size = sizeMin;
    while (size < this.count) size *= 2;
    this.#resize(size);
  }

  /** Whether the runs of another ring fit, and leave room for as many again. */
  canAbsorb(other: RunRing): boolean {
    return (this.count + other.count) * 2 <= sizeMax;
  }

  /** Takes over the runs of the following ring. */
  absorb(next: RunRing): void {
    for (let at = 0; at < next.count; at++) {
      const { subscription, firstTag, lastTag, offset, left } = next.run(at);
      if (left > 0) Object.assign(this.push(), { subscription, firstTag, lastTag, offset, left });
    }
  }

  /** The index of the first run that ends at or after a tag. */
  findFrom(tag: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.run(middle).lastTag < tag) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The run at an index is settled. */
  settled(at: number): void {
    if (at === 0) this.passSettled();
    else if (++this.#settledCount * 2 > this.count) this.#compact();
  }

  /** Moves the head to the first unsettled run. */
  passSettled(): void {
    while (this.count > 0 && this.run(0).left === 0) {
      this.#head = (this.#head + 1) & (this.#ring.length - 1);
      this.count--;
    }
  }

  /** Removes all settled runs. */
  #compact(): void {
    const ring = this.#ring;
    const mask = ring.length - 1;
    let kept = 0;
    for (let at = 0; at < this.count; at++) {
      const run = this.run(at);
      if (run.left === 0) continue;
      ring[(this.#head + at) & mask] = this.run(kept);
      ring[(this.#head + kept++) & mask] = run;
    }
    this.count = kept;
    this.#settledCount = 0;
  }
}
