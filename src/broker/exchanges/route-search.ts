// The search for the queues of a message.

import type { QueueIndex } from '../../storage/queue-index.ts';
import type { Arguments } from '../arguments.ts';
import { BrokerError, describe } from '../errors.ts';
import type { RoutedProperty } from '../format.ts';
import type { PatternSearch } from '../patterns/pattern-search.ts';
import type { Publication } from '../publication.ts';
import type { Queue } from '../queue.ts';
import type { Vhost } from '../vhost.ts';
import type { Destination } from './binding.ts';
import type { Exchange } from './exchange.ts';

/** Maximum number of destinations taken in one step. */
const listedCountMax = 256;

/** Number of search steps in one step of a background job. */
export const stepsAtATime = 20;

/** The interface to the virtual host. */
export interface SearchHost {
  readonly vhost: Vhost;
  /** The number of steps after which a message is refused. */
  readonly stepCountMax: number;
  /** @throws {BrokerError} `precondition-failed` if there are too many headers */
  readHeaders(publication: Publication): Arguments;
  /** A property of the message as text; undefined if it has none. */
  readProperty(publication: Publication, name: RoutedProperty): string | undefined;
}

/**
 * Searches the queues of one message through exchanges that are bound to each other. The search can
 * pause after any number of steps and continue later. Bindings that change in the meantime may or
 * may not be used.
 */
export class RouteSearch implements PatternSearch<Destination> {
  /** The routing key for the current exchange. */
  routingKey = '';
  /** Whether the route depends only on the exchange and the routing key. */
  isCacheable = true;
  /** The number of words, headers and destinations examined so far. */
  stepCount = 0;
  /** The queues found. */
  readonly queues: Queue[] = [];
  /** The indexes of the queues found, in the same order. */
  readonly indexes: QueueIndex[] = [];
  /** Whether the search was interrupted, so that queues that it found may have been deleted. */
  isInterrupted = false;
  readonly #queues = new Set<Queue>();
  readonly #exchanges = new Set<Exchange>();
  readonly #host: SearchHost;
  readonly #keys: readonly string[];
  #publication: Publication;
  #headers: Arguments | undefined = undefined;
  /** Exchanges that are still to be examined. */
  readonly #waiting: Iterator<Exchange, undefined>;
  #exchange: Exchange | undefined;
  #keyAt = 0;
  /** Whether the current exchange has had a match. */
  #hasMatch = false;
  /** The remaining work of the current exchange. */
  #rest: Generator<void> | undefined = undefined;
  #pauseAt = 0;

  /** @param keys at least one */
  constructor(
    host: SearchHost,
    exchange: Exchange,
    keys: readonly string[],
    publication: Publication,
  ) {
    this.#host = host;
    this.#keys = keys;
    this.#publication = publication;
    this.#exchanges.add(exchange);
    // Iterating a growing set reaches all its elements. Each exchange is visited once, so cycles
    // end.
    this.#waiting = this.#exchanges.values();
    this.#exchange = this.#waiting.next().value;
  }

  /** Continues the search in later turns. From now on it reads the message from this copy. */
  keep(copy: Publication): void {
    this.#publication = copy;
    this.isInterrupted = true;
  }

  /** The headers of the message, decoded at most once. */
  headers(): Arguments {
    this.#headers ??= this.#host.readHeaders(this.#publication);
    return this.#headers;
  }

  /** A property of the message as text; undefined if it has none. */
  property(name: RoutedProperty): string | undefined {
    return this.#host.readProperty(this.#publication, name);
  }

  /** A copy of the message that owns its bytes, as it was sent to the current exchange. */
  copyOfMessage(): Publication {
    const copy = this.#publication.copy();
    copy.remembered = undefined;
    return copy;
  }

  /**
   * Continues the search.
   *
   * @param stepCount the approximate number of steps
   * @returns whether the search is complete
   * @throws {BrokerError} `precondition-failed` if it takes more steps than allowed
   */
  run(stepCount: number): boolean {
    this.#pauseAt = this.stepCount + stepCount;
    for (;;) {
      if (this.#rest?.next().done === false) return false;
      this.#rest = undefined;
      const exchange = this.#exchange;
      if (exchange === undefined) return true;
      this.#next(exchange);
      if (this.#keyAt > 1 && this.spend(1)) return false;
    }
  }

  /** Examines an exchange with the next key, or completes it. */
  #next(exchange: Exchange): void {
    const key = this.#keys[this.#keyAt];
    if (key === undefined || (this.#keyAt > 0 && !exchange.routing.usesKey)) {
      this.#leave(exchange);
      return;
    }
    this.#keyAt++;
    this.routingKey = key;
    if (!exchange.routing.isCacheable) this.isCacheable = false;
    // Every queue is implicitly bound to the default exchange.
    const queue = exchange.name === '' ? this.#host.vhost.queues.get(key) : undefined;
    if (queue !== undefined) this.take(queue);
    else this.#rest = exchange.match(this);
  }

  #leave(exchange: Exchange): void {
    const { alternate } = exchange;
    if (!this.#hasMatch && alternate !== undefined) {
      const found = this.#host.vhost.exchanges.get(alternate);
      if (found !== undefined) this.#exchanges.add(found);
    }
    this.#hasMatch = false;
    this.#keyAt = 0;
    this.#exchange = this.#waiting.next().value;
  }

  /** Adds a destination. */
  take(destination: Destination): void {
    if (destination.isDeleted) return;
    this.#hasMatch = true;
    if (destination.kind === 'queue') this.#takeQueue(destination);
    else this.#exchanges.add(destination);
  }

  /** Fills the lists together with the set, so that the last step of a search is not longer. */
  #takeQueue(queue: Queue): void {
    const { size } = this.#queues;
    this.#queues.add(queue);
    if (this.#queues.size === size) return;
    this.queues.push(queue);
    this.indexes.push(queue.index);
  }

  /** Whether the current exchange has already matched a binding to this destination. */
  hasTaken(destination: Destination): boolean {
    if (!this.#hasMatch) return false;
    const taken: Set<Destination> = destination.kind === 'queue' ? this.#queues : this.#exchanges;
    return taken.has(destination);
  }

  takeAll(destinations: Iterable<Destination>, count: number): Generator<void> | undefined {
    if (count > listedCountMax) return this.#takeSome(destinations);
    for (const destination of destinations) this.take(destination);
    this.spend(count - 1);
    return undefined;
  }

  *#takeSome(destinations: Iterable<Destination>): Generator<void> {
    for (const destination of destinations) {
      this.take(destination);
      if (this.spend(1)) yield;
    }
  }

  spend(stepCount: number): boolean {
    this.stepCount += stepCount;
    const { stepCountMax } = this.#host;
    if (this.stepCount > stepCountMax) throw this.tooManySteps(stepCountMax);
    return this.stepCount >= this.#pauseAt;
  }

  /** The error for an abandoned search. */
  tooManySteps(stepCountMax: number): BrokerError {
    const { name, vhost } = this.#exchange as Exchange; // an exchange is being examined
    const why = `more than ${stepCountMax} words or headers would have to be compared with its bindings`;
    const text = `message cannot be routed by ${describe('exchange', name, vhost)}: ${why}`;
    return new BrokerError('precondition-failed', text);
  }
}
