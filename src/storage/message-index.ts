// The records of a segment's index of messages.

import { readU32, readU48, writeU32, writeU48 } from '../base/bytes.ts';
import { StorageError } from './errors.ts';
import type { RecordSink } from './log-owner.ts';
import { liveBytes } from './message-record.ts';
import { offsetMax } from './messages/index-memory.ts';
import type { QueueIndex } from './queue-index.ts';
import type { RecordLog } from './record-log.ts';
import { StreamIndex } from './streams/stream-index.ts';

/*
 * A window record: queue number u32 | next sequence u48 | ranges of sequences (from u48, to before u48).
 * An index record: segment u48 | queue number u32 | entries: flags u8 | [sequence u48, unless it is
 * the one after the previous entry] | [block u48, unless it is the same] | offset u32 |
 * body length u32 | [priority u8] | [expiry u48]. For a stream, after the block: count of messages u32 |
 * size of their records u32 | time of receipt of the first u48.
 */
const rangesMax = 4096;
const entriesMax = 2048;
const entryBytesMax = 1 + 6 + 6 + 4 + 4 + 1 + 6;
const hasSequence = 1;
const hasBlock = 2;
const hasPriority = 4;
const hasExpiry = 8;
/** The entry is a run of messages of a stream. */
const isRun = 16;

/** A shared buffer for encoding index records, because there may be very many queues. */
const scratch = Buffer.allocUnsafeSlow(10 + entriesMax * entryBytesMax);

/**
 * Appends the live messages of a queue as ranges of sequence numbers, one record per step. The
 * index may change between steps.
 *
 * @param has selects messages; without it all are selected, which is much faster
 */
export function* writeRanges(
  log: RecordLog,
  type: number,
  queueIndex: QueueIndex,
  has?: (sequence: number) => boolean,
): Generator<undefined> {
  let ranges: number[] = [];
  const write = () => {
    const { buffer } = log.reserve(type, 10 + ranges.length * 6);
    let p = writeU48(buffer, writeU32(buffer, log.at, queueIndex.number), queueIndex.next);
    for (const bound of ranges) p = writeU48(buffer, p, bound);
    ranges = [];
  };
  let end = 0;
  for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(end)) {
    end = has === undefined ? queueIndex.liveTo(s) : s + 1;
    if (has?.(s) === false) continue;
    if (ranges.at(-1) === s) ranges[ranges.length - 1] = end;
    else {
      if (ranges.length >= rangesMax * 2) {
        write();
        yield;
      }
      ranges.push(s, end);
    }
  }
  write();
  yield;
}

/** The contents of a window record: the live sequence numbers of a queue. */
export interface WindowRecord {
  readonly queue: number;
  readonly next: number;
  /** From, to before; ascending. */
  readonly ranges: readonly number[];
}

/**
 * Decodes a window record, or a record with the same layout.
 *
 * @throws {StorageError} `record-invalid`
 */
export function readWindow(buffer: Buffer, start: number, end: number): WindowRecord {
  const size = end - start;
  if (size < 10 || (size - 10) % 12 !== 0) throw damaged(`a window record has ${size} bytes`);
  const queue = readU32(buffer, start);
  const ranges: number[] = [];
  let least = 0;
  for (let p = start + 10; p < end; p += 12) {
    const from = readU48(buffer, p);
    const to = readU48(buffer, p + 6);
    if (from < least || to <= from) throw damaged(`queue ${queue} has a range ${from} to ${to}`);
    ranges.push(from, to);
    least = to;
  }
  return { queue, next: readU48(buffer, start + 4), ranges };
}

function damaged(what: string): StorageError {
  return new StorageError('record-invalid', what);
}

/**
 * Appends the positions of a queue's live messages in one segment.
 *
 * @param from the lowest sequence number that can be in that segment
 */
export function writeIndex(
  log: RecordLog,
  type: number,
  queueIndex: QueueIndex,
  segment: number,
  from: number,
): void {
  const writer = new IndexWriter(log, type, queueIndex, segment);
  if (queueIndex instanceof StreamIndex) {
    for (const { first, end, slot, bytes, ms } of queueIndex.runs(from)) {
      if (log.segmentOf(slot) !== segment) continue;
      writer.addRun({ first, count: end - first, bytes, ms }, log.numberOf(slot));
    }
    writer.end();
    return;
  }
  for (let s = queueIndex.liveFrom(from); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
    const slot = queueIndex.slot(s);
    if (log.segmentOf(slot) === segment) writer.add(s, log.numberOf(slot), queueIndex.offset(s));
  }
  writer.end();
}

/** Consecutive messages of a stream in one block. */
interface StreamRun {
  readonly first: number;
  readonly count: number;
  /** The approximate size of their records. */
  readonly bytes: number;
  /** When the first was received, milliseconds since 1970. */
  readonly ms: number;
}

/** Writes the positions of a queue's messages in one segment, in several records if necessary. */
export class IndexWriter {
  readonly #sink: RecordSink;
  readonly #type: number;
  readonly #index: QueueIndex;
  readonly #segment: number;
  #at = 0;
  #count = 0;
  #lastSequence = -2;
  #lastBlock = -1;

  constructor(sink: RecordSink, type: number, queueIndex: QueueIndex, segment: number) {
    this.#sink = sink;
    this.#type = type;
    this.#index = queueIndex;
    this.#segment = segment;
  }

  /**
   * Adds a live message. From the first message of a record to the last, no other writer may add
   * any, because all of them share a buffer.
   *
   * @param sequence above that of the previous message
   * @returns whether a record was written, so that another writer may add messages
   */
  add(sequence: number, block: number, offset: number): boolean {
    this.#begin();
    const isApart = sequence !== this.#lastSequence + 1;
    const isElsewhere = block !== this.#lastBlock;
    this.#at = writeEntry(this.#at, this.#index, sequence, {
      block,
      offset,
      isApart,
      isElsewhere,
    });
    return this.#added(sequence, block);
  }

  /** Adds consecutive messages of a stream in one block. See {@link add}. */
  addRun({ first, count, bytes, ms }: StreamRun, block: number): boolean {
    this.#begin();
    const isApart = first !== this.#lastSequence + 1;
    const isElsewhere = block !== this.#lastBlock;
    scratch[this.#at] = isRun | (isApart ? hasSequence : 0) | (isElsewhere ? hasBlock : 0);
    let p = this.#at + 1;
    if (isApart) p = writeU48(scratch, p, first);
    if (isElsewhere) p = writeU48(scratch, p, block);
    p = writeU32(scratch, writeU32(scratch, p, count), bytes);
    this.#at = writeU48(scratch, p, ms);
    return this.#added(first + count - 1, block);
  }

  /** Begins a record, unless one has begun. */
  #begin(): void {
    if (this.#count > 0) return;
    this.#at = writeU32(scratch, writeU48(scratch, 0, this.#segment), this.#index.number);
    this.#lastSequence = -2;
    this.#lastBlock = -1;
  }

  #added(sequence: number, block: number): boolean {
    this.#lastSequence = sequence;
    this.#lastBlock = block;
    if (++this.#count < entriesMax) return false;
    this.end();
    return true;
  }

  /** Writes the messages added since the last record. */
  end(): void {
    if (this.#count === 0) return;
    const { buffer } = this.#sink.reserve(this.#type, this.#at);
    scratch.copy(buffer, this.#sink.at, 0, this.#at);
    this.#count = 0;
  }
}

/** The position of a message, and its encoding. */
interface EntryPlace {
  readonly block: number;
  readonly offset: number;
  readonly isApart: boolean;
  readonly isElsewhere: boolean;
}

function writeEntry(
  start: number,
  queueIndex: QueueIndex,
  sequence: number,
  place: EntryPlace,
): number {
  const { block, offset, isApart, isElsewhere } = place;
  const priority = queueIndex.priority(sequence);
  const expiryMs = queueIndex.expiresAtMs(sequence);
  let flags = isApart ? hasSequence : 0;
  if (isElsewhere) flags |= hasBlock;
  if (priority !== 0) flags |= hasPriority;
  if (expiryMs !== Infinity) flags |= hasExpiry;
  scratch[start] = flags;
  let p = start + 1;
  if (isApart) p = writeU48(scratch, p, sequence);
  if (isElsewhere) p = writeU48(scratch, p, block);
  p = writeU32(scratch, p, offset);
  p = writeU32(scratch, p, queueIndex.bodyLength(sequence));
  if (priority !== 0) scratch[p++] = priority;
  return expiryMs === Infinity ? p : writeU48(scratch, p, expiryMs);
}

/** An entry of an index record, decoded in place. */
class Entry {
  sequence = -2;
  block = -1;
  /** The number of messages of a run; 0 if the entry is a single message. */
  count = 0;
  bytes = 0;
  ms = 0;
  offset = 0;
  bodyLength = 0;
  priority = 0;
  expiryMs = Infinity;

  /** Decodes the entry at an offset, and returns the next offset. */
  read(buffer: Buffer, start: number): number {
    const flags = buffer[start] ?? 0;
    let p = start + 1;
    this.sequence += Math.max(1, this.count);
    if ((flags & hasSequence) !== 0) {
      this.sequence = readU48(buffer, p);
      p += 6;
    }
    if ((flags & hasBlock) !== 0) {
      this.block = readU48(buffer, p);
      p += 6;
    }
    this.count = 0;
    if ((flags & isRun) !== 0) return this.#readRun(buffer, p);
    this.offset = readU32(buffer, p);
    if (this.offset > offsetMax) throw damaged(`an entry names offset ${this.offset} of a block`);
    this.bodyLength = readU32(buffer, p + 4);
    p += 8;
    this.priority = (flags & hasPriority) === 0 ? 0 : (buffer[p++] ?? 0);
    this.expiryMs = Infinity;
    if ((flags & hasExpiry) === 0) return p;
    this.expiryMs = readU48(buffer, p);
    return p + 6;
  }

  #readRun(buffer: Buffer, p: number): number {
    this.count = readU32(buffer, p);
    this.bytes = readU32(buffer, p + 4);
    this.ms = readU48(buffer, p + 8);
    if (this.count === 0) throw damaged('an entry names a run of 0 messages');
    return p + 14;
  }
}

/** Size of an index record before its entries. */
export const indexHeadBytes = 10;

/** Checks that the entries fill an index record. */
export function proveIndex(buffer: Buffer, start: number, end: number): boolean {
  const entry = new Entry();
  let p = start + indexHeadBytes;
  while (p < end) p = entry.read(buffer, p);
  return p === end;
}

/**
 * Adds the messages of an index record to their queue indexes, if the checkpoint lists them as
 * live.
 *
 * @throws {StorageError} `record-invalid` if the record is malformed, or names a missing block
 */
export function locate(
  log: RecordLog,
  buffer: Buffer,
  start: number,
  end: number,
  queueIndex: QueueIndex,
  live: readonly number[],
): void {
  if (queueIndex instanceof StreamIndex) locateRuns(log, buffer, start, end, queueIndex, live);
  else locateMessages(log, buffer, start, end, queueIndex, live);
}

function locateMessages(
  log: RecordLog,
  buffer: Buffer,
  start: number,
  end: number,
  queueIndex: QueueIndex,
  live: readonly number[],
): void {
  const segment = readU48(buffer, start);
  const entry = new Entry();
  let at = 0;
  let block = -1;
  let slot: number | undefined;
  for (let p = start + indexHeadBytes; p < end; ) {
    p = entry.read(buffer, p);
    requireEntry(entry, p <= end, false);
    const { sequence } = entry;
    while ((live[at + 1] ?? Infinity) <= sequence) at += 2;
    // After a compaction, two segments may name the same message. Either copy is valid.
    if (sequence < (live[at] ?? Infinity) || queueIndex.isLive(sequence)) continue;
    if (block !== entry.block) slot = log.slotAt(segment, entry.block);
    block = entry.block;
    if (slot === undefined) throw missing(segment, block);
    queueIndex.put(sequence, slot, entry.offset, entry.bodyLength, entry.priority, entry.expiryMs);
    log.retain(slot, liveBytes(entry.bodyLength));
  }
}

/** Checks that an entry is in its record, and is a run only in an index of a stream. */
function requireEntry({ count }: Entry, isInside: boolean, isOfStream: boolean): void {
  if (!isInside) throw damaged('an index record ends inside an entry');
  if (count > 0 === isOfStream) return;
  throw damaged(
    `an index record has ${isOfStream ? 'a single message of a' : 'a run without a'} stream`,
  );
}

function missing(segment: number, block: number): StorageError {
  return damaged(`an index record names block ${block} of segment ${segment}, which is not there`);
}

/** Adds the messages of a stream in an index record, if the checkpoint lists them as live. */
function locateRuns(
  log: RecordLog,
  buffer: Buffer,
  start: number,
  end: number,
  stream: StreamIndex,
  live: readonly number[],
): void {
  const segment = readU48(buffer, start);
  const entry = new Entry();
  const slotOf = () => {
    const slot = log.slotAt(segment, entry.block);
    if (slot === undefined) throw missing(segment, entry.block);
    return slot;
  };
  const retain = (slot: number, bytes: number, count: number) => log.retain(slot, bytes, count);
  for (let p = start + indexHeadBytes; p < end; ) {
    p = entry.read(buffer, p);
    requireEntry(entry, p <= end, true);
    const { sequence, count, bytes, ms } = entry;
    for (let i = 0; i < live.length; i += 2) {
      const first = Math.max(sequence, live[i] ?? 0);
      const left = Math.min(sequence + count, live[i + 1] ?? 0) - first;
      if (left <= 0) continue;
      const share = left === count ? bytes : Math.floor((bytes * left) / count);
      stream.addRun({ first, count: left, bytes: share, ms }, slotOf, retain);
    }
  }
}
