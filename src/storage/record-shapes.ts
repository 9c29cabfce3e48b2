import { readU48 } from '../base/bytes.ts';
import { StorageError } from './errors.ts';
import { proveIndex } from './message-index.ts';
import { MessageView } from './message-record.ts';

/** Types of the records that the message store appends; never reused. */
export const recordTypes = {
  message: 1,
  settle: 2,
  definition: 3,
  window: 4,
  returned: 5,
  stopped: 6,
  counts: 7,
  index: 0x41,
} as const;

/** Bytes of a settle record, and of what is before the ranges of a window record, and of a range. */
const settleBytes = 16;
const windowBytes = 10;
const rangeBytes = 12;
/** Bytes of what is before the ranges of a counts record. */
export const countsHeadBytes = 4;
/** Bytes of a range of a counts record. */
export const countsRangeBytes = 14;

const view = new MessageView();

/** A record that is not laid out as its type says. */
export function invalidRecord(what: string, cause?: unknown): StorageError {
  return new StorageError('record-invalid', `a ${what} is not laid out as it must be`, { cause });
}

/**
 * Requires a record of a broker's volume to be as long as its type says. Messages, indexes and
 * definitions are not looked at: whoever reads one finds out.
 *
 * @throws {StorageError} `record-invalid`
 */
export function requireShape(type: number, buffer: Buffer, start: number, end: number): void {
  const size = end - start;
  if (type === recordTypes.settle) {
    const isShaped =
      size === settleBytes && readU48(buffer, start + 4) <= readU48(buffer, start + 10);
    if (!isShaped) throw invalidRecord('settle record');
  } else if (type === recordTypes.window || type === recordTypes.returned) {
    const isShaped = size >= windowBytes && (size - windowBytes) % rangeBytes === 0;
    if (!isShaped) throw invalidRecord('window record');
  } else if (type === recordTypes.counts) {
    const isShaped = size >= countsHeadBytes && (size - countsHeadBytes) % countsRangeBytes === 0;
    if (!isShaped) throw invalidRecord('counts record');
  } else if (type === recordTypes.stopped && size !== 0) throw invalidRecord('stop record');
}

/**
 * Requires a record of a broker's volume to be laid out as its type says; a type that is not known is
 * passed over.
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
 * What a record of JSON says.
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
