import type { Window } from '../../storage/window.ts';
import type { Arguments } from '../arguments.ts';
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

/** Finds the queues of a message, and remembers them while nothing is bound or unbound. */
export class Router {
  readonly #vhost: Vhost;
  readonly #countMax: number;
  readonly #filled = new Set<RememberedRoute>();
  #version = -1;

  /** @param countMax routes remembered */
  constructor(vhost: Vhost, countMax: number) {
    this.#vhost = vhost;
    this.#countMax = countMax;
  }

  /**
   * @param headers only asked where a headers exchange is on the way
   * @param remembered of this key alone
   */
  route(
    exchange: Exchange,
    key: string,
    headers: () => Arguments,
    remembered: RememberedRoute | undefined,
  ): Route {
    if (this.#version !== this.#vhost.version) this.#forget();
    else if (remembered?.target === exchange && remembered.route !== undefined) {
      return remembered.route;
    }
    const { route, usesHeaders } = this.#search(exchange, [key], headers);
    if (remembered !== undefined && !usesHeaders) this.#remember(exchange, route, remembered);
    return route;
  }

  /** The same for a message with several routing keys; such routes are not remembered. */
  routeByAll(exchange: Exchange, keys: readonly string[], headers: () => Arguments): Route {
    return this.#search(exchange, keys, headers).route;
  }

  #remember(exchange: Exchange, route: Route, remembered: RememberedRoute): void {
    if (this.#filled.size >= this.#countMax) this.#forget();
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
  }

  #search(
    exchange: Exchange,
    keys: readonly string[],
    headers: () => Arguments,
  ): { route: Route; usesHeaders: boolean } {
    const queues = new Set<Queue>();
    const seen = new Set<Exchange>([exchange]);
    let usesHeaders = false;
    // Each exchange is passed once, so bindings in a circle end.
    for (const passed of seen) {
      if (passed.type === 'headers') usesHeaders = true;
      let isTaken = false;
      const take = (destination: Destination) => {
        isTaken = true;
        if (destination.kind === 'queue') queues.add(destination);
        else seen.add(destination);
      };
      for (const key of keys) this.#pass(passed, key, headers, take);
      if (isTaken || typeof passed.alternate?.value !== 'string') continue;
      const alternate = this.#vhost.exchanges.get(passed.alternate.value);
      if (alternate !== undefined) seen.add(alternate);
    }
    const found = [...queues];
    return { route: { queues: found, windows: found.map((queue) => queue.window) }, usesHeaders };
  }

  #pass(
    exchange: Exchange,
    key: string,
    headers: () => Arguments,
    take: (destination: Destination) => void,
  ): void {
    // Every queue is bound to the default exchange by its name.
    const queue = exchange.name === '' ? this.#vhost.queues.get(key) : undefined;
    if (queue !== undefined) take(queue);
    else exchange.route(key, headers, take);
  }
}
