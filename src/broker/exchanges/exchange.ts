import type { Argument, Arguments } from '../arguments.ts';
import { canonicalArguments } from '../arguments.ts';
import { BrokerError } from '../errors.ts';
import type { Queue } from '../queue.ts';
import { Counted } from './counted.ts';
import { HeadersMatch } from './headers.ts';
import { TopicTree } from './topic-tree.ts';

/** Every way in which an exchange can route. */
const routingTypes: readonly string[] = ['direct', 'fanout', 'topic', 'headers'];

/** What a binding may point to. */
export type Destination = Queue | Exchange;
/** How an exchange chooses among its bindings. */
export type RoutingType = 'direct' | 'fanout' | 'topic' | 'headers';
/** What an exchange is declared as: how it routes, or that it also delays. */
export type ExchangeType = RoutingType | 'x-delayed-message';
/** Every type of exchange there is. */
export const exchangeTypes: readonly string[] = [...routingTypes, 'x-delayed-message'];

/** What a declaration says of an exchange. */
export interface ExchangeOptions {
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: Arguments;
}

/** One binding: messages of the exchange that match go to the destination. */
export interface Binding {
  readonly destination: Destination;
  readonly routingKey: string;
  readonly arguments: Arguments;
}

/** A named exchange and its bindings. */
export class Exchange {
  readonly kind = 'exchange';
  readonly vhost: string;
  readonly name: string;
  readonly type: ExchangeType;
  /** How it routes. */
  readonly routingType: RoutingType;
  /** Whether messages with a header `x-delay` wait before they are routed. */
  readonly isDelayed: boolean;
  readonly options: ExchangeOptions;
  /** Where messages go that no binding took. */
  readonly alternate: Argument | undefined;
  /** Nothing is routed to it any more. */
  isDeleted = false;
  /** Bindings, but for those to a destination that is deleted. */
  bindingCount = 0;
  readonly #to = new Map<Destination, Map<string, Binding>>();
  readonly #byKey = new Map<string, Counted<Destination>>();
  readonly #topics = new TopicTree<Destination>();
  readonly #matches = new Map<Binding, HeadersMatch>();

  constructor(vhost: string, name: string, type: ExchangeType, options: ExchangeOptions) {
    this.vhost = vhost;
    this.name = name;
    this.type = type;
    this.isDelayed = type === 'x-delayed-message';
    this.routingType = type === 'x-delayed-message' ? delayedType(options.arguments) : type;
    this.options = options;
    this.alternate = options.arguments['alternate-exchange'];
  }

  /** Adds a binding; false where the same one exists. */
  bind(binding: Binding): boolean {
    const { destination } = binding;
    let own = this.#to.get(destination);
    if (own === undefined) {
      own = new Map();
      this.#to.set(destination, own);
    }
    const key = bindingKey(binding);
    if (own.has(key)) return false;
    own.set(key, binding);
    this.bindingCount++;
    this.#index(binding);
    return true;
  }

  /** Whether there is a binding like this. */
  hasBinding(binding: Binding): boolean {
    return this.#to.get(binding.destination)?.has(bindingKey(binding)) === true;
  }

  /** Whether there is any binding to a destination. */
  leadsTo(destination: Destination): boolean {
    return this.#to.has(destination);
  }

  /** Removes a binding; false where there is none like it. */
  unbind(binding: Binding): boolean {
    const own = this.#to.get(binding.destination);
    const key = bindingKey(binding);
    const found = own?.get(key);
    if (own === undefined || found === undefined) return false;
    own.delete(key);
    if (own.size === 0) this.#to.delete(binding.destination);
    this.bindingCount--;
    this.#unindex(found);
    return true;
  }

  /** Forgets every binding to a destination that is deleted, one a step. */
  *forget(destination: Destination): Generator<void> {
    const own = this.#to.get(destination);
    if (own === undefined) return;
    this.#to.delete(destination);
    this.bindingCount -= own.size;
    if (this.routingType === 'fanout') return;
    for (const binding of own.values()) {
      this.#unindex(binding);
      yield;
    }
  }

  /** Every binding. */
  *bindings(): Generator<Binding> {
    for (const own of this.#to.values()) yield* own.values();
  }

  /** Everything that a binding leads to, once. */
  destinations(): Iterable<Destination> {
    return this.#to.keys();
  }

  /**
   * Calls `take` for every destination a message with this key and these headers goes to; for one
   * that is deleted too, as long as not everything of it is forgotten.
   *
   * @param stepCountMax words and headers compared, after which it ends
   * @returns how many were compared; more than `stepCountMax` where it was ended
   */
  route(
    key: string,
    headers: () => Arguments,
    take: (destination: Destination) => void,
    stepCountMax: number,
  ): number {
    switch (this.routingType) {
      case 'fanout':
        for (const destination of this.#to.keys()) take(destination);
        return 0;
      case 'direct':
        this.#byKey.get(key)?.each(take);
        return 0;
      case 'topic':
        return this.#topics.match(key, take, stepCountMax);
      case 'headers':
        return this.#routeByHeaders(headers, take, stepCountMax);
    }
  }

  #routeByHeaders(
    headers: () => Arguments,
    take: (destination: Destination) => void,
    stepCountMax: number,
  ): number {
    let steps = 0;
    if (this.#matches.size === 0) return steps;
    const found = headers();
    for (const [binding, match] of this.#matches) {
      const compared = match.compare(found);
      steps += Math.abs(compared);
      if (steps > stepCountMax) return steps;
      if (compared > 0) take(binding.destination);
    }
    return steps;
  }

  /** Whether messages go elsewhere when they have another routing key. */
  get asksForKey(): boolean {
    return this.routingType === 'direct' || this.routingType === 'topic';
  }

  #index(binding: Binding): void {
    const { routingKey, destination } = binding;
    if (this.routingType === 'topic') this.#topics.add(routingKey, destination);
    else if (this.routingType === 'headers') {
      this.#matches.set(binding, new HeadersMatch(binding.arguments));
    } else if (this.routingType === 'direct') {
      let found = this.#byKey.get(routingKey);
      if (found === undefined) {
        found = new Counted();
        this.#byKey.set(routingKey, found);
      }
      found.add(destination);
    }
  }

  #unindex(binding: Binding): void {
    const { routingKey, destination } = binding;
    if (this.routingType === 'topic') this.#topics.remove(routingKey, destination);
    else if (this.routingType === 'headers') this.#matches.delete(binding);
    else if (this.#byKey.get(routingKey)?.remove(destination) === true) {
      this.#byKey.delete(routingKey);
    }
  }
}

/** How an exchange that delays routes; `direct` where its argument is none that can be declared. */
function delayedType(args: Arguments): RoutingType {
  const found = args['x-delayed-type']?.value;
  return routingTypes.includes(String(found)) ? (found as RoutingType) : 'direct'; // one of the list
}

/**
 * Requires an exchange that delays to say how it routes.
 *
 * @throws {BrokerError} `precondition-failed`
 */
export function requireDelayedType(args: Arguments): void {
  const found = args['x-delayed-type'];
  if (found?.type === 'longstr' && routingTypes.includes(String(found.value))) return;
  const why = "Invalid argument, 'x-delayed-type' must be an existing exchange type";
  throw new BrokerError('precondition-failed', why);
}

/** The same for the same binding to one destination. */
function bindingKey({ routingKey, arguments: args }: Binding): string {
  const text = canonicalArguments(args);
  return `${text.length}:${text}${routingKey}`;
}
