// How each wire represents timestamps, bytes and special numbers.

import type { TimestampFormat } from './shape.ts';
import { readTimestamp, writeTimestamp } from './timestamps.ts';

/**
 * The representation of types that JSON lacks. Readers return undefined for values of another type.
 */
export interface Notation {
  readBlob(value: unknown): Buffer | undefined;
  /**
   * @param format the shape's format; undefined for the default format of the wire
   * @returns milliseconds since 1970-01-01 UTC
   */
  readTimestamp(value: unknown, format: TimestampFormat | undefined): number | undefined;
  readLong(value: unknown): number | undefined;
  readDouble(value: unknown): number | undefined;
  writeBlob(bytes: Buffer): unknown;
  /** @param ms milliseconds since 1970-01-01 UTC */
  writeTimestamp(ms: number, format: TimestampFormat | undefined): unknown;
  writeDouble(value: number): unknown;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

function readBase64(value: unknown): Buffer | undefined {
  if (Buffer.isBuffer(value)) return value; // a blob that is the whole body
  if (typeof value !== 'string' || !base64.test(value)) return undefined;
  return Buffer.from(value, 'base64');
}

function readLong(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? Number(value) + 0 : undefined; // converts -0 to 0
}

const specialDoubles: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

function readDouble(value: unknown): number | undefined {
  return typeof value === 'number' ? value : specialDoubles.get(value);
}

/** Bytes as base64, and NaN and infinities as strings. */
function textual(own: TimestampFormat): Notation {
  return {
    readBlob: readBase64,
    readTimestamp: (value, format = own) => readTimestamp(value, format),
    readLong,
    readDouble,
    writeBlob: (bytes) => bytes.toString('base64'),
    writeTimestamp: (ms, format = own) => writeTimestamp(ms, format),
    writeDouble: (value) => (Number.isFinite(value) ? value : String(value)),
  };
}

/** JSON, with timestamps in seconds since 1970 (`json-1.0`, `json-1.1`, `rest-json`). */
export const epochSeconds: Notation = textual('epoch-seconds');

/** Text, with timestamps in ISO 8601 (`query`, `rest-xml`). */
export const isoDates: Notation = textual('date-time');

/** Values in the operation's own types, for calls within the process. */
export const inProcess: Notation = {
  readBlob: (value) => (Buffer.isBuffer(value) ? value : undefined),
  readTimestamp: (value) => (typeof value === 'number' ? value : undefined),
  readLong,
  readDouble: (value) => (typeof value === 'number' ? value : undefined),
  writeBlob: (bytes) => bytes,
  writeTimestamp: (ms) => ms,
  writeDouble: (value) => value,
};
