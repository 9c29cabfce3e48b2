import type { Subscription } from '../../../broker/subscription.ts';

/** Deliveries of one subscription whose tags and numbers rise together. */
export class Run {
  /** Undefined once all of them are settled. */
  subscription: Subscription | undefined = undefined;
  firstTag = 0;
  lastTag = 0;
  /** Delivery number = tag - offset. */
  offset = 0;
  /** Deliveries of the run that are not settled. */
  left = 0;

  /** Whether the delivery with this tag, which must be one of the run's, is not settled. */
  isUnsettled(tag: number): boolean {
    return this.subscription?.isUnsettled(tag - this.offset) === true;
  }
}

/** Runs that a ring has room for at first, and at most. */
const sizeMin = 4;
const sizeMax = 1024;

/**
 * Runs in the order of their tags. A run that is settled makes room for another one at the head at
 * once; in the middle it stays until as many are settled as not. Run objects are used again. No call
 * takes more time than 1,024 runs do.
 */
export class RunRing {
  /** Runs, those settled in the middle among them. */
  count = 0;
  /** The runs from the head on and round; its size is a power of 2. */
  #ring: Run[] = [];
  #head = 0;
  /** Runs that were settled behind the head since the ring was last compacted. */
  #settledCount = 0;

  /** The run that so many are before; there must be as many. */
  run(at: number): Run {
    return this.#ring[(this.#head + at) & (this.#ring.length - 1)] as Run; // the ring has no holes
  }

  /** Whether there is no room for another run. */
  get isFull(): boolean {
    return this.count === sizeMax;
  }

  /** Whether most of the room is not used, so that {@link shrink} makes a difference. */
  get isSparse(): boolean {
    return this.#ring.length > sizeMin && this.count * 4 <= this.#ring.length;
  }

  /** Adds a run, whose fields are to be set. The ring must not be full. */
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

  /** Gives up room that is not used. */
  shrink(): void {
    this.#compact();
    let size = sizeMin;
    while (size < this.count) size *= 2;
    this.#resize(size);
  }

  /** Whether the runs of another ring fit in, and leave room for as many again. */
  canAbsorb(other: RunRing): boolean {
    return (this.count + other.count) * 2 <= sizeMax;
  }

  /** Takes over the runs of the ring that follows this one. */
  absorb(next: RunRing): void {
    for (let at = 0; at < next.count; at++) {
      const { subscription, firstTag, lastTag, offset, left } = next.run(at);
      if (left > 0) Object.assign(this.push(), { subscription, firstTag, lastTag, offset, left });
    }
  }

  /** How many runs are before the first one that ends at a tag or after it. */
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

  /** The run that so many are before is settled. */
  settled(at: number): void {
    if (at === 0) this.passSettled();
    else if (++this.#settledCount * 2 > this.count) this.#compact();
  }

  /** Moves the head to the first run that is not settled. */
  passSettled(): void {
    while (this.count > 0 && this.run(0).left === 0) {
      this.#head = (this.#head + 1) & (this.#ring.length - 1);
      this.count--;
    }
  }

  /** Takes out every run that is settled. */
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
