// Consumers in JSON.

import type { Broker } from '../../broker/broker.ts';
import type {
  ChannelDetails,
  ClientConnection,
  ConsumerDetails,
} from '../../broker/client-connection.ts';
import type { Queue } from '../../broker/queue.ts';
import { argumentsToJson } from '../json/arguments.ts';
import type { JsonObject } from '../json/read.ts';
import { nodeName } from '../management.ts';
import { itemsPerStep } from '../slices.ts';
import { addressesOf, connectionName } from './connection-json.ts';

/** Maximum number of consumers in the description of a queue or channel. */
const describedCountMax = 1000;

/** A consumer with the channel and connection that it belongs to. */
export interface ConsumerPlace {
  readonly connection: ClientConnection;
  readonly channel: ChannelDetails;
  readonly consumer: ConsumerDetails;
}

/** All consumers of a broker. */
export function* allConsumers(broker: Broker): Generator<ConsumerPlace> {
  for (const connection of broker.clientConnections) yield* consumersOf(connection);
}

function* consumersOf(connection: ClientConnection): Generator<ConsumerPlace> {
  for (const channel of connection.details?.().channels() ?? []) {
    for (const consumer of channel.consumers()) yield { connection, channel, consumer };
  }
}

/** The consumers of a queue, found in steps. */
export function* consumersIn(broker: Broker, queue: Queue): Generator<void, ConsumerPlace[]> {
  const found: ConsumerPlace[] = [];
  if (queue.consumerCount === 0) return found;
  let seenCount = 0;
  for (const connection of broker.clientConnections) {
    if (connection.access.vhost !== queue.vhost) continue;
    for (const place of consumersOf(connection)) {
      if (place.consumer.subscription.queue === queue) found.push(place);
      if (found.length >= Math.min(queue.consumerCount, describedCountMax)) return found;
      if (++seenCount % itemsPerStep === 0) yield;
    }
    yield;
  }
  return found;
}

/** Writes a consumer. */
export function consumerToJson({ connection, channel, consumer }: ConsumerPlace): JsonObject {
  const { subscription, tag, arguments: args } = consumer;
  const { queue, options } = subscription;
  return {
    arguments: argumentsToJson(args),
    ack_required: !options.settled,
    active: subscription.isActive,
    activity_status: 'up',
    channel_details: channelReference(connection, channel),
    consumer_tag: tag,
    consumer_timeout: 0,
    exclusive: options.exclusive,
    prefetch_count: finite(options.prefetch),
    queue: { name: queue.name, vhost: queue.vhost },
  };
}

/** The place of a channel, as other objects refer to it. */
export function channelReference(
  connection: ClientConnection,
  { number }: ChannelDetails,
): JsonObject {
  const { peer_host, peer_port } = addressesOf(connection);
  return {
    connection_name: connectionName(connection),
    name: `${connectionName(connection)} (${number})`,
    node: nodeName,
    number,
    peer_host,
    peer_port,
    user: connection.access.user,
  };
}

function finite(count: number | undefined): number {
  return count === undefined || count === Infinity ? 0 : count;
}
