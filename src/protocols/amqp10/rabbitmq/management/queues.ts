// Queues of the management node.

import { describe } from '../../../../broker/errors.ts';
import type { Queue } from '../../../../broker/queue.ts';
import { type Entry, type Item, stringItem } from '../../codec/items.ts';
import { requireAccess } from '../refusals.ts';
import { requireOneLine, requireOwnName } from './names.ts';
import type { Call } from './operations.ts';
import { nameOf } from './path.ts';
import { messageCount, RequestError, type Response } from './response.ts';
import { argumentsItem, Fields } from './values.ts';

/** The name of the only node, as the management API states it. */
const nodeName = 'rabbit@localhost';

/** `GET /queues/:queue` */
export function getQueue({ own, part }: Call): Response {
  const name = nameOf(part);
  const queue = own.vhost.queues.get(name);
  if (queue === undefined) {
    throw new RequestError('404', `${describe('queue', name, own.vhost.name)} not found`);
  }
  return { status: '200', body: describeQueue(queue) };
}

/** `PUT /queues/:queue` */
export function declareQueue({ own, part, body }: Call): Response {
  const { vhost, access, host } = own;
  const name = nameOf(part);
  const fields = new Fields(body, 'queue property', [
    'durable',
    'exclusive',
    'auto_delete',
    'arguments',
  ]);
  const options = {
    durable: fields.boolean('durable', true),
    exclusive: fields.boolean('exclusive', false),
    autoDelete: fields.boolean('auto_delete', false),
    arguments: fields.arguments(),
  };
  if (name === '') throw new RequestError('400', 'declare queue with empty name not allowed');
  requireOneLine(name);
  requireOwnName('queue', name, vhost.name);
  requireAccess(access, 'configure', 'queue', name);
  const isNew = !vhost.queues.has(name);
  const target = options.arguments['x-dead-letter-exchange'];
  if (isNew && target !== undefined) {
    if (target.type !== 'longstr') {
      const why = `invalid type '${target.type}' for arg 'x-dead-letter-exchange'`;
      throw new RequestError('400', why);
    }
    requireAccess(access, 'read', 'queue', name);
    requireAccess(access, 'write', 'exchange', String(target.value));
  }
  const queue = vhost.declareQueue(name, options, host);
  queue.touch();
  return { status: isNew ? '201' : '200', body: describeQueue(queue), isChange: isNew };
}

/** `DELETE /queues/:queue`. A queue that does not exist has no messages. */
export function deleteQueue({ own, part, body }: Call): Response {
  const { vhost, access, host } = own;
  requireNoBody(body);
  const name = nameOf(part);
  requireOneLine(name);
  requireAccess(access, 'configure', 'queue', name);
  return messageCount(vhost.deleteQueue(name, host, { ifUnused: false, ifEmpty: false }));
}

/** `DELETE /queues/:queue/messages` */
export function purgeQueue({ own, part, body }: Call, answer: (response: Response) => void): void {
  const { vhost, access, host } = own;
  requireNoBody(body);
  const name = nameOf(part);
  requireAccess(access, 'read', 'queue', name);
  vhost.queue(name, host).purge((count) => answer(messageCount(count)));
}

function requireNoBody(body: Item): void {
  if (body.type !== 'null') throw new RequestError('400', 'a DELETE request has a body');
}

function describeQueue(queue: Queue): Item {
  const { name, vhost, options, settings } = queue;
  const entry = (key: string, value: Item): Entry => [stringItem(key), value];
  const boolean = (value: boolean): Item => ({ type: 'boolean', value });
  return {
    type: 'map',
    value: [
      entry('leader', stringItem(nodeName)),
      entry('replicas', { type: 'array', value: [stringItem(nodeName)] }),
      entry('message_count', { type: 'ulong', value: BigInt(queue.readyCount) }),
      entry('consumer_count', { type: 'uint', value: queue.consumerCount }),
      entry('name', stringItem(name)),
      entry('vhost', stringItem(vhost)),
      entry('durable', boolean(options.durable)),
      entry('auto_delete', boolean(options.autoDelete)),
      entry('exclusive', boolean(options.exclusive)),
      entry('type', stringItem(settings.type)),
      entry('arguments', argumentsItem(options.arguments)),
    ],
  };
}
