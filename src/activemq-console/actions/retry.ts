// Dead letters are sent to their original destinations again.

import { deadLetterHeaders } from '../../broker/activemq/dead-letter-queue.ts';
import {
  isReserved,
  isTemporary,
  parseDestination,
  qualifiedName,
} from '../../broker/activemq/destination.ts';
import type { ArgumentChanges } from '../../broker/arguments.ts';
import type { Address } from '../../broker/conversion/properties.ts';
import { deadLetterOf } from '../../broker/dead-lettering/dead-letter.ts';
import { BrokerError } from '../../broker/errors.ts';
import type { MessageFormat } from '../../broker/format.ts';
import type { Publication } from '../../broker/publication.ts';
import type { Queue } from '../../broker/queue.ts';
import type { Delivery, Subscription } from '../../broker/subscription.ts';
import { Transaction } from '../../broker/transaction.ts';
import { synced } from '../../management/commit.ts';
import { inSlices } from '../../management/slices.ts';
import type { Answer } from '../answers.ts';
import { queueTarget } from '../audit.ts';
import { retryCountMax } from '../limits.ts';
import { queuePath } from '../pages/page.ts';
import type { ConsoleRequest } from '../request.ts';
import { addressOf, answer } from './queues.ts';

/** What only dead letters have. */
const removed: ArgumentChanges = {
  [deadLetterHeaders.originalDestination]: undefined,
  [deadLetterHeaders.originalExpiration]: undefined,
  [deadLetterHeaders.originalDeliveryMode]: undefined,
  [deadLetterHeaders.cause]: undefined,
};

/** A dead letter that was taken from its queue. */
interface Taken {
  readonly deliveryNumber: number;
  /** Undefined for a message that cannot be sent again. */
  readonly publication: Publication | undefined;
  readonly to: Address | undefined;
}

/**
 * `POST /admin/retryMessages.action`: sends the first messages of a queue to the destinations from
 * which they became dead letters, as the user. Each leaves the queue in the same transaction in which
 * it is sent. Messages without such a destination, or to which the user may not send, stay.
 */
export async function retryMessages(request: ConsoleRequest): Promise<Answer> {
  const { console, access } = request;
  const address = addressOf(request);
  const countMax = request.count('count', retryCountMax, retryCountMax);
  const queue = console.queue(address.name);
  console.dialect.rights.require(access, 'read', address);
  const operation = {
    user: access.user,
    operation: 'retryMessages',
    arguments: [String(countMax)],
    target: queueTarget(console.broker.brokerName, queue.name),
  };
  console.audit.called(operation);
  const counts = await retry(request, queue, countMax);
  console.audit.ended(operation);
  return answer(request, queuePath(queue.name), { name: queue.name, ...counts });
}

async function retry(request: ConsoleRequest, queue: Queue, countMax: number) {
  const { broker } = request.console;
  const subscription = queue.subscribe(undefined, {
    settled: false,
    exclusive: false,
    priority: 0,
    prefetch: Infinity,
    pool: undefined,
    owner: request,
  });
  // Messages that arrive meanwhile, perhaps dead letters of these, are not retried.
  let left = Math.min(countMax, queue.readyCount);
  let retriedCount = 0;
  let skippedCount = 0;
  let group = 0;
  try {
    for (; left > 0 && !queue.isDeleted; left--) {
      const taken = await next(request, queue, subscription);
      if (taken === undefined) break;
      const sent = await send(request, subscription, taken);
      if (sent === undefined) skippedCount++;
      else retriedCount++;
      group = Math.max(group, sent ?? 0);
    }
  } finally {
    subscription.close('released');
    broker.pump();
  }
  if (group > 0) await synced(broker, group);
  return { retriedCount, skippedCount };
}

/** Takes the next message; undefined if there is none. */
function next(
  request: ConsoleRequest,
  queue: Queue,
  subscription: Subscription,
): Promise<Taken | undefined> {
  return new Promise((resolve, reject) => {
    subscription.get(false, (delivery) => {
      try {
        resolve(delivery && takenOf(request, queue, delivery));
      } catch (error) {
        reject(error); // the queue must not fail
      }
    });
  });
}

/** Copies a message: the delivery is reused for the next one. */
function takenOf(request: ConsoleRequest, queue: Queue, delivery: Delivery): Taken {
  const { deliveryNumber } = delivery;
  const nothing = { deliveryNumber, publication: undefined, to: undefined };
  const format = request.console.broker.formatOf(delivery.format);
  const original = format && originOf(format, delivery);
  const to = original === undefined ? undefined : readOriginal(original);
  if (format === undefined || to === undefined) return nothing;
  if (to.kind === 'queue' && to.name === queue.name) return nothing;
  const publication = deadLetterOf(delivery).copy();
  publication.head = format.deadLetterHead(publication.head, 0, publication.headEnd, removed);
  publication.headEnd = publication.head.length;
  return { deliveryNumber, publication, to };
}

/** The qualified name of the original destination of a dead letter. */
function originOf(format: MessageFormat, delivery: Delivery): string | undefined {
  const { buffer, headAt, headLength } = delivery;
  const end = headAt + headLength;
  if (format.deadLetterOrigin !== undefined) {
    const address = format.deadLetterOrigin(buffer, headAt, end);
    return address && qualifiedName(address);
  }
  const header = format.headers(buffer, headAt, end)[deadLetterHeaders.originalDestination];
  return typeof header?.value === 'string' ? header.value : undefined;
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

/**
 * Sends a message and removes it from its queue.
 *
 * @returns the group whose sync makes that durable, or 0; undefined if it cannot be sent
 */
async function send(
  { console, access }: ConsoleRequest,
  subscription: Subscription,
  { deliveryNumber, publication, to }: Taken,
): Promise<number | undefined> {
  const { broker, dialect } = console;
  if (publication === undefined || to === undefined) return undefined;
  const transaction = new Transaction(broker, dialect.vhost);
  try {
    const target = dialect.sendTarget(to);
    const route = dialect.route(target, publication, access, []);
    // Otherwise a message to a queue that is full would be lost.
    if (route.queues.some((queue) => queue.isFull(publication.bodyLength))) return undefined;
    transaction.publish(publication, route);
  } catch (error) {
    if (error instanceof BrokerError) return undefined;
    throw error;
  }
  transaction.settle(subscription, deliveryNumber, deliveryNumber, 'accepted');
  const group = await inSlices(
    broker.background,
    transaction.commit(() => {}),
  );
  broker.pump();
  return group;
}
