// The positions of the lines of a log stream.

import type { StreamState } from './line-records.ts';
import type { StreamCategory } from './log-line.ts';

/** Where a line is in the log. */
export interface LinePlace {
  readonly sequence: number;
  readonly slot: number;
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Size of its record, bytes. */
  readonly sizeBytes: number;
}

const roomAtFirst = 16;

/**
 * The lines of a stream in memory: their positions, 28 bytes per line. They are in the order of their
 * sequences, and of their times.
 */
export class StreamLines {
  readonly id: number;
  readonly brokerId: string;
  readonly category: StreamCategory;
  readonly stream: string;
  readonly createdMs: number;
  /** Sequences below this one were dropped. */
  first: number;
  /** The sequence of the next line. */
  next: number;
  /** Size of all records, bytes. */
  sizeBytes = 0;
  /** When the last line was appended, milliseconds since 1970; 0 if unknown. */
  lastMs = 0;
  #sequences = new Float64Array(roomAtFirst);
  #times = new Float64Array(roomAtFirst);
  #slots = new Uint32Array(roomAtFirst);
  #offsets = new Uint32Array(roomAtFirst);
  #sizes = new Uint32Array(roomAtFirst);
  /** The used part of the columns. */
  #from = 0;
  #to = 0;
  #isOrdered = true;

  constructor(state: StreamState) {
    this.id = state.id;
    this.brokerId = state.brokerId;
    this.category = state.category;
    this.stream = state.stream;
    this.createdMs = state.createdMs;
    this.first = state.first;
    this.next = state.next;
  }

  /** The record that describes the stream. */
  get state(): StreamState {
    const { id, brokerId, category, stream, createdMs, first, next } = this;
    return { id, brokerId, category, stream, createdMs, first, next };
  }

  get count(): number {
    return this.#to - this.#from;
  }

  /** The time of the oldest line; undefined if there is none. */
  get oldestMs(): number | undefined {
    return this.count === 0 ? undefined : this.#times[this.#from];
  }

  /** The time of the newest line; undefined if there is none. */
  get newestMs(): number | undefined {
    return this.count === 0 ? undefined : this.#times[this.#to - 1];
  }

  /** Adds a line. Lines may only be added out of order before {@link order} is called. */
  add({ sequence, slot, offset, atMs, sizeBytes }: LinePlace): void {
    if (this.#to === this.#times.length) this.#grow();
    const at = this.#to++;
    if (at > this.#from && sequence <= (this.#sequences[at - 1] ?? 0)) this.#isOrdered = false;
    this.#sequences[at] = sequence;
    this.#times[at] = atMs;
    this.#slots[at] = slot;
    this.#offsets[at] = offset;
    this.#sizes[at] = sizeBytes;
    this.sizeBytes += sizeBytes;
    this.next = Math.max(this.next, sequence + 1);
    this.lastMs = Math.max(this.lastMs, atMs);
  }

  #grow(): void {
    const { count } = this;
    const from = this.#from;
    // Reuses dropped rows if they are at least half of the room.
    const room = count * 2 > this.#times.length ? this.#times.length * 2 : this.#times.length;
    const moved = <T extends Float64Array | Uint32Array>(old: T, made: T): T => {
      made.set(old.subarray(from, this.#to));
      return made;
    };
    this.#sequences = moved(this.#sequences, new Float64Array(room));
    this.#times = moved(this.#times, new Float64Array(room));
    this.#slots = moved(this.#slots, new Uint32Array(room));
    this.#offsets = moved(this.#offsets, new Uint32Array(room));
    this.#sizes = moved(this.#sizes, new Uint32Array(room));
    this.#from = 0;
    this.#to = count;
  }

  /**
   * Sorts the lines by sequence after a recovery. Lines that were dropped or that are there twice are
   * removed and passed to `unneeded`.
   */
  order(unneeded: (place: LinePlace) => void): void {
    if (this.#isOrdered && this.#firstSequence >= this.first) return;
    const places = Array.from({ length: this.count }, (_, i) => this.place(i));
    places.sort((a, b) => a.sequence - b.sequence);
    this.#from = 0;
    this.#to = 0;
    this.#isOrdered = true;
    this.sizeBytes = 0;
    let last = this.first - 1;
    for (const place of places) {
      if (place.sequence <= last) unneeded(place);
      else this.add(place);
      last = Math.max(last, place.sequence);
    }
  }

  get #firstSequence(): number {
    return this.count === 0 ? Infinity : (this.#sequences[this.#from] ?? 0);
  }

  /** The position of a line by its index, from 0 for the oldest. */
  place(index: number): LinePlace {
    const at = this.#from + index;
    return {
      sequence: this.#sequences[at] ?? 0,
      slot: this.#slots[at] ?? 0,
      offset: this.#offsets[at] ?? 0,
      atMs: this.#times[at] ?? 0,
      sizeBytes: this.#sizes[at] ?? 0,
    };
  }

  /** The slot of a line by its index. */
  slotAt(index: number): number {
    return this.#slots[this.#from + index] ?? 0;
  }

  /** The time of a line by its index. */
  timeAt(index: number): number {
    return this.#times[this.#from + index] ?? 0;
  }

  /** The index of the first line at or after a time; {@link count} if there is none. */
  indexAtTime(atMs: number): number {
    return this.#search(this.#times, atMs);
  }

  /** The index of the first line with at least this sequence; {@link count} if there is none. */
  indexAtSequence(sequence: number): number {
    return this.#search(this.#sequences, sequence);
  }

  #search(column: Float64Array, value: number): number {
    let low = this.#from;
    let high = this.#to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((column[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    return low - this.#from;
  }

  /** Whether the line with a sequence is at a position. */
  isAt(sequence: number, slot: number, offset: number): boolean {
    const index = this.indexAtSequence(sequence);
    if (index >= this.count) return false;
    const place = this.place(index);
    return place.sequence === sequence && place.slot === slot && place.offset === offset;
  }

  /** Changes the position of a line. */
  relocate(index: number, slot: number, offset: number): void {
    this.#slots[this.#from + index] = slot;
    this.#offsets[this.#from + index] = offset;
  }

  /** Removes the oldest line, which must exist. */
  shift(): LinePlace {
    const place = this.place(0);
    this.#from++;
    this.first = place.sequence + 1;
    this.sizeBytes -= place.sizeBytes;
    if (this.#from === this.#to) {
      this.#from = 0;
      this.#to = 0;
    }
    return place;
  }
}
