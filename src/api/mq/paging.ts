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

/** A page of a list that never changes. */
export function fixedPage<T>(
  all: readonly T[],
  request: PageRequest,
): { items: readonly T[]; maxResults: number; nextToken: string | undefined } {
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
