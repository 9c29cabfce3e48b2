// Values of headers.

import type { Frame } from '../codec/frames.ts';
import { badHeader } from './errors.ts';

/** The headers of a frame. */
export type Headers = Frame['headers'];

/**
 * Reads a whole number.
 *
 * @throws {RabbitMqError} `invalid` if it is not a number from `min` to `max`
 */
export function wholeHeader(
  headers: Headers,
  name: string,
  min: number,
  max: number,
): number | undefined {
  const text = headers.get(name);
  if (text === undefined) return undefined;
  const trimmed = text.trim();
  const value = Number(trimmed);
  if (/^[+-]?\d{1,16}$/.test(trimmed) && value >= min && value <= max) return value;
  throw badHeader(name, text, `a whole number from ${min} to ${max}`);
}

/** Reads `true` or `false`; any other value counts as none, as in RabbitMQ. */
export function flagHeader(headers: Headers, name: string): boolean | undefined {
  const text = headers.get(name);
  if (text === 'true' || text === 'True') return true;
  return text === 'false' || text === 'False' ? false : undefined;
}

/** Whether a subscription is durable: both names of the header are in use. */
export function isDurable(headers: Headers): boolean {
  return flagHeader(headers, 'durable') === true || flagHeader(headers, 'persistent') === true;
}
