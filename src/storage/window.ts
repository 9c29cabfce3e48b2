import { assert } from '../base/assert.ts';

const shift = 8;
const size = 1 << shift;
const wordCount = 3;
const returned = 1;

/** Where messages with consecutive numbers lie. */
class Chunk {
  /** Of each message one more than the block's slot, or 0 where it is not live; offset; body length. */
  readonly words = new Uint32Array(size * wordCount);
  /** Of each message what few have: whether it came back, priority, how often it failed. */
  states: Uint32Array | undefined = undefined;
  liveCount = 0;
}

/**
 * Where a queue's messages lie: a sliding window over its dense sequence numbers, 12 bytes a
 * message (block slot, offset, body length), in chunks that are freed once nothing in them is live.
 * Knows nothing of order of delivery.
 */
export class Window {
  /** The sequence number the next message gets. */
  next: number;
  /** Live messages. */
  count = 0;
  #first: number;
  #chunks: (Chunk | undefined)[] = [];
  #spare: Chunk | undefined = undefined;
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
    const chunk = this.#chunkAt(relative >>> shift);
    const at = (relative & (size - 1)) * wordCount;
    chunk.words[at] = slot + 1;
    chunk.words[at + 1] = offset;
    chunk.words[at + 2] = bodyLength;
    chunk.liveCount++;
    if (priority !== 0) this.#setState(chunk, sequence, priority << 8);
    this.count++;
    if (sequence >= this.next) this.next = sequence + 1;
  }

  #chunkAt(index: number): Chunk {
    let chunk = this.#chunks[index];
    if (chunk !== undefined) return chunk;
    while (this.#chunks.length < index) this.#chunks.push(undefined);
    chunk = this.#spare ?? new Chunk();
    this.#spare = undefined;
    this.#chunks[index] = chunk;
    return chunk;
  }

  /** Whether the message is neither settled nor unknown. */
  isLive(sequence: number): boolean {
    return this.#word(sequence, 0) !== 0;
  }
  /** Slot of the block that holds the live message; -1 where there is none. */
  slot(sequence: number): number {
    return this.#word(sequence, 0) - 1;
  }
  /** Where its record begins in that block. */
  offset(sequence: number): number {
    return this.#word(sequence, 1);
  }
  /** Its record will begin elsewhere in its block. */
  move(sequence: number, offset: number): void {
    const chunk = this.#chunkOf(sequence);
    assert(chunk !== undefined, 'a message that is settled moves');
    chunk.words[((sequence - this.#first) & (size - 1)) * wordCount + 1] = offset;
  }
  /** Bytes of its body. */
  bodyLength(sequence: number): number {
    return this.#word(sequence, 2);
  }
  /** 0 to 255. */
  priority(sequence: number): number {
    return (this.#state(sequence) >>> 8) & 0xff;
  }
  /** Whether it was delivered before. */
  isReturned(sequence: number): boolean {
    return (this.#state(sequence) & returned) !== 0;
  }
  /** How often its delivery failed, up to 65535. */
  returnCount(sequence: number): number {
    return this.#state(sequence) >>> 16;
  }
  /** Notes that it was delivered and came back. */
  markReturned(sequence: number, hasFailed: boolean): void {
    const chunk = this.#chunkOf(sequence);
    if (chunk === undefined) return;
    const state = this.#state(sequence);
    const more = hasFailed && state >>> 16 < 0xffff ? 0x10000 : 0;
    this.#setState(chunk, sequence, (state | returned) + more);
  }

  /** When it expires, wall milliseconds; Infinity for never. */
  expiresAtMs(sequence: number): number {
    return this.#expiries.size === 0 ? Infinity : (this.#expiries.get(sequence) ?? Infinity);
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
    const at = (relative & (size - 1)) * wordCount;
    assert(chunk.words[at] !== 0, 'a message is settled twice');
    chunk.words[at] = 0;
    chunk.liveCount--;
    if (chunk.states !== undefined) chunk.states[relative & (size - 1)] = 0;
    this.count--;
    if (this.#expiries.size !== 0) this.#expiries.delete(sequence);
    // The chunk that is still being filled stays until another takes its place.
    const isFilled = this.next - this.#first >= (index + 1) * size;
    if (chunk.liveCount === 0 && isFilled) this.#free(index, chunk);
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

  #chunkOf(sequence: number): Chunk | undefined {
    const relative = sequence - this.#first;
    return relative < 0 || sequence >= this.next ? undefined : this.#chunks[relative >>> shift];
  }

  #word(sequence: number, which: number): number {
    const at = ((sequence - this.#first) & (size - 1)) * wordCount + which;
    return this.#chunkOf(sequence)?.words[at] ?? 0;
  }

  #state(sequence: number): number {
    const states = this.#chunkOf(sequence)?.states;
    return states === undefined ? 0 : (states[(sequence - this.#first) & (size - 1)] ?? 0);
  }

  #setState(chunk: Chunk, sequence: number, state: number): void {
    chunk.states ??= new Uint32Array(size);
    chunk.states[(sequence - this.#first) & (size - 1)] = state;
  }

  #free(index: number, chunk: Chunk): void {
    this.#spare = chunk;
    this.#chunks[index] = undefined;
    while (this.#chunks.length > 0 && this.#chunks[0] === undefined) {
      this.#chunks.shift();
      this.#first += size;
    }
  }

  #restart(sequence: number): void {
    const first = sequence - (sequence % size);
    if (first === this.#first) return;
    this.#chunks.length = 0;
    this.#first = first;
  }
}
