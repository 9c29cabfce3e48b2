// The exchange type `x-federation-upstream`, which brokers downstream declare at the brokers that they
// consume from.

import type { Arguments } from '../../arguments.ts';
import { BrokerError } from '../../errors.ts';
import type { Destination } from '../binding.ts';
import type { BindingIndex, ExchangeType } from '../exchange-type.ts';
import type { RouteSearch } from '../route-search.ts';
import { fanoutType } from './fanout.ts';

/** The header that lists the brokers that a message has passed, each a table. */
const passedHeader = 'x-received-from';
const hopsArgument = 'x-max-hops';
const nameArgument = 'x-downstream-name';
const vhostArgument = 'x-downstream-vhost';

/** Routes to all bindings, unless a message has come far enough or from the broker downstream. */
class UpstreamIndex implements BindingIndex {
  readonly #args: Arguments;

  constructor(args: Arguments) {
    this.#args = args;
  }

  match(
    search: RouteSearch,
    bound: ReadonlyMap<Destination, unknown>,
  ): Generator<void> | undefined {
    return this.#isForwarded(search.headers())
      ? search.takeAll(bound.keys(), bound.size)
      : undefined;
  }

  #isForwarded(headers: Arguments): boolean {
    const passed = Object.hasOwn(headers, passedHeader) ? headers[passedHeader]?.value : undefined;
    if (!Array.isArray(passed)) return true;
    if (passed.length >= Number(this.#args[hopsArgument]?.value)) return false;
    const [name, vhost] = [nameArgument, vhostArgument].map((key) => this.#args[key]?.value);
    if (name === undefined || vhost === undefined) return true;
    return !passed.some(({ type, value }) => {
      const entry = type === 'table' ? (value as Arguments) : {};
      return entry['cluster-name']?.value === name && entry['vhost']?.value === vhost;
    });
  }
}

const upstreamOf = (args: Arguments): ExchangeType => ({
  ...federationUpstreamType,
  newIndex: () => new UpstreamIndex(args),
});

/** Routes messages to brokers downstream, each message to each broker once. */
export const federationUpstreamType: ExchangeType = {
  name: 'x-federation-upstream',
  usesKey: false,
  isCacheable: false,
  checkArguments(args: Arguments): void {
    const hops = args[hopsArgument]?.value;
    if (typeof hops === 'number' && Number.isInteger(hops) && hops >= 1) return;
    const why = `Invalid argument, '${hopsArgument}' must be a whole number of at least 1`;
    throw new BrokerError('precondition-failed', why);
  },
  routingType: upstreamOf,
  newIndex: (vhost) => fanoutType.newIndex(vhost),
};
