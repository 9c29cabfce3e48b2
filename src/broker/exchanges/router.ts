import type { Window } from '../../storage/window.ts';
import type { Arguments } from '../arguments.ts';
import { BrokerError, describe } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { Queue } from '../queue.ts';
import type { Vhost } from '../vhost.ts';
import type { Destination, Exchange } from './exchange.ts';

/** Where one kind of message goes. */
export interface Route {
  readonly queues: readonly Queue[];
  /** The queues' windows, in the same order. */
  readonly windows: readonly Window[];
}

/**
 * Where messages with one exchange and routing key went last. Whoever publishes keeps one for each
 * such pair, so that a message to a place that is known needs no search.
 */
export interface RememberedRoute {
  target: Exchange | undefined;
  route: Route | undefined;
}

/** The limits that routing keeps. */
export type RouterLimits = Pick<
  Limits,
  'routeCacheCountMax' | 'routeCacheQueueCountMax' | 'routeStepCountMax' | 'routedHeaderCountMax'
>;

/** Finds the queues of a message, and remembers them while nothing is bound or unbound. */
export class Router {
  readonly #vhost: Vhost;
  readonly #limits: RouterLimits;
  readonly #filled = new Set<RememberedRoute>();
  /** Queues in all routes that are remembered. */
  #filledQueueCount = 0;
  #version = -1;
  /** Of the search that is made. */
  #stepsLeft = 0;

  constructor(vhost: Vhost, limits: RouterLimits) {
    this.#vhost = vhost;
    this.#limits = limits;
  }

  /** What is remembered, where it is still right. */
  recall(exchange: Exchange, remembered: RememberedRoute | undefined): Route | undefined {
    if (this.#version !== this.#vhost.version || remembered?.target !== exchange) return undefined;
    return remembered.route;
  }

  /**
   * Searches, and remembers what it finds.
   *
   * @param headers only asked where a headers exchange is on the way
   * @param remembered of this key alone
   * @throws {BrokerError} `precondition-failed` where too many bindings must be looked at
   */
  route(
    exchange: Exchange,
    key: string,
    headers: () => Arguments,
    remembered: RememberedRoute | undefined,
  ): Route {
    if (this.#version !== this.#vhost.version) this.#forget();
    const { route, usesHeaders } = this.#search(exchange, [key], headers);
    if (remembered !== undefined && !usesHeaders) this.#remember(exchange, route, remembered);
    return route;
  }

  /**
   * The same for a message with several routing keys; such routes are not remembered.
   *
   * @throws {BrokerError} `precondition-failed`
   */
  routeByAll(exchange: Exchange, keys: readonly string[], headers: () => Arguments): Route {
    return this.#search(exchange, keys, headers).route;
  }

  #remember(exchange: Exchange, route: Route, remembered: RememberedRoute): void {
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

  /** Queues that are gone are not kept in memory by those who may never publish to them again. */
  #forget(): void {
    this.#version = this.#vhost.version;
    for (const remembered of this.#filled) {
      remembered.target = undefined;
      remembered.route = undefined;
    }
    this.#filled.clear();
    this.#filledQueueCount = 0;
  }

  #search(
    exchange: Exchange,
    keys: readonly string[],
    headers: () => Arguments,
  ): { route: Route; usesHeaders: boolean } {
    const queues = new Set<Queue>();
    const seen = new Set<Exchange>([exchange]);
    let usesHeaders = false;
    this.#stepsLeft = this.#limits.routeStepCountMax;
    // Each exchange is passed once, so bindings in a circle end.
    for (const passed of seen) {
      if (passed.routingType === 'headers') usesHeaders = true;
      let isTaken = false;
      const take = (destination: Destination) => {
        if (destination.isDeleted) return;
        isTaken = true;
        const found: Set<Destination> = destination.kind === 'queue' ? queues : seen;
        // What is found again and again counts, or many keys to many queues would be no work.
        if (found.has(destination)) this.#stepsLeft--;
        else found.add(destination);
      };
      this.#pass(passed, keys, headers, take);
      if (isTaken || typeof passed.alternate?.value !== 'string') continue;
      const alternate = this.#vhost.exchanges.get(passed.alternate.value);
      if (alternate !== undefined) seen.add(alternate);
    }
    const found = [...queues];
    return { route: { queues: found, windows: found.map((queue) => queue.window) }, usesHeaders };
  }

  #pass(
    exchange: Exchange,
    keys: readonly string[],
    headers: () => Arguments,
    take: (destination: Destination) => void,
  ): void {
    for (const key of keys) {
      // Every queue is bound to the default exchange by its name.
      const queue = exchange.name === '' ? this.#vhost.queues.get(key) : undefined;
      if (queue !== undefined) take(queue);
      else this.#stepsLeft -= exchange.route(key, headers, take, this.#stepsLeft);
      if (this.#stepsLeft < 0) throw tooManySteps(exchange, this.#limits.routeStepCountMax);
      if (!exchange.asksForKey) return;
    }
  }
}

function tooManySteps({ name, vhost }: Exchange, countMax: number): BrokerError {
  const why = `more than ${countMax} words or headers would have to be compared with its bindings`;
  const text = `message cannot be routed by ${describe('exchange', name, vhost)}: ${why}`;
  return new BrokerError('precondition-failed', text);
}
