// Messages are sent elsewhere: dead letters to their original destinations, or all to another queue.

import {
  isReserved,
  isTemporary,
  namedDestination,
  parseDestination,
} from '../../broker/activemq/destination.ts';
import type { Address } from '../../broker/conversion/properties.ts';
import { deadLetterOf } from '../../broker/dead-lettering/dead-letter.ts';
import { BrokerError } from '../../broker/errors.ts';
import type { Queue } from '../../broker/queue.ts';
import type { Delivery } from '../../broker/subscription.ts';
import type { Answer } from '../answers.ts';
import { queueTarget } from '../audit.ts';
import { badRequest } from '../errors.ts';
import { transferCountMax } from '../limits.ts';
import { queuePath } from '../pages/page.ts';
import type { ConsoleRequest } from '../request.ts';
import { originOf, revivedHead } from './dead-letters.ts';
import { addressOf, answer } from './queues.ts';
import { type Readdressed, transfer } from './transfer.ts';

/**
 * `POST /admin/retryMessages.action`: sends the first messages of a queue to the destinations from
 * which they became dead letters. Messages without such a destination stay.
 */
export function retryMessages(request: ConsoleRequest): Promise<Answer> {
  return sendElsewhere(request, 'retryMessages', undefined);
}

/**
 * `POST /admin/moveMessages.action`: sends the first messages of a queue to the queue `destination`.
 * They keep their time to live.
 */
export function moveMessages(request: ConsoleRequest): Promise<Answer> {
  const to = namedDestination(request.field('destination'), 'queue');
  if (to.name === addressOf(request).name) throw badRequest('destination is the same queue');
  request.console.dialect.rights.require(request.access, 'write', to);
  return sendElsewhere(request, 'moveMatchingMessagesTo', to);
}

/** @param to undefined for the original destination of each message */
async function sendElsewhere(
  request: ConsoleRequest,
  name: string,
  to: Address | undefined,
): Promise<Answer> {
  const { console, access } = request;
  const address = addressOf(request);
  const countMax = request.count('count', transferCountMax, transferCountMax);
  const queue = console.queue(address.name);
  console.dialect.rights.require(access, 'read', address);
  const operation = {
    user: access.user,
    operation: name,
    arguments: [...(to === undefined ? [] : [to.name]), String(countMax)],
    target: queueTarget(console.broker.brokerName, queue.name),
  };
  console.audit.called(operation);
  const counts = await transfer(request, queue, countMax, (delivery) =>
    to === undefined ? toOrigin(request, queue, delivery) : movedTo(request, to, delivery),
  );
  console.audit.ended(operation);
  return answer(request, queuePath(queue.name), { name: queue.name, ...counts });
}

function movedTo({ console }: ConsoleRequest, to: Address, delivery: Delivery): Readdressed {
  const publication = deadLetterOf(delivery).copy();
  const leftMs = delivery.expiresAtMs - console.broker.nowMs();
  publication.expirationMs = leftMs === Infinity ? -1 : Math.max(0, leftMs);
  return { publication, to };
}

function toOrigin(
  { console }: ConsoleRequest,
  queue: Queue,
  delivery: Delivery,
): Readdressed | undefined {
  const format = console.broker.formatOf(delivery.format);
  const { buffer, headAt, headLength } = delivery;
  const original = format && originOf(format, buffer, headAt, headAt + headLength);
  const to = original === undefined ? undefined : readOriginal(original);
  if (format === undefined || to === undefined) return undefined;
  if (to.kind === 'queue' && to.name === queue.name) return undefined;
  const publication = deadLetterOf(delivery).copy();
  publication.head = revivedHead(format, publication.head, 0, publication.headEnd);
  publication.headEnd = publication.head.length;
  return { publication, to };
}

function readOriginal(text: string): Address | undefined {
  try {
    const address = parseDestination(text, 'queue');
    return isTemporary(address) || isReserved(address) ? undefined : address;
  } catch (error) {
    if (error instanceof BrokerError) return undefined;
    throw error;
  }
}
