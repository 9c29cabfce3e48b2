// Pages of lists: filtered, sorted, and written in steps.

import { firstInSteps, inSlices, itemsPerStep, sortInSteps } from '../../management/slices.ts';
import type { Answer } from '../answers.ts';
import { badRequest } from '../errors.ts';
import { filterLengthMax, pageSizeDefault, pageSizeMax } from '../limits.ts';
import type { ConsoleRequest } from '../request.ts';
import { listAnswer, type WrittenList } from './list-answer.ts';

/** Units for writing one item besides those of a step. */
const itemUnits = 32;
/** Characters of an item per further unit. */
const charactersPerUnit = 64;

/** A list of which pages are answered. */
export interface Listing<Item> {
  /** The member of the answer with the items. */
  readonly name: string;
  /** Finds all items, in steps. */
  readonly items: Generator<void, readonly Item[]>;
  /** The values to sort by, by the names of the columns. The first one is the usual order. */
  readonly columns: Readonly<Record<string, (item: Item) => string | number>>;
  /** The text in which a filter is searched; by default, the value of the first column. */
  readonly text?: (item: Item) => string;
  /** The item as JSON, or steps that end with it. */
  readonly write: (item: Item) => object;
}

/** What a request asks for. */
interface Asked<Item> {
  readonly page: number;
  readonly pageSize: number;
  /** What items contain, in any case; empty for all. */
  readonly filter: string;
  readonly keyOf: (item: Item) => string | number;
  readonly isDescending: boolean;
}

/** An item with the value to sort by, and its place in the list. */
interface Keyed<Item> {
  readonly item: Item;
  readonly value: string | number;
  readonly at: number;
}

/**
 * Answers a page of a list: the fields `filter`, `page` (from 1), `pageSize`, `sort` and `descending`
 * choose it. A page behind the last one is the last one: items may have been deleted meanwhile.
 *
 * @throws {ConsoleError} `bad-request`
 */
export async function pageAnswer<Item>(
  request: ConsoleRequest,
  listing: Listing<Item>,
): Promise<Answer> {
  const asked = readAsked(request, listing);
  const steps = pageInSteps(request, listing, asked);
  return listAnswer(request, await inSlices(request.console.broker.background, steps));
}

function readAsked<Item>(request: ConsoleRequest, { columns }: Listing<Item>): Asked<Item> {
  const [usual = ''] = Object.keys(columns);
  const sort = request.field('sort') || usual;
  const keyOf = Object.hasOwn(columns, sort) ? columns[sort] : undefined;
  if (keyOf === undefined) {
    const found = JSON.stringify(sort.slice(0, 32));
    throw badRequest(`sort is ${found}; ${Object.keys(columns).join(', ')} are allowed`);
  }
  return {
    page: request.count('page', 1, 1_000_000),
    pageSize: request.count('pageSize', pageSizeDefault, pageSizeMax),
    filter: request.field('filter').slice(0, filterLengthMax),
    keyOf,
    isDescending: request.field('descending') === 'true',
  };
}

function* pageInSteps<Item>(
  { console }: ConsoleRequest,
  { name, items, columns, text, write }: Listing<Item>,
  { page, pageSize, filter, keyOf, isDescending }: Asked<Item>,
): Generator<void, WrittenList> {
  const all = yield* items;
  const textOf = text ?? Object.values(columns)[0] ?? (() => '');
  const wanted = filter.toLowerCase();
  const found: Keyed<Item>[] = [];
  let seenCount = 0;
  for (const item of all) {
    if (++seenCount % itemsPerStep === 0) yield;
    if (wanted !== '' && !String(textOf(item)).toLowerCase().includes(wanted)) continue;
    found.push({ item, value: keyOf(item), at: found.length });
  }
  const pageCount = Math.max(1, Math.ceil(found.length / pageSize));
  const at = Math.min(page, pageCount);
  const shown = yield* sliceOf(found, at, pageSize, isDescending ? -1 : 1);
  const written: string[] = [];
  for (const { item } of shown) {
    const text = JSON.stringify(write(item));
    written.push(text);
    console.broker.background.spend(itemUnits + Math.ceil(text.length / charactersPerUnit));
    yield;
  }
  const head = {
    filter,
    page: at,
    pageSize,
    pageCount,
    filteredCount: found.length,
    totalCount: all.length,
  };
  return { head, name, items: written };
}

/** The items of a page. For one of the first pages, the items behind it need not be sorted. */
function* sliceOf<Item>(
  items: readonly Keyed<Item>[],
  page: number,
  pageSize: number,
  sign: 1 | -1,
): Generator<void, readonly Keyed<Item>[]> {
  const compare = (a: Keyed<Item>, b: Keyed<Item>) =>
    sign * compareValues(a.value, b.value) || a.at - b.at;
  const end = page * pageSize;
  const isNearStart = end <= items.length / 8;
  const sorted = isNearStart
    ? yield* firstInSteps(items, end, compare)
    : yield* sortInSteps(items, compare);
  return sorted.slice(end - pageSize, end);
}

function compareValues(a: string | number, b: string | number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
