// Lists of objects, written in slices.

import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import { type Answer, jsonAnswer, jsonStream } from '../answers.ts';
import type { ApiRequest } from '../request.ts';
import { inSlices, itemsPerStep, sortInSteps } from '../slices.ts';
import { type Columns, pickColumns, readColumns, valueAt } from './columns.ts';
import {
  compareValues,
  type Order,
  type Paging,
  pageOutOfRange,
  readOrder,
  readPaging,
} from './paging.ts';

/** Number of items that are written as one piece of a long list. */
const itemsPerPiece = 64;

/** A list of objects. */
export interface Listing<Item> {
  /** The objects, which are collected in steps. */
  readonly items: Iterable<Item>;
  /** The name that filters apply to. */
  readonly name: (item: Item) => string;
  readonly write: (item: Item) => JsonObject;
  /** The columns of the usual order. */
  readonly order: readonly string[];
  /** The values of some columns without writing the whole object; undefined for others. */
  readonly column?: (item: Item, name: string) => JsonValue | undefined;
}

/** The options of a request for a list. */
interface ListOptions {
  readonly paging: Paging | undefined;
  readonly order: Order;
  readonly columns: Columns | undefined;
}

/**
 * Answers a request for a list: filtered, sorted, a page of it, and with selected columns, as the
 * query asks.
 *
 * @throws {ManagementError} `bad-request`, `page-out-of-range`
 */
export async function listAnswer<Item>(
  request: ApiRequest,
  listing: Listing<Item>,
): Promise<Answer> {
  const options = {
    paging: readPaging(request),
    order: readOrder(request, listing.order),
    columns: readColumns(request),
  };
  const { background } = request.broker;
  const { sorted, totalCount } = await inSlices(background, sortedItems(listing, options));
  const { paging, columns } = options;
  if (paging !== undefined) return pageAnswer(request, listing, sorted, totalCount, options);
  if (sorted.length > itemsPerPiece) {
    return jsonStream(pieces(request, listing, sorted, columns));
  }
  return jsonAnswer(await inSlices(background, writeItems(listing, sorted, columns)));
}

function* sortedItems<Item>(
  listing: Listing<Item>,
  { paging, order }: ListOptions,
): Generator<void, { sorted: Item[]; totalCount: number }> {
  const keyed: { item: Item; key: readonly (JsonValue | undefined)[] }[] = [];
  let totalCount = 0;
  for (const item of listing.items) {
    if (++totalCount % itemsPerStep === 0) yield;
    if (paging?.matches(listing.name(item)) === false) continue;
    keyed.push({ item, key: keyOf(listing, item, order) });
  }
  const sorted = (yield* sortInSteps(keyed, (a, b) => compareValues(a.key, b.key))).map(
    ({ item }) => item,
  );
  if (order.isReversed) sorted.reverse();
  return { sorted, totalCount };
}

function keyOf<Item>(
  { write, column }: Listing<Item>,
  item: Item,
  { columns }: Order,
): (JsonValue | undefined)[] {
  let whole: JsonObject | undefined;
  return columns.map((name) => {
    const quick = column?.(item, name);
    if (quick !== undefined) return quick;
    whole ??= write(item);
    return valueAt(whole, name);
  });
}

async function pageAnswer<Item>(
  request: ApiRequest,
  listing: Listing<Item>,
  sorted: readonly Item[],
  totalCount: number,
  { paging, columns }: ListOptions,
): Promise<Answer> {
  const { page, size } = paging as Paging; // the caller has checked it
  const filteredCount = sorted.length;
  const pageCount = Math.ceil(filteredCount / size);
  if (page > Math.max(1, pageCount)) {
    throw pageOutOfRange(paging as Paging, filteredCount);
  }
  const shown = sorted.slice((page - 1) * size, page * size);
  const items = await inSlices(request.broker.background, writeItems(listing, shown, columns));
  return jsonAnswer({
    filtered_count: filteredCount,
    item_count: items.length,
    items,
    page,
    page_count: pageCount,
    page_size: size,
    total_count: totalCount,
  });
}

function* writeItems<Item>(
  { write }: Listing<Item>,
  items: readonly Item[],
  columns: Columns | undefined,
): Generator<void, JsonObject[]> {
  const written: JsonObject[] = [];
  for (const item of items) {
    written.push(pickColumns(write(item), columns));
    yield;
  }
  return written;
}

/** Writes a long list piece by piece, so that it is never in memory as a whole. */
async function* pieces<Item>(
  request: ApiRequest,
  listing: Listing<Item>,
  items: readonly Item[],
  columns: Columns | undefined,
): AsyncGenerator<Uint8Array> {
  const { background } = request.broker;
  for (let at = 0; at < items.length; at += itemsPerPiece) {
    const some = items.slice(at, at + itemsPerPiece);
    const written = await inSlices(background, writeItems(listing, some, columns));
    const text = written.map((each) => JSON.stringify(each)).join(',');
    const isLast = at + itemsPerPiece >= items.length;
    yield Buffer.from(`${at === 0 ? '[' : ','}${text}${isLast ? ']' : ''}`);
  }
}

/** Answers a request for one object, with the selected columns. */
export function objectAnswer(request: ApiRequest, value: JsonObject): Answer {
  return jsonAnswer(pickColumns(value, readColumns(request)));
}
