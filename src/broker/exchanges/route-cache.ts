// The cache of routes in a virtual host.

import type { QueueIndex } from '../../storage/queue-index.ts';
import type { Limits } from '../limits.ts';
import type { Publication } from '../publication.ts';
import type { Queue } from '../queue.ts';
import type { Timing } from '../schedule/job.ts';
import type { Vhost } from '../vhost.ts';
import type { Exchange } from './exchange.ts';
import { RouteSearch, type SearchHost } from './route-search.ts';

/** The route of a message: its queues. */
export interface Route {
  readonly queues: readonly Queue[];
  /** The indexes of the queues, in the same order. */
  readonly indexes: readonly QueueIndex[];
  /** When the message is to be routed, instead of now. There are no queues then. */
  readonly timing?: Timing;
}

/** The route of an unroutable message. */
export const nowhere: Route = { queues: [], indexes: [] };

/**
 * The last route for one exchange and routing key. Publishers keep one for each such pair, so that
 * further messages need no search.
 */
export interface RememberedRoute {
  target: Exchange | undefined;
  route: Route | undefined;
}

/** The limits of routing. */
export type RoutingLimits = Pick<
  Limits,
  | 'routeCacheCountMax'
  | 'routeCacheQueueCountMax'
  | 'routeStepCountMax'
  | 'routeTurnStepCountMax'
  | 'routeAtOnceStepCountMax'
  | 'routedHeaderCountMax'
>;

/** The cached routes of one virtual host, which are valid until bindings change. */
export class RouteCache {
  readonly #vhost: Vhost;
  readonly #limits: RoutingLimits;
  readonly #searchHost: SearchHost;
  readonly #filled = new Set<RememberedRoute>();
  /** The number of queues in all cached routes. */
  #filledQueueCount = 0;
  #version = -1;

  constructor(
    vhost: Vhost,
    limits: RoutingLimits,
    read: Pick<SearchHost, 'readHeaders' | 'readProperty'>,
  ) {
    this.#vhost = vhost;
    this.#limits = limits;
    this.#searchHost = { vhost, stepCountMax: limits.routeStepCountMax, ...read };
  }

  /** Returns the cached route if it is still valid. */
  recall(exchange: Exchange, remembered: RememberedRoute | undefined): Route | undefined {
    if (this.#version !== this.#vhost.version || remembered?.target !== exchange) return undefined;
    return remembered.route;
  }

  /** Creates a search for the queues of a message. */
  search(exchange: Exchange, keys: readonly string[], publication: Publication): RouteSearch {
    return new RouteSearch(this.#searchHost, exchange, keys, publication);
  }

  /**
   * Caches a route that was found without a pause.
   *
   * @param remembered the cache entry of the message's only key
   */
  remember(exchange: Exchange, route: Route, remembered: RememberedRoute): void {
    if (this.#version !== this.#vhost.version) this.#forget();
    const { routeCacheCountMax, routeCacheQueueCountMax } = this.#limits;
    const queueCount = this.#filledQueueCount + route.queues.length;
    if (this.#filled.size >= routeCacheCountMax || queueCount > routeCacheQueueCountMax) {
      this.#forget();
    }
    if (route.queues.length > routeCacheQueueCountMax) return;
    this.#filledQueueCount += route.queues.length;
    remembered.target = exchange;
    remembered.route = route;
    this.#filled.add(remembered);
  }

  /** Drops cached routes, which could keep deleted queues in memory. */
  #forget(): void {
    this.#version = this.#vhost.version;
    for (const remembered of this.#filled) {
      remembered.target = undefined;
      remembered.route = undefined;
    }
    this.#filled.clear();
    this.#filledQueueCount = 0;
  }
}

/**
 * A message whose route has more queues than this is stored in slices, in several turns of the event
 * loop. Each slice omits the queues that have been deleted by then.
 */
export const wideCountMin = 256;

/** The route that a completed search has found, without deleted queues; see {@link livingRoute}. */
export function routeOf({ queues, indexes, isInterrupted }: RouteSearch): Route {
  const route = { queues, indexes };
  return isInterrupted ? livingRoute(route) : route;
}

/** Removes deleted queues from a route, unless it is stored in slices, which omit them. */
export function livingRoute(route: Route): Route {
  if (route.queues.length > wideCountMin) return route;
  if (route.queues.every((queue) => !queue.isDeleted)) return route;
  const queues = route.queues.filter((queue) => !queue.isDeleted);
  return { queues, indexes: queues.map((queue) => queue.index) };
}
