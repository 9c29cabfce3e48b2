// The names of ActiveMQ's destinations in the core of the broker.

import type { Address } from '../conversion/properties.ts';
import { qualifiedName } from './destination.ts';
import { temporaryQueueName } from './temporary-destinations.ts';

/** The exchange of all topics. */
export const topicExchange = 'activemq.topic';
/** The exchange of temporary topics. */
export const temporaryTopicExchange = 'activemq.temporary-topic';

/** Returns the destination with a name in the core. */
export function addressOfCore(exchange: string, routingKey: string): Address {
  if (exchange === topicExchange) return { kind: 'topic', name: routingKey };
  if (exchange === temporaryTopicExchange) return { kind: 'temporary-topic', name: routingKey };
  return queueAddress(routingKey);
}

/** Returns the destination of a queue with a name in the core. */
export function queueAddress(coreName: string): Address {
  const temporary = temporaryQueueName(coreName);
  if (temporary === undefined) return { kind: 'queue', name: coreName };
  return { kind: 'temporary-queue', name: temporary };
}

/** Returns the qualified name of the destination with a name in the core. */
export function qualifiedCoreName(exchange: string, routingKey: string): string {
  return qualifiedName(addressOfCore(exchange, routingKey));
}
