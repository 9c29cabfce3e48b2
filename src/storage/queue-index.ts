import { assert } from '../base/assert.ts';
import { ChunkPool } from './chunk-pool.ts';
import { DueTimes, dueBits } from './messages/due-times.ts';
import { RingPool } from './ring-pool.ts';

const shift = 8;
const size = 1 << shift;
/**
 * Of a live message one more than its block's slot (0 of any other), its offset with the code of when it
 * expires above it, and its body length.
 */
const wordCount = 3;
const offsetBits = 32 - dueBits;
/** Records begin before it in the plaintext of their block. */
export const offsetMax: number = 2 ** offsetBits - 1;
/** Messages that the first ring has room for. */
const ringSizeMin = 16;
const ringPool = new RingPool(ringSizeMin * wordCount);
const chunkPool = new ChunkPool(size * wordCount);
/** In a state, which has a priority and a count of failures besides. */
const redelivered = 1;

/**
 * Where a queue's messages lie: a sliding window over its dense sequence numbers, 12 bytes a message,
 * also where messages expire; 4 more where any near it has a priority or came back, and 8 more where
 * neighbours expire more than half a minute apart. A short queue uses one small ring, so that the data of
 * a thousand queues fits into a processor's cache. A longer queue uses chunks; a chunk is freed when none
 * of its messages is live. This class does not know the order of delivery.
 */
export class QueueIndex {
  /** The sequence number the next message gets. */
  next: number;
  /** Live messages. */
  count = 0;
  /** Nothing before it is live. In chunks it is the number of their first place. */
  #first: number;
  /** In it a message has its place at its number modulo the ring's size. */
  #ring: Uint32Array | undefined = undefined;
  /** Where in that array the ring begins: small ones share one. */
  #base = 0;
  /** Size of the ring or of a chunk, less 1. */
  #mask = size - 1;
  #dues: DueTimes | undefined = undefined;
  /** States of the messages of a ring or chunk in which any has one. */
  #states: Map<Uint32Array, Uint32Array> | undefined = undefined;
  /** The queue's number in records; never reused in one volume. */
  readonly number: number;
  /** Whether the log recreates it at the next start. */
  readonly isDurable: boolean;
  /** Time to live the queue gives each message, from when it was received. */
  ttlMs: number | undefined = undefined;
  /** Whether failed deliveries are counted over restarts. */
  countsFailures = false;
  /** Every message before it counts as delivered before. */
  #redeliveredBefore = 0;
  /** Settled and not yet in the log: from here ... */
  runStart = -1;
  /** ... to before here. */
  runEnd = -1;
  /** The first number that came since the log's present segment began; -1 where none did. */
  arrivedFrom = -1;
  #chunks: (Uint32Array | undefined)[] = [];
  /** Live messages in each chunk. */
  #left: number[] = [];

  /** @param next the first sequence number, 0 for a new queue */
  constructor(number: number, isDurable: boolean, next = 0) {
    this.number = number;
    this.isDurable = isDurable;
    this.next = next;
    this.#first = next;
  }

  /**
   * Adds the next message and returns its sequence number.
   *
   * @param dueMs when it expires, wall milliseconds; Infinity for never
   */
  append(
    slot: number,
    offset: number,
    bodyLength: number,
    priority: number,
    dueMs = Infinity,
  ): number {
    const sequence = this.next;
    this.put(sequence, slot, offset, bodyLength, priority, dueMs);
    return sequence;
  }

  /**
   * Adds a message under a number that is not live; numbers left out count as settled. Any order is
   * right; ascending is quickest.
   *
   * @param offset 0 to {@link offsetMax}
   */
  put(
    sequence: number,
    slot: number,
    offset: number,
    bodyLength: number,
    priority: number,
    dueMs = Infinity,
  ): void {
    if (this.count === 0) this.#restart(sequence);
    const relative = sequence - this.#first;
    if (relative < 0) this.#extend(sequence);
    else if (this.#ring !== undefined && relative > this.#mask) this.#grow(this.#first, relative);
    const chunk = this.#ring ?? this.#take((sequence - this.#first) >>> shift);
    const at = this.#at(sequence);
    chunk[at] = slot + 1;
    chunk[at + 1] = offset;
    chunk[at + 2] = bodyLength;
    if (priority !== 0) this.#setState(chunk, sequence, priority << 8);
    if (dueMs !== Infinity) this.#setDue(chunk, sequence, dueMs);
    this.count++;
    if (sequence >= this.next) this.next = sequence + 1;
  }

  /** A chunk that gets one more message. */
  #take(index: number): Uint32Array {
    while (this.#chunks.length <= index) {
      this.#chunks.push(undefined);
      this.#left.push(0);
    }
    let chunk = this.#chunks[index];
    if (chunk === undefined) {
      chunk = chunkPool.take();
      this.#chunks[index] = chunk;
    }
    this.#left[index] = (this.#left[index] ?? 0) + 1;
    return chunk;
  }

  /** Makes room for a number before the first: after a start, messages are found in any order. */
  #extend(sequence: number): void {
    if (this.#ring !== undefined) {
      this.#grow(sequence, this.#first + this.#mask - sequence);
      return;
    }
    const count = Math.ceil((this.#first - sequence) / size);
    this.#chunks = new Array<Uint32Array | undefined>(count).fill(undefined).concat(this.#chunks);
    this.#left = new Array<number>(count).fill(0).concat(this.#left);
    this.#first -= count * size;
  }

  /**
   * Moves what is in the ring to a larger one, or to chunks.
   *
   * @param first the lowest number that is to have a place
   * @param span how far after it the highest is
   */
  #grow(first: number, span: number): void {
    const old = this.#ring;
    if (old === undefined) return;
    const oldFirst = this.#first;
    const oldMask = this.#mask;
    const oldBase = this.#base;
    const states = this.#states?.get(old);
    const dues = Array.from({ length: oldMask + 1 }, (_, i) => this.#due(old, oldFirst + i));
    this.#states?.delete(old);
    this.#dues?.drop(old);
    this.#mask = (span < size / 4 ? size / 4 : size) - 1;
    const ring = span < size ? newRing(this.#mask + 1) : undefined;
    this.#first = ring === undefined ? first - (first % size) : first;
    this.#ring = ring;
    this.#base = 0;
    for (let s = oldFirst; s <= oldFirst + oldMask; s++) {
      const from = oldBase + (s & oldMask) * wordCount;
      if (old[from] === 0) continue;
      const to = ring ?? this.#take((s - this.#first) >>> shift);
      to.set(old.subarray(from, from + wordCount), this.#at(s));
      const state = states?.[s & oldMask] ?? 0;
      if (state !== 0) this.#setState(to, s, state);
      const dueMs = dues[s - oldFirst] ?? Infinity;
      if (dueMs !== Infinity) this.#setDue(to, s, dueMs);
    }
    releaseRing(old, oldBase, oldMask + 1);
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
    return this.#word(sequence, 1) & offsetMax;
  }
  /** Its record will begin elsewhere in its block. */
  move(sequence: number, offset: number): void {
    const chunk = this.#chunk(sequence);
    assert(chunk !== undefined, 'a message that is settled moves');
    const at = this.#at(sequence) + 1;
    chunk[at] = ((chunk[at] ?? 0) & ~offsetMax) | offset;
  }
  /** Its record lies in another block from now on. */
  relocate(sequence: number, slot: number, offset: number): void {
    this.move(sequence, offset);
    const chunk = this.#chunk(sequence);
    assert(chunk !== undefined, 'a message that is settled moves');
    chunk[this.#at(sequence)] = slot + 1;
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
  isRedelivered(sequence: number): boolean {
    return sequence < this.#redeliveredBefore || (this.#state(sequence) & redelivered) !== 0;
  }
  /** Notes that every message it has may have been delivered before. */
  markAllRedelivered(): void {
    this.#redeliveredBefore = this.next;
  }
  /** How often its delivery failed, up to 65535. */
  deliveryCount(sequence: number): number {
    return this.#state(sequence) >>> 16;
  }
  /** Notes that it was delivered and came back. */
  markRedelivered(sequence: number, hasFailed: boolean): void {
    const chunk = this.#chunk(sequence);
    if (chunk === undefined) return;
    const state = this.#state(sequence);
    const more = hasFailed && state >>> 16 < 0xffff ? 0x10000 : 0;
    this.#setState(chunk, sequence, (state | redelivered) + more);
  }

  /** Sets how often its delivery failed, where that is more often than known. */
  setDeliveryCount(sequence: number, count: number): void {
    const chunk = this.#chunk(sequence);
    if (chunk === undefined || !this.isLive(sequence)) return;
    const state = this.#state(sequence);
    if (count > state >>> 16) {
      this.#setState(chunk, sequence, ((state & 0xff00) | redelivered) + count * 0x10000);
    }
  }
  /** The first live sequence number at or after the given one whose delivery failed, or `next`. */
  failedFrom(sequence: number): number {
    if (this.#states === undefined) return this.next;
    let at = this.liveFrom(sequence);
    while (at < this.next && this.deliveryCount(at) === 0) {
      const chunk = this.#chunk(at);
      const isPlain = this.#ring === undefined && chunk !== undefined && !this.#states.has(chunk);
      at = this.liveFrom(isPlain ? at + size - ((at - this.#first) & (size - 1)) : at + 1);
    }
    return at;
  }

  /** When it expires, wall milliseconds; Infinity for never. */
  expiresAtMs(sequence: number): number {
    if (this.#dues === undefined || sequence >= this.next) return Infinity;
    const chunk = this.#chunk(sequence);
    return chunk === undefined ? Infinity : this.#due(chunk, sequence);
  }
  /** Whether a message has expired or will; what never does costs no look. */
  get hasDues(): boolean {
    return this.#dues !== undefined;
  }
  #due(chunk: Uint32Array, sequence: number): number {
    if (this.#dues === undefined) return Infinity;
    const code = (chunk[this.#at(sequence) + 1] ?? 0) >>> offsetBits;
    return this.#dues.dueMs(chunk, sequence & this.#mask, code);
  }
  #setDue(chunk: Uint32Array, sequence: number, dueMs: number): void {
    this.#dues ??= new DueTimes();
    const at = this.#at(sequence) + 1;
    const code = this.#dues.set(chunk, sequence & this.#mask, this.#mask + 1, dueMs);
    chunk[at] = ((chunk[at] ?? 0) & offsetMax) | (code << offsetBits);
  }

  /** When a message expires, by the queue and by its sender; both wall milliseconds. */
  dueMs(receivedAtMs: number, expiresAtMs: number): number {
    return this.ttlMs === undefined
      ? expiresAtMs
      : Math.min(expiresAtMs, receivedAtMs + this.ttlMs);
  }

  /**
   * Removes a live message for good.
   *
   * @returns bytes of its body
   */
  remove(sequence: number): number {
    const chunk = this.#chunk(sequence);
    assert(chunk !== undefined, 'a message is settled twice');
    const at = this.#at(sequence);
    assert(chunk[at] !== 0, 'a message is settled twice');
    const bodyLength = chunk[at + 2] ?? 0;
    chunk[at] = 0;
    if (this.#states !== undefined) this.#setState(chunk, sequence, 0);
    this.count--;
    if (this.count === 0 && this.#dues !== undefined) this.#dues.clear();
    if (this.#ring === undefined) this.#releaseFromChunk((sequence - this.#first) >>> shift, chunk);
    else if (sequence === this.#first) this.#first = this.liveFrom(sequence + 1);
    return bodyLength;
  }

  /** A chunk has one message less. */
  #releaseFromChunk(index: number, chunk: Uint32Array): void {
    const left = (this.#left[index] ?? 0) - 1;
    this.#left[index] = left;
    // The chunk that is still being filled stays until another takes its place.
    if (left === 0 && this.next - this.#first >= (index + 1) * size) this.#free(index, chunk);
  }

  /** The first live sequence number at or after the given one, or `next`. */
  liveFrom(sequence: number): number {
    let at = Math.max(sequence, this.#first);
    while (at < this.next && !this.isLive(at)) {
      if (this.#chunk(at) !== undefined) at++;
      else if (this.#ring !== undefined) return this.next;
      else at += size - ((at - this.#first) & (size - 1));
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
    const end = this.#base + (this.#mask + 1) * wordCount;
    for (const chunk of [this.#ring, ...this.#chunks]) {
      if (chunk === undefined) continue;
      for (let at = this.#base; at < end; at += wordCount) {
        if (chunk[at] !== 0) bytes += chunk[at + 2] ?? 0;
      }
    }
    return bytes;
  }

  /** The ring or the chunk in which a sequence number has its place. */
  #chunk(sequence: number): Uint32Array | undefined {
    const relative = sequence - this.#first;
    if (relative < 0) return undefined;
    if (this.#ring === undefined) return this.#chunks[relative >>> shift];
    return relative <= this.#mask ? this.#ring : undefined;
  }

  #word(sequence: number, which: number): number {
    if (sequence >= this.next) return 0;
    return this.#chunk(sequence)?.[this.#at(sequence) + which] ?? 0;
  }

  /** Where a message's words are in its ring or chunk. */
  #at(sequence: number): number {
    return this.#base + (sequence & this.#mask) * wordCount;
  }

  #state(sequence: number): number {
    const chunk = this.#states === undefined ? undefined : this.#chunk(sequence);
    return chunk === undefined ? 0 : (this.#states?.get(chunk)?.[sequence & this.#mask] ?? 0);
  }

  #setState(chunk: Uint32Array, sequence: number, state: number): void {
    let states = this.#states?.get(chunk);
    if (states === undefined) {
      if (state === 0) return;
      states = new Uint32Array(this.#mask + 1);
      this.#states ??= new Map();
      this.#states.set(chunk, states);
    }
    states[sequence & this.#mask] = state;
  }

  #free(index: number, chunk: Uint32Array): void {
    chunkPool.release(chunk);
    this.#states?.delete(chunk);
    this.#dues?.drop(chunk);
    this.#chunks[index] = undefined;
    while (this.#chunks.length > 0 && this.#chunks[0] === undefined) {
      this.#chunks.shift();
      this.#left.shift();
      this.#first += size;
    }
  }

  /** Nothing is live: whatever comes has a ring again, of a chunk's memory where there is one. */
  #restart(sequence: number): void {
    this.#first = sequence;
    this.#states = undefined;
    if (this.#dues !== undefined) this.#dues.clear();
    if (this.#ring !== undefined) return;
    const last = this.#chunks.at(-1);
    for (const chunk of this.#chunks) {
      if (chunk !== undefined && chunk !== last) chunkPool.release(chunk);
    }
    this.#base = last === undefined ? ringPool.take() : 0;
    this.#ring = last ?? ringPool.words;
    this.#mask = (last === undefined ? ringSizeMin : size) - 1;
    this.#chunks.length = 0;
    this.#left.length = 0;
  }

  /** Gives back what it has in common with others; to be called once nothing is live. */
  end(): void {
    assert(this.count === 0, 'a window ends with messages');
    if (this.#ring !== undefined) releaseRing(this.#ring, this.#base, this.#mask + 1);
    for (const chunk of this.#chunks) if (chunk !== undefined) chunkPool.release(chunk);
    this.#ring = undefined;
    this.#chunks.length = 0;
    this.#left.length = 0;
  }
}

function newRing(messageCount: number): Uint32Array {
  return messageCount === size ? chunkPool.take() : new Uint32Array(messageCount * wordCount);
}

function releaseRing(ring: Uint32Array, base: number, messageCount: number): void {
  if (messageCount === ringSizeMin) ringPool.release(ring, base);
  else if (messageCount === size) chunkPool.release(ring.fill(0));
}
