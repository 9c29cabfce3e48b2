import type { Argument, Arguments } from '../arguments.ts';
import { canonicalArguments } from '../arguments.ts';
import type { Queue } from '../queue.ts';
import { matchesHeaders } from './headers.ts';
import { TopicTree } from './topic-tree.ts';

/** What a binding may point to. */
export type Destination = Queue | Exchange;
/** How an exchange chooses among its bindings. */
export type ExchangeType = 'direct' | 'fanout' | 'topic' | 'headers';
/** Every type of exchange there is. */
export const exchangeTypes: readonly string[] = ['direct', 'fanout', 'topic', 'headers'];

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
  readonly options: ExchangeOptions;
  /** Where messages go that no binding took. */
  readonly alternate: Argument | undefined;
  readonly bindings = new Map<string, Binding>();
  readonly #byKey = new Map<string, Set<Destination>>();
  readonly #topics = new TopicTree<Destination>();
  #isStale = false;

  constructor(vhost: string, name: string, type: ExchangeType, options: ExchangeOptions) {
    this.vhost = vhost;
    this.name = name;
    this.type = type;
    this.options = options;
    this.alternate = options.arguments['alternate-exchange'];
  }

  /** Adds a binding; false where the same one exists. */
  bind(binding: Binding): boolean {
    const key = bindingKey(binding);
    if (this.bindings.has(key)) return false;
    this.bindings.set(key, binding);
    this.#index(binding);
    return true;
  }

  /** Whether there is a binding like this. */
  hasBinding(binding: Binding): boolean {
    return this.bindings.has(bindingKey(binding));
  }

  /** Removes a binding; false where there is none like it. */
  unbind(binding: Binding): boolean {
    const isRemoved = this.bindings.delete(bindingKey(binding));
    if (isRemoved) this.#isStale = true;
    return isRemoved;
  }

  /** Removes every binding to a destination that is being deleted; true where there was one. */
  forget(destination: Destination): boolean {
    const before = this.bindings.size;
    for (const [key, binding] of this.bindings) {
      if (binding.destination === destination) this.bindings.delete(key);
    }
    if (this.bindings.size === before) return false;
    this.#isStale = true;
    return true;
  }

  /** Calls `take` for every destination a message with this key and these headers goes to. */
  route(key: string, headers: () => Arguments, take: (destination: Destination) => void): void {
    if (this.#isStale) this.#reindex();
    switch (this.type) {
      case 'fanout':
        for (const binding of this.bindings.values()) take(binding.destination);
        return;
      case 'direct':
        for (const destination of this.#byKey.get(key) ?? []) take(destination);
        return;
      case 'topic':
        this.#topics.match(key, take);
        return;
      case 'headers':
        for (const binding of this.bindings.values()) {
          if (matchesHeaders(binding.arguments, headers())) take(binding.destination);
        }
    }
  }

  #index({ routingKey, destination }: Binding): void {
    if (this.type === 'topic') this.#topics.add(routingKey, destination);
    if (this.type !== 'direct') return;
    const set = this.#byKey.get(routingKey) ?? new Set();
    this.#byKey.set(routingKey, set.add(destination));
  }

  /** Two bindings may lead to one place by one key, so removal starts over, when next routed. */
  #reindex(): void {
    this.#isStale = false;
    this.#topics.clear();
    this.#byKey.clear();
    for (const binding of this.bindings.values()) this.#index(binding);
  }
}

function bindingKey(binding: Binding): string {
  const { destination, routingKey } = binding;
  const args = canonicalArguments(binding.arguments);
  return JSON.stringify([destination.kind, destination.name, routingKey, args]);
}
