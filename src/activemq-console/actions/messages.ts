// Messages are sent elsewhere: dead letters to their original destinations, or others to another queue,
// one message or the first ones of a queue.

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
import { type Answer, jsonAnswer } from '../answers.ts';
import { badRequest, ConsoleError } from '../errors.ts';
import { transferCountMax } from '../limits.ts';
import type { ConsoleRequest } from '../request.ts';
import { originOf, revivedHead } from './dead-letters.ts';
import { audited, queueAddressOf } from './operation.ts';
import { type Readdressed, transfer, transferOne } from './transfer.ts';

/**
 * `POST /admin/retryMessages.action`: sends the first messages of a queue of dead letters to the destinations
 * from which they came. Messages without such a destination stay.
 *
 * @throws {ConsoleError} `conflict` for other queues
 */
export async function retryMessages(request: ConsoleRequest): Promise<Answer> {
  requireDeadLetters(request);
  return sendFirst(request, 'retryMessages', undefined);
}

/** `POST /admin/retryMessage.action`: the same for the message with the number `sequence`. */
export async function retryMessage(request: ConsoleRequest): Promise<Answer> {
  requireDeadLetters(request);
  return sendOne(request, 'retryMessage', undefined);
}

/**
 * In other queues, a destination of origin is what a sender has stated: it would have the message sent on
 * with the rights of the user who retries it.
 */
function requireDeadLetters(request: ConsoleRequest): void {
  const { name } = queueAddressOf(request);
  if (request.console.deadLetterNames.has(name)) return;
  throw new ConsoleError('conflict', `'${name}' is not a queue of dead letters`);
}

/**
 * `POST /admin/moveMessages.action`: sends the first messages of a queue to the queue `destination`.
 * They keep their time to live.
 */
export function moveMessages(request: ConsoleRequest): Promise<Answer> {
  return sendFirst(request, 'moveMatchingMessagesTo', targetOf(request));
}

/** `POST /admin/moveMessage.action`: the same for the message with the number `sequence`. */
export function moveMessage(request: ConsoleRequest): Promise<Answer> {
  return sendOne(request, 'moveMessageTo', targetOf(request));
}

/** @throws {BrokerError} `access-refused` */
function targetOf(request: ConsoleRequest): Address {
  const to = namedDestination(request.field('destination'), 'queue');
  if (to.name === queueAddressOf(request).name) throw badRequest('destination is the same queue');
  request.console.dialect.rights.require(request.access, 'write', to);
  return to;
}

/** @param to undefined for the original destination of each message */
async function sendFirst(
  request: ConsoleRequest,
  name: string,
  to: Address | undefined,
): Promise<Answer> {
  const countMax = request.count('count', transferCountMax, transferCountMax);
  const queue = sourceOf(request);
  const operation = { name, arguments: [...named(to), countMax], queue: queue.name };
  const counts = await audited(request, operation, () =>
    transfer(request, queue, countMax, readdressing(request, queue, to)),
  );
  return jsonAnswer({ name: queue.name, ...counts });
}

async function sendOne(
  request: ConsoleRequest,
  name: string,
  to: Address | undefined,
): Promise<Answer> {
  const sequence = request.number('sequence');
  const queue = sourceOf(request);
  const operation = { name, arguments: [...named(to), sequence], queue: queue.name };
  await audited(request, operation, () =>
    transferOne(request, queue, sequence, readdressing(request, queue, to)),
  );
  return jsonAnswer({ name: queue.name, sequence });
}

/** The queue from which messages are taken. @throws {BrokerError} `access-refused` */
export function sourceOf(request: ConsoleRequest): Queue {
  const address = queueAddressOf(request);
  const queue = request.console.queue(address.name);
  request.console.dialect.rights.require(request.access, 'read', address);
  return queue;
}

function named(to: Address | undefined): string[] {
  return to === undefined ? [] : [to.name];
}

function readdressing(request: ConsoleRequest, queue: Queue, to: Address | undefined) {
  return (delivery: Delivery): Readdressed | undefined =>
    to === undefined ? toOrigin(request, queue, delivery) : movedTo(request, to, delivery);
}

/** A copy of a message for another queue, with what is left of its time to live. */
export function movedTo({ console }: ConsoleRequest, to: Address, delivery: Delivery): Readdressed {
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
