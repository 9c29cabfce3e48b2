// The encoding of timelines in records.

import { readU32, readU48, writeU48 } from '../../base/bytes.ts';
import { StorageError } from '../errors.ts';
import { isCompacted } from '../log/segment.ts';

/*
 * A timeline record: name (length u8, UTF-8) | time ms u48 | length u32 | bytes.
 * A kept record: name | origin u48.
 * An index record: name | segment u48 | in a compacted segment: origin u48 | entries: block u48,
 * offset u32, time u48.
 */

/** The types of the records of timelines; never reused. */
export const timelineRecordTypes = { record: 0x11, kept: 0x13, index: 0x41 } as const;

/** Size of an entry of an index record, bytes. */
export const indexEntryBytes = 16;

/** The head of an index record. */
export interface TimelineIndexHead {
  /** The segment that contains the records. */
  readonly segment: number;
  /** The segment to which the records were appended. */
  readonly origin: number;
  /** The offset of the first entry. */
  readonly at: number;
  /** The number of entries, at least 1. */
  readonly count: number;
}

/**
 * The name of the timeline in a record of any of these types.
 *
 * @throws {StorageError} `record-invalid` if it is longer than the record
 */
export function timelineName(buffer: Buffer, start: number, end: number): string {
  const nameEnd = start + 1 + (buffer[start] ?? 0);
  if (nameEnd > end) throw new StorageError('record-invalid', 'a name is longer than its record');
  return buffer.toString('utf8', start + 1, nameEnd);
}

/**
 * The contents of a timeline's record, as a slice.
 *
 * @throws {StorageError} `record-invalid` if they do not fill the record exactly
 */
export function timelineBytes(buffer: Buffer, start: number, end: number): Buffer {
  const at = start + 1 + (buffer[start] ?? 0) + 6;
  if (at + 4 > end || at + 4 + readU32(buffer, at) !== end) {
    throw new StorageError('record-invalid', 'a record of a timeline does not match its length');
  }
  return buffer.subarray(at + 4, end);
}

/** The contents of a timeline's record; undefined for records of other types. */
export function timelineEntry(
  type: number,
  buffer: Buffer,
  start: number,
  end: number,
): { readonly timeline: string; readonly bytes: Buffer } | undefined {
  if (type !== timelineRecordTypes.record) return undefined;
  const timeline = timelineName(buffer, start, end);
  return { timeline, bytes: timelineBytes(buffer, start, end) };
}

/**
 * Reads the head of an index record.
 *
 * @throws {StorageError} `record-invalid` if it has no whole number of entries
 */
export function readTimelineIndex(buffer: Buffer, start: number, end: number): TimelineIndexHead {
  const nameEnd = start + 1 + (buffer[start] ?? 0);
  const segment = nameEnd + 6 > end ? 0 : readU48(buffer, nameEnd);
  const at = nameEnd + (isCompacted(segment) ? 12 : 6);
  const size = end - at;
  if (size <= 0 || size % indexEntryBytes !== 0) {
    throw new StorageError('record-invalid', `an index record has ${size} bytes of entries`);
  }
  const origin = isCompacted(segment) ? readU48(buffer, nameEnd + 6) : segment;
  return { segment, origin, at, count: size / indexEntryBytes };
}

/** Size of the head of an index record, bytes. */
export function indexHeadBytes(nameBytes: number, segment: number): number {
  return 1 + nameBytes + (isCompacted(segment) ? 12 : 6);
}

/** Writes the head of an index record after the name. Returns the offset of the first entry. */
export function writeIndexHead(
  buffer: Buffer,
  at: number,
  segment: number,
  origin: number,
): number {
  const end = writeU48(buffer, at, segment);
  return isCompacted(segment) ? writeU48(buffer, end, origin) : end;
}

/**
 * Reads the first origin whose records are kept, from a kept record.
 *
 * @throws {StorageError} `record-invalid`
 */
export function readKeptFrom(buffer: Buffer, start: number, end: number): number {
  const at = start + 1 + (buffer[start] ?? 0);
  if (at + 6 !== end) {
    throw new StorageError('record-invalid', `a kept record has ${end - at} bytes after its name`);
  }
  return readU48(buffer, at);
}
