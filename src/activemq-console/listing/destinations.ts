// The queues, topics and durable subscriptions of a broker, found in steps.

import type { ActiveMq } from '../../broker/activemq/activemq.ts';
import { isTopicQueue } from '../../broker/activemq/topic-consumers.ts';
import type { ClientConnection } from '../../broker/client-connection.ts';
import type { Address } from '../../broker/conversion/properties.ts';
import type { Queue } from '../../broker/queue.ts';
import { itemsPerStep } from '../../management/slices.ts';
import { isShown } from '../console.ts';

/** The counts of a destination, with the names of ActiveMQ. */
export interface DestinationCounts {
  /** Messages that are ready, or with a consumer. */
  readonly size: number;
  readonly consumerCount: number;
  /** Messages stored since the broker started. */
  readonly enqueueCount: number;
  /** Messages settled since the broker started. */
  readonly dequeueCount: number;
}

/** The counts of a queue. */
export function countsOf(queue: Queue): DestinationCounts {
  return {
    size: queue.index.count - (queue.disposal?.count ?? 0),
    consumerCount: queue.consumerCount,
    enqueueCount: queue.publishedCount,
    dequeueCount: queue.settledCount,
  };
}

/**
 * The queues whose names contain a text, in the order of their creation.
 *
 * @param text in lower case; empty for all
 */
export function* queuesOf({ vhost }: ActiveMq, text = ''): Generator<void, Queue[]> {
  const found: Queue[] = [];
  let count = 0;
  for (const queue of vhost.queues.values()) {
    if (++count % itemsPerStep === 0) yield;
    if (!isShown(queue)) continue;
    if (text === '' || queue.name.toLowerCase().includes(text)) found.push(queue);
  }
  return found;
}

/** A topic with the counts of all of its subscriptions together. */
export interface Topic extends DestinationCounts {
  readonly name: string;
}

/** The topics that have been used since the broker started, and those of durable subscriptions. */
export function* topicsOf(dialect: ActiveMq): Generator<void, Topic[]> {
  const found = new Map<string, Topic>();
  let count = 0;
  for (const name of dialect.advising.topics.keys()) {
    if (++count % itemsPerStep === 0) yield;
    found.set(name, { name, size: 0, consumerCount: 0, enqueueCount: 0, dequeueCount: 0 });
  }
  for (const queue of dialect.vhost.queues.values()) {
    if (++count % itemsPerStep === 0) yield;
    if (isTopicQueue(queue)) yield* addTopics(found, dialect.topicsOf(queue), countsOf(queue));
  }
  return [...found.values()];
}

function* addTopics(
  topics: Map<string, Topic>,
  of: Iterable<Address>,
  own: DestinationCounts,
): Generator<void> {
  let count = 0;
  for (const address of of) {
    if (address.kind === 'topic') add(topics, address, own);
    if (++count % itemsPerStep === 0) yield;
  }
}

function add(topics: Map<string, Topic>, { name }: Address, own: DestinationCounts): void {
  const known = topics.get(name);
  topics.set(name, {
    name,
    size: (known?.size ?? 0) + own.size,
    consumerCount: (known?.consumerCount ?? 0) + own.consumerCount,
    enqueueCount: (known?.enqueueCount ?? 0) + own.enqueueCount,
    dequeueCount: (known?.dequeueCount ?? 0) + own.dequeueCount,
  });
}

/** A durable subscription. */
export interface Subscriber {
  readonly queue: Queue;
  /** The address of the connection that consumes from it; `NOTSET` if there is none. */
  readonly connectionId: string;
}

/** The durable subscriptions: those with consumers first, as in ActiveMQ. */
export function* subscribersOf(dialect: ActiveMq): Generator<void, Subscriber[]> {
  const peers = yield* peersOf(dialect);
  const active: Subscriber[] = [];
  const inactive: Subscriber[] = [];
  let count = 0;
  for (const queue of dialect.vhost.queues.values()) {
    if (++count % itemsPerStep === 0) yield;
    if (!isTopicQueue(queue) || !queue.index.isDurable) continue;
    const subscriber = { queue, connectionId: peers.get(queue) ?? 'NOTSET' };
    (queue.consumerCount > 0 ? active : inactive).push(subscriber);
  }
  return [...active, ...inactive];
}

/** The addresses of the clients of durable subscriptions. */
function* peersOf({ broker, consumptions }: ActiveMq): Generator<void, Map<Queue, string>> {
  const peers = new Map<Queue, string>();
  let count = 0;
  for (const { request, sources } of consumptions) {
    if (++count % itemsPerStep === 0) yield;
    if (request.key === undefined) continue;
    const owner = request.owner as ClientConnection; // if it is one of the connections
    const peer = broker.clientConnections.has(owner) ? owner.peerAddress : undefined;
    for (const { queue } of sources) if (peer !== undefined) peers.set(queue, `tcp://${peer}`);
  }
  return peers;
}
