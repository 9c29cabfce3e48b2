// The exchange type `x-consistent-hash`.

import { type Argument, type Arguments, comparisonKey } from '../../arguments.ts';
import { BrokerError } from '../../errors.ts';
import type { Binding, Destination } from '../binding.ts';
import type { BindingIndex, ExchangeType } from '../exchange-type.ts';
import type { RouteSearch } from '../route-search.ts';
import { jumpHash, textHash } from './text-hash.ts';

const headerArgument = 'hash-header';
const propertyArgument = 'hash-property';

/** Maximum weight of a binding, and maximum number of buckets of an exchange. */
const weightMax = 1000;
const bucketCountMax = 65_536;

/**
 * The buckets of an exchange: a binding has as many as its weight. While there is no room for all, the
 * latest bindings have less.
 */
class ConsistentIndex implements BindingIndex {
  readonly #header: string | undefined;
  readonly #bindings = new Set<Binding>();
  #buckets: Destination[] = [];

  /** @param header the header that is hashed; undefined for the routing key */
  constructor(header: string | undefined) {
    this.#header = header;
  }

  add(binding: Binding): void {
    this.#bindings.add(binding);
    this.#fill(binding);
  }

  #fill({ routingKey, destination }: Binding): void {
    const room = bucketCountMax - this.#buckets.length;
    const count = Math.min(Number(routingKey), room);
    for (let i = 0; i < count; i++) this.#buckets.push(destination);
  }

  /** The other bindings keep their order. */
  remove(binding: Binding): void {
    this.#bindings.delete(binding);
    this.#buckets = [];
    for (const each of this.#bindings) this.#fill(each);
  }

  match(search: RouteSearch): undefined {
    const { length } = this.#buckets;
    if (length === 0) return;
    const found = this.#buckets[jumpHash(textHash(this.#text(search)), length)];
    if (found !== undefined) search.take(found);
  }

  /** A message without the header is hashed as one with an empty header. */
  #text(search: RouteSearch): string {
    if (this.#header === undefined) return search.routingKey;
    const headers = search.headers();
    const value = Object.hasOwn(headers, this.#header) ? headers[this.#header] : undefined;
    return value === undefined ? '' : comparisonKey(value);
  }
}

function headerOf(args: Arguments): string | undefined {
  const found = args[headerArgument];
  return found?.type === 'longstr' ? String(found.value) : undefined;
}

function requireText(name: string, found: Argument | undefined): void {
  if (found === undefined || found.type === 'longstr') return;
  throw new BrokerError(
    'precondition-failed',
    `Unsupported ${name} value: ${JSON.stringify(found.value)}`,
  );
}

/**
 * Routes each message to one binding by a hash, so that messages with equal routing keys, or equal
 * headers with `hash-header`, go to the same queue, as RabbitMQ's plugin
 * rabbitmq_consistent_hash_exchange does. The binding key is the weight of the binding.
 */
export const consistentHashType: ExchangeType = {
  name: 'x-consistent-hash',
  usesKey: true,
  isCacheable: true,
  comparedArguments: [headerArgument],
  checkArguments(args: Arguments): void {
    if (args[propertyArgument] !== undefined && args[headerArgument] !== undefined) {
      const why = `${headerArgument} and ${propertyArgument} are mutually exclusive`;
      throw new BrokerError('precondition-failed', why);
    }
    if (args[propertyArgument] !== undefined) {
      const why = `'${propertyArgument}' is not supported; '${headerArgument}' is`;
      throw new BrokerError('precondition-failed', `Invalid argument, ${why}`);
    }
    requireText(headerArgument, args[headerArgument]);
  },
  checkBinding(routingKey: string): void {
    const weight = /^\d{1,9}$/.test(routingKey) ? Number(routingKey) : 0;
    if (weight >= 1 && weight <= weightMax) return;
    throw new BrokerError(
      'precondition-failed',
      `The binding key must be an integer from 1 to ${weightMax}: '${routingKey}'`,
    );
  },
  routingType(args: Arguments): ExchangeType {
    const header = headerOf(args);
    if (header === undefined) return consistentHashType;
    return {
      ...consistentHashType,
      isCacheable: false,
      usesKey: false,
      newIndex: () => new ConsistentIndex(header),
    };
  },
  newIndex: () => new ConsistentIndex(undefined),
};
