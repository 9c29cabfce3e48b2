import { BytesError, Reader, readU32, Writer, writeU32 } from '../../base/bytes.ts';
import { tagBytes } from '../../crypto/aead.ts';
import { StorageError } from '../errors.ts';
import type { IndexPlace, LiveSegment } from './live-segment.ts';
import type { End } from './segment.ts';

/** Bytes before each record's payload: type u8, length u32. */
export const recordHeaderBytes = 5;

/** Bytes that a record's payload may have; the largest that an owner writes takes less by far. */
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
  /** Where the owner says its records are; read only where a table points to it. */
  index: 0x41,
  /** Under formats 1 and 2: ends a whole checkpoint with the older segments that hold something. */
  tableOfFormat2: 0x42,
  /** Begins an index: where the blocks of a segment lie. */
  blocks: 0x43,
  /** Ends a segment's checkpoint: where the base begins, and the older segments that hold something. */
  table: 0x44,
  /** In an index: which blocks of the segment hold parts of checkpoints. */
  parts: 0x45,
  /** Begins each block that holds part of a checkpoint, and says which. */
  part: 0x46,
} as const;

const ownTypes: ReadonlySet<number> = new Set(Object.values(logRecordTypes));

/** Whether a record is the log's own and not its owner's. */
export function isLogRecord(type: number): boolean {
  return ownTypes.has(type);
}

/** What a block holds a part of: a base, or the changes of its segment. */
export const partKinds = { slice: 1, changes: 2 } as const;
/** One of {@link partKinds}. */
export type PartKind = (typeof partKinds)[keyof typeof partKinds];

/** The whole state as it was written last, in slices from the beginning of one segment on. */
export interface Base {
  /** The segment that was begun when it was. */
  readonly start: number;
  /** Bytes of its records. */
  readonly bytes: number;
}

/** What a table says of an older segment. */
export interface TableEntry {
  readonly end: End;
  readonly lastOffset: number;
  readonly index: IndexPlace;
}

/** What a table says. */
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

/** A table record's payload. */
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
 * Reads what {@link encodeTable} wrote.
 *
 * @throws {BytesError} where it ends within a value
 */
export function decodeTable(bytes: Buffer, start: number, end: number): Table {
  const reader = new Reader(bytes, start, end);
  const base = { start: reader.u64(), bytes: reader.u64() };
  return { base, entries: readEntries(reader) };
}

/**
 * Reads a table of format 2, which has no base.
 *
 * @throws {BytesError} where it ends within a value
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

/**
 * Reads what {@link encodeBlocks} wrote into the segment.
 *
 * @throws {BytesError} where it ends within a value
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

/** A parts record's payload. */
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
 * Reads what {@link encodeParts} wrote into the segment.
 *
 * @throws {BytesError} where it has other than the bytes it says
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

/** What a block holds a part of; undefined where it holds ordinary records. */
export function partOf(plaintext: Buffer): PartKind | undefined {
  if (plaintext.length <= recordHeaderBytes || plaintext[0] !== logRecordTypes.part) return;
  const kind = plaintext[recordHeaderBytes];
  return kind === partKinds.slice || kind === partKinds.changes ? kind : undefined;
}
