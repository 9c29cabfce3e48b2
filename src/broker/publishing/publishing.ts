// Publishing of messages.

import { assert } from '../../base/assert.ts';
import type { MessageStore } from '../../storage/message-store.ts';
import type { QueueIndex } from '../../storage/queue-index.ts';
import type { DeadLetter } from '../dead-lettering/dead-letter.ts';
import { DeadLetterRouter, type SafeLetter } from '../dead-lettering/dead-letter-router.ts';
import { BrokerError } from '../errors.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { MessageRouter } from '../exchanges/message-router.ts';
import { nowhere, type Route, routeOf, wideCountMin } from '../exchanges/route-cache.ts';
import { RouteSearch, stepsAtATime } from '../exchanges/route-search.ts';
import type { Limits } from '../limits.ts';
import type { Publication } from '../publication.ts';
import type { DeathReason, Queue } from '../queue.ts';
import type { Schedules } from '../schedule/schedules.ts';
import type { Counters } from '../statistics.ts';
import type { Delivery } from '../subscription.ts';
import type { Turns } from '../turns/turns.ts';
import type { Vhost } from '../vhost.ts';
import { LongPublishes } from './long-publishes.ts';
import { publishLetterSafely, type SafeLettersHost } from './safe-letters.ts';

/**
 * Number of queues in a slice. A message for more queues is stored slice by slice, in several turns
 * of the event loop, with one record per slice. Each record contains the body, so a message with a
 * large body has larger slices.
 */
export const queuesPerSlice: number = wideCountMin;
/** Maximum number of queues in a slice of a message with a large body. */
const queuesPerSliceMax = 2048;
/** Bytes of the body per queue of a slice: a slice has at least the body size divided by this. */
const bodyBytesPerQueue = 64;

/** Units of work for adding a message to a queue. */
const queueUnits = 8;
/** Bytes of a body per unit of work. The body is copied and later sealed. */
const bodyBytesOfUnit = 2048;

/** The result of publishing a message. */
export class Published {
  /** The number of queues that the message was routed to. */
  routed = 0;
  /** Whether a full queue refused it. Other queues may have stored it. */
  isRefused = false;
  /** The group whose sync confirms the message; 0 if no durable queue stored it. */
  group = 0;
  /**
   * The remaining steps. The caller must complete them before it uses the fields above, and before
   * it publishes the next message of the publisher. Undefined if there are none, which is so unless
   * the message or its dead letters go to more than {@link queuesPerSlice} queues.
   */
  rest: Iterable<void> | undefined = undefined;
}

/** The interface to the broker. */
export interface PublishingHost {
  readonly store: MessageStore;
  readonly limits: Limits;
  readonly counters: Counters;
  readonly schedules: Schedules;
  readonly turns: Turns;
  nowMs(): number;
  vhost(name: string): Vhost;
  /** Pauses publishers if the log is behind. */
  pauseIfBehind(): void;
  /** Reports a dead letter that was lost because of a bug. */
  letterLost(error: unknown, queue: string): void;
}

/** Routes and stores the messages of clients, and dead letters. */
export class Publishing {
  readonly #host: PublishingHost;
  readonly #router: MessageRouter;
  readonly #deadLetterRouter: DeadLetterRouter;
  /** Publishes that no publisher waits for and that take several turns. */
  readonly longPublishes: LongPublishes;
  /** The result for the last message. It is reused, so that a message costs no allocation. */
  readonly #published = new Published();
  readonly #safeHost: SafeLettersHost;

  constructor(host: PublishingHost, router: MessageRouter) {
    this.#host = host;
    this.#router = router;
    const { store, turns } = host;
    this.longPublishes = new LongPublishes({ store, background: turns.background });
    this.#safeHost = {
      router,
      longPublishes: this.longPublishes,
      counters: host.counters,
      spend: (units) => turns.background.spend(units),
      sliceSize,
      store: (letter, queues) => this.storeQuietly(letter, queues),
    };
    this.#deadLetterRouter = new DeadLetterRouter({
      nowMs: () => host.nowMs(),
      vhost: (name) => host.vhost(name),
      formatOf: (number) => router.formatOf(number),
      publish: (vhost, letter, isFor) => this.#publishLetter(vhost, letter, isFor),
      publishSafely: (...of) => publishLetterSafely(this.#safeHost, ...of),
      retry: (queue, view) => host.schedules.retry(queue, view),
      delay: (vhost, letter) => host.schedules.delayLetter(vhost, letter),
      spend: (units) => host.turns.background.spend(units),
    });
  }

  /** See `Broker.publish`. */
  publish(vhost: Vhost, publication: Publication, routed: Route | undefined): Published {
    const { exchange } = publication;
    assert(exchange !== undefined, 'a publication has no exchange');
    if (exchange.isDelayed && this.#host.schedules.delay(vhost, publication))
      return this.#delayed();
    const route = routed ?? this.#router.routeAtOnce(vhost, exchange, publication);
    const published = this.#publishTo(vhost, publication, route);
    if (published.rest === undefined && !published.isRefused) return published;
    return this.#withLetters(published);
  }

  /**
   * Adds the dead letters of full queues that take several turns to the remaining steps. The
   * publisher waits for them, because it could otherwise create them without limit.
   */
  #withLetters(published: Published): Published {
    const { routed, isRefused, group, rest } = published;
    if (rest === undefined && !this.longPublishes.isBusy) return published;
    const all = rest === undefined ? new Published() : published;
    all.routed = routed;
    all.isRefused = isRefused;
    all.group = group;
    all.rest = this.#restWithLetters(all, rest ?? []);
    return all;
  }

  *#restWithLetters(published: Published, rest: Iterable<void>): Generator<void> {
    yield* rest;
    if (published.isRefused) yield* this.longPublishes.untilIdle();
  }

  #publishTo(vhost: Vhost, publication: Publication, route: Route): Published {
    const { queues, indexes } = route;
    const { counters, turns } = this.#host;
    if (counters.published++ === 0) turns.beginMessages();
    if (queues.length > wideCountMin) return this.#spread(vhost, publication, route);
    const published = this.#published;
    published.routed = queues.length;
    published.isRefused = false;
    published.group = 0;
    if (queues.length === 0) this.#publishNowhere(vhost, publication, route, published);
    else {
      this.#take(vhost, publication, queues, indexes, published);
      const { background } = turns;
      if (background.isPending) this.#workMeanwhile(published);
    }
    return published;
  }

  /** A message without a queue is scheduled, or is dropped. */
  #publishNowhere(
    vhost: Vhost,
    publication: Publication,
    { timing }: Route,
    published: Published,
  ): void {
    if (timing === undefined) {
      this.#host.counters.unrouted++;
      return;
    }
    this.#host.schedules.of(vhost.name).add(publication, timing);
    published.routed = 1;
    published.group = this.#host.store.log.appendedGroup;
    this.#host.pauseIfBehind();
  }

  /** The result for a delayed message: as if one queue had stored it. */
  #delayed(): Published {
    const published = this.#published;
    published.routed = 1;
    published.isRefused = false;
    published.group = this.#host.store.log.appendedGroup;
    return published;
  }

  /**
   * Performs at least one piece of background work, so that publishers cannot create work faster
   * than turns perform it.
   */
  #workMeanwhile(published: Published): void {
    const { routed, isRefused, group } = published;
    this.#host.turns.background.work(1);
    // The background work may have published messages itself.
    published.routed = routed;
    published.isRefused = isRefused;
    published.group = group;
  }

  /**
   * Publishes a message that no publisher waits for, in steps.
   *
   * @param publication owns its bytes
   * @throws {BrokerError} `precondition-failed` if too many bindings must be examined
   */
  *publishInSteps(vhost: Vhost, publication: Publication): Generator<void> {
    const { exchange } = publication;
    assert(exchange !== undefined, 'a publication has no exchange');
    if (exchange.isDelayed && this.#host.schedules.delay(vhost, publication)) return;
    if (vhost.unawaited?.prepare(publication) === true) return;
    yield* this.#routeInSteps(vhost, exchange, publication);
  }

  *#routeInSteps(vhost: Vhost, exchange: Exchange, publication: Publication): Generator<void> {
    let route = this.#router.route(vhost, exchange, publication);
    if (route === undefined) {
      const search = this.#router.takePaused(publication);
      while (!search.run(stepsAtATime)) yield;
      route = routeOf(search);
    }
    const { rest } = this.#publishTo(vhost, publication, wantedPart(vhost, publication, route));
    if (rest !== undefined) yield* rest;
  }

  /**
   * Publishes a message that no publisher waits for: at once if it has few queues, otherwise in the
   * background. A delayed exchange does not delay it again.
   */
  publishUnawaited(vhost: Vhost, publication: Publication): void {
    const { exchange } = publication;
    assert(exchange !== undefined, 'a publication has no exchange');
    if (vhost.unawaited?.prepare(publication) === true) return;
    const route = this.#router.route(vhost, exchange, publication);
    if (route !== undefined && route.queues.length <= wideCountMin) {
      this.#publishTo(vhost, publication, wantedPart(vhost, publication, route));
      return;
    }
    if (route === undefined) this.#router.takePaused(publication); // the background job starts a new search
    this.longPublishes.start(this.#unawaited(vhost, exchange, publication.copy()));
  }

  *#unawaited(vhost: Vhost, exchange: Exchange, publication: Publication): Generator<void> {
    try {
      yield* this.#routeInSteps(vhost, exchange, publication);
    } catch (error) {
      // No publisher waits for the error.
      if (!(error instanceof BrokerError)) this.#host.letterLost(error, vhost.name);
    }
  }

  /** Publishes a dead letter to those queues of its exchange for which `isFor` returns true. */
  #publishLetter(vhost: Vhost, letter: DeadLetter, isFor: (queue: Queue) => boolean): void {
    const { exchange } = letter;
    assert(exchange !== undefined, 'a dead letter has no exchange');
    let route: Route | undefined;
    try {
      route = this.#router.route(vhost, exchange, letter);
    } catch (error) {
      // No publisher waits for the error.
      if (error instanceof BrokerError) return;
      throw error;
    }
    if (route === undefined || route.queues.length > wideCountMin) {
      const kept = letter.copy();
      const search = route === undefined ? this.#router.takePaused(kept) : undefined;
      this.longPublishes.start(this.#spreadLetter(vhost, kept, search ?? route, isFor));
      return;
    }
    this.#host.turns.background.spend(route.queues.length);
    const takers = wantedPart(vhost, letter, route).queues.filter(isFor);
    if (takers.length === 0) return;
    this.#host.counters.deadLettered++;
    this.storeQuietly(letter, takers);
  }

  *#spreadLetter(
    vhost: Vhost,
    letter: Publication,
    found: RouteSearch | Route | undefined,
    isFor: (queue: Queue) => boolean,
  ): Generator<void> {
    if (found instanceof RouteSearch) {
      try {
        while (!found.run(stepsAtATime)) yield;
      } catch (error) {
        if (error instanceof BrokerError) return;
        throw error;
      }
    }
    const { queues } = wantedPart(vhost, letter, found ?? nowhere);
    const size = sliceSize(letter.bodyLength);
    let isTaken = false;
    for (let from = 0; from < queues.length; from += size) {
      const slice = queues.slice(from, from + size);
      const takers = slice.filter((queue) => !queue.isDeleted && isFor(queue));
      this.#host.turns.background.spend(sliceUnits(slice.length, letter.bodyLength));
      if (takers.length > 0) this.storeQuietly(letter, takers);
      if (takers.length > 0 && !isTaken) this.#host.counters.deadLettered++;
      isTaken ||= takers.length > 0;
      yield;
    }
  }

  /** Stores a message in queues, except for full ones. */
  #take(
    vhost: Vhost,
    publication: Publication,
    all: readonly Queue[],
    allIndexes: readonly QueueIndex[],
    published: Published,
  ): void {
    let queues = all;
    let indexes = allIndexes;
    for (const queue of all) {
      if (!queue.isFull(publication.bodyLength)) continue;
      queues = this.#refuse(vhost, publication, all);
      indexes = queues.map((taker) => taker.index);
      if (!published.isRefused) this.#host.counters.refused++;
      published.isRefused = true;
      break;
    }
    if (queues.length === 0) return;
    const group = this.#store(publication, queues, indexes);
    if (group > published.group) published.group = group;
  }

  /** Stores the first slice of a message for many queues. The others are the remaining steps. */
  #spread(vhost: Vhost, publication: Publication, { queues }: Route): Published {
    const published = new Published();
    published.routed = queues.length;
    const size = sliceSize(publication.bodyLength);
    this.#takeSlice(vhost, publication, queues.slice(0, size), published);
    published.rest = this.#spreadRest(vhost, publication.copy(), queues, published);
    return published;
  }

  *#spreadRest(
    vhost: Vhost,
    publication: Publication,
    queues: readonly Queue[],
    published: Published,
  ): Generator<void> {
    const size = sliceSize(publication.bodyLength);
    for (let from = size; from < queues.length; from += size) {
      yield;
      this.#takeSlice(vhost, publication, queues.slice(from, from + size), published);
    }
  }

  #takeSlice(
    vhost: Vhost,
    publication: Publication,
    slice: readonly Queue[],
    published: Published,
  ): void {
    const living = slice.filter((queue) => !queue.isDeleted);
    const indexes = living.map((queue) => queue.index);
    this.#take(vhost, publication, living, indexes, published);
    this.#host.turns.background.spend(sliceUnits(slice.length, publication.bodyLength));
  }

  /** Returns the group that contains the message; 0 if it is not in the log. */
  #store(
    publication: Publication,
    queues: readonly Queue[],
    indexes: readonly QueueIndex[],
  ): number {
    const { store } = this.#host;
    const nowMs = this.#host.nowMs();
    const { expirationMs, isPersistent, bodyLength } = publication;
    const expiresAtMs = expirationMs < 0 ? Infinity : nowMs + expirationMs;
    const { log } = store;
    const block = store.append(publication, indexes, isPersistent, nowMs, expiresAtMs);
    const group = block.transient ? 0 : log.openGroup;
    for (const queue of queues) queue.enqueued(bodyLength);
    for (const queue of queues) queue.enforceLimit();
    if (group > 0) this.#host.pauseIfBehind();
    return group;
  }

  /** Handles full queues, and returns the others. */
  #refuse(vhost: Vhost, publication: Publication, queues: readonly Queue[]): readonly Queue[] {
    const full: Queue[] = [];
    const takers: Queue[] = [];
    for (const queue of queues) {
      if (queue.isFull(publication.bodyLength)) full.push(queue);
      else takers.push(queue);
    }
    this.#deadLetterRouter.deadLetterRefused(vhost, publication, full);
    return takers;
  }

  /** Publishes a dead letter to the dead letter exchange of its queue. */
  deadLetter(queue: Queue, view: Delivery, reason: DeathReason): void {
    try {
      this.#deadLetterRouter.deadLetter(queue, view, reason);
    } catch (error) {
      // A dead letter that is lost because of a bug must not block those behind it.
      this.#host.letterLost(error, queue.name);
    }
  }

  /** See `QueueHost.deadLetterSafely`. */
  deadLetterSafely(...of: SafeLetter): boolean {
    try {
      return this.#deadLetterRouter.deadLetterSafely(...of);
    } catch (error) {
      // It stays, and does not block those behind it.
      const [queue, , , progress] = of;
      this.#host.letterLost(error, queue.name);
      progress.ended(false);
      return false;
    }
  }

  /** Stores a message in queues without checking their limits. */
  storeQuietly(publication: Publication, queues: readonly Queue[]): void {
    const indexes = queues.map((queue) => queue.index);
    this.#store(publication, queues, indexes);
  }
}

/** Returns the part of a route that a filter of the virtual host permits. */
function wantedPart(vhost: Vhost, publication: Publication, found: RouteSearch | Route): Route {
  const route = found instanceof RouteSearch ? routeOf(found) : found;
  return vhost.unawaited?.filter(route, publication) ?? route;
}

/** The number of queues in a slice of a message with a body of this length. */
function sliceSize(bodyLength: number): number {
  const wanted = Math.floor(bodyLength / bodyBytesPerQueue);
  return Math.min(queuesPerSliceMax, Math.max(queuesPerSlice, wanted));
}

/** Units of work for storing a message in a number of queues. */
function sliceUnits(queueCount: number, bodyLength: number): number {
  return queueCount * queueUnits + Math.floor(bodyLength / bodyBytesOfUnit);
}
