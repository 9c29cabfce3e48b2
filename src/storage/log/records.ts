import { Reader, readU32, Writer, writeU32 } from '../../base/bytes.ts';
import { tagBytes } from '../../crypto/aead.ts';
import { StorageError } from '../errors.ts';
import type { IndexPlace, LiveSegment } from './live-segment.ts';
import type { End } from './segment.ts';

/** Bytes before each record's payload: type u8, length u32. */
export const recordHeaderBytes = 5;

/** Bytes that a record's payload may have; the largest message takes less by far. */
export const recordBytesMax = 0x3fff_ffff;

/** @throws {StorageError} `record-invalid` where no record may have a payload of this size */
export function checkRecordSize(size: number): void {
  if (size >= 0 && size <= recordBytesMax) return;
  const found = `a record of ${size} bytes is not written`;
  throw new StorageError('record-invalid', `${found}: ${recordBytesMax} are allowed`);
}

/** Writes what is before a record's payload and returns where the payload begins. */
export function writeRecordHeader(buffer: Buffer, at: number, type: number, size: number): number {
  buffer[at] = type;
  return writeU32(buffer, at + 1, size);
}

/** The type of the record whose payload begins here. */
export function recordTypeOf(buffer: Buffer, at: number): number {
  return buffer[at - recordHeaderBytes] ?? -1;
}

/** Where the payload that begins here ends; perhaps behind the end of the buffer. */
export function recordEnd(buffer: Buffer, at: number): number {
  return at < recordHeaderBytes ? Infinity : at + readU32(buffer, at - 4);
}

/** Types of the records that the log itself appends; never reused. */
export const logRecordTypes = {
  /** Where a message's owner says its messages are; read only where a table points to it. */
  index: 0x41,
  /** Ends a checkpoint: the older segments that hold something. */
  table: 0x42,
  /** Begins an index: where the blocks of a segment lie. */
  blocks: 0x43,
} as const;

/** What a table says of an older segment. */
export interface TableEntry {
  readonly end: End;
  readonly lastOffset: number;
  readonly index: IndexPlace;
}

/*
 * A table: per segment: number u64 | blocks u32 | tag of the last 16 | its offset u64 | index: segment
 * u64, offset u64, first block u32, blocks u32.
 */

/** A table record's payload. */
export function encodeTable(entries: readonly TableEntry[]): Buffer {
  const writer = new Writer();
  for (const { end, lastOffset, index } of entries) {
    writer.u64(end.segment);
    writer.u32(end.blocks);
    writer.raw(end.tag);
    writer.u64(lastOffset);
    writer.u64(index.segment);
    writer.u64(index.offset);
    writer.u32(index.firstBlock);
    writer.u32(index.blockCount);
  }
  return writer.toBuffer();
}

/** Reads what {@link encodeTable} wrote. */
export function decodeTable(bytes: Buffer, start: number, end: number): TableEntry[] {
  const reader = new Reader(bytes, start, end);
  const entries: TableEntry[] = [];
  while (reader.left > 0) {
    const place = { segment: reader.u64(), blocks: reader.u32() };
    const tagAt = reader.skip(tagBytes);
    const tag = Buffer.from(bytes.subarray(tagAt, tagAt + tagBytes));
    const lastOffset = reader.u64();
    const segment = reader.u64();
    const offset = reader.u64();
    const index = { segment, offset, firstBlock: reader.u32(), blockCount: reader.u32() };
    entries.push({ end: { ...place, tag }, lastOffset, index });
  }
  return entries;
}

/*
 * A blocks record: segment u64 | per block, from 1: offset u64, bytes of plaintext u32.
 */

/** A blocks record's payload: the blocks up to the given one. */
export function encodeBlocks(segment: LiveSegment, lastBlock: number): Buffer {
  const writer = new Writer(8 + lastBlock * 12);
  writer.u64(segment.number);
  for (let number = 1; number <= lastBlock; number++) {
    writer.u64(segment.offsets[number] ?? 0);
    writer.u32(segment.lengths[number] ?? 0);
  }
  return writer.toBuffer();
}

/** The segment that a blocks record is about. */
export function blocksOf(bytes: Buffer, start: number, end: number): number {
  return new Reader(bytes, start, end).u64();
}

/** Reads what {@link encodeBlocks} wrote into the segment. */
export function decodeBlocks(
  bytes: Buffer,
  start: number,
  end: number,
  segment: LiveSegment,
): void {
  const reader = new Reader(bytes, start + 8, end);
  while (reader.left > 0) {
    segment.offsets.push(reader.u64());
    segment.lengths.push(reader.u32());
  }
}

/** One record in a block's plaintext. */
export interface LogRecord {
  readonly type: number;
  /** Where its payload begins and ends. */
  readonly start: number;
  readonly end: number;
}

/**
 * A block's records.
 *
 * @param broken makes what is thrown where they do not fill the block exactly
 */
export function* recordsOf(plaintext: Buffer, broken: () => Error): Generator<LogRecord> {
  let at = 0;
  while (at + recordHeaderBytes <= plaintext.length) {
    const start = at + recordHeaderBytes;
    const end = start + plaintext.readUInt32BE(at + 1);
    if (end > plaintext.length) throw broken();
    yield { type: plaintext[at] ?? 0, start, end };
    at = end;
  }
  if (at !== plaintext.length) throw broken();
}
