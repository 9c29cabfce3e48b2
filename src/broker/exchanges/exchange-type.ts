import type { Arguments } from '../arguments.ts';
import type { Binding, Destination } from './binding.ts';
import type { RouteSearch } from './route-search.ts';

/** The bindings of one exchange, as its type looks them up. */
export interface BindingIndex {
  /** Undefined where the index keeps nothing about single bindings. */
  add?(binding: Binding): void;
  /** Takes back an `add` of the same object. */
  remove?(binding: Binding): void;
  /**
   * Hands every destination that the search's message goes to, to `search.take`. One may be handed
   * over again, and one that is deleted as long as not everything of it is forgotten.
   *
   * Work is counted by `search.spend`, so that it can pause.
   *
   * @param bound everything that the exchange has a binding to
   * @returns what is left to do; undefined where the search of this exchange is over
   */
  match(search: RouteSearch, bound: ReadonlyMap<Destination, unknown>): Generator<void> | undefined;
}

/** How exchanges of one type choose among their bindings. Registered in `types/registry.ts`. */
export interface ExchangeType {
  /** As declarations name it: `direct`. */
  readonly name: string;
  /** Whether the routing key matters: a message with several keys is then routed by each. */
  readonly usesKey: boolean;
  /** Whether messages with one key always go to the same places, so that routes can be cached. */
  readonly isCacheable: boolean;
  newIndex(): BindingIndex;
  /**
   * Requires a new binding to be one that the index understands.
   *
   * @throws {BrokerError} `precondition-failed`
   */
  checkBinding?(routingKey: string, args: Arguments): void;
  /** Whether only the broker creates exchanges of this type. Clients cannot declare them by its name. */
  readonly isReserved?: boolean;
  /** Whether messages with a header `x-delay` wait before they are routed. */
  readonly isDelayed?: boolean;
  /** Arguments that must be the same when an exchange is declared again. */
  readonly comparedArguments?: readonly string[];
  /**
   * Requires a new exchange to have the arguments that the type needs.
   *
   * @throws {BrokerError} `precondition-failed`
   */
  checkArguments?(args: Arguments): void;
  /** The type that routes, where an exchange's arguments say which; else it is this one. */
  routingType?(args: Arguments): ExchangeType;
}
