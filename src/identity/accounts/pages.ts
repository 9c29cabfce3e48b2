// Pagination of IAM's lists.

import { IamError } from './errors.ts';

const itemsDefault = 100;

/** The requested page of a list. */
export interface PageRequest {
  /** 1 to 1000 */
  readonly MaxItems?: number | undefined;
  readonly Marker?: string | undefined;
}

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** The marker of the next page; undefined on the last page. */
  readonly next: string | undefined;
}

/** Limits a page by the size of its items as well. It has at least one item. */
export interface PageSize<T> {
  readonly sizeOf: (item: T) => number;
  readonly sizeMax: number;
}

/**
 * Returns a page of a list, sorted by a unique key. A page begins after the last item of the
 * previous one, even if that no longer exists.
 *
 * @throws {IamError} 'ValidationError' if the marker is not one of this service
 */
export function pageOf<T>(
  all: Iterable<T>,
  keyOf: (item: T) => string,
  request: PageRequest,
  size?: PageSize<T>,
): Page<T> {
  const after = request.Marker === undefined ? undefined : readMarker(request.Marker);
  const found: [string, T][] = [];
  for (const item of all) {
    const key = keyOf(item);
    if (after === undefined || key > after) found.push([key, item]);
  }
  found.sort(([a], [b]) => (a < b ? -1 : 1));
  const count = fittingCount(found, request.MaxItems ?? itemsDefault, size);
  const last = found.length > count ? found[count - 1] : undefined;
  return {
    items: found.slice(0, count).map(([, item]) => item),
    next: last && Buffer.from(`${markerBegin}${last[0]}`, 'utf8').toString('base64'),
  };
}

function fittingCount<T>(
  found: readonly [string, T][],
  countMax: number,
  size: PageSize<T> | undefined,
): number {
  if (size === undefined) return countMax;
  let total = 0;
  let count = 0;
  for (const [, item] of found.slice(0, countMax)) {
    total += size.sizeOf(item);
    if (count > 0 && total > size.sizeMax) break;
    count += 1;
  }
  return count;
}

const markerBegin = 'after:';

function readMarker(marker: string): string {
  const text = Buffer.from(marker, 'base64').toString('utf8');
  if (text.startsWith(markerBegin)) return text.slice(markerBegin.length);
  throw new IamError('ValidationError', `Invalid Marker: ${marker}`);
}
