// Publishing of messages.

import { assert } from '../../base/assert.ts';
import type { MessageStore } from '../../storage/message-store.ts';
import type { QueueIndex } from '../../storage/queue-index.ts';
import { DeadLettering } from '../endings/dead-lettering.ts';
import type { Route } from '../exchanges/router.ts';
import type { Routing } from '../exchanges/routing.ts';
import type { Limits } from '../limits.ts';
import type { Publication } from '../publication.ts';
import type { DeathReason, Queue } from '../queue.ts';
import type { Schedules } from '../schedule/schedules.ts';
import type { Counters } from '../statistics.ts';
import type { Delivery } from '../subscription.ts';
import type { Turns } from '../turns/turns.ts';
import type { Vhost } from '../vhost.ts';

/**
 * Maximum number of queues that store a message in one turn. A message for more queues is stored in
 * several records, in as many turns of the event loop.
 */
export const queuesPerSlice = 2048;

/** The result of publishing a message. */
export class Published {
  /** The number of queues that the message was routed to. */
  routed = 0;
  /** Whether a full queue refused it. Other queues may have stored it. */
  isRefused = false;
  /** The group whose sync confirms the message; 0 if no durable queue stored it. */
  group = 0;
  /**
   * Remaining steps before the fields above are final and the next message of the publisher may be
   * published. Undefined unless the message is routed to more than {@link queuesPerSlice} queues.
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
  readonly #routing: Routing;
  readonly #deadLettering: DeadLettering;
  /** The result of the last message. The object is reused, so that publishing does not allocate. */
  readonly #published = new Published();

  constructor(host: PublishingHost, routing: Routing) {
    this.#host = host;
    this.#routing = routing;
    this.#deadLettering = new DeadLettering({
      nowMs: () => host.nowMs(),
      vhost: (name) => host.vhost(name),
      formatOf: (number) => routing.formatOf(number),
      route: (vhost, exchange, letter) => routing.routeOrDrop(vhost, exchange, letter),
      storeDead: (letter, queues) => {
        host.counters.deadLettered++;
        this.storeQuietly(letter, queues);
      },
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
    const route = routed ?? this.#routing.routeAtOnce(vhost, exchange, publication);
    const { queues, indexes } = route;
    const { counters, turns } = this.#host;
    counters.published++;
    if (queues.length > queuesPerSlice) return this.#spread(vhost, publication, route);
    const published = this.#published;
    published.routed = queues.length;
    published.isRefused = false;
    published.group = 0;
    if (queues.length === 0) counters.unrouted++;
    else {
      this.#take(vhost, publication, queues, indexes, published);
      const { background } = turns;
      if (background.isPending) this.#workMeanwhile(published);
    }
    return published;
  }

  /** The result for a delayed message: as if one queue had stored it. */
  #delayed(): Published {
    const published = this.#published;
    published.routed = 1;
    published.isRefused = false;
    published.group = this.#host.store.log.openGroup;
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

  /** Publishes a message on behalf of nobody, in one turn. */
  publishWhole(vhost: Vhost, publication: Publication): void {
    const { rest } = this.publish(vhost, publication, undefined);
    if (rest !== undefined) for (const _ of rest);
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

  /** Starts to store a message in very many queues. */
  #spread(vhost: Vhost, publication: Publication, { queues, indexes }: Route): Published {
    const published = new Published();
    published.routed = queues.length;
    const first = queues.slice(0, queuesPerSlice);
    this.#take(vhost, publication, first, indexes.slice(0, queuesPerSlice), published);
    this.#host.turns.background.spend(queuesPerSlice);
    published.rest = this.#spreadRest(vhost, publication.copy(), queues, published);
    return published;
  }

  *#spreadRest(
    vhost: Vhost,
    publication: Publication,
    queues: readonly Queue[],
    published: Published,
  ): Generator<void> {
    for (let from = queuesPerSlice; from < queues.length; from += queuesPerSlice) {
      yield;
      const some = queues.slice(from, from + queuesPerSlice).filter((queue) => !queue.isDeleted);
      const indexes = some.map((queue) => queue.index);
      this.#take(vhost, publication, some, indexes, published);
      this.#host.turns.background.spend(queuesPerSlice);
    }
  }

  /** Returns the group that contains the message; 0 if it is not stored in the log. */
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
    this.#deadLettering.refused(vhost, publication, full);
    return takers;
  }

  /** Publishes a dead letter to the dead letter exchange of its queue. */
  deadLetter(queue: Queue, view: Delivery, reason: DeathReason): void {
    try {
      this.#deadLettering.died(queue, view, reason);
    } catch (error) {
      // A dead letter that is lost because of a bug must not block those behind it.
      this.#host.letterLost(error, queue.name);
    }
  }

  /** Stores a message in queues without checking their limits. */
  storeQuietly(publication: Publication, queues: readonly Queue[]): void {
    const indexes = queues.map((queue) => queue.index);
    this.#store(publication, queues, indexes);
  }
}
