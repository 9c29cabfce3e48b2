// Where a link from a stream begins, and what it reads.

import type { Argument } from '../../../../broker/arguments.ts';
import {
  readStreamFilter,
  readStreamOffset,
  type StreamOffset,
  type StreamStart,
} from '../../../../broker/streams/stream-start.ts';
import { type Entry, entryOf, type Item, textOf } from '../../codec/items.ts';
import { filterCountMax } from '../../limits.ts';
import { linkError } from '../refusals.ts';

const offsetName = 'rabbitmq:stream-offset-spec';
const filterName = 'rabbitmq:stream-filter';
const unfilteredName = 'rabbitmq:stream-match-unfiltered';
const names: readonly string[] = [offsetName, filterName, unfilteredName];

/** The filters of a link from a stream. */
export interface StreamFilters {
  readonly start: StreamStart;
  /** The filters that are in place, as they were received. */
  readonly honoured: readonly Entry[];
}

/**
 * Reads the filters of a source, whose values may be described.
 *
 * @throws {AmqpError} `invalid-field` if there are too many, or the offset is invalid
 */
export function readStreamFilters(
  filters: readonly Entry[] | undefined,
  nowMs: number,
): StreamFilters {
  const all = filters ?? [];
  if (all.length > filterCountMax) {
    const text = `a source has ${all.length} filters; at most ${filterCountMax} are allowed`;
    throw linkError('invalid-field', text);
  }
  const offset = offsetOf(filterValue(entryOf(all, offsetName)), nowMs);
  if (offset === undefined) throw linkError('invalid-field', `the filter ${offsetName} is invalid`);
  const chosen = textsOf(filterValue(entryOf(all, filterName)));
  const isUnfiltered = filterValue(entryOf(all, unfilteredName))?.value === true;
  const filter = readStreamFilter(chosen, { type: 'bool', value: isUnfiltered });
  const honoured = all.filter(([key]) => names.includes(textOf(key) ?? ''));
  return { start: { offset, filter }, honoured };
}

function filterValue(item: Item | undefined): Item | undefined {
  return item?.type === 'described' ? item.value : item;
}

function offsetOf(item: Item | undefined, nowMs: number): StreamOffset | undefined {
  if (item === undefined) return 'next';
  const text = textOf(item);
  if (text !== undefined) return readStreamOffset({ type: 'longstr', value: text }, nowMs);
  if (item.type === 'timestamp') return { sinceMs: Number(item.value) };
  const isNumber = typeof item.value === 'number' || typeof item.value === 'bigint';
  if (!isNumber || item.type === 'float' || item.type === 'double') return undefined;
  return readStreamOffset({ type: 'long', value: Number(item.value) }, nowMs);
}

/** The texts of a filter: one, or a list in which only texts count. */
function textsOf(item: Item | undefined): Argument | undefined {
  const text = textOf(item);
  if (text !== undefined) return { type: 'longstr', value: text };
  if (item?.type !== 'list' && item?.type !== 'array') return undefined;
  const texts = item.value.map(textOf).filter((value) => value !== undefined);
  return { type: 'array', value: texts.map((value) => ({ type: 'longstr', value })) };
}
