// Pages, filters and orders of lists.

import { BrokerError } from '../../broker/errors.ts';
import { linearEngine } from '../../broker/patterns/name-pattern.ts';
import type { JsonValue } from '../../broker/rabbitmq/model.ts';
import { badRequest, ManagementError } from '../errors.ts';
import { pageSizeDefault, pageSizeMax } from '../limits.ts';
import type { ApiRequest } from '../request.ts';

/** Maximum size of a compiled filter, instructions. */
const filterSizeMax = 1000;

/** A page of a list, and the filter of its names. */
export interface Paging {
  /** From 1. */
  readonly page: number;
  readonly size: number;
  readonly matches: (name: string) => boolean;
}

/**
 * The page that a request asks for; undefined for the whole list.
 *
 * @throws {ManagementError} `bad-request`
 */
export function readPaging(request: ApiRequest): Paging | undefined {
  const pageText = request.param('page');
  if (pageText === undefined) return undefined;
  const sizeText = request.param('page_size') ?? String(pageSizeDefault);
  const page = wholeNumber(pageText);
  const size = wholeNumber(sizeText);
  if (page === undefined || size === undefined) {
    throw badRequest('Pagination parameters are invalid');
  }
  if (page === 0 || size === 0 || size > pageSizeMax) {
    const why = `Invalid pagination parameters: page number ${page}, page size ${size}`;
    throw new ManagementError('invalid-page', why);
  }
  return { page, size, matches: readFilter(request) };
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** The filter takes time in proportion to the length of the names. */
function readFilter(request: ApiRequest): (name: string) => boolean {
  const text = request.param('name') ?? '';
  if (text === '') return () => true;
  if (request.isSet('use_regex')) {
    const engine = compiled(text);
    return (name) => engine.test(name);
  }
  const wanted = text.toLowerCase();
  return (name) => name.toLowerCase().includes(wanted);
}

function compiled(text: string) {
  try {
    return linearEngine('the filter', `(?i)${text}`, filterSizeMax);
  } catch (error) {
    if (error instanceof BrokerError) throw badRequest('Pagination parameters are invalid');
    throw error;
  }
}

/** The error for a page that the list does not have. */
export function pageOutOfRange({ page, size }: Paging, itemCount: number): ManagementError {
  const why = `page: ${page} page size: ${size}, len: ${itemCount}`;
  return new ManagementError('page-out-of-range', `Page out of range, ${why}`);
}

/** The order of a list. */
export interface Order {
  /** The columns to sort by, the most important one first. */
  readonly columns: readonly string[];
  readonly isReversed: boolean;
}

/** The order that a request asks for. */
export function readOrder(request: ApiRequest, usual: readonly string[]): Order {
  const column = request.param('sort');
  const columns = column === undefined || column === '' ? usual : [column, ...usual];
  return { columns, isReversed: request.isSet('sort_reverse') };
}

/** Compares the values of columns. Missing values count as 0; numbers precede texts. */
export function compareValues(
  a: readonly (JsonValue | undefined)[],
  b: readonly (JsonValue | undefined)[],
): number {
  for (let index = 0; index < a.length; index++) {
    const order = compareValue(a[index] ?? 0, b[index] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}

function compareValue(a: JsonValue, b: JsonValue): number {
  const byKind = rank(a) - rank(b);
  if (byKind !== 0 || a === b) return byKind;
  if (typeof a === 'object' || typeof b === 'object' || a === null || b === null) return 0;
  return a < b ? -1 : 1;
}

function rank(value: JsonValue): number {
  if (typeof value === 'number') return 0;
  if (typeof value === 'boolean') return 1;
  return typeof value === 'string' ? 3 : 2;
}
