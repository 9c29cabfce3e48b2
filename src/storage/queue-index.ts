// The index of a queue's messages.

import { assert } from '../base/assert.ts';
import { liveBytes } from './message-record.ts';
import { ExpiryTimes } from './messages/expiry-times.ts';
import {
  chunkPool,
  copyMessage,
  copyRing,
  newRing,
  offsetBits,
  offsetMax,
  releaseRing,
  ringPool,
  ringSizeFor,
  ringSizeMin,
  shift,
  size,
  splitRing,
  unpackedChunkCount,
  wordCount,
} from './messages/index-memory.ts';
import { MessageStates } from './messages/message-states.ts';
import { PackedChunks } from './messages/packed-chunk.ts';
import type { ReadyTime } from './messages/ready-times.ts';

/** A bit of the state, which also contains the priority and the delivery count. */
const redelivered = 1;

/**
 * The positions of a queue's messages by sequence number. Messages take 12 bytes each, even if they
 * expire; 4 more if any message nearby was redelivered, or has another priority than most; and 8 more
 * if neighbours expire more than half a minute apart. A short queue uses one small ring, so that the data of a
 * thousand queues fits into a CPU cache. A longer queue uses chunks, which are freed when none of
 * their messages is live. In the middle of a long queue, they are packed ({@link PackedChunks}) until a message
 * in them is settled or changed. The order of delivery is not part of it.
 */
export class QueueIndex {
  /** The sequence number of the next message. */
  next: number;
  /** The number of live messages. */
  count = 0;
  /** The number before which no message is live. With chunks, the number of their first place. */
  #first: number;
  /** The ring. The place of a message is its number modulo the size of the ring. */
  #ring: Uint32Array | undefined = undefined;
  /** The offset of the ring in the array, which small rings share. */
  #base = 0;
  /** The size of the ring or of a chunk, minus 1. */
  #mask = size - 1;
  #expiryTimes: ExpiryTimes | undefined = undefined;
  /** The state of most messages: that of the first one that was added to the empty index. */
  #usualState = 0;
  /** The states of other messages. */
  #states: MessageStates | undefined = undefined;
  /** The number of the queue in records; never reused in a volume. */
  readonly number: number;
  /** Whether the log recreates it at the next start. */
  readonly isDurable: boolean;
  /** Whether it is that of a stream, which removes messages only from its beginning. */
  readonly isStream: boolean = false;
  /** Whether messages that are not persistent are written to the log too. */
  keepsAll = false;
  /** The time to live of the queue, from the time of receipt. */
  ttlMs: number | undefined = undefined;
  /** The times at which returned messages are ready again; undefined if there were none. */
  readyTimes: (() => Iterable<ReadyTime>) | undefined = undefined;
  /** Whether failed deliveries are counted across restarts. */
  countsFailures = false;
  /** All messages before this number count as redelivered. */
  #redeliveredBefore = 0;
  /** Settled messages that are not in the log: from here ... */
  runStart = -1;
  /** ... to before here. */
  runEnd = -1;
  /** The first number that was added since the current segment began; -1 if there is none. */
  arrivedFrom = -1;
  #chunks: (Uint32Array | undefined)[] = [];
  /** The number of live messages in each chunk. */
  #left: number[] = [];
  /** Chunks that are packed instead. */
  #packed: PackedChunks | undefined = undefined;

  /** @param next the first sequence number; 0 for a new queue */
  constructor(number: number, isDurable: boolean, next = 0) {
    this.number = number;
    this.isDurable = isDurable;
    this.next = next;
    this.#first = next;
  }

  /**
   * Adds the next message and returns its sequence number.
   *
   * @param expiryMs its expiry time, milliseconds since 1970; Infinity for never
   * @param _receivedMs when it was received; only streams use it
   */
  append(
    slot: number,
    offset: number,
    bodyLength: number,
    priority: number,
    expiryMs = Infinity,
    _receivedMs = 0,
  ): number {
    const sequence = this.next;
    this.put(sequence, slot, offset, bodyLength, priority, expiryMs);
    return sequence;
  }

  /**
   * Adds a message with a number that is not live. Skipped numbers count as settled. Any order is
   * permitted; ascending is fastest.
   *
   * @param offset 0 to {@link offsetMax}
   * @param _receivedMs when it was received; only streams use it
   */
  put(
    sequence: number,
    slot: number,
    offset: number,
    bodyLength: number,
    priority: number,
    expiryMs = Infinity,
    _receivedMs = 0,
  ): void {
    assert(offset <= offsetMax, 'a record begins where no index can name it');
    if (this.count === 0) this.#restart(sequence, priority << 8);
    const relative = sequence - this.#first;
    if (relative < 0) this.#extend(sequence);
    else if (this.#ring !== undefined && relative > this.#mask) this.#grow(this.#first, relative);
    const chunk = this.#ring ?? this.#take((sequence - this.#first) >>> shift);
    const at = this.#at(sequence);
    chunk[at] = slot + 1;
    chunk[at + 1] = offset;
    chunk[at + 2] = bodyLength;
    const difference = (priority << 8) ^ this.#usualState;
    if (difference !== 0) this.#setDifference(chunk, sequence, difference);
    if (expiryMs !== Infinity) this.#setExpiry(chunk, sequence, expiryMs);
    this.count++;
    if (sequence >= this.next) this.next = sequence + 1;
  }

  /** Adds a message to a chunk. */
  #take(index: number): Uint32Array {
    while (this.#chunks.length <= index) {
      this.#chunks.push(undefined);
      this.#left.push(0);
    }
    let chunk = this.#chunks[index];
    if (chunk === undefined) {
      chunk = chunkPool.take();
      this.#chunks[index] = chunk;
      if (index >= unpackedChunkCount) this.#pack(index - unpackedChunkCount);
    }
    this.#left[index] = (this.#left[index] ?? 0) + 1;
    return chunk;
  }

  /** Packs a chunk, if all of its messages are live and in the usual state. */
  #pack(index: number): void {
    const chunk = this.#chunks[index];
    if (chunk === undefined || this.#left[index] !== size || this.#states?.of(chunk)) return;
    this.#packed ??= new PackedChunks();
    if (!this.#packed.pack(this.#first + index * size, chunk)) return;
    this.#chunks[index] = undefined;
    this.#release(chunk.fill(0));
  }

  /** The ring or chunk with the place of a number, to be changed: a packed one is unpacked. */
  #open(sequence: number): Uint32Array | undefined {
    const chunk = this.#chunk(sequence);
    if (chunk !== undefined) return chunk;
    const unpacked = this.#packed?.unpack(sequence);
    if (unpacked !== undefined) this.#chunks[(sequence - this.#first) >>> shift] = unpacked;
    return unpacked;
  }

  /** Makes room for a number before the first: during recovery, messages are added in any order. */
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
   * Moves the contents of the ring to a larger one, or to chunks.
   *
   * @param first the lowest number that needs a place
   * @param span the distance from it to the highest number
   */
  #grow(first: number, span: number): void {
    const old = this.#ring;
    if (old === undefined) return;
    const isPlain = this.#states === undefined && this.#expiryTimes === undefined;
    if (isPlain && this.#growPlain(old, first, span)) return;
    const oldFirst = this.#first;
    const oldMask = this.#mask;
    const oldBase = this.#base;
    const states = this.#states?.of(old);
    const times =
      this.#expiryTimes &&
      Array.from({ length: oldMask + 1 }, (_, i) => this.#expiry(old, oldFirst + i));
    this.#states?.drop(old);
    this.#expiryTimes?.drop(old);
    this.#mask = ringSizeFor(span) - 1;
    const ring = span < size ? newRing(this.#mask + 1) : undefined;
    this.#first = ring === undefined ? first - (first % size) : first;
    this.#ring = ring;
    this.#base = 0;
    for (let s = oldFirst; s <= oldFirst + oldMask; s++) {
      const from = oldBase + (s & oldMask) * wordCount;
      if (old[from] === 0) continue;
      const to = ring ?? this.#take((s - this.#first) >>> shift);
      const at = this.#at(s);
      copyMessage(old, from, to, at);
      this.#setDifference(to, s, states?.[s & oldMask] ?? 0);
      if (times !== undefined) this.#setExpiry(to, s, times[s - oldFirst] ?? Infinity);
    }
    releaseRing(old, oldBase, oldMask + 1);
  }

  /** The same for messages without states and expiry times. Returns false if they must be moved singly. */
  #growPlain(old: Uint32Array, first: number, span: number): boolean {
    if (span < size) {
      this.#ring = copyRing(old, this.#base, this.#mask, this.#first, ringSizeFor(span));
      this.#mask = ringSizeFor(span) - 1;
      this.#base = 0;
      this.#first = first;
      return true;
    }
    if (first !== this.#first || this.#mask !== size - 1) return false;
    // The ring becomes the first chunk: a message has the same place in both.
    const { rest, count } = splitRing(old, first & this.#mask);
    this.#chunks = [old, rest];
    this.#left = [this.count - count, count];
    this.#first = first - (first % size);
    this.#ring = undefined;
    return true;
  }

  /** Whether the message is live, that is, known and not settled. */
  isLive(sequence: number): boolean {
    return this.#word(sequence, 0) !== 0;
  }
  /** The slot of the message's block; -1 if it is not live. */
  slot(sequence: number): number {
    return this.#word(sequence, 0) - 1;
  }
  /** The offset of its record in the block. */
  offset(sequence: number): number {
    return this.#word(sequence, 1) & offsetMax;
  }
  /** Changes the offset of its record in the block. */
  move(sequence: number, offset: number): void {
    if (this.#packed !== undefined && this.offset(sequence) === offset) return;
    const chunk = this.#open(sequence);
    assert(chunk !== undefined, 'a settled message is moved');
    const at = this.#at(sequence) + 1;
    assert(offset <= offsetMax, 'a record is moved to where no index can name it');
    chunk[at] = ((chunk[at] ?? 0) & ~offsetMax) | offset;
  }
  /** Changes the block of its record. */
  relocate(sequence: number, slot: number, offset: number): void {
    const chunk = this.#open(sequence);
    assert(chunk !== undefined, 'a settled message is moved');
    chunk[this.#at(sequence)] = slot + 1;
    this.move(sequence, offset);
  }
  /** Whether a message is live, and its record is at this offset in the block of this slot. */
  isAt(sequence: number, slot: number, offset: number): boolean {
    return this.slot(sequence) === slot && this.offset(sequence) === offset;
  }
  /** The size of its body. */
  bodyLength(sequence: number): number {
    return this.#word(sequence, 2);
  }
  /** The approximate size of its record. */
  recordBytes(sequence: number): number {
    return liveBytes(this.bodyLength(sequence));
  }
  /** 0 to 255. */
  priority(sequence: number): number {
    return (this.#state(sequence) >>> 8) & 0xff;
  }
  /** Whether it was delivered before. */
  isRedelivered(sequence: number): boolean {
    return sequence < this.#redeliveredBefore || (this.#state(sequence) & redelivered) !== 0;
  }
  /** Marks all messages as possibly delivered before. */
  markAllRedelivered(): void {
    this.#redeliveredBefore = this.next;
  }
  /** The number of failed deliveries, at most 65535. */
  deliveryCount(sequence: number): number {
    return this.#state(sequence) >>> 16;
  }
  /** Marks a message as delivered and requeued. */
  markRedelivered(sequence: number, hasFailed: boolean): void {
    const chunk = this.#open(sequence);
    if (chunk === undefined) return;
    const state = this.#state(sequence);
    const more = hasFailed && state >>> 16 < 0xffff ? 0x10000 : 0;
    const changed = (state | redelivered) + more;
    this.#setDifference(chunk, sequence, changed ^ this.#usualState);
  }

  /** Raises the number of failed deliveries, if it is higher than the current one. */
  setDeliveryCount(sequence: number, count: number): void {
    const chunk = this.#open(sequence);
    if (chunk === undefined || !this.isLive(sequence)) return;
    const state = this.#state(sequence);
    if (count <= state >>> 16) return;
    const changed = ((state & 0xff00) | redelivered) + count * 0x10000;
    this.#setDifference(chunk, sequence, changed ^ this.#usualState);
  }
  /** The first live number at or after the given one with failed deliveries, or `next`. */
  failedFrom(sequence: number): number {
    if (this.#states === undefined) return this.next;
    let at = this.liveFrom(sequence);
    while (at < this.next && this.deliveryCount(at) === 0) {
      const chunk = this.#chunk(at);
      const isPlain = this.#ring === undefined && !(chunk && this.#states.of(chunk));
      at = this.liveFrom(isPlain ? at + size - ((at - this.#first) & (size - 1)) : at + 1);
    }
    return at;
  }

  /** The expiry time, milliseconds since 1970; Infinity for never. */
  expiresAtMs(sequence: number): number {
    if (this.#expiryTimes === undefined || sequence >= this.next) return Infinity;
    const chunk = this.#chunk(sequence);
    return chunk === undefined ? Infinity : this.#expiry(chunk, sequence);
  }
  /** Whether any message has an expiry time. Otherwise no check is necessary. */
  get hasExpiryTimes(): boolean {
    return this.#expiryTimes !== undefined;
  }
  #expiry(chunk: Uint32Array, sequence: number): number {
    if (this.#expiryTimes === undefined) return Infinity;
    const code = (chunk[this.#at(sequence) + 1] ?? 0) >>> offsetBits;
    return this.#expiryTimes.expiryMs(chunk, sequence & this.#mask, code);
  }
  #setExpiry(chunk: Uint32Array, sequence: number, expiryMs: number): void {
    this.#expiryTimes ??= new ExpiryTimes();
    const at = this.#at(sequence) + 1;
    const code = this.#expiryTimes.set(chunk, sequence & this.#mask, this.#mask + 1, expiryMs);
    chunk[at] = ((chunk[at] ?? 0) & offsetMax) | (code << offsetBits);
  }

  /** The earlier expiry time of the queue and the sender, milliseconds since 1970. */
  expiryMs(receivedAtMs: number, expiresAtMs: number): number {
    return this.ttlMs === undefined
      ? expiresAtMs
      : Math.min(expiresAtMs, receivedAtMs + this.ttlMs);
  }

  /**
   * Removes a live message.
   *
   * @returns the size of its body
   */
  remove(sequence: number): number {
    const chunk = this.#open(sequence);
    assert(chunk !== undefined, 'a message is settled twice');
    const at = this.#at(sequence);
    assert(chunk[at] !== 0, 'a message is settled twice');
    const bodyLength = chunk[at + 2] ?? 0;
    chunk[at] = 0;
    if (this.#states !== undefined) this.#setDifference(chunk, sequence, 0);
    this.count--;
    if (this.count === 0 && this.#expiryTimes !== undefined) this.#expiryTimes.clear();
    if (this.#ring === undefined) this.#releaseFromChunk((sequence - this.#first) >>> shift, chunk);
    else if (sequence === this.#first) this.#first = this.liveFrom(sequence + 1);
    return bodyLength;
  }

  /** Removes a message from a chunk. */
  #releaseFromChunk(index: number, chunk: Uint32Array): void {
    const left = (this.#left[index] ?? 0) - 1;
    this.#left[index] = left;
    // The last chunk is kept until the next one is used.
    if (left > 0 || this.next - this.#first < (index + 1) * size) return;
    this.#release(chunk);
    this.#chunks[index] = undefined;
    while (this.#chunks.length > 0 && this.#chunks[0] === undefined && this.#left[0] === 0) {
      this.#chunks.shift();
      this.#left.shift();
      this.#first += size;
    }
  }

  /** The first live number at or after the given one, or `next`. */
  liveFrom(sequence: number): number {
    let at = Math.max(sequence, this.#first);
    while (at < this.next && !this.isLive(at)) {
      if (this.#chunk(at) !== undefined) at++;
      else if (this.#ring !== undefined) return this.next;
      else at += size - ((at - this.#first) & (size - 1));
    }
    return Math.min(at, this.next);
  }

  /** The end of the run of live messages that starts at the given number. */
  liveTo(sequence: number): number {
    let at = sequence;
    while (at < this.next) {
      const index = (at - this.#first) >>> shift;
      // Chunks in which all messages are live are skipped: a backlog has thousands.
      if (this.#left[index] === size) at = this.#first + (index + 1) * size;
      else if (this.isLive(at)) at++;
      else break;
    }
    return at;
  }

  /** The size of the bodies of all live messages. */
  bodyBytes(): number {
    let bytes = this.#packed?.bodyBytes() ?? 0;
    const end = this.#base + (this.#mask + 1) * wordCount;
    for (const chunk of [this.#ring, ...this.#chunks]) {
      if (chunk === undefined) continue;
      for (let at = this.#base; at < end; at += wordCount) {
        if (chunk[at] !== 0) bytes += chunk[at + 2] ?? 0;
      }
    }
    return bytes;
  }

  /** The ring or chunk with the place of a number. */
  #chunk(sequence: number): Uint32Array | undefined {
    const relative = sequence - this.#first;
    if (relative < 0) return undefined;
    if (this.#ring === undefined) return this.#chunks[relative >>> shift];
    return relative <= this.#mask ? this.#ring : undefined;
  }

  #word(sequence: number, which: number): number {
    if (sequence >= this.next) return 0;
    const chunk = this.#chunk(sequence);
    if (chunk !== undefined) return chunk[this.#at(sequence) + which] ?? 0;
    return this.#packed?.at(sequence)?.word(sequence & this.#mask, which) ?? 0;
  }

  /** The offset of a message's words in its ring or chunk. */
  #at(sequence: number): number {
    return this.#base + (sequence & this.#mask) * wordCount;
  }

  #state(sequence: number): number {
    if (sequence >= this.next) return 0;
    if (this.#states === undefined && this.#usualState === 0) return 0;
    const chunk = this.#chunk(sequence);
    if (chunk === undefined) return this.#packed?.at(sequence) ? this.#usualState : 0;
    return this.#usualState ^ (this.#states?.of(chunk)?.[sequence & this.#mask] ?? 0);
  }

  #setDifference(chunk: Uint32Array, sequence: number, difference: number): void {
    if (difference !== 0) this.#states ??= new MessageStates();
    this.#states?.set(chunk, sequence & this.#mask, this.#mask + 1, difference);
  }

  /** Releases a chunk and what is known of it. */
  #release(chunk: Uint32Array): void {
    chunkPool.release(chunk);
    this.#states?.drop(chunk);
    this.#expiryTimes?.drop(chunk);
  }

  /** No message is live: starts with a ring again, which may use the memory of a chunk. */
  #restart(sequence: number, usualState: number): void {
    this.#first = sequence;
    this.#usualState = usualState;
    this.#states = undefined;
    this.#expiryTimes?.clear();
    if (this.#ring !== undefined) return;
    const last = this.#chunks.at(-1);
    for (const chunk of this.#chunks) if (chunk && chunk !== last) chunkPool.release(chunk);
    this.#base = last === undefined ? ringPool.take() : 0;
    this.#ring = last ?? ringPool.words;
    this.#mask = (last === undefined ? ringSizeMin : size) - 1;
    this.#chunks.length = 0;
    this.#left.length = 0;
  }

  /** Releases shared memory. Call it when no message is live. */
  end(): void {
    assert(this.count === 0, 'a queue index ends with live messages');
    if (this.#ring !== undefined) releaseRing(this.#ring, this.#base, this.#mask + 1);
    for (const chunk of this.#chunks) if (chunk !== undefined) chunkPool.release(chunk);
    this.#ring = undefined;
    this.#chunks.length = 0;
    this.#left.length = 0;
  }
}
