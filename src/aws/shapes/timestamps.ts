import type { TimestampFormat } from './shape.ts';

const isoTimestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const httpDate = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d)(\.\d{1,9})? GMT$/;

/** The last millisecond of the year 9999: what ISO 8601 can write with four digits of a year. */
const timestampMsMax = 253_402_300_799_999;

/**
 * Reads a moment.
 *
 * @param value a number or a text; what the wire's reader made a `Date` of is taken as it is
 * @returns milliseconds since 1970-01-01 UTC; undefined where it is not written in that format
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

/** Also undefined for what is not a number. */
function inRange(ms: number): number | undefined {
  return Math.abs(ms) <= timestampMsMax ? ms : undefined;
}

/** Writes a moment: a number for `epoch-seconds`, else a text. */
export function writeTimestamp(ms: number, format: TimestampFormat): number | string {
  if (format === 'epoch-seconds') return ms / 1000;
  const date = new Date(ms);
  return format === 'date-time' ? date.toISOString() : date.toUTCString();
}
