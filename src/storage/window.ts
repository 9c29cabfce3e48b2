import { assert } from '../base/assert.ts';

const shift = 8;
const size = 1 << shift;
const live = 1;
const returned = 2;

/**
 * Where a queue's messages lie: a sliding window over its dense sequence numbers, 16 bytes a
 * message (block slot, offset, body length, state), in chunks that are freed once nothing in them
 * is live. Knows nothing of order of delivery.
 */
export class Window {
  /** The sequence number the next message gets. */
  next: number;
  /** Live messages. */
  count = 0;
  #first: number;
  #chunks: (Uint32Array | undefined)[] = [];
  #left: number[] = [];
  #spare: Uint32Array | undefined = undefined;
  #expiries = new Map<number, number>();

  /** The queue's number in records; never reused in one volume. */
  readonly number: number;
  /** Whether the log recreates it at the next start. */
  readonly isDurable: boolean;
  /** Time to live the queue gives each message, from when it was received; Infinity for none. */
  ttlMs = Infinity;
  /** Settled and not yet in the log: from here ... */
  runStart = -1;
  /** ... to before here. */
  runEnd = -1;

  /** @param next the first sequence number, 0 for a new queue */
  constructor(number: number, isDurable: boolean, next = 0) {
    this.number = number;
    this.isDurable = isDurable;
    this.next = next;
    this.#first = next - (next % size);
  }

  /** Adds the next message and returns its sequence number. */
  append(slot: number, offset: number, bodyLength: number, priority: number): number {
    const sequence = this.next;
    this.put(sequence, slot, offset, bodyLength, priority);
    return sequence;
  }

  /** Adds a message under a number not below any that is live; numbers left out count as settled. */
  put(sequence: number, slot: number, offset: number, bodyLength: number, priority: number): void {
    if (this.count === 0) this.#restart(sequence);
    const relative = sequence - this.#first;
    assert(relative >= 0, 'a message is older than its queue');
    const index = relative >>> shift;
    while (this.#chunks.length <= index) {
      this.#chunks.push(undefined);
      this.#left.push(0);
    }
    let chunk = this.#chunks[index];
    if (chunk === undefined) {
      chunk = this.#spare ?? new Uint32Array(size * 4);
      if (chunk === this.#spare) chunk.fill(0);
      this.#spare = undefined;
      this.#chunks[index] = chunk;
    }
    const at = (relative & (size - 1)) << 2;
    chunk[at] = slot;
    chunk[at + 1] = offset;
    chunk[at + 2] = bodyLength;
    chunk[at + 3] = live | (priority << 8);
    this.#left[index] = (this.#left[index] ?? 0) + 1;
    this.count++;
    if (sequence >= this.next) this.next = sequence + 1;
  }

  /** Whether the message is neither settled nor unknown. */
  isLive(sequence: number): boolean {
    return (this.#word(sequence, 3) & live) !== 0;
  }
  /** Slot of the block that holds the live message. */
  slot(sequence: number): number {
    return this.#word(sequence, 0);
  }
  /** Where its record begins in that block. */
  offset(sequence: number): number {
    return this.#word(sequence, 1);
  }
  /** Its record will begin elsewhere in its block. */
  move(sequence: number, offset: number): void {
    const relative = sequence - this.#first;
    const chunk = this.#chunks[relative >>> shift];
    assert(chunk !== undefined, 'a message that is settled moves');
    chunk[((relative & (size - 1)) << 2) + 1] = offset;
  }
  /** Bytes of its body. */
  bodyLength(sequence: number): number {
    return this.#word(sequence, 2);
  }
  /** 0 to 255. */
  priority(sequence: number): number {
    return (this.#word(sequence, 3) >>> 8) & 0xff;
  }
  /** Whether it was delivered before. */
  isReturned(sequence: number): boolean {
    return (this.#word(sequence, 3) & returned) !== 0;
  }
  /** How often its delivery failed, up to 65535. */
  returnCount(sequence: number): number {
    return this.#word(sequence, 3) >>> 16;
  }
  /** Notes that it was delivered and came back. */
  markReturned(sequence: number, hasFailed: boolean): void {
    const chunk = this.#chunks[(sequence - this.#first) >>> shift];
    if (chunk === undefined) return;
    const at = (((sequence - this.#first) & (size - 1)) << 2) + 3;
    const state = chunk[at] ?? 0;
    const more = hasFailed && state >>> 16 < 0xffff ? 0x10000 : 0;
    chunk[at] = (state | returned) + more;
  }

  /** When it expires, wall milliseconds; Infinity for never. */
  expiresAtMs(sequence: number): number {
    return this.#expiries.size === 0 ? Infinity : (this.#expiries.get(sequence) ?? Infinity);
  }
  /** When live messages expire, of those that do. */
  expiries(): Iterable<number> {
    return this.#expiries.values();
  }
  /** Sets when it expires. */
  setExpiry(sequence: number, atMs: number): void {
    this.#expiries.set(sequence, atMs);
  }

  /** Removes a live message for good. */
  remove(sequence: number): void {
    const relative = sequence - this.#first;
    const index = relative >>> shift;
    const chunk = this.#chunks[index];
    assert(chunk !== undefined, 'a message is settled twice');
    const at = ((relative & (size - 1)) << 2) + 3;
    assert(((chunk[at] ?? 0) & live) !== 0, 'a message is settled twice');
    chunk[at] = 0;
    this.count--;
    if (this.#expiries.size !== 0) this.#expiries.delete(sequence);
    const left = (this.#left[index] ?? 0) - 1;
    this.#left[index] = left;
    // The chunk that is still being filled stays until another takes its place.
    if (left === 0 && this.next - this.#first >= (index + 1) * size) this.#free(index, chunk);
  }

  /** The first live sequence number at or after the given one, or `next`. */
  liveFrom(sequence: number): number {
    let at = Math.max(sequence, this.#first);
    while (at < this.next && !this.isLive(at)) {
      const relative = at - this.#first;
      const isGone = this.#chunks[relative >>> shift] === undefined;
      at = isGone ? this.#first + ((relative >>> shift) + 1) * size : at + 1;
    }
    return Math.min(at, this.next);
  }

  /** Where the run of live messages ends that goes on at the given number: the first that is not. */
  liveTo(sequence: number): number {
    let at = sequence;
    while (at < this.next) {
      const index = (at - this.#first) >>> shift;
      // A chunk in which everything is live is passed over as one: a backlog has thousands.
      if (this.#left[index] === size) at = this.#first + (index + 1) * size;
      else if (this.isLive(at)) at++;
      else break;
    }
    return at;
  }

  /** Bytes of the bodies of all live messages. */
  bodyBytes(): number {
    let bytes = 0;
    for (const chunk of this.#chunks) {
      if (chunk === undefined) continue;
      for (let at = 0; at < chunk.length; at += 4) {
        if (((chunk[at + 3] ?? 0) & live) !== 0) bytes += chunk[at + 2] ?? 0;
      }
    }
    return bytes;
  }

  #word(sequence: number, which: number): number {
    const relative = sequence - this.#first;
    if (relative < 0 || sequence >= this.next) return 0;
    const chunk = this.#chunks[relative >>> shift];
    return chunk === undefined ? 0 : (chunk[((relative & (size - 1)) << 2) + which] ?? 0);
  }

  #free(index: number, chunk: Uint32Array): void {
    this.#spare = chunk;
    this.#chunks[index] = undefined;
    while (this.#chunks.length > 0 && this.#chunks[0] === undefined) {
      this.#chunks.shift();
      this.#left.shift();
      this.#first += size;
    }
  }

  #restart(sequence: number): void {
    const first = sequence - (sequence % size);
    if (first === this.#first) return;
    this.#chunks.length = 0;
    this.#left.length = 0;
    this.#first = first;
  }
}
