// Completes stored messages for their dispatch.

import type { Source } from '../../../broker/activemq/consumption.ts';
import {
  deliveredDestination,
  originalDestination,
} from '../../../broker/activemq/sending/delivered-destination.ts';
import type { Address } from '../../../broker/conversion/properties.ts';
import type { Delivery } from '../../../broker/subscription.ts';
import { destinationOf } from '../address.ts';
import type { Destination, Message, MessageId, ProducerId } from '../codec/commands.gen.ts';
import { types } from '../codec/commands.gen.ts';
import { unset } from '../codec/stored-message.ts';
import type { OpenWireHost } from '../host.ts';

/** The destination of the last dispatch, which is usually that of the next one. */
export interface DestinationCache {
  address: Address | undefined;
  destination: Destination | undefined;
}

/** What is known about a dispatch. */
interface DispatchOf {
  readonly host: OpenWireHost;
  /** The number of the delivery on its connection. */
  readonly number: number;
  readonly source: Pick<Source, 'queue' | 'isTopic'>;
  readonly destinations: DestinationCache;
}

/** The priority of messages whose sender set none. */
const priorityDefault = 4;

/**
 * Sets the fields of a message that the broker decides, and returns its id.
 *
 * @param message the stored message
 */
export function prepareMessage(message: Message, delivery: Delivery, of: DispatchOf): MessageId {
  const { host, number, source, destinations } = of;
  const { dialect } = host;
  message.destination = structureOf(deliveredDestination(dialect, source, delivery), destinations);
  if (message.originalDestination === undefined) {
    const original = originalDestination(source, delivery);
    message.originalDestination = original && destinationOf(original);
  }
  message.redeliveryCounter = delivery.deliveryCount;
  message.expiration = delivery.expiresAtMs === Infinity ? 0 : Math.round(delivery.expiresAtMs);
  if (message.priority === unset)
    message.priority = Math.min(delivery.priority, 9) || priorityDefault;
  if (message.timestamp === unset) message.timestamp = 0;
  message.brokerInTime = Math.round(delivery.receivedAtMs);
  message.brokerOutTime = Math.round(host.broker.nowMs());
  message.persistent = delivery.isPersistent;
  message.groupFirstForConsumer = delivery.isFirstOfGroup;
  message.messageId = identified(message.messageId, host, number);
  message.producerId = message.producerId ?? message.messageId.producerId;
  return message.messageId;
}

function structureOf(address: Address, cache: DestinationCache): Destination {
  const { address: known, destination } = cache;
  const isSame = known?.kind === address.kind && known.name === address.name;
  if (isSame && destination !== undefined) return destination;
  const found = destinationOf(address);
  cache.address = address;
  cache.destination = found;
  return found;
}

/**
 * Returns an id with the number of the delivery, by which the client acknowledges. A message of
 * another protocol may have no producer or no id at all.
 */
function identified(id: MessageId | undefined, host: OpenWireHost, number: number): MessageId {
  const isComplete = id?.producerId !== undefined;
  return {
    type: types.MessageId,
    textView: id?.textView,
    producerId: isComplete ? id.producerId : foreignProducer(host),
    producerSequenceId: isComplete ? id.producerSequenceId : number,
    brokerSequenceId: number,
  };
}

/** The producer of messages that were sent without one. */
function foreignProducer({ shared, connectionId }: OpenWireHost): ProducerId {
  const owner = `${shared.brokerId}:${connectionId}`;
  return { type: types.ProducerId, connectionId: owner, value: 1, sessionId: -1 };
}
