// The layout of a broker's records.

import { readU48 } from '../base/bytes.ts';
import { StorageError } from './errors.ts';
import { proveIndex } from './message-index.ts';
import { MessageView } from './message-record.ts';

/** The types of the message store's records; never reused. */
export const recordTypes = {
  message: 1,
  settle: 2,
  definition: 3,
  window: 4,
  returned: 5,
  stopped: 6,
  counts: 7,
  changed: 8,
  ready: 9,
  index: 0x41,
} as const;

/** Sizes of a settle record, of a window record before its ranges, and of a range. */
const settleBytes = 16;
const windowBytes = 10;
const rangeBytes = 12;
/** Size of a counts record before its ranges. */
export const countsHeadBytes = 4;
/** Size of a range in a counts record. */
export const countsRangeBytes = 14;
/** Size of an entry in a ready record. Its head is that of a counts record. */
export const readyBytes = 12;

/** The types with the layout of a window record. */
const windowTypes: ReadonlySet<number> = new Set([
  recordTypes.window,
  recordTypes.returned,
  recordTypes.changed,
]);

const view = new MessageView();

/** The error for a record that does not match its type. */
export function invalidRecord(what: string, cause?: unknown): StorageError {
  return new StorageError('record-invalid', `a ${what} has an invalid layout`, { cause });
}

/**
 * Checks the size of a record. Messages, indexes and definitions are checked when they are decoded.
 *
 * @throws {StorageError} `record-invalid`
 */
export function requireShape(type: number, buffer: Buffer, start: number, end: number): void {
  const size = end - start;
  if (type === recordTypes.settle) {
    const isShaped =
      size === settleBytes && readU48(buffer, start + 4) <= readU48(buffer, start + 10);
    if (!isShaped) throw invalidRecord('settle record');
  } else if (windowTypes.has(type)) {
    if (!hasEntries(size, windowBytes, rangeBytes)) throw invalidRecord('window record');
  } else if (type === recordTypes.counts) {
    if (!hasEntries(size, countsHeadBytes, countsRangeBytes)) throw invalidRecord('counts record');
  } else if (type === recordTypes.ready) {
    if (!hasEntries(size, countsHeadBytes, readyBytes)) throw invalidRecord('ready record');
  } else if (type === recordTypes.stopped && size !== 0) throw invalidRecord('stop record');
}

/** Whether a record of this size has a head and whole entries after it. */
function hasEntries(size: number, headBytes: number, entryBytes: number): boolean {
  return size >= headBytes && (size - headBytes) % entryBytes === 0;
}

/**
 * Checks the layout of a record. Unknown types are ignored.
 *
 * @throws {StorageError} `record-invalid`
 */
export function proveRecord(type: number, buffer: Buffer, start: number, end: number): void {
  requireShape(type, buffer, start, end);
  if (type === recordTypes.message && !view.open(buffer, start, end)) {
    throw invalidRecord('message record');
  }
  if (type === recordTypes.index && !proveIndex(buffer, start, end)) {
    throw invalidRecord('index record');
  }
  if (type === recordTypes.definition) parseJson(buffer, start, end);
}

/**
 * Parses a JSON record.
 *
 * @throws {StorageError} `record-invalid`
 */
export function parseJson(buffer: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(buffer.toString('utf8', start, end));
  } catch (cause) {
    throw invalidRecord('record of JSON', cause);
  }
}
