// The index of a stream's messages.

import { assert } from '../../base/assert.ts';
import { liveBytes } from '../message-record.ts';
import { QueueIndex } from '../queue-index.ts';
import { RunList } from './run-list.ts';

/** Size of a segment of a stream for which no other size is set, bytes. */
export const streamSegmentBytes = 500_000_000;
/**
 * Maximum number of runs in a segment. If a publisher waits for each confirm, each message is a run of its
 * own until a compaction joins them.
 */
const runsMax = 8192;

/** Takes note of messages that a block contains, or no longer contains, for the stream. */
export type RunUse = (slot: number, bytes: number, count: number) => void;

/** A range of the messages of a stream, and the unit of its retention. */
class StreamSegment {
  readonly runs = new RunList();
  /** The approximate size of its records. */
  bytes = 0;

  get first(): number {
    return this.runs.firsts[0] ?? 0;
  }

  get firstMs(): number {
    return this.runs.times[0] ?? 0;
  }
}

/** A run that was found. One object is reused. */
export class FoundRun {
  first = 0;
  /** The number after its last message. */
  end = 0;
  slot = -1;
}

/**
 * The positions of a stream's messages. Messages are never settled one by one: the oldest segments
 * are removed. The index therefore has an entry for each run of messages in one block, and the
 * position of a message in its block is found by reading the block.
 */
export class StreamIndex extends QueueIndex {
  override readonly isStream = true;
  override keepsAll = true;
  /** A segment of this size is full, bytes. */
  segmentBytesMax = streamSegmentBytes;
  /** The approximate size of all records. */
  bytes = 0;
  /** Changes when runs were moved or removed, so that what was found is no longer valid. */
  version = 0;
  readonly #segments: StreamSegment[] = [];
  /** The place of the last run that was found. */
  #segmentAt = 0;
  #runAt = 0;

  constructor(number: number) {
    super(number, true);
  }

  /** The number of the first message; the next number if there is none. */
  get first(): number {
    return this.#segments[0]?.first ?? this.next;
  }

  get segmentCount(): number {
    return this.#segments.length;
  }

  /** Adds the next message. */
  override append(
    slot: number,
    _offset: number,
    bodyLength: number,
    _priority: number,
    _expiryMs = Infinity,
    receivedMs = 0,
  ): number {
    const sequence = this.next;
    this.#add(sequence, slot, liveBytes(bodyLength), receivedMs);
    return sequence;
  }

  /** Adds a message that was read during recovery. */
  override put(
    sequence: number,
    slot: number,
    _offset: number,
    bodyLength: number,
    _priority: number,
    _expiryMs = Infinity,
    receivedMs = 0,
  ): void {
    assert(sequence >= this.next, 'a message of a stream is recovered twice');
    this.#add(sequence, slot, liveBytes(bodyLength), receivedMs);
  }

  #add(sequence: number, slot: number, bytes: number, ms: number): void {
    let segment = this.#segments[this.#segments.length - 1];
    if (segment === undefined || this.#isFull(segment)) {
      segment = new StreamSegment();
      this.#segments.push(segment);
    }
    const { runs } = segment;
    const last = runs.length - 1;
    if (last >= 0 && runs.slots[last] === slot && runs.end(last) === sequence) {
      runs.extend(last, bytes);
    } else runs.insert(last + 1, sequence, 1, slot, bytes, ms);
    segment.bytes += bytes;
    this.bytes += bytes;
    this.next = sequence + 1;
    this.count++;
  }

  #isFull({ bytes, runs }: StreamSegment): boolean {
    return bytes >= this.segmentBytesMax || runs.length >= runsMax;
  }

  /**
   * Adds messages that an index record names, except for those that are known already: after a
   * compaction, two blocks may contain the same messages.
   *
   * @param bytes the approximate size of their records
   * @param ms when the first was received
   * @param slotOf returns the slot of their block, which is retained at once
   * @param retain called for the messages that were added
   */
  addRun(
    run: { readonly first: number; readonly count: number; readonly bytes: number; ms: number },
    slotOf: () => number,
    retain: RunUse,
  ): void {
    const { first, count, bytes, ms } = run;
    const end = first + count;
    const found = new FoundRun();
    for (let from = first; from < end; ) {
      const isFound = this.runFrom(from, found);
      if (isFound && found.first <= from) {
        from = found.end;
        continue;
      }
      const to = isFound ? Math.min(end, found.first) : end;
      const share = Math.floor((bytes * (to - from)) / count);
      const slot = slotOf();
      this.#insert(from, to - from, slot, share, ms);
      retain(slot, share, to - from);
      from = to;
    }
  }

  /** Inserts a run where no other is. */
  #insert(first: number, count: number, slot: number, bytes: number, ms: number): void {
    let at = this.#segmentOf(first);
    let segment = this.#segments[at];
    if (segment === undefined || (this.#isFull(segment) && first >= segment.runs.next)) {
      segment = new StreamSegment();
      this.#segments.splice(++at, 0, segment);
    }
    const { runs } = segment;
    runs.insert(runs.find(first) + 1, first, count, slot, bytes, ms);
    segment.bytes += bytes;
    this.bytes += bytes;
    this.count += count;
    this.next = Math.max(this.next, first + count);
    this.version++;
    if (runs.length > runsMax) this.#split(at, segment);
  }

  #split(at: number, segment: StreamSegment): void {
    const rest = new StreamSegment();
    segment.runs.moveTo(rest.runs, segment.runs.length >>> 1);
    for (let i = 0; i < rest.runs.length; i++) rest.bytes += rest.runs.bytes[i] ?? 0;
    segment.bytes -= rest.bytes;
    this.#segments.splice(at + 1, 0, rest);
  }

  /** The index of the last segment that begins at or before a number; -1 if there is none. */
  #segmentOf(sequence: number): number {
    const segments = this.#segments;
    let low = 0;
    let high = segments.length;
    if (high > 0 && (segments[high - 1]?.first ?? 0) <= sequence) return high - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((segments[middle]?.first ?? 0) <= sequence) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Finds the run of a message. Returns its segment; undefined if the message is not live. */
  #find(sequence: number): StreamSegment | undefined {
    const known = this.#segments[this.#segmentAt];
    if (known !== undefined && this.#runAt < known.runs.length) {
      const { firsts } = known.runs;
      const isHere =
        (firsts[this.#runAt] ?? 0) <= sequence && sequence < known.runs.end(this.#runAt);
      if (isHere) return known;
    }
    const at = this.#segmentOf(sequence);
    const segment = this.#segments[at];
    if (segment === undefined) return undefined;
    const run = segment.runs.find(sequence);
    if (sequence >= segment.runs.end(run)) return undefined;
    this.#segmentAt = at;
    this.#runAt = run;
    return segment;
  }

  /**
   * Finds the run with a message, or the first one after it.
   *
   * @returns false if there is none
   */
  runFrom(sequence: number, found: FoundRun): boolean {
    if (this.#find(sequence) === undefined) {
      // The message is not there: what follows is the next run of its segment, or the next segment.
      const at = this.#segmentOf(sequence);
      const runs = this.#segments[at]?.runs;
      const next = runs === undefined ? 0 : runs.find(sequence) + 1;
      const isHere = runs !== undefined && next < runs.length;
      this.#segmentAt = isHere ? at : at + 1;
      this.#runAt = isHere ? next : 0;
    }
    const runs = this.#segments[this.#segmentAt]?.runs;
    if (runs === undefined || this.#runAt >= runs.length) return false;
    found.first = runs.firsts[this.#runAt] ?? 0;
    found.end = runs.end(this.#runAt);
    found.slot = runs.slots[this.#runAt] ?? 0;
    return true;
  }

  /**
   * A message that was received before a time, or the first message: from here on, none that was
   * received since is missing.
   *
   * @param ms milliseconds since 1970
   */
  beforeTime(ms: number): number {
    const segment = this.#segments.findLast(({ firstMs }) => firstMs < ms);
    if (segment === undefined) return this.first;
    const { times, firsts } = segment.runs;
    let low = 0;
    let high = segment.runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((times[middle] ?? 0) < ms) low = middle + 1;
      else high = middle;
    }
    return firsts[low - 1] ?? this.first;
  }

  /**
   * Removes the messages before a number.
   *
   * @param release called for the removed messages of each block
   */
  truncate(to: number, release: RunUse): void {
    const segments = this.#segments;
    let count = 0;
    while ((segments[count]?.runs.next ?? Infinity) <= to) {
      const segment = segments[count++] as StreamSegment; // the index is valid
      this.bytes -= segment.bytes;
      releaseRuns(segment.runs, segment.runs.length, release);
      this.count -= sizeOf(segment.runs, segment.runs.length);
    }
    segments.splice(0, count);
    const [first] = segments;
    if (first !== undefined && first.first < to) this.#cut(first, to, release);
    // Numbers are never given out again.
    this.next = Math.max(this.next, to);
    this.version++;
  }

  #cut(segment: StreamSegment, to: number, release: RunUse): void {
    const { runs } = segment;
    const before = this.#bytesOf(runs);
    let whole = runs.find(to);
    if (runs.end(whole) <= to) whole++;
    releaseRuns(runs, whole, release);
    this.count -= sizeOf(runs, whole);
    runs.remove(0, whole);
    const excess = to - (runs.firsts[0] ?? to);
    if (excess > 0) {
      const share = runs.share(0, excess);
      release(runs.slots[0] ?? 0, share, excess);
      runs.cutFront(0, excess, share);
      this.count -= excess;
    }
    const removed = before - this.#bytesOf(runs);
    segment.bytes -= removed;
    this.bytes -= removed;
  }

  #bytesOf(runs: RunList): number {
    let bytes = 0;
    for (let at = 0; at < runs.length; at++) bytes += runs.bytes[at] ?? 0;
    return bytes;
  }

  /**
   * Removes the first segment of a deleted stream.
   *
   * @returns whether any messages are left
   */
  dropSegment(release: RunUse): boolean {
    const [first] = this.#segments;
    if (first !== undefined) this.truncate(first.runs.next, release);
    return this.#segments.length > 0;
  }

  /**
   * The number before which the oldest segment ends, if it is no longer retained; otherwise -1. The
   * last segment is always retained.
   *
   * @param beforeMs segments whose last message was received before are not retained
   */
  excessEnd(bytesMax: number, beforeMs: number): number {
    const [first, second] = this.#segments;
    if (first === undefined || second === undefined) return -1;
    return this.bytes > bytesMax || second.firstMs < beforeMs ? second.first : -1;
  }

  /** About when the last message of the oldest segment was received; Infinity if it is the last. */
  get oldestMs(): number {
    return this.#segments[1]?.firstMs ?? Infinity;
  }

  /** The runs that contain messages from a number on, ascending. The object is reused. */
  *runs(from: number): Generator<FoundRun & { bytes: number; ms: number }> {
    const each = Object.assign(new FoundRun(), { bytes: 0, ms: 0 });
    for (let s = Math.max(0, this.#segmentOf(from)); s < this.#segments.length; s++) {
      const { runs } = this.#segments[s] as StreamSegment; // the index is valid
      for (let at = Math.max(0, runs.find(from)); at < runs.length; at++) {
        each.first = runs.firsts[at] ?? 0;
        each.end = runs.end(at);
        each.slot = runs.slots[at] ?? 0;
        each.bytes = runs.bytes[at] ?? 0;
        each.ms = runs.times[at] ?? 0;
        if (each.end > from) yield each;
      }
    }
  }

  override isLive(sequence: number): boolean {
    return sequence >= this.first && sequence < this.next;
  }

  override slot(sequence: number): number {
    return this.#find(sequence)?.runs.slots[this.#runAt] ?? -1;
  }

  /** Positions in blocks are not part of the index. */
  override move(): void {}

  override isAt(sequence: number, slot: number): boolean {
    return this.slot(sequence) === slot;
  }

  override recordBytes(sequence: number): number {
    return this.#find(sequence)?.runs.share(this.#runAt, 1) ?? 0;
  }

  /** About when a message was received: the time of the first message of its run. */
  timeOf(sequence: number): number {
    return this.#find(sequence)?.runs.times[this.#runAt] ?? 0;
  }

  /** A message was copied to another block. */
  override relocate(sequence: number, slot: number): void {
    const segment = this.#find(sequence);
    assert(segment !== undefined, 'a removed message of a stream is moved');
    const { runs } = segment;
    let at = this.#runAt;
    const share = runs.share(at, 1);
    const ms = runs.times[at] ?? 0;
    const before = sequence - (runs.firsts[at] ?? 0);
    const after = runs.end(at) - sequence - 1;
    if (before > 0) {
      const rest = runs.share(at, after);
      if (after > 0) runs.insert(at + 1, sequence + 1, after, runs.slots[at] ?? 0, rest, ms);
      runs.cutEnd(at, after + 1, (after > 0 ? rest : 0) + share);
      at++;
    } else if (after > 0) runs.cutFront(at, 1, share);
    else runs.remove(at, at + 1);
    const isJoined = at > 0 && runs.slots[at - 1] === slot && runs.end(at - 1) === sequence;
    if (isJoined) runs.extend(at - 1, share);
    else runs.insert(at, sequence, 1, slot, share, ms);
    this.version++;
  }

  override bodyLength(): number {
    return 0;
  }

  override expiryMs(): number {
    return Infinity;
  }

  override liveFrom(sequence: number): number {
    return Math.min(Math.max(sequence, this.first), this.next);
  }

  override liveTo(): number {
    return this.next;
  }

  override bodyBytes(): number {
    return this.bytes;
  }

  override remove(): never {
    assert(false, 'a message of a stream is settled');
  }
}

function releaseRuns(runs: RunList, to: number, release: RunUse): void {
  for (let at = 0; at < to; at++) {
    release(runs.slots[at] ?? 0, runs.bytes[at] ?? 0, runs.counts[at] ?? 0);
  }
}

function sizeOf(runs: RunList, to: number): number {
  let count = 0;
  for (let at = 0; at < to; at++) count += runs.counts[at] ?? 0;
  return count;
}
