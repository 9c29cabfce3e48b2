// The destinations that consumers are shown.

import type { Address } from '../../conversion/properties.ts';
import { activemqAlphabet, parsePattern } from '../../patterns/alphabet.ts';
import type { Delivery } from '../../subscription.ts';
import type { Source } from '../consumption.ts';
import { addressOfCore, queueAddress, topicExchange } from '../core-names.ts';
import { isQueue } from '../destination.ts';
import type { ActiveMqSettings } from '../policies/destination-policy.ts';
import { covers } from '../policies/pattern-cover.ts';

/** The topics that get the messages to other destinations, too. */
interface SharedTopics {
  readonly settings: Pick<ActiveMqSettings, 'hasForwarding' | 'mirrorOf' | 'topicsOf'>;
}

/** Where a delivery comes from. A browser has no consumption. */
export type DeliveredFrom = Pick<Source, 'queue' | 'isTopic'> & {
  readonly consumption?: {
    readonly request: { readonly destinations: readonly Address[] };
  };
};

/** Returns the destination that the consumer of a delivery is shown. */
export function deliveredDestination(
  { settings }: SharedTopics,
  { queue, isTopic, consumption }: DeliveredFrom,
  delivery: Delivery,
): Address {
  if (!isTopic) return queueAddress(queue.name);
  const sent = addressOfCore(delivery.exchangeName(), delivery.routingKey());
  const topics = settings.topicsOf(sent);
  if (topics.length < 2) return topics[0] ?? sent;
  const wanted = consumption?.request.destinations ?? [];
  return topics.find((topic) => wanted.some((each) => matches(each, topic))) ?? topics[0] ?? sent;
}

function matches(wanted: Address, { kind, name }: Address): boolean {
  const pattern = (text: string) => parsePattern(activemqAlphabet, text);
  return wanted.kind === kind && covers(pattern(wanted.name), pattern(name));
}

/**
 * Returns the destination that a delivery was sent to, if it is a different one: a virtual topic, or a
 * composite destination of the configuration. As in ActiveMQ, a mirror does not tell of its queue.
 *
 * @param shown the destination that its consumer is shown
 */
export function originalDestination(
  { settings }: SharedTopics,
  { isTopic }: DeliveredFrom,
  delivery: Delivery,
  shown: Address,
): Address | undefined {
  const exchange = delivery.exchangeName();
  if (!settings.hasForwarding && (isTopic || exchange !== topicExchange)) return undefined;
  const sent = addressOfCore(exchange, delivery.routingKey());
  const isMirror = isTopic && isQueue(sent) && settings.mirrorOf(sent.name) === shown.name;
  return isMirror || (sent.kind === shown.kind && sent.name === shown.name) ? undefined : sent;
}
