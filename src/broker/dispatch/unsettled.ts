/** Deliveries that a new ring has room for, and up to which it is kept when it is empty. */
const ringSize = 8;
const ringSizeKept = 65_536;
/** A ring of this size with few deliveries that are not settled is not made larger. */
const sparseSizeMin = 1024;

/**
 * Which message each delivery of a subscription is, by delivery number, until it is settled: in any
 * order. The latest are in a ring; those that stay unsettled while very many others come and go are in
 * a map, so that memory grows with what is unsettled and not with what was delivered since.
 */
export class Unsettled {
  /** Deliveries that are not settled. */
  count = 0;
  /** The number of the next delivery. */
  next = 0;
  /** The lowest number in the ring; that of the next delivery where the ring is empty. */
  ringFirst = 0;
  /** Sequence numbers; -1 once settled; -2 less the number where it is set aside. */
  #ring = new Float64Array(ringSize);
  /** Sequence numbers of older deliveries, in their order. */
  #older: Map<number, number> | undefined = undefined;

  /** Adds the next delivery and returns its number. */
  add(sequence: number): number {
    if (this.next - this.ringFirst >= this.#ring.length) this.#makeRoom();
    this.#ring[this.next & (this.#ring.length - 1)] = sequence;
    this.count++;
    return this.next++;
  }

  /** The number of a delivery that needs no settling. */
  skip(): number {
    if (this.ringFirst === this.next) this.ringFirst = this.next + 1;
    else {
      if (this.next - this.ringFirst >= this.#ring.length) this.#makeRoom();
      this.#ring[this.next & (this.#ring.length - 1)] = -1;
    }
    return this.next++;
  }

  /** The message of a delivery; -1 where it is settled. Its place is free then. */
  take(number: number): number {
    if (number < this.ringFirst) return this.#takeOlder(number);
    const at = number & (this.#ring.length - 1);
    const sequence = this.#ring[at] ?? -1;
    if (sequence < 0) return -1;
    this.#ring[at] = -1;
    this.count--;
    return sequence;
  }

  /** Sets an unsettled delivery aside, so that it is not found; returns its message, -1 for none. */
  setAside(number: number): number {
    if (!this.has(number)) return -1;
    const sequence = this.#get(number);
    this.#put(number, -2 - sequence);
    return sequence;
  }

  /** A delivery that was set aside is unsettled again. */
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

  /** Lets go of the places before the first that is unsettled; to be called after some were taken. */
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

  /** The lowest unsettled number not below the given one; where there is none that of the next delivery. */
  from(number: number): number {
    if (number < this.ringFirst && this.#older !== undefined) {
      for (const [older, value] of this.#older) if (older >= number && value >= 0) return older;
    }
    let n = Math.max(number, this.ringFirst);
    while (n < this.next && (this.#ring[n & (this.#ring.length - 1)] ?? -1) < 0) n++;
    return Math.min(n, this.next);
  }

  /** Unsettled numbers that have left the ring, from one to another. */
  older(first: number, last: number): readonly number[] {
    if (this.#older === undefined) return [];
    if (first === last) return this.#older.has(first) ? [first] : [];
    return [...this.#older.keys()].filter((number) => number >= first && number <= last);
  }

  /** A larger ring; but where few of the present one are unsettled, its older half leaves it. */
  #makeRoom(): void {
    const { length } = this.#ring;
    const inRing = this.count - (this.#older?.size ?? 0);
    if (length >= sparseSizeMin && inRing * 4 < length) {
      this.#leave(this.ringFirst + length / 2);
      return;
    }
    const ring = new Float64Array(length * 2);
    for (let n = this.ringFirst; n < this.next; n++) {
      ring[n & (ring.length - 1)] = this.#ring[n & (length - 1)] ?? -1;
    }
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
