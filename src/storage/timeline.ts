// Timelines: records that are found by time.

import { assert } from '../base/assert.ts';
import { readU32, readU48, writeU32, writeU48 } from '../base/bytes.ts';
import { StorageError } from './errors.ts';
import { recordEnd } from './log/records.ts';
import type { RecordSink } from './log-owner.ts';
import type { RecordBlock, RecordLog } from './record-log.ts';
import {
  indexEntryBytes,
  indexHeadBytes,
  readKeptFrom,
  readTimelineIndex,
  timelineBytes,
  timelineRecordTypes as types,
  writeIndexHead,
} from './timelines/timeline-records.ts';

/** Number of records read before other work has its turn. Reading from memory does not wait. */
const lookedPerTurn = 64;

/** One record of a timeline. */
export interface TimelineRecord {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly bytes: Buffer;
  /** The position of the record, for `after` in {@link TimelineRange}. */
  readonly cursor: string;
}

/** The requested records. Both times are inclusive. */
export interface TimelineRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly newestFirst: boolean;
  /** The cursor of an earlier record, after which to continue in the same order. */
  readonly after?: string;
}

/** The positions of the records that were appended to one segment, in the order of writing. */
export class SegmentEntries {
  /**
   * The segment to which they were appended. It and the index of a record identify the record, even
   * after a compaction.
   */
  readonly origin: number;
  /** The segment that contains them: the origin, or a compacted segment. */
  segment: number;
  /** The slot of a block that is retained while the records are needed, and with it the segment. */
  pin: number;
  blocks: number[] = [];
  offsets: number[] = [];
  readonly times: number[] = [];
  /** Whether the records were dropped, so that the segment may no longer exist. */
  isDropped = false;

  constructor(origin: number, segment: number, pin: number) {
    this.origin = origin;
    this.segment = segment;
    this.pin = pin;
  }
}

/** The blocks of some records, and their offsets in the plaintexts, by index. */
export interface EntryPlaces {
  readonly blocks: readonly number[];
  readonly offsets: readonly number[];
}

/**
 * Records that are looked up by time and dropped by age. Only their positions are in memory, 24
 * bytes per record. The contents are read from the log on demand.
 */
export class Timeline {
  readonly name: string;
  readonly #nameBytes: Buffer;
  /** Oldest first. */
  readonly #segments: SegmentEntries[] = [];
  /**
   * Records that were appended to earlier segments were dropped. It is part of the state: the files of
   * some of them may be kept for other reasons.
   */
  keptFrom = 0;

  constructor(name: string) {
    this.name = name;
    this.#nameBytes = Buffer.from(name);
    assert(this.#nameBytes.length <= 255, `the timeline name '${name}' is longer than 255 bytes`);
  }

  /** Appends a record. */
  append(log: RecordLog, atMs: number, bytes: Buffer): void {
    const block = log.reserve(types.record, 1 + this.#nameBytes.length + 10 + bytes.length);
    const { buffer } = block;
    const start = log.at;
    let at = this.#writeName(buffer, start);
    at = writeU32(buffer, writeU48(buffer, at, atMs), bytes.length);
    bytes.copy(buffer, at);
    this.#add(log, block, start - block.start, atMs);
  }

  #writeName(buffer: Buffer, at: number): number {
    buffer[at] = this.#nameBytes.length;
    return at + 1 + this.#nameBytes.copy(buffer, at + 1);
  }

  #add(log: RecordLog, block: RecordBlock, offset: number, atMs: number): void {
    let entries = this.#segments.at(-1);
    if (entries?.origin !== block.segment) {
      log.retain(block.slot);
      entries = new SegmentEntries(block.segment, block.segment, block.slot);
      this.#segments.push(entries);
    }
    entries.blocks.push(block.number);
    entries.offsets.push(offset);
    entries.times.push(atMs);
  }

  /**
   * Adds a replayed record.
   *
   * @throws {StorageError} `record-invalid`
   */
  replay(log: RecordLog, block: RecordBlock, buffer: Buffer, start: number, end: number): void {
    timelineBytes(buffer, start, end);
    const at = start + 1 + this.#nameBytes.length;
    this.#add(log, block, start - block.start, readU48(buffer, at));
  }

  /** Appends the positions of the records of one segment of the log. */
  writeIndex(log: RecordLog, segment: number): void {
    const entries = this.#segments.find((other) => other.segment === segment);
    if (entries !== undefined) this.writeEntries(log, segment, entries, entries);
  }

  /** Appends the positions of some records in a segment, in one index record. */
  writeEntries(
    sink: RecordSink,
    segment: number,
    { origin, times }: SegmentEntries,
    { blocks, offsets }: EntryPlaces,
  ): void {
    const count = times.length;
    const size = indexHeadBytes(this.#nameBytes.length, segment) + count * indexEntryBytes;
    const { buffer } = sink.reserve(types.index, size);
    let at = writeIndexHead(buffer, this.#writeName(buffer, sink.at), segment, origin);
    for (let i = 0; i < count; i++) {
      at = writeU48(buffer, at, blocks[i] ?? 0);
      at = writeU32(buffer, at, offsets[i] ?? 0);
      at = writeU48(buffer, at, times[i] ?? 0);
    }
  }

  /**
   * Adds the records of a replayed index record, unless they are known already or were dropped.
   *
   * @throws {StorageError} `record-invalid` if it is malformed, or names a missing block
   */
  replayIndex(log: RecordLog, buffer: Buffer, start: number, end: number): void {
    const { segment, origin, at: first } = readTimelineIndex(buffer, start, end);
    if (origin < this.keptFrom) return;
    const later = this.#segments.findIndex((other) => other.origin >= origin);
    if (this.#segments[later]?.origin === origin) return;
    const pin = log.slotAt(segment, readU48(buffer, first));
    if (pin === undefined) {
      const what = `an index record names a block of segment ${segment} that is not there`;
      throw new StorageError('record-invalid', what);
    }
    log.retain(pin);
    const entries = new SegmentEntries(origin, segment, pin);
    for (let at = first; at < end; at += indexEntryBytes) {
      entries.blocks.push(readU48(buffer, at));
      entries.offsets.push(readU32(buffer, at + 6));
      entries.times.push(readU48(buffer, at + 10));
    }
    this.#segments.splice(later < 0 ? this.#segments.length : later, 0, entries);
  }

  /** The record that contains {@link keptFrom}; undefined if nothing was ever dropped. */
  keptRecord(): Buffer | undefined {
    if (this.keptFrom === 0) return undefined;
    const bytes = Buffer.alloc(1 + this.#nameBytes.length + 6);
    writeU48(bytes, this.#writeName(bytes, 0), this.keptFrom);
    return bytes;
  }

  /**
   * Applies a replayed kept record.
   *
   * @throws {StorageError} `record-invalid`
   */
  replayKept(log: RecordLog, buffer: Buffer, start: number, end: number): void {
    this.keptFrom = Math.max(this.keptFrom, readKeptFrom(buffer, start, end));
    while ((this.#segments[0]?.origin ?? Infinity) < this.keptFrom) this.#dropOldest(log);
  }

  /** The positions of the records whose segments are compacted, oldest first. */
  entriesIn(isSource: (slot: number) => boolean): readonly SegmentEntries[] {
    return this.#segments.filter(({ pin }) => isSource(pin));
  }

  /** Drops the segments in which all records are older than the given time. */
  dropBefore(log: RecordLog, oldestMs: number): void {
    // The newest segment is kept, because records are still appended to it.
    for (let entries = this.#segments[0]; this.#segments.length > 1; entries = this.#segments[0]) {
      if (entries === undefined || entries.times.some((atMs) => atMs >= oldestMs)) return;
      this.#dropOldest(log);
    }
  }

  /** Drops the oldest segments, except for the newest, while there are more records or segments. */
  keepAtMost(log: RecordLog, recordCountMax: number, segmentCountMax: number): void {
    let recordCount = 0;
    for (const { times } of this.#segments) recordCount += times.length;
    while (
      this.#segments.length > 1 &&
      (recordCount > recordCountMax || this.#segments.length > segmentCountMax)
    ) {
      recordCount -= this.#dropOldest(log);
    }
  }

  /** Drops the oldest segments, except for the newest, if all of their records are among the first. */
  dropFirst(log: RecordLog, recordCount: number): void {
    let left = recordCount;
    for (let entries = this.#segments[0]; this.#segments.length > 1; entries = this.#segments[0]) {
      if (entries === undefined || entries.times.length > left) return;
      left -= this.#dropOldest(log);
    }
  }

  /** @returns the number of records dropped */
  #dropOldest(log: RecordLog): number {
    const entries = this.#segments.shift();
    assert(entries !== undefined, `timeline ${this.name} has no segment to drop`);
    entries.isDropped = true;
    log.release(entries.pin);
    this.keptFrom = Math.max(this.keptFrom, this.#segments[0]?.origin ?? 0);
    return entries.times.length;
  }

  /** Reads the record at a cursor; undefined if it was dropped. */
  async readAt(log: RecordLog, cursor: string): Promise<Buffer | undefined> {
    const [origin, index] = cursor.split('.').map(Number);
    const entries = this.#segments.find((each) => each.origin === origin);
    if (entries === undefined || index === undefined || index >= entries.times.length) {
      return undefined;
    }
    return this.#readRecord(log, entries, index);
  }

  /** The number of records. */
  get count(): number {
    let count = 0;
    for (const { times } of this.#segments) count += times.length;
    return count;
  }

  /**
   * Reads the newest records, the oldest of them first, and none that are appended meanwhile.
   *
   * @param count at most this many
   */
  async *readNewest(log: RecordLog, count: number): AsyncGenerator<TimelineRecord> {
    let left = count;
    const places: [entries: SegmentEntries, from: number, to: number][] = [];
    for (const entries of this.#segments.toReversed()) {
      if (left <= 0) break;
      const { length } = entries.times;
      places.unshift([entries, Math.max(0, length - left), length]);
      left -= length;
    }
    let lookedCount = 0;
    for (const [entries, from, to] of places) {
      for (let i = from; i < to; i++) {
        if (++lookedCount % lookedPerTurn === 0) await new Promise((done) => setImmediate(done));
        if (entries.isDropped) break;
        const bytes = await this.#readRecord(log, entries, i);
        yield { atMs: entries.times[i] ?? 0, bytes, cursor: `${entries.origin}.${i}` };
      }
    }
  }

  /** Reads records in the requested order. Blocks are in memory only while they are read. */
  async *read(log: RecordLog, range: TimelineRange): AsyncGenerator<TimelineRecord> {
    let lookedCount = 0;
    for (const [entries, i] of this.#places(range)) {
      if (++lookedCount % lookedPerTurn === 0) await new Promise((done) => setImmediate(done));
      const atMs = entries.times[i] ?? 0;
      if (entries.isDropped || atMs < range.fromMs || atMs > range.toMs) continue;
      const bytes = await this.#readRecord(log, entries, i);
      yield { atMs, bytes, cursor: `${entries.origin}.${i}` };
    }
  }

  *#places(range: TimelineRange): Generator<[entries: SegmentEntries, index: number]> {
    const step = range.newestFirst ? -1 : 1;
    const segments = range.newestFirst ? this.#segments.toReversed() : [...this.#segments];
    const [afterOrigin, afterIndex] = parseCursor(range);
    for (const entries of segments) {
      if ((entries.origin - afterOrigin) * step < 0) continue;
      const { length } = entries.times;
      let i = range.newestFirst ? length - 1 : 0;
      if (entries.origin === afterOrigin) i = afterIndex + step;
      for (; i >= 0 && i < length; i += step) yield [entries, i];
    }
  }

  async #readRecord(log: RecordLog, entries: SegmentEntries, i: number): Promise<Buffer> {
    // A compaction may move the record while its block is loaded.
    const offset = entries.offsets[i] ?? 0;
    const slot = log.slotAt(entries.segment, entries.blocks[i] ?? 0);
    assert(slot !== undefined, `a record of timeline ${this.name} has no block`);
    log.retain(slot);
    try {
      await log.load(slot);
      const block = log.blocks[slot];
      assert(block !== undefined, 'a block just loaded is not in memory');
      return copyRecord(log, block, offset);
    } finally {
      log.release(slot);
    }
  }
}

function copyRecord(log: RecordLog, block: RecordBlock, offset: number): Buffer {
  const { buffer } = block;
  const at = block.start + offset;
  try {
    return Buffer.from(timelineBytes(buffer, at, Math.min(recordEnd(buffer, at), block.end)));
  } catch (cause) {
    log.damaged(block.slot, offset);
    throw cause;
  }
}

function parseCursor(range: TimelineRange): [origin: number, index: number] {
  if (range.after === undefined) return [range.newestFirst ? Infinity : -1, 0];
  const [origin = '', index = ''] = range.after.split('.');
  return [Number(origin), Number(index)];
}
