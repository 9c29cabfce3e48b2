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

/** Finds the queues of a message, and remembers them while nothing is bound or unbound. */
export class Router {
  readonly #vhost: Vhost;
  readonly #countMax: number;
  readonly #routes = new Map<Exchange, Map<string, Route>>();
  #version = -1;
  #lastExchange: Exchange | undefined = undefined;
  #lastKey = '';
  #lastRoute: Route | undefined = undefined;

  /** @param countMax routing keys remembered for one exchange */
  constructor(vhost: Vhost, countMax: number) {
    this.#vhost = vhost;
    this.#countMax = countMax;
  }

  /** @param headers only asked where a headers exchange is on the way */
  route(exchange: Exchange, key: string, headers: () => Arguments): Route {
    if (this.#version !== this.#vhost.version) this.#forget();
    else if (exchange === this.#lastExchange && key === this.#lastKey && this.#lastRoute) {
      return this.#lastRoute;
    }
    const known = this.#routes.get(exchange)?.get(key);
    if (known === undefined) return this.#find(exchange, key, headers);
    this.#last(exchange, key, known);
    return known;
  }

  /** The same for a message with several routing keys; such routes are not remembered. */
  routeByAll(exchange: Exchange, keys: readonly string[], headers: () => Arguments): Route {
    return this.#search(exchange, keys, headers).route;
  }

  #last(exchange: Exchange, key: string, route: Route): void {
    this.#lastExchange = exchange;
    this.#lastKey = key;
    this.#lastRoute = route;
  }

  #forget(): void {
    this.#version = this.#vhost.version;
    this.#routes.clear();
    this.#lastExchange = undefined;
    this.#lastRoute = undefined;
  }

  #find(exchange: Exchange, key: string, headers: () => Arguments): Route {
    const { route, usesHeaders } = this.#search(exchange, [key], headers);
    if (!usesHeaders) this.#remember(exchange, key, route);
    return route;
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

  #remember(exchange: Exchange, key: string, route: Route): void {
    const routes = this.#routes.get(exchange) ?? new Map<string, Route>();
    if (routes.size >= this.#countMax) routes.clear();
    this.#routes.set(exchange, routes.set(key, route));
    this.#last(exchange, key, route);
  }
}
