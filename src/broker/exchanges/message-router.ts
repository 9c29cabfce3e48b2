// The routing of messages to queues.

import { type Arguments, noArguments } from '../arguments.ts';
import { BrokerError } from '../errors.ts';
import { formatNumbers, type MessageFormat, plainFormatNumber } from '../format.ts';
import type { Publication } from '../publication.ts';
import type { Vhost } from '../vhost.ts';
import type { Exchange } from './exchange.ts';
import { type Route, RouteCache, type RoutingLimits, routeOf } from './route-cache.ts';
import type { RouteSearch, SearchHost } from './route-search.ts';
import { noExtraKeys } from './sender-keys.ts';

/** Finds the queues of messages in all virtual hosts. */
export class MessageRouter {
  /** The number of steps of the last search; 0 if the route was cached. */
  stepCount = 0;
  readonly #limits: RoutingLimits;
  readonly #formats: (MessageFormat | undefined)[] = [];
  readonly #caches = new Map<Vhost, RouteCache>();
  /** The virtual host and cache of the last message. */
  #lastVhost: Vhost | undefined = undefined;
  #lastCache: RouteCache | undefined = undefined;
  #paused: RouteSearch | undefined = undefined;
  readonly #read: Pick<SearchHost, 'readHeaders' | 'readProperty'> = {
    readHeaders: (publication) => this.#headersOf(publication),
    readProperty: ({ format, head, headStart, headEnd }, name) =>
      this.formatOf(format)?.routedProperty?.(head, headStart, headEnd, name),
  };

  constructor(limits: RoutingLimits, formats: readonly MessageFormat[]) {
    this.#limits = limits;
    for (const format of formats) this.#formats[formatNumbers[format.name]] = format;
  }

  /** The format with a number, ignoring flags. */
  formatOf(number: number): MessageFormat | undefined {
    return this.#formats[plainFormatNumber(number)];
  }

  /**
   * Searches the queues of a message, as far as one turn of the event loop permits.
   *
   * @returns undefined if the search is not complete: {@link takePaused} returns it
   * @throws {BrokerError} `precondition-failed` if too many bindings must be examined
   */
  route(vhost: Vhost, exchange: Exchange, publication: Publication): Route | undefined {
    const { routingKey, extraRoutingKeys, remembered } = publication;
    const last = vhost === this.#lastVhost ? this.#lastCache : undefined;
    const cache = last ?? this.#cache(vhost);
    const isByOne = extraRoutingKeys === noExtraKeys;
    const known = isByOne ? cache.recall(exchange, remembered) : undefined;
    this.stepCount = 0;
    if (known !== undefined) return known;
    const keys = isByOne ? [routingKey] : [routingKey, ...extraRoutingKeys];
    const search = cache.search(exchange, keys, publication);
    const isOver = search.run(this.#limits.routeTurnStepCountMax);
    this.stepCount = search.stepCount;
    if (!isOver) {
      this.#paused = search;
      return undefined;
    }
    const route = routeOf(search);
    if (isByOne && remembered !== undefined && search.isCacheable) {
      cache.remember(exchange, route, remembered);
    }
    return route;
  }

  /**
   * The incomplete search of the last {@link route}.
   *
   * @param copy a copy of the publication, from which the search reads in later turns
   */
  takePaused(copy: Publication): RouteSearch {
    const search = this.#paused as RouteSearch; // set by `route`
    this.#paused = undefined;
    search.keep(copy);
    return search;
  }

  /**
   * Performs the whole search in one turn, for a message that cannot wait.
   *
   * @throws {BrokerError} `precondition-failed` if too many bindings must be examined
   */
  routeAtOnce(vhost: Vhost, exchange: Exchange, publication: Publication): Route {
    const found = this.route(vhost, exchange, publication);
    if (found !== undefined) return found;
    const search = this.takePaused(publication);
    const stepCountMax = this.#limits.routeAtOnceStepCountMax;
    if (!search.run(stepCountMax)) throw search.tooManySteps(stepCountMax);
    this.stepCount = search.stepCount;
    return routeOf(search);
  }

  /** Removes the cache of a deleted virtual host. */
  forget(vhost: Vhost): void {
    this.#caches.delete(vhost);
    this.#lastVhost = undefined;
  }

  #cache(vhost: Vhost): RouteCache {
    let cache = this.#caches.get(vhost);
    if (cache === undefined) {
      cache = new RouteCache(vhost, this.#limits, this.#read);
      this.#caches.set(vhost, cache);
    }
    this.#lastVhost = vhost;
    this.#lastCache = cache;
    return cache;
  }

  #headersOf({ format: number, head, headStart, headEnd }: Publication): Arguments {
    const format = this.formatOf(number);
    if (format === undefined) return noArguments;
    const countMax = this.#limits.routedHeaderCountMax;
    const count = format.headerCount(head, headStart, headEnd);
    if (count <= countMax) return format.headers(head, headStart, headEnd);
    const why = `message has ${count} headers; a headers exchange routes at most ${countMax}`;
    throw new BrokerError('precondition-failed', why);
  }
}
