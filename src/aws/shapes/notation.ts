/** How a wire writes what JSON has no type for. */
export interface Notation {
  /** Undefined where the value is no bytes. */
  readBlob(value: unknown): Buffer | undefined;
  /** Milliseconds since 1970-01-01 UTC, or undefined where the value is no moment. */
  readTimestamp(value: unknown): number | undefined;
  writeBlob(bytes: Buffer): unknown;
  /** @param ms milliseconds since 1970-01-01 UTC */
  writeTimestamp(ms: number): unknown;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
const isoTimestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

function readBase64(value: unknown): Buffer | undefined {
  if (typeof value !== 'string' || !base64.test(value)) return undefined;
  return Buffer.from(value, 'base64');
}

function readIso(value: unknown): number | undefined {
  if (typeof value !== 'string' || !isoTimestamp.test(value)) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The last millisecond of the year 9999: what ISO 8601 can write with four digits of a year. */
const timestampMsMax = 253_402_300_799_999;

function readEpochSeconds(value: unknown): number | undefined {
  if (typeof value !== 'number') return undefined;
  const ms = Math.round(value * 1000);
  return Math.abs(ms) <= timestampMsMax ? ms : undefined;
}

const writeBase64 = (bytes: Buffer): string => bytes.toString('base64');

/** JSON with moments as seconds since 1970, fractions to the millisecond (`json-1.1`). */
export const epochSeconds: Notation = {
  readBlob: readBase64,
  readTimestamp: readEpochSeconds,
  writeBlob: writeBase64,
  writeTimestamp: (ms) => ms / 1000,
};

/** JSON or text with moments in ISO 8601 (`rest-json`, `query`). */
export const isoDates: Notation = {
  readBlob: readBase64,
  readTimestamp: readIso,
  writeBlob: writeBase64,
  writeTimestamp: (ms) => new Date(ms).toISOString(),
};

/** Values as operations have them, for calls that never leave the process. */
export const inProcess: Notation = {
  readBlob: (value) => (Buffer.isBuffer(value) ? value : undefined),
  readTimestamp: (value) => (typeof value === 'number' ? value : undefined),
  writeBlob: (bytes) => bytes,
  writeTimestamp: (ms) => ms,
};
