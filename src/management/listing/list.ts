// Lists of objects, written in slices.

import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import { type Answer, jsonAnswer, jsonStream } from '../answers.ts';
import type { ApiRequest } from '../request.ts';
import { firstInSteps, inSlices, itemsPerStep, type Runner, sortInSteps } from '../slices.ts';
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

/**
 * Units for writing one item besides those of a step. Fewer items are written in a turn, so that a long
 * list delays the messages of others less.
 */
const itemUnits = 48;

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
  /** Whether these values are those of the answer, too, and not only to sort by. */
  readonly picksColumns?: boolean;
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
  const { background } = request;
  const sorted = await inSlices(background, sortedItems(listing, options));
  const { paging, columns } = options;
  if (paging !== undefined) return pageAnswer(request, listing, sorted, options);
  const { items } = sorted;
  if (items.length > itemsPerPiece) {
    return jsonStream(pieces(request, listing, items, columns));
  }
  return jsonAnswer(await inSlices(background, writeItems(listing, items, columns, background)));
}

/** The items of an answer in their order: all of them, or those of a page. */
interface Sorted<Item> {
  readonly items: readonly Item[];
  /** The number of items that the filter lets through, and of all. */
  readonly filteredCount: number;
  readonly totalCount: number;
}

/** An item with the values to sort by. */
interface Keyed<Item> {
  readonly item: Item;
  readonly key: readonly (JsonValue | undefined)[];
  /** The place in the list, which orders items with equal keys. */
  readonly at: number;
}

function* sortedItems<Item>(
  listing: Listing<Item>,
  { paging, order }: ListOptions,
): Generator<void, Sorted<Item>> {
  const keyed: Keyed<Item>[] = [];
  let totalCount = 0;
  for (const item of listing.items) {
    if (++totalCount % itemsPerStep === 0) yield;
    if (paging?.matches(listing.name(item)) === false) continue;
    keyed.push({ item, key: keyOf(listing, item, order), at: totalCount });
  }
  const sign = order.isReversed ? -1 : 1;
  const compare = (a: Keyed<Item>, b: Keyed<Item>) =>
    sign * (compareValues(a.key, b.key) || a.at - b.at);
  const filteredCount = keyed.length;
  const sorted =
    paging === undefined
      ? yield* sortInSteps(keyed, compare)
      : yield* pageOf(keyed, paging, compare);
  return { items: sorted.map(({ item }) => item), filteredCount, totalCount };
}

/** The items of a page. For one of the first pages, the items behind it need not be sorted. */
function* pageOf<Item>(
  items: readonly Item[],
  { page, size }: Paging,
  compare: (a: Item, b: Item) => number,
): Generator<void, Item[]> {
  const end = page * size;
  const isNearStart = end <= items.length / 8;
  const sorted = isNearStart
    ? yield* firstInSteps(items, end, compare)
    : yield* sortInSteps(items, compare);
  return sorted.slice(end - size, end);
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
  { items: shown, filteredCount, totalCount }: Sorted<Item>,
  { paging, columns }: ListOptions,
): Promise<Answer> {
  const { page, size } = paging as Paging; // the caller has checked it
  const pageCount = Math.ceil(filteredCount / size);
  if (page > Math.max(1, pageCount)) {
    throw pageOutOfRange(paging as Paging, filteredCount);
  }
  const { background } = request;
  const items = await inSlices(background, writeItems(listing, shown, columns, background));
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
  listing: Listing<Item>,
  items: readonly Item[],
  columns: Columns | undefined,
  background: Runner,
): Generator<void, JsonObject[]> {
  const written: JsonObject[] = [];
  for (const item of items) {
    const quick = columns && quickItem(listing, item, columns);
    if (quick === undefined) background.spend(itemUnits);
    written.push(quick ?? pickColumns(listing.write(item), columns));
    yield;
  }
  return written;
}

/** The selected columns of an item; undefined if one of them requires the whole object. */
function quickItem<Item>(
  { column, picksColumns = false }: Listing<Item>,
  item: Item,
  columns: Columns,
): JsonObject | undefined {
  if (!picksColumns) return undefined;
  const picked: Record<string, JsonValue> = {};
  for (const [name, inner] of columns) {
    const value = inner.size === 0 ? column?.(item, name) : undefined;
    if (value === undefined) return undefined;
    picked[name] = value;
  }
  return picked;
}

/**
 * Writes a long list piece by piece, so that it is never in memory as a whole. The next piece is
 * written when the client has taken the previous one.
 */
async function* pieces<Item>(
  request: ApiRequest,
  listing: Listing<Item>,
  items: readonly Item[],
  columns: Columns | undefined,
): AsyncGenerator<Uint8Array> {
  const { background } = request;
  for (let at = 0; at < items.length; at += itemsPerPiece) {
    const some = items.slice(at, at + itemsPerPiece);
    const written = await inSlices(background, writeItems(listing, some, columns, background));
    const text = written.map((each) => JSON.stringify(each)).join(',');
    const isLast = at + itemsPerPiece >= items.length;
    yield Buffer.from(`${at === 0 ? '[' : ','}${text}${isLast ? ']' : ''}`);
  }
}

/** Answers a request for one object, with the selected columns. */
export function objectAnswer(request: ApiRequest, value: JsonObject): Answer {
  return jsonAnswer(pickColumns(value, readColumns(request)));
}
