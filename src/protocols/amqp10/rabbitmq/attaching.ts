// Creates the links of brokers of RabbitMQ's type.

import { BrokerError, describe } from '../../../broker/errors.ts';
import type { Queue } from '../../../broker/queue.ts';
import { entryOf, type Item, textOf } from '../codec/items.ts';
import {
  type Attach,
  compositeCodes,
  type Source,
  type Target,
} from '../codec/performatives.gen.ts';
import type { Attached } from '../dialect.ts';
import { type DynamicNode, settledMode } from '../links/link.ts';
import type { Session } from '../session.ts';
import {
  isVersion2,
  parseSource,
  parseSourceV1,
  parseTarget,
  parseTargetV1,
  type SourceAddress,
  type TargetAddress,
} from './addresses.ts';
import type { RabbitMqConnection } from './dialect.ts';
import { createDynamicQueue, dynamicAnswer } from './dynamic-nodes.ts';
import { ConsumingLink } from './links/consuming-link.ts';
import { PublishingLink } from './links/publishing-link.ts';
import { readStreamFilters } from './links/stream-start.ts';
import { attachManagement, isManagement } from './management/attaching.ts';
import {
  attachRefused,
  linkError,
  notFound,
  notImplemented,
  requireAccess,
  shownAddress,
} from './refusals.ts';
import { bindV1, declareV1 } from './version1.ts';

/** The receiver settle mode in which both ends settle (2.8.3). */
const secondMode = 1;

const supportedOutcomes = [
  'amqp:accepted:list',
  'amqp:rejected:list',
  'amqp:released:list',
  'amqp:modified:list',
];

/**
 * Creates the link for an attach.
 *
 * @throws {AmqpError} with scope `link` if it is refused; `unauthorized-access` with scope `session`
 * @throws {BrokerError}
 */
export function attachTerminus(own: RabbitMqConnection, session: Session, frame: Attach): Attached {
  requireSupported(frame);
  if (isManagement(frame)) return attachManagement(own, session, frame);
  return frame.role ? attachConsumer(own, session, frame) : attachPublisher(own, session, frame);
}

function requireSupported(frame: Attach): void {
  const { target, unsettled, incompleteUnsettled, sndSettleMode, rcvSettleMode } = frame;
  if (target?.code === compositeCodes.coordinator) {
    throw notImplemented('Transactions not supported');
  }
  const isResumed = unsettled?.type === 'map' && unsettled.value.length > 0;
  if (isResumed || incompleteUnsettled === true) {
    throw notImplemented('Link recovery not supported');
  }
  if (rcvSettleMode === secondMode && sndSettleMode !== settledMode) {
    throw notImplemented('rcv-settle-mode second not supported');
  }
}

/** The outcomes of a source. @throws {AmqpError} `not-implemented` for others than the usual ones */
function outcomesOf(source: Source | undefined): readonly string[] {
  const asked = source?.outcomes;
  const wrong = asked?.filter((outcome) => !supportedOutcomes.includes(outcome)) ?? [];
  if (wrong.length > 0) throw notImplemented(`Outcomes not supported: [${wrong.join(',')}]`);
  return asked ?? supportedOutcomes;
}

function sourceOf({ source }: Attach): Source | undefined {
  return source?.code === compositeCodes.source ? source : undefined;
}

/** The peer sends. */
function attachPublisher(own: RabbitMqConnection, session: Session, frame: Attach): Attached {
  const { target } = frame;
  if (target?.code !== compositeCodes.target) throw attachRefused('target_required');
  outcomesOf(sourceOf(frame));
  const { bytesMax } = own;
  const { rules } = own.core;
  const { address, dynamic, answer } = readTarget(own, frame, target);
  return {
    link: new PublishingLink(session, frame, { address, dynamic, bytesMax, rules }),
    answer: { source: frame.source, target: answer, maxMessageSize: BigInt(bytesMax) },
  };
}

interface TargetRequest {
  readonly address: TargetAddress | undefined;
  readonly dynamic: DynamicNode | undefined;
  readonly answer: Target;
}

function readTarget(own: RabbitMqConnection, frame: Attach, target: Target): TargetRequest {
  if (target.dynamic === true) {
    const { queue, node } = createDynamicQueue(own, frame, target);
    const { name } = queue;
    return {
      address: { exchange: '', routingKey: name, queue: name, isDeclared: false },
      dynamic: node,
      answer: { ...target, ...dynamicAnswer(name) },
    };
  }
  if (target.address === undefined || target.address.type === 'null') {
    return { address: undefined, dynamic: undefined, answer: target };
  }
  const address = targetAddress(own, target.address);
  requireTarget(own, address, target.durable);
  return { address, dynamic: undefined, answer: target };
}

function targetAddress(own: RabbitMqConnection, item: Item): TargetAddress {
  const text = textOf(item);
  if (text === undefined) throw attachRefused(`{bad_address,${shownAddress(item)}}`);
  if (isVersion2(text)) {
    const found = parseTarget(text);
    if (found !== undefined) return found;
    throw attachRefused(`{bad_address_string,<<"${text.slice(0, 200)}">>}`);
  }
  requireVersion1(own, item);
  const found = parseTargetV1(text);
  if (found !== undefined) return found;
  throw attachRefused(`{unknown_destination,"${text.slice(0, 200)}"}`);
}

/** Addresses of version 1 are deprecated. @throws {AmqpError} `invalid-field` if they are refused */
function requireVersion1({ core }: RabbitMqConnection, address: Item): void {
  if (core.permitsVersion1) return;
  throw attachRefused(`{amqp_address_v1_not_permitted,${shownAddress(address)}}`);
}

function requireTarget(own: RabbitMqConnection, address: TargetAddress, durable?: number): void {
  const { access, vhost } = own;
  const { exchange: name, queue, isDeclared } = address;
  if (queue !== undefined && isDeclared) declareV1(own, queue, durable);
  else if (queue !== undefined && !vhost.queues.has(queue)) {
    throw notFound('queue', queue, vhost.name);
  }
  requireAccess(access, 'write', 'exchange', name);
  const exchange = vhost.exchanges.get(name);
  if (exchange === undefined) throw notFound('exchange', name, vhost.name);
  if (!exchange.options.internal) return;
  const what = `internal ${describe('exchange', name, vhost.name)}`;
  throw linkError('unauthorized-access', `forbidden to publish to ${what}`);
}

/** The peer receives. */
function attachConsumer(own: RabbitMqConnection, session: Session, frame: Attach): Attached {
  const source = sourceOf(frame);
  if (source === undefined) throw attachRefused('source_required');
  const { host } = session;
  const { broker } = host;
  // Some links are permitted even if memory is short, because consumers drain queues.
  if (host.links.count >= broker.limits.consumerCountShort) broker.requireMemory('link');
  const outcomes = outcomesOf(source);
  const { queue, dynamic, answer } = readSource(own, frame, source);
  if (dynamic === undefined) requireAccess(own.access, 'read', 'queue', queue.name);
  const filters =
    queue.settings.type === 'stream' ? readStreamFilters(source.filter, broker.nowMs()) : undefined;
  const terms = {
    dynamic,
    stream: filters?.start,
    isSettled: frame.sndSettleMode === settledMode,
    priority: priorityOf(frame),
  };
  const link = new ConsumingLink(session, frame, queue, terms);
  try {
    subscribe(own, link);
  } catch (thrown) {
    dynamic?.delete();
    throw thrown;
  }
  const effective: Source = {
    ...answer,
    // Filters are only for streams.
    filter: filters === undefined || filters.honoured.length === 0 ? undefined : filters.honoured,
    distributionMode: 'move',
    defaultOutcome: { code: compositeCodes.released },
    outcomes,
  };
  return {
    link,
    answer: {
      source: effective,
      target: frame.target,
      sndSettleMode: terms.isSettled ? settledMode : 0,
      initialDeliveryCount: 0,
      maxMessageSize: frame.maxMessageSize,
    },
  };
}

function subscribe({ vhost }: RabbitMqConnection, link: ConsumingLink): void {
  try {
    link.subscribe();
  } catch (thrown) {
    if (!(thrown instanceof BrokerError) || thrown.code !== 'resource-locked') throw thrown;
    const subject = describe('queue', link.queue.name, vhost.name);
    throw linkError('resource-locked', `cannot obtain exclusive access to locked ${subject}`);
  }
}

/** The link property `rabbitmq:priority`. */
function priorityOf({ properties }: Attach): number {
  const found = entryOf(properties, 'rabbitmq:priority');
  return found?.type === 'int' ? found.value : 0;
}

interface SourceRequest {
  readonly queue: Queue;
  readonly dynamic: DynamicNode | undefined;
  readonly answer: Source;
}

function readSource(own: RabbitMqConnection, frame: Attach, source: Source): SourceRequest {
  if (source.dynamic === true) {
    const { queue, node } = createDynamicQueue(own, frame, source);
    return { queue, dynamic: node, answer: { ...source, ...dynamicAnswer(queue.name) } };
  }
  const answer: Source = { ...source, capabilities: undefined };
  const address = sourceAddress(own, source.address);
  return { queue: sourceQueue(own, address, source.durable), dynamic: undefined, answer };
}

function sourceAddress(own: RabbitMqConnection, item: Item | undefined): SourceAddress {
  const text = textOf(item);
  if (item === undefined || text === undefined) {
    throw attachRefused(`{bad_address,${shownAddress(item)}}`);
  }
  if (text.startsWith('/queues/')) {
    const found = parseSource(text);
    if (found !== undefined) return found;
    throw attachRefused(`{bad_address,${shownAddress(item)}}`);
  }
  requireVersion1(own, item);
  const found = parseSourceV1(text);
  if (found !== undefined) return found;
  throw attachRefused(`{unknown_destination,"${text.slice(0, 200)}"}`);
}

function sourceQueue(own: RabbitMqConnection, address: SourceAddress, durable?: number): Queue {
  const { vhost } = own;
  const { queue: name, exchange, bindingKey, isDeclared } = address;
  if (name === undefined) return bindV1(own, exchange, bindingKey, durable);
  if (isDeclared) return declareV1(own, name, durable);
  const queue = vhost.queues.get(name);
  if (queue === undefined) throw notFound('queue', name, vhost.name);
  return queue;
}
