// What is particular to brokers of ActiveMQ's type: capabilities, sources, targets, outcomes.

import type { ActiveMq } from '../../../broker/activemq/activemq.ts';
import type { Sharing } from '../../../broker/activemq/consumption.ts';
import { isQueue } from '../../../broker/activemq/destination.ts';
import { Selector } from '../../../broker/activemq/selectors/selector.ts';
import type { SendTarget } from '../../../broker/activemq/send-target.ts';
import type { Address } from '../../../broker/conversion/properties.ts';
import { BrokerError } from '../../../broker/errors.ts';
import type { SubscriptionKey } from '../../../broker/topics/topic-subscriptions.ts';
import { type Entry, type Item, stringItem, symbolItem, textOf } from '../codec/items.ts';
import {
  type Attach,
  compositeCodes,
  type Source,
  type Target,
} from '../codec/performatives.gen.ts';
import { filterCountMax } from '../limits.ts';
import { type DynamicNode, invalidField } from '../links/link.ts';
import {
  type AddressOptions,
  addressText,
  capabilityOf,
  kindOf,
  type ParsedAddress,
  parseAddress,
} from './address.ts';
import type { ActiveMqConnection } from './dialect.ts';
import { sharedKey, sharedSubscriptions, sharingOf } from './shared-subscriptions.ts';

/** Capabilities of the connection, and of targets if clients ask for it. */
const delayedDelivery = 'DELAYED_DELIVERY';

/** Returns the capabilities of the connection. */
export function offeredCapabilities({ settings }: Pick<ActiveMq, 'settings'>): readonly string[] {
  const scheduled = settings.hasScheduler ? [delayedDelivery] : [];
  return ['ANONYMOUS-RELAY', ...scheduled, 'sole-connection-for-container', sharedSubscriptions];
}

/** Returns the capabilities of a link of a sender that are supported, among those it asks for. */
export function offeredToSender(
  { settings }: Pick<ActiveMq, 'settings'>,
  desired: readonly string[] | undefined,
): readonly string[] | undefined {
  const isOffered = settings.hasScheduler && desired?.includes(delayedDelivery) === true;
  return isOffered ? [delayedDelivery] : undefined;
}

/** Properties of the connection, by which clients recognise ActiveMQ. */
export function connectionProperties(engineVersion: string): Entry[] {
  const properties = {
    'queue-prefix': 'queue://',
    'topic-prefix': 'topic://',
    product: 'ActiveMQ',
    version: engineVersion,
    platform: 'Waxwing',
  };
  return Object.entries(properties).map(([name, value]) => [symbolItem(name), stringItem(value)]);
}

/** The descriptors of the filters that are supported, as codes and as symbols. */
const filters = {
  selector: { code: 0x0000_468c_0000_0004n, name: 'apache.org:selector-filter:string' },
  noLocal: { code: 0x0000_468c_0000_0003n, name: 'apache.org:no-local-filter:list' },
} as const;

/** The lifetime of dynamic nodes. */
const lifetime: Entry = [
  symbolItem('lifetime-policy'),
  {
    type: 'described',
    descriptor: { type: 'ulong', value: 0x2bn },
    value: { type: 'list', value: [] },
  },
];

/** What a source requests. */
export interface SourceRequest {
  readonly destinations: readonly Address[];
  readonly options: AddressOptions;
  readonly selector: Selector | undefined;
  readonly isNoLocal: boolean;
  /** Messages are read without being acquired. */
  readonly isBrowser: boolean;
  /** If defined, the subscription is durable, or shared. */
  readonly key: SubscriptionKey | undefined;
  readonly sharing: Sharing | undefined;
  /** The temporary destination that was created. */
  readonly dynamic: DynamicNode | undefined;
  /** The source as it is answered. */
  readonly answer: Source;
}

/**
 * Reads a source, and creates its node if it is dynamic.
 *
 * @throws {AmqpError} `invalid-field`, `resource-limit-exceeded`
 * @throws {BrokerError}
 */
export function readSource(
  own: ActiveMqConnection,
  { name }: Attach,
  source: Source,
): SourceRequest {
  const found = readFilters(source.filter);
  const isDynamic = source.dynamic === true;
  const { destinations, options } = isDynamic
    ? createDynamic(own, source.capabilities)
    : readAddressOf(source, 'source');
  const [first] = destinations;
  const isTopic = first !== undefined && !isQueue(first);
  const isDurable = (source.durable ?? 0) > 0 && isTopic && !isDynamic;
  const isBrowser = source.distributionMode === 'copy' && !isTopic;
  const { sharing, key } = subscriptionOf(own, name, source, isTopic && !isDynamic);
  return {
    ...found,
    // Who shares a subscription has its messages in common with others.
    isNoLocal: found.isNoLocal && sharing === undefined,
    sharing,
    destinations,
    options,
    isBrowser,
    key,
    dynamic: isDynamic ? nodeOf(own, first) : undefined,
    answer: {
      ...source,
      ...(isDynamic && first !== undefined && dynamicAnswer(first)),
      expiryPolicy: isDurable ? 'never' : source.expiryPolicy,
      distributionMode: isBrowser || isTopic ? 'copy' : source.distributionMode,
      filter: found.honoured.length === 0 ? undefined : found.honoured,
    },
  };
}

/** Returns the subscription to topics that a link names, if it is durable or shared. */
function subscriptionOf(
  { clientId }: ActiveMqConnection,
  name: string,
  source: Source,
  isPossible: boolean,
): Pick<SourceRequest, 'key' | 'sharing'> {
  const sharing = isPossible ? sharingOf(source) : undefined;
  if (sharing !== undefined) return { sharing, key: sharedKey(name, source, clientId, sharing) };
  const isDurable = isPossible && (source.durable ?? 0) > 0;
  return { sharing, key: isDurable ? { clientId, name } : undefined };
}

function createDynamic(
  own: ActiveMqConnection,
  capabilities: readonly string[] | undefined,
): ParsedAddress {
  const isTopic = kindOf(capabilities)?.endsWith('topic') === true;
  const address = own.temporaries.create(isTopic);
  return { destinations: [address], options: parseAddress('x').options };
}

function dynamicAnswer(address: Address) {
  return {
    address: stringItem(addressText(address)),
    dynamic: true,
    dynamicNodeProperties: [lifetime],
    capabilities: [capabilityOf(address)],
  } as const;
}

function readAddressOf({ address, capabilities }: Source | Target, what: string): ParsedAddress {
  const text = textOf(address);
  if (text === undefined) throw invalidField(`${what} address not set`);
  try {
    return parseAddress(text, kindOf(capabilities));
  } catch (error) {
    throw asInvalid(error);
  }
}

/** An address or selector that cannot be used is a wrong field in AMQP 1.0. */
function asInvalid(error: unknown): unknown {
  const isWrong = error instanceof BrokerError && error.code === 'precondition-failed';
  return isWrong ? invalidField(error.message) : error;
}

interface Filters {
  readonly selector: Selector | undefined;
  readonly isNoLocal: boolean;
  /** The supported filters as they were received. */
  readonly honoured: Entry[];
}

function readFilters(entries: readonly Entry[] | undefined): Filters {
  let selector: Selector | undefined;
  let isNoLocal = false;
  const honoured: Entry[] = [];
  const count = entries?.length ?? 0;
  if (count > filterCountMax) {
    throw invalidField(`a source has ${count} filters; at most ${filterCountMax} are allowed`);
  }
  for (const entry of entries ?? []) {
    const [, value] = entry;
    if (value.type !== 'described') continue;
    if (isDescribedBy(value.descriptor, filters.selector)) {
      selector = readSelector(value.value);
      honoured.push(entry);
    } else if (isDescribedBy(value.descriptor, filters.noLocal)) {
      isNoLocal = true;
      honoured.push(entry);
    }
  }
  return { selector, isNoLocal, honoured };
}

function isDescribedBy(
  { value }: Item,
  { code, name }: (typeof filters)[keyof typeof filters],
): boolean {
  return value === code || value === name;
}

function readSelector(item: Item): Selector | undefined {
  const text = textOf(item);
  if (text === undefined) throw invalidField(`a selector is a string, not a ${item.type}`);
  if (text.trim() === '') return undefined;
  try {
    return new Selector(text, { convertsText: false });
  } catch (error) {
    throw asInvalid(error);
  }
}

/** The source of a durable subscription that exists, as it is answered to a client that asks for it. */
export function durableSource(found: {
  readonly topics: readonly string[];
  readonly selector: string | undefined;
  readonly isNoLocal: boolean;
}): Source {
  const described = (
    name: string,
    { code }: (typeof filters)[keyof typeof filters],
    value: Item,
  ): Entry => [
    symbolItem(name),
    { type: 'described', descriptor: { type: 'ulong', value: code }, value },
  ];
  const { topics, selector, isNoLocal } = found;
  const filter = [
    ...(selector === undefined
      ? []
      : [described('jms-selector', filters.selector, stringItem(selector))]),
    ...(isNoLocal ? [described('no-local', filters.noLocal, { type: 'list', value: [] })] : []),
  ];
  return {
    code: compositeCodes.source,
    address: stringItem(
      topics.map((topic) => addressText({ kind: 'topic', name: topic })).join(','),
    ),
    durable: 2,
    expiryPolicy: 'never',
    distributionMode: 'copy',
    filter: filter.length === 0 ? undefined : filter,
    capabilities: ['topic'],
  };
}

/** What a target requests. */
export interface TargetRequest {
  /** Undefined if each message names its own destination (anonymous relay). */
  readonly targets: readonly SendTarget[] | undefined;
  readonly dynamic: DynamicNode | undefined;
  /** The target as it is answered. */
  readonly answer: Target;
}

/**
 * Reads a target, and creates its node if it is dynamic.
 *
 * @throws {AmqpError} `invalid-field`, `resource-limit-exceeded`
 * @throws {BrokerError}
 */
export function readTarget(own: ActiveMqConnection, target: Target): TargetRequest {
  if (target.dynamic === true) {
    const { destinations } = createDynamic(own, target.capabilities);
    const [address] = destinations;
    return {
      targets: destinations.map((each) => own.core.sendTarget(each)),
      dynamic: nodeOf(own, address),
      answer: { ...target, ...(address !== undefined && dynamicAnswer(address)) },
    };
  }
  if (target.address === undefined)
    return { targets: undefined, dynamic: undefined, answer: target };
  const { destinations } = readAddressOf(target, 'target');
  return { targets: sendTargets(own, destinations), dynamic: undefined, answer: target };
}

/** The destinations of a message that names its own, in its property `to`. */
export function relayTargets(own: ActiveMqConnection, to: string): readonly SendTarget[] {
  return sendTargets(own, parseAddress(to).destinations);
}

/** Checks permissions at once, so that the link is refused; they are checked again at each send. */
function sendTargets(
  own: ActiveMqConnection,
  destinations: readonly Address[],
): readonly SendTarget[] {
  const { core: dialect, access } = own;
  const targets = destinations.map((address) => dialect.sendTarget(address, destinations));
  for (const target of targets) {
    dialect.checks.requireSending(target, access);
    const { kind, name } = target.address;
    if (kind !== 'queue' || dialect.vhost.queues.has(name)) continue;
    dialect.rights.require(access, 'create', target.address);
  }
  return targets;
}

function nodeOf(own: ActiveMqConnection, address: Address | undefined): DynamicNode | undefined {
  return address === undefined ? undefined : own.temporaries.node(address);
}
