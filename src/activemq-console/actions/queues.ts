// Actions on queues: they are created, deleted and purged.

import { namedDestination } from '../../broker/activemq/destination.ts';
import { createDestination, deleteDestination } from '../../broker/activemq/destination-changes.ts';
import type { Address } from '../../broker/conversion/properties.ts';
import { committed } from '../../management/commit.ts';
import { type Answer, jsonAnswer, seeOther } from '../answers.ts';
import { brokerTarget, queueTarget } from '../audit.ts';
import { badRequest } from '../errors.ts';
import { queuePath } from '../pages/page.ts';
import type { ConsoleRequest } from '../request.ts';

/** `POST /admin/createDestination.action`. It is not an error if the queue exists. */
export async function createQueue(request: ConsoleRequest): Promise<Answer> {
  const { console, access } = request;
  const address = addressOf(request);
  const exists = console.dialect.vhost.queues.has(address.name);
  if (!exists) console.dialect.rights.require(access, 'create', address);
  const operation = {
    user: access.user,
    operation: 'addQueue',
    arguments: [address.name],
    target: brokerTarget(console.broker.brokerName),
  };
  console.audit.called(operation);
  createDestination(console.dialect, address, { access, owner: request });
  await committed(console.broker);
  console.audit.ended(operation);
  return answer(request, queuePath(address.name), { name: address.name, isCreated: !exists });
}

/** `POST /admin/deleteDestination.action`. The queue must have no consumers. */
export async function deleteQueue(request: ConsoleRequest): Promise<Answer> {
  const { console, access } = request;
  const address = addressOf(request);
  const { name } = console.queue(address.name);
  console.dialect.rights.require(access, 'remove', address);
  const operation = {
    user: access.user,
    operation: 'removeQueue',
    arguments: [name],
    target: brokerTarget(console.broker.brokerName),
  };
  console.audit.called(operation);
  deleteDestination(console.dialect, address, { access, owner: request });
  await committed(console.broker);
  console.audit.ended(operation);
  return answer(request, '/admin/', { name });
}

/** `POST /admin/purgeDestination.action`: removes all messages that no consumer has. */
export async function purgeQueue(request: ConsoleRequest): Promise<Answer> {
  const { console, access } = request;
  const address = addressOf(request);
  const queue = console.queue(address.name);
  console.dialect.rights.require(access, 'remove', address);
  const operation = {
    user: access.user,
    operation: 'purge',
    arguments: [],
    target: queueTarget(console.broker.brokerName, queue.name),
  };
  console.audit.called(operation);
  const purgedCount = await new Promise<number>((resolve) => queue.purge(resolve));
  await committed(console.broker);
  console.audit.ended(operation);
  return answer(request, queuePath(queue.name), { name: queue.name, purgedCount });
}

/**
 * The queue that an action names.
 *
 * @throws {ConsoleError} `bad-request`
 * @throws {BrokerError} `precondition-failed`
 */
export function addressOf(request: ConsoleRequest): Address {
  const type = request.field('JMSDestinationType') || 'queue';
  if (type !== 'queue') {
    const found = JSON.stringify(type.slice(0, 32));
    throw badRequest(`JMSDestinationType is ${found}; queue is allowed`);
  }
  return namedDestination(request.field('JMSDestination'), 'queue');
}

/** A browser is led to a page. */
export function answer(request: ConsoleRequest, path: string, value: object): Answer {
  return request.isPage ? seeOther(path) : jsonAnswer(value);
}
