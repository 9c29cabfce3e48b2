// The destinations that consumers are shown.

import type { Address } from '../../conversion/properties.ts';
import { activemqAlphabet, type Pattern, parsePattern } from '../../patterns/alphabet.ts';
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
  return topicOf(settings, sent, consumption?.request.destinations ?? []);
}

/**
 * Returns the topic through which a message has come to a subscription.
 *
 * @param sent the destination that it was sent to
 * @param wanted the topics of the subscription
 */
export function topicOf(
  settings: Pick<ActiveMqSettings, 'topicsOf'>,
  sent: Address,
  wanted: Iterable<Address>,
): Address {
  const topics = settings.topicsOf(sent);
  if (topics.length < 2) return topics[0] ?? sent;
  // Each name is parsed once: there may be a hundred of each.
  const patterns = [...wanted].map(({ kind, name }) => ({ kind, pattern: patternOf(name) }));
  const isWanted = ({ kind, name }: Address) => {
    const own = patternOf(name);
    return patterns.some((each) => each.kind === kind && covers(each.pattern, own));
  };
  return topics.find(isWanted) ?? topics[0] ?? sent;
}

function patternOf(name: string): Pattern {
  return parsePattern(activemqAlphabet, name);
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
