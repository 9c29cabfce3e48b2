// The records of the volume of the broker logs. See docs/formats/volume.md.

import { readU32, readU48, writeU32, writeU48 } from '../../base/bytes.ts';
import { StorageError } from '../../storage/errors.ts';
import { parseJson } from '../../storage/record-shapes.ts';
import { type LineLevel, lineLevels, type StreamCategory, streamCategories } from './log-line.ts';

/** The types of the records; never reused. Type 0x11 was used for lines by earlier versions. */
export const lineRecordTypes = { change: 0x10, line: 0x12, index: 0x41 } as const;

/** The state of a stream: which of its lines exist. */
export interface StreamState {
  /** The number of the stream in records, from 1. */
  readonly id: number;
  readonly brokerId: string;
  readonly category: StreamCategory;
  readonly stream: string;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  /** The sequence of the oldest line that is kept. */
  readonly first: number;
  /** The sequence that the next line has at least. */
  readonly next: number;
}

/** A change of the streams. */
export type StreamChange = { readonly stream: StreamState } | { readonly removed: number };

/** Encodes a change. */
export function encodeStreamChange(change: StreamChange): Buffer {
  return Buffer.from(JSON.stringify(['log-streams', change]));
}

/**
 * Decodes a change; undefined for other journals.
 *
 * @throws {StorageError} `record-invalid`
 */
export function decodeStreamChange(
  buffer: Buffer,
  start: number,
  end: number,
): StreamChange | undefined {
  // As it was written by encodeStreamChange().
  const [journal, change] = parseJson(buffer, start, end) as [string, StreamChange];
  if (journal !== 'log-streams') return undefined;
  if ('stream' in change && !streamCategories.includes(change.stream.category)) {
    throw invalid(`a stream of category '${change.stream.category}'`);
  }
  return change;
}

/*
 * A line: stream u32 | sequence u48 | time u48 | level u8 | text UTF-8.
 * An index: 0 u8 | stream u32 | segment u48 | entries: sequence u48, block u48, offset u32, time u48,
 * size u32. Indexes of earlier versions begin with the length of a name, which is not 0.
 */

/** Size of a line record before its text. */
export const lineHeadBytes = 17;
/** Size of an index record before its entries. */
export const indexHeadBytes = 11;
/** Size of an entry of an index record. */
export const indexEntryBytes = 26;

/** Writes a line at an offset. */
export function writeLine(
  buffer: Buffer,
  at: number,
  line: {
    readonly id: number;
    readonly sequence: number;
    readonly atMs: number;
    readonly level: LineLevel;
    readonly text: Buffer;
  },
): void {
  let next = writeU32(buffer, at, line.id);
  next = writeU48(buffer, next, line.sequence);
  next = writeU48(buffer, next, line.atMs);
  buffer[next] = lineLevels.indexOf(line.level);
  line.text.copy(buffer, next + 1);
}

/** The stream of a line. */
export function streamOfLine(buffer: Buffer, start: number): number {
  return readU32(buffer, start);
}

/** The sequence of a line. */
export function sequenceOfLine(buffer: Buffer, start: number): number {
  return readU48(buffer, start + 4);
}

/** The time of a line, milliseconds since 1970. */
export function timeOfLine(buffer: Buffer, start: number): number {
  return readU48(buffer, start + 10);
}

/** The contents of a line as bytes, which the next turn of the event loop may overwrite. */
export function lineBytes(buffer: Buffer, start: number, end: number): Buffer {
  return buffer.subarray(start + lineHeadBytes, end);
}

/**
 * Decodes the level and text of a line.
 *
 * @throws {StorageError} `record-invalid`
 */
export function decodeLine(
  buffer: Buffer,
  start: number,
  end: number,
): { readonly level: LineLevel; readonly text: string } {
  proveLine(buffer, start, end);
  const level = lineLevels[buffer[start + lineHeadBytes - 1] ?? -1] ?? 'info';
  return { level, text: buffer.toString('utf8', start + lineHeadBytes, end) };
}

/**
 * Checks the layout of a line.
 *
 * @throws {StorageError} `record-invalid`
 */
export function proveLine(buffer: Buffer, start: number, end: number): void {
  const size = end - start;
  if (size < lineHeadBytes) {
    throw invalid(`a line record of ${size} bytes; it has at least ${lineHeadBytes}`);
  }
  const level = buffer[start + lineHeadBytes - 1] ?? -1;
  if (lineLevels[level] === undefined) throw invalid(`a line of level ${level}`);
}

/** An entry of an index record. */
export interface IndexEntry {
  readonly sequence: number;
  readonly block: number;
  readonly offset: number;
  readonly atMs: number;
  readonly sizeBytes: number;
}

/** Writes the head of an index record. Returns the offset of the first entry. */
export function writeIndexHead(buffer: Buffer, at: number, id: number, segment: number): number {
  buffer[at] = 0;
  return writeU48(buffer, writeU32(buffer, at + 1, id), segment);
}

/** Writes an entry of an index record. Returns the offset of the next one. */
export function writeIndexEntry(buffer: Buffer, at: number, entry: IndexEntry): number {
  let next = writeU48(buffer, at, entry.sequence);
  next = writeU48(buffer, next, entry.block);
  next = writeU32(buffer, next, entry.offset);
  next = writeU48(buffer, next, entry.atMs);
  return writeU32(buffer, next, entry.sizeBytes);
}

/**
 * Reads the head of an index record; undefined for those of earlier versions.
 *
 * @throws {StorageError} `record-invalid`
 */
export function readIndexHead(
  buffer: Buffer,
  start: number,
  end: number,
): { readonly id: number; readonly segment: number } | undefined {
  if (buffer[start] !== 0) return undefined;
  const size = end - start - indexHeadBytes;
  if (size <= 0 || size % indexEntryBytes !== 0) {
    throw invalid(`an index record with ${size} bytes of entries`);
  }
  return { id: readU32(buffer, start + 1), segment: readU48(buffer, start + 5) };
}

/** Reads an entry of an index record. */
export function readIndexEntry(buffer: Buffer, at: number): IndexEntry {
  return {
    sequence: readU48(buffer, at),
    block: readU48(buffer, at + 6),
    offset: readU32(buffer, at + 12),
    atMs: readU48(buffer, at + 16),
    sizeBytes: readU32(buffer, at + 22),
  };
}

/** The error for a record that does not match its type. */
export function invalid(what: string): StorageError {
  return new StorageError('record-invalid', `the volume of the broker logs has ${what}`);
}
