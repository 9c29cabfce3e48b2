// Timestamps in the formats of the wires.

import type { TimestampFormat } from './shape.ts';

const isoTimestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const httpDate = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d)(\.\d{1,9})? GMT$/;

/** The last millisecond of the year 9999, the maximum of ISO 8601 with four-digit years. */
const timestampMsMax = 253_402_300_799_999;

/**
 * Reads a timestamp.
 *
 * @param value a number, a string, or a `Date` that the wire's reader created
 * @returns milliseconds since 1970-01-01 UTC; undefined if the format does not match
 */
export function readTimestamp(value: unknown, format: TimestampFormat): number | undefined {
  if (value instanceof Date) return inRange(value.getTime());
  if (format === 'epoch-seconds') {
    return typeof value === 'number' ? inRange(Math.round(value * 1000)) : undefined;
  }
  if (typeof value !== 'string') return undefined;
  if (format === 'date-time') return isoTimestamp.test(value) ? parsed(value) : undefined;
  return httpDate.test(value) ? parsed(value.replace(httpDate, '$1 $2 $3 $4$5 GMT')) : undefined;
}

function parsed(text: string): number | undefined {
  return inRange(Date.parse(text));
}

/** Returns undefined if the value is out of range or NaN. */
function inRange(ms: number): number | undefined {
  return Math.abs(ms) <= timestampMsMax ? ms : undefined;
}

/** Writes a timestamp: a number for `epoch-seconds`, otherwise a string. */
export function writeTimestamp(ms: number, format: TimestampFormat): number | string {
  if (format === 'epoch-seconds') return ms / 1000;
  const date = new Date(ms);
  return format === 'date-time' ? date.toISOString() : date.toUTCString();
}
