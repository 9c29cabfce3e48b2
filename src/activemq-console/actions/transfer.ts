// Messages are taken from a queue and sent to other destinations.

import type { Address } from '../../broker/conversion/properties.ts';
import { BrokerError } from '../../broker/errors.ts';
import type { Publication } from '../../broker/publication.ts';
import type { Queue } from '../../broker/queue.ts';
import type { Delivery, Subscription } from '../../broker/subscription.ts';
import { Transaction } from '../../broker/transaction.ts';
import { synced } from '../../management/commit.ts';
import { inSlices } from '../../management/slices.ts';
import type { ConsoleRequest } from '../request.ts';

/** A message with its new destination. */
export interface Readdressed {
  /** Owns its bytes. */
  readonly publication: Publication;
  readonly to: Address;
}

/** What happened to the messages. */
export interface TransferCounts {
  readonly sentCount: number;
  /** Messages that stay in the queue. */
  readonly skippedCount: number;
}

/** A message that was taken from its queue. */
interface Taken {
  readonly deliveryNumber: number;
  /** Undefined for a message that stays. */
  readonly readdressed: Readdressed | undefined;
}

/**
 * Sends the first messages of a queue to other destinations, as the user of the request. Each leaves the
 * queue in the transaction in which it is sent. Messages that the user may not send there, or for which
 * there is no room, stay at their places.
 *
 * @param readdress returns a copy of a message with its new destination; undefined if it stays
 */
export async function transfer(
  request: ConsoleRequest,
  queue: Queue,
  countMax: number,
  readdress: (delivery: Delivery) => Readdressed | undefined,
): Promise<TransferCounts> {
  const { broker } = request.console;
  const subscription = queue.subscribe(undefined, {
    settled: false,
    exclusive: false,
    priority: 0,
    prefetch: Infinity,
    pool: undefined,
    owner: request,
  });
  // Messages that arrive meanwhile, perhaps these again, are not sent.
  let left = Math.min(countMax, queue.readyCount);
  let sentCount = 0;
  let skippedCount = 0;
  let group = 0;
  try {
    for (; left > 0 && !queue.isDeleted; left--) {
      const taken = await next(subscription, readdress);
      if (taken === undefined) break;
      const sent = await send(request, subscription, taken);
      if (sent === undefined) skippedCount++;
      else sentCount++;
      group = Math.max(group, sent ?? 0);
    }
  } finally {
    subscription.close('released');
    broker.pump();
  }
  if (group > 0) await synced(broker, group);
  return { sentCount, skippedCount };
}

/** Takes the next message; undefined if there is none. */
function next(
  subscription: Subscription,
  readdress: (delivery: Delivery) => Readdressed | undefined,
): Promise<Taken | undefined> {
  return new Promise((resolve, reject) => {
    subscription.get(false, (delivery) => {
      try {
        const { deliveryNumber = 0 } = delivery ?? {};
        resolve(delivery && { deliveryNumber, readdressed: readdress(delivery) });
      } catch (error) {
        reject(error); // the queue must not fail
      }
    });
  });
}

/**
 * Sends a message and removes it from its queue.
 *
 * @returns the group whose sync makes that durable, or 0; undefined if the message stays
 */
async function send(
  { console, access }: ConsoleRequest,
  subscription: Subscription,
  { deliveryNumber, readdressed }: Taken,
): Promise<number | undefined> {
  const { broker, dialect } = console;
  if (readdressed === undefined) return undefined;
  const { publication, to } = readdressed;
  const transaction = new Transaction(broker, dialect.vhost);
  try {
    const route = dialect.route(dialect.sendTarget(to), publication, access, []);
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
