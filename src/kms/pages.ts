// Pagination of lists.

import { KmsError } from './errors.ts';

/** The requested page of a list. */
export interface PageRequest {
  readonly Limit?: number | undefined;
  readonly Marker?: string | undefined;
}

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** The marker of the next page; undefined on the last page. */
  readonly next: string | undefined;
}

/** The pagination rules of a list. */
export interface Paging<T> {
  /** The name of the list. A marker is valid only for the list that issued it. */
  readonly list: string;
  /**
   * A unique sort key. The list is sorted by it, and a page begins after it even if its item is
   * gone.
   */
  readonly orderOf: (item: T) => string;
  readonly limitDefault: number;
  readonly limitMax: number;
}

/**
 * Returns a page of a list.
 *
 * @throws {KmsError} 'InvalidMarkerException'; 'ValidationException' if more entries are requested
 *   than the list allows
 */
export function pageOf<T>(all: Iterable<T>, paging: Paging<T>, request: PageRequest): Page<T> {
  const limit = request.Limit ?? paging.limitDefault;
  if (limit > paging.limitMax) {
    throw new KmsError(
      'ValidationException',
      `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to ${paging.limitMax}`,
    );
  }
  const after = request.Marker === undefined ? undefined : readMarker(paging.list, request.Marker);
  const ordered = [...all]
    .map((item) => ({ item, order: paging.orderOf(item) }))
    .filter(({ order }) => after === undefined || order > after)
    .sort((a, b) => (a.order < b.order ? -1 : 1));
  const last = ordered.length > limit ? ordered[limit - 1] : undefined;
  return {
    items: ordered.slice(0, limit).map(({ item }) => item),
    next: last && Buffer.from(JSON.stringify([paging.list, last.order])).toString('base64'),
  };
}

function readMarker(list: string, marker: string): string {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(marker, 'base64').toString('utf8'));
  } catch {
    parts = undefined;
  }
  if (Array.isArray(parts)) {
    const [name, order]: unknown[] = parts;
    if (name === list && typeof order === 'string') return order;
  }
  throw new KmsError('InvalidMarkerException', 'The marker does not belong to this list.');
}
