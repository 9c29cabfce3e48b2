// Pages of the list of queues.

import type { Queue } from '../../broker/queue.ts';
import { firstInSteps, inSlices, sortInSteps } from '../../management/slices.ts';
import { type Answer, htmlAnswer, jsonAnswer } from '../answers.ts';
import { pageSizeDefault, pageSizeMax } from '../limits.ts';
import { mainPage } from '../pages/main-page.ts';
import type { ConsoleRequest } from '../request.ts';
import { countsOf, type DestinationCounts, queuesOf } from './destinations.ts';

/** Maximum length of a filter, characters. */
const filterLengthMax = 255;

/** A page of the list of queues, sorted by name. */
export interface QueuePage {
  /** What the names contain, in any case; empty for all. */
  readonly filter: string;
  /** From 1 to the number of pages, which is at least 1. */
  readonly page: number;
  readonly pageSize: number;
  readonly pageCount: number;
  readonly filteredCount: number;
  readonly totalCount: number;
  readonly queues: readonly (DestinationCounts & { readonly name: string })[];
}

/** `GET /admin/`: a page for people */
export async function showMainPage(request: ConsoleRequest): Promise<Answer> {
  return htmlAnswer(mainPage(request, await queuePage(request)));
}

/** `GET /admin/api/queues`: the same in JSON */
export async function listQueues(request: ConsoleRequest): Promise<Answer> {
  return jsonAnswer(await queuePage(request));
}

/** @throws {ConsoleError} `bad-request` */
function queuePage(request: ConsoleRequest): Promise<QueuePage> {
  const page = request.count('page', 1, 1_000_000);
  const pageSize = request.count('pageSize', pageSizeDefault, pageSizeMax);
  const filter = request.field('filter').slice(0, filterLengthMax);
  const steps = pageInSteps(request, { page, pageSize, filter });
  return inSlices(request.console.broker.background, steps);
}

/** A page behind the last one shows the last one: queues may have been deleted in the meantime. */
function* pageInSteps(
  { console }: ConsoleRequest,
  { page, pageSize, filter }: Pick<QueuePage, 'page' | 'pageSize' | 'filter'>,
): Generator<void, QueuePage> {
  const { dialect } = console;
  const all = yield* queuesOf(dialect);
  const found = filter === '' ? all : yield* queuesOf(dialect, filter.toLowerCase());
  const pageCount = Math.max(1, Math.ceil(found.length / pageSize));
  const at = Math.min(page, pageCount);
  const end = at * pageSize;
  const isNearStart = end <= found.length / 8;
  const sorted = isNearStart
    ? yield* firstInSteps(found, end, byName)
    : yield* sortInSteps(found, byName);
  const shown = sorted.slice(end - pageSize, end);
  return {
    filter,
    page: at,
    pageSize,
    pageCount,
    filteredCount: found.length,
    totalCount: all.length,
    queues: shown.map((queue) => ({ name: queue.name, ...countsOf(queue) })),
  };
}

function byName(a: Queue, b: Queue): number {
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
