// The interface of exchange types.

import type { Arguments } from '../arguments.ts';
import type { Binding, Destination } from './binding.ts';
import type { MessageHistory } from './message-history.ts';
import type { RouteSearch } from './route-search.ts';

/** The index of an exchange's bindings. */
export interface BindingIndex {
  /** Undefined if the index does not store individual bindings. */
  add?(binding: Binding): void;
  /** Reverts an `add` of the same object. */
  remove?(binding: Binding): void;
  /** The latest messages, for new bindings; undefined for none. */
  readonly history?: MessageHistory;
  /** The number of bindings that may match a topic on which the broker reports its own events. */
  readonly brokerTopicCount?: number;
  /**
   * Passes every matching destination to `search.take`. Destinations may be repeated, and deleted
   * ones may still appear until they are completely removed.
   *
   * Work is counted by `search.spend`, which can pause the search.
   *
   * @param bound all destinations of the exchange
   * @returns the remaining work; undefined if the exchange is done
   */
  match(search: RouteSearch, bound: ReadonlyMap<Destination, unknown>): Generator<void> | undefined;
}

/** A type of exchange. Types are registered in `types/registry.ts`. */
export interface ExchangeType {
  /** The name in declarations: `direct`. */
  readonly name: string;
  /** Whether the routing key matters. If so, a message with several keys is routed by each. */
  readonly usesKey: boolean;
  /** Whether routes depend only on the routing key and can be cached. */
  readonly isCacheable: boolean;
  /** @param vhost the virtual host of the exchange */
  newIndex(vhost: string): BindingIndex;
  /**
   * Checks a new binding.
   *
   * @throws {BrokerError} `precondition-failed`
   */
  checkBinding?(routingKey: string, args: Arguments): void;
  /** Whether only the broker creates exchanges of this type. */
  readonly isReserved?: boolean;
  /** Whether messages with a header `x-delay` are delayed before they are routed. */
  readonly isDelayed?: boolean;
  /** Arguments that must be equal in repeated declarations. */
  readonly comparedArguments?: readonly string[];
  /**
   * Checks the arguments of a new exchange.
   *
   * @throws {BrokerError} `precondition-failed`
   */
  checkArguments?(args: Arguments): void;
  /**
   * The type that routes messages, if the arguments of an exchange select it. Defaults to this
   * type.
   */
  routingType?(args: Arguments): ExchangeType;
}
