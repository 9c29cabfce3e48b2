import type { TimestampFormat } from './shape.ts';
import { readTimestamp, writeTimestamp } from './timestamps.ts';

/** How a wire writes what JSON has no type for. Readers return undefined for values of another type. */
export interface Notation {
  readBlob(value: unknown): Buffer | undefined;
  /**
   * @param format what the shape asks for; undefined for the wire's own way
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
  if (Buffer.isBuffer(value)) return value; // bytes that are a whole body
  if (typeof value !== 'string' || !base64.test(value)) return undefined;
  return Buffer.from(value, 'base64');
}

function readLong(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? Number(value) + 0 : undefined; // -0 becomes 0
}

const specialDoubles: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

function readDouble(value: unknown): number | undefined {
  return typeof value === 'number' ? value : specialDoubles.get(value);
}

/** Bytes as base64, numbers that JSON has no way to write as texts. */
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

/** JSON, with moments as seconds since 1970 (`json-1.0`, `json-1.1`, `rest-json`). */
export const epochSeconds: Notation = textual('epoch-seconds');

/** Text, with moments in ISO 8601 (`query`, `rest-xml`). */
export const isoDates: Notation = textual('date-time');

/** Values as operations have them, for calls that never leave the process. */
export const inProcess: Notation = {
  readBlob: (value) => (Buffer.isBuffer(value) ? value : undefined),
  readTimestamp: (value) => (typeof value === 'number' ? value : undefined),
  readLong,
  readDouble: (value) => (typeof value === 'number' ? value : undefined),
  writeBlob: (bytes) => bytes,
  writeTimestamp: (ms) => ms,
  writeDouble: (value) => value,
};
