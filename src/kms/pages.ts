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
  /**
   * A number that is the prefix of the order, by which most items of a long list are skipped
   * without determining their order.
   */
  readonly rankOf?: (item: T) => number;
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
  const first = firstOf(all, paging, limit + 1, after);
  const last = first.length > limit ? first[limit - 1] : undefined;
  return {
    items: first.slice(0, limit).map(({ item }) => item),
    next: last && Buffer.from(JSON.stringify([paging.list, last.order])).toString('base64'),
  };
}

interface Ordered<T> {
  readonly item: T;
  readonly order: string;
}

/**
 * Returns the first items after a position, sorted. Lists can have a hundred thousand items: each
 * is compared with the last one found, and few are moved.
 */
function firstOf<T>(
  all: Iterable<T>,
  { orderOf, rankOf }: Paging<T>,
  countMax: number,
  after: string | undefined,
): readonly Ordered<T>[] {
  const found: Ordered<T>[] = [];
  const rankMin =
    after === undefined || rankOf === undefined ? -Infinity : Number.parseInt(after, 10);
  let rankMax = Infinity;
  for (const item of all) {
    const rank = rankOf?.(item) ?? 0;
    if (rank < rankMin || rank > rankMax) continue;
    const order = orderOf(item);
    if (after !== undefined && order <= after) continue;
    add(found, { item, order }, countMax);
    const last = found[countMax - 1];
    if (last !== undefined) rankMax = rankOf?.(last.item) ?? 0;
  }
  return found;
}

/** Adds an item to those found, unless there are enough before it. */
function add<T>(found: Ordered<T>[], one: Ordered<T>, countMax: number): void {
  const place = placeOf(found, one.order);
  if (place >= countMax) return;
  found.splice(place, 0, one);
  if (found.length > countMax) found.pop();
}

/** Returns the insertion index of an order among sorted ones. */
function placeOf(found: readonly Ordered<unknown>[], order: string): number {
  let low = 0;
  let high = found.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((found[middle]?.order ?? order) < order) low = middle + 1;
    else high = middle;
  }
  return low;
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
