// Pagination of the Amazon MQ API.

import { ControlError } from '../../control/errors.ts';

/** The page that a request asks for. */
export interface PageRequest {
  readonly maxResults?: number | undefined;
  readonly nextToken?: string | undefined;
}

/**
 * The number of entries on a page: 5 to 100, by default 20.
 *
 * @throws {ControlError} 'bad-request'
 */
export function pageSize({ maxResults = 20 }: PageRequest): number {
  if (maxResults >= 5 && maxResults <= 100) return maxResults;
  throw new ControlError(
    'bad-request',
    'maxResults must be an integer from 5 to 100.',
    'maxResults',
  );
}

/** The entries of a page, and the token for the next page. */
interface Page<T> {
  readonly items: readonly T[];
  readonly maxResults: number;
  readonly nextToken: string | undefined;
}

/**
 * Returns a page of a list whose entries have keys. Entries that are added or removed between two
 * pages do not affect others.
 *
 * @param list the name of the list; tokens of other lists are refused
 * @param all the entries in the order of their keys
 * @param keyOf returns a unique key that never changes
 * @throws {ControlError} 'bad-request'
 */
export function keyedPage<T>(
  list: string,
  all: readonly T[],
  request: PageRequest,
  keyOf: (entry: T) => string,
): Page<T> {
  const maxResults = pageSize(request);
  const after = request.nextToken === undefined ? '' : readKey(list, request.nextToken);
  const later = all.filter((entry) => keyOf(entry) > after);
  const items = later.slice(0, maxResults);
  const last = items.at(-1);
  const isEnd = last === undefined || later.length === items.length;
  const nextToken = isEnd ? undefined : Buffer.from(`${list}:${keyOf(last)}`).toString('base64url');
  return { items, maxResults, nextToken };
}

function readKey(list: string, token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  const key = text.startsWith(`${list}:`) ? text.slice(list.length + 1) : '';
  if (key !== '') return key;
  throw new ControlError('bad-request', 'The next token is not one of this list.', 'nextToken');
}

/** Returns a page of a list that never changes. */
export function fixedPage<T>(all: readonly T[], request: PageRequest): Page<T> {
  const maxResults = pageSize(request);
  const start = request.nextToken === undefined ? 0 : readOffset(request.nextToken, all.length);
  const end = start + maxResults;
  const nextToken = end < all.length ? Buffer.from(`from:${end}`).toString('base64url') : undefined;
  return { items: all.slice(start, end), maxResults, nextToken };
}

function readOffset(token: string, length: number): number {
  const [, digits] = /^from:(\d{1,6})$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  const offset = Number(digits ?? Number.NaN);
  if (offset < length) return offset;
  throw new ControlError(
    'bad-request',
    'The next token does not belong to this list.',
    'nextToken',
  );
}
