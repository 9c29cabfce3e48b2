// Queues and topics are created, deleted and purged.

import { qualifiedName } from '../../broker/activemq/destination.ts';
import { createDestination, deleteDestination } from '../../broker/activemq/destination-changes.ts';
import { committed } from '../../management/commit.ts';
import { type Answer, jsonAnswer } from '../answers.ts';
import { ConsoleError } from '../errors.ts';
import type { ConsoleRequest } from '../request.ts';
import { audited, destinationOf, queueAddressOf } from './operation.ts';

/** `POST /admin/createDestination.action`. It is not an error if the destination exists. */
export async function createNamed(request: ConsoleRequest): Promise<Answer> {
  const { console, access } = request;
  const address = destinationOf(request);
  const { vhost, advising, rights } = console.dialect;
  const { name } = address;
  const isQueue = address.kind === 'queue';
  const exists = isQueue ? vhost.queues.has(name) : advising.topics.has(name);
  if (!exists) rights.require(access, 'create', address);
  const operation = { name: isQueue ? 'addQueue' : 'addTopic', arguments: [name] };
  await audited(request, operation, () => {
    createDestination(console.dialect, address, { access, owner: request });
    return committed(console.broker);
  });
  return jsonAnswer({ name, isCreated: !exists });
}

/** `POST /admin/deleteDestination.action`. A queue must have no consumers. */
export async function deleteNamed(request: ConsoleRequest): Promise<Answer> {
  const { console, access } = request;
  const address = destinationOf(request);
  const { dialect } = console;
  const isQueue = address.kind === 'queue';
  if (isQueue) console.queue(address.name);
  dialect.rights.require(access, 'remove', address);
  if (!isQueue && !dialect.advising.topics.has(address.name)) {
    throw new ConsoleError('not-found', `there is no ${qualifiedName(address)}`);
  }
  const { name } = address;
  const operation = { name: isQueue ? 'removeQueue' : 'removeTopic', arguments: [name] };
  await audited(request, operation, () => {
    deleteDestination(dialect, address, { access, owner: request });
    return committed(console.broker);
  });
  return jsonAnswer({ name });
}

/** `POST /admin/purgeDestination.action`: removes all messages that no consumer has. */
export async function purgeQueue(request: ConsoleRequest): Promise<Answer> {
  const { console, access } = request;
  const address = queueAddressOf(request);
  const queue = console.queue(address.name);
  console.dialect.rights.require(access, 'remove', address);
  const { name } = queue;
  const purgedCount = await audited(
    request,
    { name: 'purge', arguments: [], queue: name },
    async () => {
      const count = await new Promise<number>((resolve) => queue.purge(resolve));
      await committed(console.broker);
      return count;
    },
  );
  return jsonAnswer({ name, purgedCount });
}
