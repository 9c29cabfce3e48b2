import type { Arguments } from '../arguments.ts';
import { type Binding, bindingKey, type Destination } from './binding.ts';
import type { BindingIndex, ExchangeType } from './exchange-type.ts';
import type { RouteSearch } from './route-search.ts';

/** What a declaration says of an exchange. */
export interface ExchangeOptions {
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: Arguments;
}

/** A named exchange and its bindings. */
export class Exchange {
  readonly kind = 'exchange';
  readonly vhost: string;
  readonly name: string;
  readonly type: ExchangeType;
  /** The type that routes: `type`, unless that leaves it to the arguments. */
  readonly routing: ExchangeType;
  /** Whether messages with a header `x-delay` wait before they are routed. */
  readonly isDelayed: boolean;
  readonly options: ExchangeOptions;
  /** The exchange that messages go to which no binding took; see `Settings.alternateOf`. */
  alternate: string | undefined = undefined;
  /** Nothing is routed to it any more. */
  isDeleted = false;
  /** Bindings, but for those to a destination that is deleted. */
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
    this.#index = this.routing.newIndex();
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
    this.#index.add?.(binding);
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
    this.#index.remove?.(found);
    return true;
  }

  /** Forgets every binding to a destination that is deleted, one a step. */
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

  /** Every binding. */
  *bindings(): Generator<Binding> {
    for (const own of this.#to.values()) yield* own.values();
  }

  /** Every binding to one destination. */
  bindingsTo(destination: Destination): Iterable<Binding> {
    return this.#to.get(destination)?.values() ?? [];
  }

  /** Everything that a binding leads to, once. */
  destinations(): Iterable<Destination> {
    return this.#to.keys();
  }

  /** See `BindingIndex.match`. */
  match(search: RouteSearch): Generator<void> | undefined {
    return this.#index.match(search, this.#to);
  }
}
