// Queues that links with addresses of version 1 create.

import { noArguments } from '../../../broker/arguments.ts';
import type { Queue } from '../../../broker/queue.ts';
import type { RabbitMqConnection } from './dialect.ts';
import { inSession, notFound, requireAccess } from './refusals.ts';

/** An owner that no connection is: the queues are not exclusive. */
const nobody = {};

/**
 * Declares a classic queue, unless it exists. A terminus with a durability creates a durable one.
 *
 * @throws {AmqpError} `unauthorized-access` with scope `session`
 * @throws {BrokerError}
 */
export function declareV1(own: RabbitMqConnection, name: string, durable = 0): Queue {
  const { access, vhost } = own;
  requireAccess(access, 'configure', 'queue', name);
  const found = vhost.queues.get(name);
  if (found !== undefined) return found;
  const type = { type: 'longstr', value: 'classic' } as const;
  const args = vhost.defaultQueueType === undefined ? noArguments : { 'x-queue-type': type };
  const options = { durable: durable > 0, exclusive: false, autoDelete: false, arguments: args };
  return name.startsWith('amq.gen-')
    ? vhost.declareFreeQueue(name, options, nobody)
    : vhost.declareQueue(name, options, nobody);
}

/**
 * Declares a queue with a new name and binds it to an exchange.
 *
 * @throws {AmqpError} `not-found`; `unauthorized-access` with scope `session`
 * @throws {BrokerError}
 */
export function bindV1(
  own: RabbitMqConnection,
  exchangeName: string,
  bindingKey: string,
  durable?: number,
): Queue {
  const { access, vhost } = own;
  const exchange = vhost.exchanges.get(exchangeName);
  if (exchange === undefined) throw notFound('exchange', exchangeName, vhost.name);
  own.freeName ??= vhost.freeQueueName();
  const name = own.freeName;
  requireAccess(access, 'configure', 'queue', name);
  requireAccess(access, 'write', 'queue', name);
  requireAccess(access, 'read', 'exchange', exchangeName);
  if (exchange.type.name === 'topic') {
    inSession(() => access.requireTopic('read', exchangeName, bindingKey));
  }
  const queue = declareV1(own, name, durable);
  try {
    vhost.bind(exchange, queue, bindingKey, noArguments);
  } catch (thrown) {
    vhost.removeQueue(queue);
    throw thrown;
  }
  return queue;
}
