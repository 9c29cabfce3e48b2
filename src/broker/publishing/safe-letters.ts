// Dead letters that must reach all of their queues (dead letter strategy at-least-once).

import type { DeadLetter } from '../dead-lettering/dead-letter.ts';
import type { LetterProgress } from '../dead-lettering/dead-letter-router.ts';
import { BrokerError } from '../errors.ts';
import type { MessageRouter } from '../exchanges/message-router.ts';
import { type Route, routeOf, wideCountMin } from '../exchanges/route-cache.ts';
import { RouteSearch, stepsAtATime } from '../exchanges/route-search.ts';
import type { Publication } from '../publication.ts';
import type { Queue } from '../queue.ts';
import type { Counters } from '../statistics.ts';
import type { Vhost } from '../vhost.ts';
import type { LongPublishes } from './long-publishes.ts';

/** Queues that one step of a letter with many queues examines. */
const queuesOfStep = 64;

/** The parts of publishing that are needed here. */
export interface SafeLettersHost {
  readonly router: MessageRouter;
  readonly longPublishes: LongPublishes;
  readonly counters: Counters;
  /** Counts units of work for this turn. */
  spend(units: number): void;
  /** The number of queues in which a letter with a body of this length is stored in one step. */
  sliceSize(bodyLength: number): number;
  /** Stores a letter in queues without checking their limits. */
  store(letter: Publication, queues: readonly Queue[]): void;
}

/** See `QueueHost.deadLetterSafely`. */
export function publishLetterSafely(
  host: SafeLettersHost,
  vhost: Vhost,
  letter: DeadLetter,
  isFor: (queue: Queue) => boolean,
  progress: LetterProgress,
): boolean {
  const { exchange } = letter;
  let route: Route | undefined;
  try {
    route = exchange && host.router.route(vhost, exchange, letter);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    progress.ended(false); // the search takes too many steps, until bindings are removed
    return false;
  }
  if (route !== undefined && route.queues.length <= wideCountMin) {
    host.spend(route.queues.length);
    const isPublished = storeInAll(host, letter, route.queues.filter(isFor), progress.reached);
    if (!isPublished) progress.ended(false);
    return isPublished;
  }
  const kept = letter.copy();
  const found = route ?? host.router.takePaused(kept);
  host.longPublishes.start(ending(progress, storeInMany(host, kept, found, isFor)));
  return false;
}

/** Tells the result of steps, even if a bug ends them. */
function* ending(progress: LetterProgress, steps: Generator<void, boolean>): Generator<void> {
  let isPublished = false;
  try {
    isPublished = yield* steps;
  } finally {
    progress.ended(isPublished);
  }
}

/** Stores a letter in the queues that have room. Returns whether all have it, and at least one. */
function storeInAll(
  host: SafeLettersHost,
  letter: DeadLetter,
  queues: readonly Queue[],
  reached: Set<Queue>,
): boolean {
  const missing = queues.filter((queue) => !reached.has(queue));
  const takers = missing.filter((queue) => !queue.isFull(letter.bodyLength));
  if (takers.length > 0) {
    if (reached.size === 0) host.counters.deadLettered++;
    host.store(letter, takers);
    for (const queue of takers) reached.add(queue);
  }
  return takers.length === missing.length && reached.size > 0;
}

/** Stores a letter in all of many queues if none is full, so that nobody has to know which have it. */
function* storeInMany(
  host: SafeLettersHost,
  letter: Publication,
  found: RouteSearch | Route,
  isFor: (queue: Queue) => boolean,
): Generator<void, boolean> {
  const queues = yield* queuesOf(found);
  const takers: Queue[] = [];
  for (const [at, queue] of queues.entries()) {
    if (at % queuesOfStep === queuesOfStep - 1) yield;
    if (queue.isDeleted || !isFor(queue)) continue;
    if (queue.isFull(letter.bodyLength)) return false;
    takers.push(queue);
  }
  const size = host.sliceSize(letter.bodyLength);
  for (let from = 0; from < takers.length; from += size) {
    const slice = takers.slice(from, from + size).filter((queue) => !queue.isDeleted);
    if (slice.length > 0) host.store(letter, slice);
    yield;
  }
  if (takers.length > 0) host.counters.deadLettered++;
  return takers.length > 0;
}

/** Ends a search. None are found if it takes too many steps. */
function* queuesOf(found: RouteSearch | Route): Generator<void, readonly Queue[]> {
  if (!(found instanceof RouteSearch)) return found.queues;
  try {
    while (!found.run(stepsAtATime)) yield;
  } catch (error) {
    if (error instanceof BrokerError) return [];
    throw error;
  }
  return routeOf(found).queues;
}
