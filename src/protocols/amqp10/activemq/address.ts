// Addresses of nodes, as ActiveMQ names destinations.

import {
  consumerOptions,
  parseDestination,
  parseList,
  qualifiedName,
} from '../../../broker/activemq/destination.ts';
import type { Address } from '../../../broker/conversion/properties.ts';
import { AmqpError } from '../errors.ts';

/** The capability of a terminus that states the kind of an address without a prefix. */
const capabilities: readonly (readonly [string, Address['kind']])[] = [
  ['queue', 'queue'],
  ['topic', 'topic'],
  ['temporary-queue', 'temporary-queue'],
  ['temporary-topic', 'temporary-topic'],
];

/** Options of ActiveMQ after a `?` in an address. */
export interface AddressOptions {
  readonly isExclusive: boolean;
  readonly priority: number;
  readonly isRetroactive: boolean;
  readonly pendingCountMax: number | undefined;
}

/** A parsed address: one destination, or several that are separated by commas. */
export interface ParsedAddress {
  readonly destinations: readonly Address[];
  readonly options: AddressOptions;
}

/** The kind that the capabilities of a terminus state; undefined if they state none. */
export function kindOf(given: readonly string[] | undefined): Address['kind'] | undefined {
  return capabilities.find(([name]) => given?.includes(name) === true)?.[1];
}

/** The capability that states a kind. */
export function capabilityOf({ kind }: Address): string {
  return capabilities.find((each) => each[1] === kind)?.[0] ?? 'queue';
}

/**
 * Parses the address of a terminus.
 *
 * @param kind the kind of names without a prefix
 * @throws {AmqpError} `invalid-field` for unknown options
 * @throws {BrokerError} `precondition-failed` if a name is empty or too long, or there are too many
 */
export function parseAddress(text: string, kind: Address['kind'] = 'queue'): ParsedAddress {
  const options = consumerOptions(text);
  for (const name of options.keys()) {
    if (knownOptions.has(name)) continue;
    throw new AmqpError('invalid-field', `unknown option of an address: ${name.slice(0, 100)}`, {
      scope: 'link',
    });
  }
  const priority = options.get('priority') ?? '';
  const limit = options.get('maximumPendingMessageLimit') ?? '';
  return {
    destinations: parseList(text, (part) => parseDestination(part, kind)),
    options: {
      isExclusive: options.get('exclusive') === 'true',
      priority: /^-?\d{1,3}$/.test(priority) ? Math.min(Math.max(Number(priority), -128), 127) : 0,
      isRetroactive: options.get('retroactive') === 'true',
      pendingCountMax: /^\d{1,9}$/.test(limit) ? Number(limit) : undefined,
    },
  };
}

/** The options of a consumer. Some are overridden by other settings of a link. */
const knownOptions = new Set([
  'exclusive',
  'priority',
  'retroactive',
  'maximumPendingMessageLimit',
  'prefetchSize',
  'dispatchAsync',
  'noLocal',
  'selector',
]);

/** Returns an address as text, for example `queue://A`. */
export function addressText(address: Address): string {
  return qualifiedName(address);
}

const prefixes: readonly (readonly [string, Address['kind']])[] = [
  ['queue://', 'queue'],
  ['topic://', 'topic'],
  ['temp-queue://', 'temporary-queue'],
  ['temp-topic://', 'temporary-topic'],
];

/** Reads an address of a message, which may name nothing. A name without a prefix is a queue. */
export function readAddress(text: string, kind: Address['kind'] = 'queue'): Address {
  for (const [prefix, prefixKind] of prefixes) {
    if (text.startsWith(prefix)) return { kind: prefixKind, name: text.slice(prefix.length) };
  }
  return { kind, name: text };
}
