// An exchange and its bindings.

import type { Arguments } from '../arguments.ts';
import { type Binding, bindingKey, type Destination } from './binding.ts';
import type { BindingIndex, ExchangeType } from './exchange-type.ts';
import type { MessageHistory } from './message-history.ts';
import type { RouteSearch } from './route-search.ts';

/** The properties of an exchange in declarations. */
export interface ExchangeOptions {
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: Arguments;
}

/** An exchange and its bindings. */
export class Exchange {
  readonly kind = 'exchange';
  readonly vhost: string;
  readonly name: string;
  readonly type: ExchangeType;
  /** The type that routes messages: `type`, or the one that the arguments select. */
  readonly routing: ExchangeType;
  /** Whether messages with a header `x-delay` are delayed before they are routed. */
  readonly isDelayed: boolean;
  readonly options: ExchangeOptions;
  /** The alternate exchange for unroutable messages. See `Settings.alternateOf`. */
  alternate: string | undefined = undefined;
  /** Whether the exchange is deleted. Routing ignores deleted exchanges. */
  isDeleted = false;
  /** The number of bindings, except for those to deleted destinations. */
  bindingCount = 0;
  readonly #to = new Map<Destination, Map<string, Binding>>();
  readonly #index: BindingIndex;

  constructor(vhost: string, name: string, type: ExchangeType, options: ExchangeOptions) {
    this.vhost = vhost;
    this.name = name;
    this.type = type;
    this.routing = type.routingType?.(options.arguments) ?? type;
    this.isDelayed = type.isDelayed === true;
    this.options = options;
    this.#index = this.routing.newIndex(vhost);
  }

  /** The number of bindings that may match a topic on which the broker reports its own events. */
  get brokerTopicBindingCount(): number {
    return this.#index.brokerTopicCount ?? 0;
  }

  /** The latest messages, for new bindings; undefined for none. */
  get history(): MessageHistory | undefined {
    return this.#index.history;
  }

  /** The exchange is deleted. */
  end(): void {
    this.isDeleted = true;
    this.#index.history?.end();
  }

  /** Adds a binding. Returns false if it exists. */
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
    this.#index.add?.(binding);
    return true;
  }

  /** Whether a binding exists. */
  hasBinding(binding: Binding): boolean {
    return this.#to.get(binding.destination)?.has(bindingKey(binding)) === true;
  }

  /** Whether there is any binding to a destination. */
  leadsTo(destination: Destination): boolean {
    return this.#to.has(destination);
  }

  /** Removes a binding. Returns false if it does not exist. */
  unbind(binding: Binding): boolean {
    const own = this.#to.get(binding.destination);
    const key = bindingKey(binding);
    const found = own?.get(key);
    if (own === undefined || found === undefined) return false;
    own.delete(key);
    if (own.size === 0) this.#to.delete(binding.destination);
    this.bindingCount--;
    this.#index.remove?.(found);
    return true;
  }

  /** Removes the bindings to a deleted destination, one per step. */
  *forget(destination: Destination): Generator<void> {
    const own = this.#to.get(destination);
    if (own === undefined) return;
    this.#to.delete(destination);
    this.bindingCount -= own.size;
    if (this.#index.remove === undefined) return;
    for (const binding of own.values()) {
      this.#index.remove(binding);
      yield;
    }
  }

  /** All bindings. */
  *bindings(): Generator<Binding> {
    for (const own of this.#to.values()) yield* own.values();
  }

  /** The bindings to one destination. */
  bindingsTo(destination: Destination): Iterable<Binding> {
    return this.#to.get(destination)?.values() ?? [];
  }

  /** All destinations, without duplicates. */
  destinations(): Iterable<Destination> {
    return this.#to.keys();
  }

  /** See `BindingIndex.match`. */
  match(search: RouteSearch): Generator<void> | undefined {
    return this.#index.match(search, this.#to);
  }
}
