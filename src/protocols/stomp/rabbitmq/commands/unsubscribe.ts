// UNSUBSCRIBE.

import type { Frame } from '../../codec/frames.ts';
import { tempQueuePrefix } from '../destinations.ts';
import type { RabbitMqConnection } from '../dialect.ts';
import { invalid } from '../errors.ts';
import { type Headers, isDurable } from '../headers.ts';

/** How a client names a subscription. */
export interface SubscriptionName {
  /** `T_` and the id, or `Q_` and the destination. */
  readonly tag: string;
  readonly id: string | undefined;
  readonly description: string;
}

/**
 * Reads the id of a subscription, or its destination if there is no id.
 *
 * @throws {RabbitMqError} `invalid`
 */
export function subscriptionName(command: string, headers: Headers): SubscriptionName {
  const id = headers.get('id');
  if (id === undefined && isDurable(headers)) {
    throw invalid('Missing Header', "Header 'id' is required for durable subscriptions");
  }
  if (id?.startsWith(tempQueuePrefix) === true) {
    const why = `${command} 'id' may not start with ${tempQueuePrefix}\n`;
    throw invalid('Invalid id', why);
  }
  if (id !== undefined) return { tag: `T_${id}`, id, description: `id='${id}'` };
  const destination = headers.get('destination');
  if (destination === undefined) {
    const why = `${command} must include a 'destination' or 'id' header`;
    throw invalid('Missing destination or id', why);
  }
  const description = `destination='${destination}'`;
  return { tag: `Q_${destination}`, id: undefined, description };
}

/**
 * UNSUBSCRIBE: ends a subscription. With `durable:true`, the queue of a durable subscription to a topic is
 * deleted. Unsettled deliveries can still be acknowledged.
 */
export function unsubscribe(own: RabbitMqConnection, frame: Frame): void {
  const { headers } = frame;
  const { subscriptions, host, access, vhost, broker } = own;
  const { tag, description } = subscriptionName('UNSUBSCRIBE', headers);
  const found = subscriptions.find(tag);
  if (found === undefined) {
    const why = `UNSUBSCRIBE must refer to an existing subscription.\nSubscription to "${description}" not found.\n`;
    throw invalid('No subscription found', why);
  }
  const isDeleting = found.terms.isTopic && isDurable(headers);
  const { name } = found.queue;
  if (isDeleting) access.require('configure', 'queue', name);
  found.stop();
  subscriptions.remove(found);
  if (isDeleting) vhost.deleteQueue(name, host, { ifUnused: false, ifEmpty: false });
  host.receipt(frame, broker.store.definedGroup);
}
