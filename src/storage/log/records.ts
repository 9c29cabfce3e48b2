// The encoding of records.

import { BytesError, Reader, readU32, Writer, writeU32 } from '../../base/bytes.ts';
import { tagBytes } from '../../crypto/aead.ts';
import { StorageError } from '../errors.ts';
import type { IndexPlace, LiveSegment } from './live-segment.ts';
import type { End } from './segment.ts';

/** The header of a record: type u8, length u32. */
export const recordHeaderBytes = 5;

/** Maximum size of a payload. Real records are much smaller. */
export const recordBytesMax = 0x3fff_ffff;

/** @throws {StorageError} `record-invalid` if a payload of this size is not allowed */
export function checkRecordSize(size: number): void {
  if (size >= 0 && size <= recordBytesMax) return;
  const found = `a record of ${size} bytes is not written`;
  throw new StorageError('record-invalid', `${found}: ${recordBytesMax} are allowed`);
}

/** Writes the header of a record, and returns the offset of its payload. */
export function writeRecordHeader(buffer: Buffer, at: number, type: number, size: number): number {
  buffer[at] = type;
  return writeU32(buffer, at + 1, size);
}

/** The type of the record with a payload at an offset. */
export function recordTypeOf(buffer: Buffer, at: number): number {
  return buffer[at - recordHeaderBytes] ?? -1;
}

/** The end of the payload at an offset; may be beyond the end of the buffer. */
export function recordEnd(buffer: Buffer, at: number): number {
  return at < recordHeaderBytes ? Infinity : at + readU32(buffer, at - 4);
}

/** The types of the log's own records; never reused. */
export const logRecordTypes = {
  /** The positions of the owner's records. Read only if a table refers to it. */
  index: 0x41,
  /** In formats 1 and 2: ends a complete checkpoint with the list of older live segments. */
  tableOfFormat2: 0x42,
  /** Begins an index: the positions of the blocks of a segment. */
  blocks: 0x43,
  /** Ends a segment's checkpoint: the position of the base, and the older live segments. */
  table: 0x44,
  /** In an index: the blocks with parts of checkpoints. */
  parts: 0x45,
  /** Begins each block with a part of a checkpoint, and states its kind. */
  part: 0x46,
} as const;

const ownTypes: ReadonlySet<number> = new Set(Object.values(logRecordTypes));

/** Whether a record belongs to the log itself. */
export function isLogRecord(type: number): boolean {
  return ownTypes.has(type);
}

/** The kinds of parts: a slice of a base, or the changes of the segment. */
export const partKinds = { slice: 1, changes: 2 } as const;
/** One of {@link partKinds}. */
export type PartKind = (typeof partKinds)[keyof typeof partKinds];

/** The last complete state, written in slices from the beginning of a segment. */
export interface Base {
  /** The segment that began at the same time. */
  readonly start: number;
  /** Size of its records. */
  readonly bytes: number;
}

/** An older segment in a table. */
export interface TableEntry {
  readonly end: End;
  readonly lastOffset: number;
  readonly index: IndexPlace;
}

/** The contents of a table. */
export interface Table {
  readonly base: Base;
  /** Oldest first. */
  readonly entries: readonly TableEntry[];
}

/*
 * A table: base: segment u64, bytes u64 | per segment: number u64 | blocks u32 | tag of the last 16 |
 * its offset u64 | index: segment u64, offset u64, first block u32, blocks u32. That of format 2 has
 * no base: it is right before it.
 */
const entryBytes = 60;

/** Encodes the payload of a table record. */
export function encodeTable({ base, entries }: Table): Buffer {
  const writer = new Writer(16 + entries.length * entryBytes);
  writer.u64(base.start);
  writer.u64(base.bytes);
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

/**
 * Decodes the payload of a table record.
 *
 * @throws {BytesError} if it is truncated
 */
export function decodeTable(bytes: Buffer, start: number, end: number): Table {
  const reader = new Reader(bytes, start, end);
  const base = { start: reader.u64(), bytes: reader.u64() };
  return { base, entries: readEntries(reader) };
}

/**
 * Decodes a table of format 2, which has no base.
 *
 * @throws {BytesError} if it is truncated
 */
export function decodeTableOfFormat2(bytes: Buffer, start: number, end: number): TableEntry[] {
  return readEntries(new Reader(bytes, start, end));
}

function readEntries(reader: Reader): TableEntry[] {
  const entries: TableEntry[] = [];
  while (reader.left > 0) {
    const place = { segment: reader.u64(), blocks: reader.u32() };
    const tagAt = reader.skip(tagBytes);
    const tag = Buffer.from(reader.bytes.subarray(tagAt, tagAt + tagBytes));
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

/** Encodes the payload of a blocks record, up to the given block. */
export function encodeBlocks(segment: LiveSegment, lastBlock: number): Buffer {
  const writer = new Writer(8 + lastBlock * 12);
  writer.u64(segment.number);
  for (let number = 1; number <= lastBlock; number++) {
    writer.u64(segment.offsets[number] ?? 0);
    writer.u32(segment.lengths[number] ?? 0);
  }
  return writer.toBuffer();
}

/** The segment of a blocks record. */
export function blocksOf(bytes: Buffer, start: number, end: number): number {
  return new Reader(bytes, start, end).u64();
}

/**
 * Decodes a blocks record into a segment.
 *
 * @throws {BytesError} if it is truncated
 */
export function decodeBlocks(
  bytes: Buffer,
  start: number,
  end: number,
  segment: LiveSegment,
): void {
  const reader = new Reader(bytes, start, end);
  reader.u64();
  while (reader.left > 0) {
    segment.offsets.push(reader.u64());
    segment.lengths.push(reader.u32());
  }
}

/*
 * A parts record: base u64 | how many slices u32, their blocks u32 ... | how many blocks of changes u32,
 * the blocks u32 ...
 */

/** Encodes the payload of a parts record. */
export function encodeParts({ sliceBase, slices, changes }: LiveSegment): Buffer {
  const writer = new Writer(16 + (slices.length + changes.length) * 4);
  writer.u64(sliceBase);
  for (const blocks of [slices, changes]) {
    writer.u32(blocks.length);
    for (const block of blocks) writer.u32(block);
  }
  return writer.toBuffer();
}

/**
 * Decodes a parts record into a segment.
 *
 * @throws {BytesError} if its size is wrong
 */
export function decodeParts(bytes: Buffer, start: number, end: number, segment: LiveSegment): void {
  const reader = new Reader(bytes, start, end);
  segment.sliceBase = reader.u64();
  for (const blocks of [segment.slices, segment.changes]) {
    const count = reader.u32();
    if (count * 4 > reader.left) throw new BytesError(count * 4, reader.left);
    for (let i = 0; i < count; i++) blocks.push(reader.u32());
  }
  if (reader.left > 0) throw new BytesError(0, reader.left);
}

/** A record in the plaintext of a block. */
export interface LogRecord {
  readonly type: number;
  /** The start and end of its payload. */
  readonly start: number;
  readonly end: number;
}

/**
 * The records of a block.
 *
 * @param broken creates the error for records that do not fill the block exactly
 */
export function* recordsOf(plaintext: Buffer, broken: () => Error, from = 0): Generator<LogRecord> {
  let at = from;
  while (at + recordHeaderBytes <= plaintext.length) {
    const start = at + recordHeaderBytes;
    const end = start + plaintext.readUInt32BE(at + 1);
    if (end > plaintext.length) throw broken();
    yield { type: plaintext[at] ?? 0, start, end };
    at = end;
  }
  if (at !== plaintext.length) throw broken();
}

/** The kind of part in a block; undefined for ordinary records. */
export function partOf(plaintext: Buffer): PartKind | undefined {
  if (plaintext.length <= recordHeaderBytes || plaintext[0] !== logRecordTypes.part) return;
  const kind = plaintext[recordHeaderBytes];
  return kind === partKinds.slice || kind === partKinds.changes ? kind : undefined;
}
