// A compact list of runs of messages.

/** Number of runs for which a list has room at first. */
const sizeMin = 16;

/**
 * The runs of a segment of a stream, ascending. A run is a number of consecutive messages in one
 * block of the log. It takes 28 bytes. The arrays may be read at indexes below {@link length}.
 */
export class RunList {
  length = 0;
  /** The sequence number of the first message. */
  firsts = new Float64Array(sizeMin);
  /** The number of messages. */
  counts = new Uint32Array(sizeMin);
  /** The slot of the block. */
  slots = new Uint32Array(sizeMin);
  /** The approximate size of the records. */
  bytes = new Uint32Array(sizeMin);
  /** When the first message was received, milliseconds since 1970. */
  times = new Float64Array(sizeMin);

  /** The number after the last message of a run. */
  end(at: number): number {
    return (this.firsts[at] ?? 0) + (this.counts[at] ?? 0);
  }

  /** The number after the last message of the list; 0 if it is empty. */
  get next(): number {
    return this.length === 0 ? 0 : this.end(this.length - 1);
  }

  /** The index of the last run that begins at or before a number; -1 if there is none. */
  find(sequence: number): number {
    const { firsts } = this;
    let low = 0;
    let high = this.length;
    // Readers and writers are mostly at the end.
    if (high > 0 && (firsts[high - 1] ?? 0) <= sequence) return high - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((firsts[middle] ?? 0) <= sequence) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Inserts a run before the one at an index. */
  insert(at: number, first: number, count: number, slot: number, bytes: number, ms: number): void {
    if (this.length === this.firsts.length) this.#grow();
    const { length } = this;
    if (at < length) {
      for (const list of this.#lists()) list.copyWithin(at + 1, at, length);
    }
    this.length = length + 1;
    this.firsts[at] = first;
    this.counts[at] = count;
    this.slots[at] = slot;
    this.bytes[at] = bytes;
    this.times[at] = ms;
  }

  /** Adds a message to the end of a run. */
  extend(at: number, bytes: number): void {
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.bytes[at] = (this.bytes[at] ?? 0) + bytes;
  }

  /** Removes messages from the beginning of a run. The rest keeps its time. */
  cutFront(at: number, count: number, bytes: number): void {
    this.firsts[at] = (this.firsts[at] ?? 0) + count;
    this.cutEnd(at, count, bytes);
  }

  /** Removes messages from the end of a run. */
  cutEnd(at: number, count: number, bytes: number): void {
    this.counts[at] = (this.counts[at] ?? 0) - count;
    this.bytes[at] = (this.bytes[at] ?? 0) - bytes;
  }

  /** Removes runs between two indexes. */
  remove(from: number, to: number): void {
    for (const list of this.#lists()) list.copyWithin(from, to, this.length);
    this.length -= to - from;
  }

  /** Moves the runs from an index on to another, empty list. */
  moveTo(other: RunList, from: number): void {
    for (let at = from; at < this.length; at++) {
      const { firsts, counts, slots, bytes, times } = this;
      other.insert(
        other.length,
        firsts[at] ?? 0,
        counts[at] ?? 0,
        slots[at] ?? 0,
        bytes[at] ?? 0,
        times[at] ?? 0,
      );
    }
    this.length = from;
  }

  /** The approximate size of a part of a run. */
  share(at: number, count: number): number {
    const all = this.counts[at] ?? 0;
    const bytes = this.bytes[at] ?? 0;
    return count >= all ? bytes : Math.floor((bytes * count) / all);
  }

  #lists(): readonly (Float64Array | Uint32Array)[] {
    return [this.firsts, this.counts, this.slots, this.bytes, this.times];
  }

  #grow(): void {
    const size = this.firsts.length * 2;
    const { firsts, counts, slots, bytes, times } = this;
    this.firsts = new Float64Array(size);
    this.counts = new Uint32Array(size);
    this.slots = new Uint32Array(size);
    this.bytes = new Uint32Array(size);
    this.times = new Float64Array(size);
    this.firsts.set(firsts);
    this.counts.set(counts);
    this.slots.set(slots);
    this.bytes.set(bytes);
    this.times.set(times);
  }
}
