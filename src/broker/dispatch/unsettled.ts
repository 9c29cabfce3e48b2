// The unsettled deliveries of a subscription.

/** Initial size of a ring, and the size up to which an empty ring is kept. */
const ringSize = 8;
const ringSizeKept = 65_536;
/** A ring of this size is not enlarged if few of its deliveries are unsettled. */
const sparseSizeMin = 1024;

/**
 * Maps the delivery numbers of a subscription to messages until they are settled, in any order.
 * Recent deliveries are in a ring. Old unsettled deliveries move to a map, so that memory depends
 * on the number of unsettled deliveries and not on the number of deliveries since the oldest.
 */
export class Unsettled {
  /** The number of unsettled deliveries. */
  count = 0;
  /** The number of the next delivery. */
  next = 0;
  /** The lowest number in the ring; the next number if the ring is empty. */
  ringFirst = 0;
  /** Sequence numbers; -1 if settled; -2 minus the sequence number if set aside. */
  #ring = new Float64Array(ringSize);
  /** Sequence numbers of older deliveries, in order. */
  #older: Map<number, number> | undefined = undefined;

  /** Adds the next delivery and returns its number. */
  add(sequence: number): number {
    if (this.next - this.ringFirst >= this.#ring.length) this.#makeRoom();
    this.#ring[this.next & (this.#ring.length - 1)] = sequence;
    this.count++;
    return this.next++;
  }

  /** Returns the number of a delivery that needs no settlement. */
  skip(): number {
    if (this.ringFirst === this.next) this.ringFirst = this.next + 1;
    else {
      if (this.next - this.ringFirst >= this.#ring.length) this.#makeRoom();
      this.#ring[this.next & (this.#ring.length - 1)] = -1;
    }
    return this.next++;
  }

  /** Settles a delivery and returns its message; -1 if it is settled already. */
  take(number: number): number {
    if (number < this.ringFirst) return this.#takeOlder(number);
    const at = number & (this.#ring.length - 1);
    const sequence = this.#ring[at] ?? -1;
    if (sequence < 0) return -1;
    this.#ring[at] = -1;
    this.count--;
    return sequence;
  }

  /** Sets an unsettled delivery aside, so that it is not found; returns its message, or -1. */
  setAside(number: number): number {
    if (!this.has(number)) return -1;
    const sequence = this.#get(number);
    this.#put(number, -2 - sequence);
    return sequence;
  }

  /** Makes a delivery that was set aside unsettled again. */
  resume(number: number): void {
    this.#put(number, -2 - this.#get(number));
  }

  #get(number: number): number {
    if (number < this.ringFirst) return this.#older?.get(number) ?? -1;
    return this.#ring[number & (this.#ring.length - 1)] ?? -1;
  }

  #put(number: number, value: number): void {
    if (number < this.ringFirst) this.#older?.set(number, value);
    else this.#ring[number & (this.#ring.length - 1)] = value;
  }

  #takeOlder(number: number): number {
    const sequence = this.#older?.get(number) ?? -1;
    if (sequence < 0) return -1;
    this.#older?.delete(number);
    if (this.#older?.size === 0) this.#older = undefined;
    this.count--;
    return sequence;
  }

  /**
   * Releases the places before the first unsettled delivery. Call it after deliveries were settled.
   */
  close(): void {
    const mask = this.#ring.length - 1;
    while (this.ringFirst < this.next && (this.#ring[this.ringFirst & mask] ?? -1) === -1) {
      this.ringFirst++;
    }
    if (this.ringFirst === this.next && mask >= ringSizeKept) {
      this.#ring = new Float64Array(ringSize);
    }
  }

  has(number: number): boolean {
    return number < this.next && this.#get(number) >= 0;
  }

  /** The lowest unsettled number at or above the given one; the next number if there is none. */
  from(number: number): number {
    if (number < this.ringFirst && this.#older !== undefined) {
      for (const [older, value] of this.#older) if (older >= number && value >= 0) return older;
    }
    let n = Math.max(number, this.ringFirst);
    while (n < this.next && (this.#ring[n & (this.#ring.length - 1)] ?? -1) < 0) n++;
    return Math.min(n, this.next);
  }

  /** The unsettled numbers in a range that are no longer in the ring. */
  older(first: number, last: number): readonly number[] {
    if (this.#older === undefined) return [];
    if (first === last) return this.#older.has(first) ? [first] : [];
    return [...this.#older.keys()].filter((number) => number >= first && number <= last);
  }

  /**
   * Enlarges the ring; if few of its deliveries are unsettled, moves its older half to the map
   * instead.
   */
  #makeRoom(): void {
    const { length } = this.#ring;
    const inRing = this.count - (this.#older?.size ?? 0);
    if (length >= sparseSizeMin && inRing * 4 < length) {
      this.#leave(this.ringFirst + length / 2);
      return;
    }
    // Copied in two blocks: many subscriptions of a queue may fill their rings in the same turn.
    const ring = new Float64Array(length * 2);
    const first = this.ringFirst & (length - 1);
    const isUpper = (this.ringFirst & length) !== 0;
    ring.set(this.#ring.subarray(first), isUpper ? length + first : first);
    ring.set(this.#ring.subarray(0, first), isUpper ? 0 : length);
    this.#ring = ring;
  }

  #leave(to: number): void {
    const mask = this.#ring.length - 1;
    for (let n = this.ringFirst; n < to; n++) {
      const sequence = this.#ring[n & mask] ?? -1;
      if (sequence === -1) continue;
      this.#older ??= new Map();
      this.#older.set(n, sequence);
    }
    this.ringFirst = to;
    this.close();
  }
}
