import { type Arguments, noArguments } from '../arguments.ts';
import { BrokerError } from '../errors.ts';
import { formatNumbers, hasHiddenHeaders, type MessageFormat } from '../format.ts';
import type { Publication } from '../publication.ts';
import type { Vhost } from '../vhost.ts';
import type { Exchange } from './exchange.ts';
import { type Route, Router, type RouterLimits } from './router.ts';
import { noKeys } from './sender-keys.ts';

const nowhere: Route = { queues: [], windows: [] };

/** Finds the queues of messages in every virtual host. */
export class Routing {
  readonly #limits: RouterLimits;
  readonly #formats: (MessageFormat | undefined)[] = [];
  readonly #routers = new Map<Vhost, Router>();
  /** The virtual host of the last message, and its router. */
  #lastVhost: Vhost | undefined = undefined;
  #lastRouter: Router | undefined = undefined;
  /** Asked by headers exchanges only, so that routing needs no closure a message. */
  #asked: Publication | undefined = undefined;
  /** Its headers, read at most once. */
  #askedHeaders: Arguments | undefined = undefined;
  readonly #headers = (): Arguments => this.#askHeaders();

  constructor(limits: RouterLimits, formats: readonly MessageFormat[]) {
    this.#limits = limits;
    for (const format of formats) this.#formats[formatNumbers[format.name]] = format;
  }

  /** The format with a number, whatever flags are in it. */
  formatOf(number: number): MessageFormat | undefined {
    return this.#formats[number & ~hasHiddenHeaders];
  }

  /** @throws {BrokerError} `precondition-failed` where too many bindings must be looked at */
  route(vhost: Vhost, exchange: Exchange, publication: Publication): Route {
    const { routingKey, moreKeys, remembered } = publication;
    const last = vhost === this.#lastVhost ? this.#lastRouter : undefined;
    const router = last ?? this.#router(vhost);
    const isByOne = moreKeys === noKeys;
    const known = isByOne ? router.recall(exchange, remembered) : undefined;
    if (known !== undefined) return known;
    this.#asked = publication;
    this.#askedHeaders = undefined;
    if (isByOne) return router.route(exchange, routingKey, this.#headers, remembered);
    return router.routeByAll(exchange, [routingKey, ...moreKeys], this.#headers);
  }

  /** The same for a dead letter, which nobody is told of: it goes nowhere where it would be refused. */
  routeOrDrop(vhost: Vhost, exchange: Exchange, publication: Publication): Route {
    try {
      return this.route(vhost, exchange, publication);
    } catch (error) {
      if (error instanceof BrokerError) return nowhere;
      throw error;
    }
  }

  /** A virtual host is gone. */
  forget(vhost: Vhost): void {
    this.#routers.delete(vhost);
    this.#lastVhost = undefined;
  }

  #router(vhost: Vhost): Router {
    let router = this.#routers.get(vhost);
    if (router === undefined) {
      router = new Router(vhost, this.#limits);
      this.#routers.set(vhost, router);
    }
    this.#lastVhost = vhost;
    this.#lastRouter = router;
    return router;
  }

  #askHeaders(): Arguments {
    const asked = this.#asked;
    if (asked === undefined) return noArguments;
    this.#askedHeaders ??= this.#readHeaders(asked);
    return this.#askedHeaders;
  }

  #readHeaders({ format: number, head, headStart, headEnd }: Publication): Arguments {
    const format = this.formatOf(number);
    if (format === undefined) return noArguments;
    const countMax = this.#limits.routedHeaderCountMax;
    const count = format.headerCount(head, headStart, headEnd);
    if (count <= countMax) return format.headers(head, headStart, headEnd);
    const why = `message has ${count} headers; a headers exchange routes at most ${countMax}`;
    throw new BrokerError('precondition-failed', why);
  }
}
