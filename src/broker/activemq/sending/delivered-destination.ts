// The destinations that consumers are shown.

import type { Address } from '../../conversion/properties.ts';
import type { Delivery } from '../../subscription.ts';
import type { Source } from '../consumption.ts';
import { addressOfCore, queueAddress, topicExchange } from '../core-names.ts';
import { isQueue } from '../destination.ts';

/** The topics that get the messages to queues, too. */
interface MirrorHost {
  readonly settings: { mirrorOf(queue: string): string | undefined };
}

/** Returns the destination that the consumer of a delivery is shown. */
export function deliveredDestination(
  { settings }: MirrorHost,
  source: Pick<Source, 'queue' | 'isTopic'>,
  delivery: Delivery,
): Address {
  if (!source.isTopic) return queueAddress(source.queue.name);
  const sent = addressOfCore(delivery.exchangeName(), delivery.routingKey());
  const mirror = isQueue(sent) ? settings.mirrorOf(sent.name) : undefined;
  return mirror === undefined ? sent : { kind: 'topic', name: mirror };
}

/**
 * Returns the destination that a delivery was sent to, if it is a different one: a virtual topic.
 */
export function originalDestination(
  { isTopic }: Pick<Source, 'isTopic'>,
  delivery: Delivery,
): Address | undefined {
  if (isTopic || delivery.exchangeName() !== topicExchange) return undefined;
  return { kind: 'topic', name: delivery.routingKey() };
}
