import { type Arguments, noArguments } from '../arguments.ts';
import { BrokerError } from '../errors.ts';
import { formatNumbers, hasHiddenHeaders, type MessageFormat } from '../format.ts';
import type { Publication } from '../publication.ts';
import type { Vhost } from '../vhost.ts';
import type { Exchange } from './exchange.ts';
import type { RouteSearch } from './route-search.ts';
import { type Route, Router, type RouterLimits, routeOf } from './router.ts';
import { noKeys } from './sender-keys.ts';

/** Finds the queues of messages in every virtual host. */
export class Routing {
  /** Steps that the last search took; 0 where the route was cached. */
  stepCount = 0;
  readonly #limits: RouterLimits;
  readonly #formats: (MessageFormat | undefined)[] = [];
  readonly #routers = new Map<Vhost, Router>();
  /** The virtual host of the last message, and its router. */
  #lastVhost: Vhost | undefined = undefined;
  #lastRouter: Router | undefined = undefined;
  #paused: RouteSearch | undefined = undefined;
  readonly #readHeaders = (publication: Publication): Arguments => this.#headersOf(publication);

  constructor(limits: RouterLimits, formats: readonly MessageFormat[]) {
    this.#limits = limits;
    for (const format of formats) this.#formats[formatNumbers[format.name]] = format;
  }

  /** The format with a number, whatever flags are in it. */
  formatOf(number: number): MessageFormat | undefined {
    return this.#formats[number & ~hasHiddenHeaders];
  }

  /**
   * Searches for the queues of a message, for as long as one turn of the event loop may.
   *
   * @returns undefined where that is not enough: then {@link takePaused} has the search
   * @throws {BrokerError} `precondition-failed` where too many bindings must be looked at
   */
  route(vhost: Vhost, exchange: Exchange, publication: Publication): Route | undefined {
    const { routingKey, moreKeys, remembered } = publication;
    const last = vhost === this.#lastVhost ? this.#lastRouter : undefined;
    const router = last ?? this.#router(vhost);
    const isByOne = moreKeys === noKeys;
    const known = isByOne ? router.recall(exchange, remembered) : undefined;
    this.stepCount = 0;
    if (known !== undefined) return known;
    const keys = isByOne ? [routingKey] : [routingKey, ...moreKeys];
    const search = router.search(exchange, keys, publication);
    const isOver = search.run(this.#limits.routeTurnStepCountMax);
    this.stepCount = search.stepCount;
    if (!isOver) {
      this.#paused = search;
      return undefined;
    }
    const route = routeOf(search);
    if (isByOne && remembered !== undefined && search.isCacheable) {
      router.remember(exchange, route, remembered);
    }
    return route;
  }

  /**
   * The search that the last {@link route} did not finish.
   *
   * @param copy of the publication, which the search may read from in later turns
   */
  takePaused(copy: Publication): RouteSearch {
    const search = this.#paused as RouteSearch; // `route` has left it
    this.#paused = undefined;
    search.keep(copy);
    return search;
  }

  /**
   * The whole search in one turn, for a message that cannot wait for another one.
   *
   * @throws {BrokerError} `precondition-failed` where too many bindings must be looked at
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

  /** A virtual host is gone. */
  forget(vhost: Vhost): void {
    this.#routers.delete(vhost);
    this.#lastVhost = undefined;
  }

  #router(vhost: Vhost): Router {
    let router = this.#routers.get(vhost);
    if (router === undefined) {
      router = new Router(vhost, this.#limits, this.#readHeaders);
      this.#routers.set(vhost, router);
    }
    this.#lastVhost = vhost;
    this.#lastRouter = router;
    return router;
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
