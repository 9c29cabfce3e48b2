// The exchange type `x-consistent-hash`.

import { type Argument, type Arguments, comparisonKey } from '../../arguments.ts';
import { BrokerError } from '../../errors.ts';
import { type RoutedProperty, routedProperties } from '../../format.ts';
import type { Binding, Destination } from '../binding.ts';
import type { BindingIndex, ExchangeType } from '../exchange-type.ts';
import type { RouteSearch } from '../route-search.ts';
import { jumpHash, textHash } from './text-hash.ts';

const headerArgument = 'hash-header';
const propertyArgument = 'hash-property';

/** Maximum weight of a binding, and maximum number of buckets of an exchange. */
const weightMax = 1000;
const bucketCountMax = 65_536;

/** The text of a message that is hashed. */
type TextOf = (search: RouteSearch) => string;

/**
 * The buckets of an exchange: a binding has as many as its weight. While there is no room for all, the
 * latest bindings have less.
 */
class ConsistentIndex implements BindingIndex {
  readonly #textOf: TextOf;
  readonly #bindings = new Set<Binding>();
  #buckets: Destination[] = [];

  constructor(textOf: TextOf) {
    this.#textOf = textOf;
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
    const found = this.#buckets[jumpHash(textHash(this.#textOf(search)), length)];
    if (found !== undefined) search.take(found);
  }
}

/** A message without the header is hashed as one with an empty header. */
function headerText(name: string): TextOf {
  return (search) => {
    const headers = search.headers();
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
    return value === undefined ? '' : comparisonKey(value);
  };
}

/** A message without the property is hashed as one with an empty property. */
function propertyText(name: RoutedProperty): TextOf {
  return (search) => search.property(name) ?? '';
}

/** What an exchange hashes; undefined for the routing key. */
function textOf(args: Arguments): TextOf | undefined {
  const header = args[headerArgument];
  if (header?.type === 'longstr') return headerText(String(header.value));
  const property = args[propertyArgument]?.value;
  const name = routedProperties.find((each) => each === property);
  return name === undefined ? undefined : propertyText(name);
}

function requireText(name: string, found: Argument | undefined): void {
  if (found === undefined || found.type === 'longstr') return;
  throw new BrokerError(
    'precondition-failed',
    `Unsupported ${name} value: ${JSON.stringify(found.value)}`,
  );
}

/**
 * Routes each message to one binding by a hash, so that messages with equal routing keys, equal
 * headers (`hash-header`) or equal properties (`hash-property`) go to the same queue, as RabbitMQ's plugin
 * rabbitmq_consistent_hash_exchange does. The binding key is the weight of the binding.
 */
export const consistentHashType: ExchangeType = {
  name: 'x-consistent-hash',
  usesKey: true,
  isCacheable: true,
  comparedArguments: [headerArgument, propertyArgument],
  checkArguments(args: Arguments): void {
    if (args[propertyArgument] !== undefined && args[headerArgument] !== undefined) {
      const why = `${headerArgument} and ${propertyArgument} are mutually exclusive`;
      throw new BrokerError('precondition-failed', why);
    }
    requireText(headerArgument, args[headerArgument]);
    requireText(propertyArgument, args[propertyArgument]);
    const property = args[propertyArgument]?.value;
    if (property === undefined || routedProperties.some((each) => each === property)) return;
    throw new BrokerError('precondition-failed', `Unsupported property: ${property}`);
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
    const hashed = textOf(args);
    if (hashed === undefined) return consistentHashType;
    return {
      ...consistentHashType,
      isCacheable: false,
      usesKey: false,
      newIndex: () => new ConsistentIndex(hashed),
    };
  },
  newIndex: () => new ConsistentIndex(({ routingKey }) => routingKey),
};
