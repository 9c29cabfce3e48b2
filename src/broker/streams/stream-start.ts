// Where a consumer begins to read a stream, and what it reads.

import type { Argument } from '../arguments.ts';
import { wholeNumber } from '../arguments.ts';
import { ageMs } from './stream-arguments.ts';

/**
 * The position at which a consumer begins: the first message, the last one, the next one to be
 * published, the one with a number (or the first one with a higher number), or the first one that
 * was received at a time or later.
 */
export type StreamOffset =
  | 'first'
  | 'last'
  | 'next'
  | { readonly sequence: number }
  | { readonly sinceMs: number };

/** The choice of messages by their filter value. */
export interface StreamFilter {
  readonly values: ReadonlySet<string>;
  /** Whether messages without a filter value are chosen too. */
  readonly matchesUnfiltered: boolean;
}

/** Where a consumer begins, and what it reads. */
export interface StreamStart {
  readonly offset: StreamOffset;
  /** Undefined for all messages. */
  readonly filter: StreamFilter | undefined;
}

/** The start of a consumer that states none. */
export const defaultStart: StreamStart = { offset: 'next', filter: undefined };

/** The header of a message with its filter value. */
export const filterValueHeader = 'x-stream-filter-value';

/**
 * Reads an offset: `first`, `last` or `next`, a number, a timestamp, or an age such as `1h`.
 *
 * @returns undefined if it is not valid
 */
export function readStreamOffset(
  found: Argument | undefined,
  nowMs: number,
): StreamOffset | undefined {
  if (found === undefined) return 'next';
  const { type, value } = found;
  if (value === 'first' || value === 'last' || value === 'next') return value;
  if (type === 'timestamp') return { sinceMs: Number(value) * 1000 };
  const sequence = wholeNumber(found);
  if (sequence !== undefined) return sequence < 0 ? undefined : { sequence };
  const age = type === 'longstr' ? ageMs(String(value)) : undefined;
  return age === undefined ? undefined : { sinceMs: nowMs - age };
}

/**
 * Reads a filter.
 *
 * @param values a text, or an array in which only texts count
 * @param matchUnfiltered false unless it is true
 */
export function readStreamFilter(
  values: Argument | undefined,
  matchUnfiltered: Argument | undefined,
): StreamFilter | undefined {
  if (values === undefined) return undefined;
  const list = values.type === 'array' ? (values.value as readonly Argument[]) : [values];
  const texts = list.filter(({ type }) => type === 'longstr').map(({ value }) => String(value));
  if (values.type !== 'array' && texts.length === 0) return undefined;
  return { values: new Set(texts), matchesUnfiltered: matchUnfiltered?.value === true };
}
