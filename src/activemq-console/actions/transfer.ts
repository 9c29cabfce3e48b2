// Messages are taken from a queue, and sent to other destinations or deleted.

import type { Address } from '../../broker/conversion/properties.ts';
import { BrokerError } from '../../broker/errors.ts';
import type { Publication } from '../../broker/publication.ts';
import type { Queue } from '../../broker/queue.ts';
import type { Delivery, Subscription } from '../../broker/subscription.ts';
import { Transaction } from '../../broker/transaction.ts';
import { synced } from '../../management/commit.ts';
import { inSlices } from '../../management/slices.ts';
import { ConsoleError, noMessage } from '../errors.ts';
import type { ConsoleRequest } from '../request.ts';
import { routeOfStored } from './routing.ts';

/** A message with its new destination. */
export interface Readdressed {
  /** Owns its bytes. */
  readonly publication: Publication;
  readonly to: Address;
}

/** Returns a copy of a message with its new destination; undefined if it stays. */
type Readdress = (delivery: Delivery) => Readdressed | undefined;

/** What happened to the messages. */
export interface TransferCounts {
  readonly sentCount: number;
  /** Messages that stay in the queue. */
  readonly skippedCount: number;
}

/** A message that was taken from its queue. */
interface Taken<Value> {
  readonly deliveryNumber: number;
  readonly value: Value;
}

/**
 * Sends the first messages of a queue to other destinations, as the user of the request. Each leaves the
 * queue in the transaction in which it is sent. Messages that the user may not send there, or for which
 * there is no room, stay at their places.
 */
export function transfer(
  request: ConsoleRequest,
  queue: Queue,
  countMax: number,
  readdress: Readdress,
): Promise<TransferCounts> {
  return subscribed(request, queue, async (subscription) => {
    // Messages that arrive meanwhile, perhaps these again, are not sent.
    let left = Math.min(countMax, queue.readyCount);
    let sentCount = 0;
    let skippedCount = 0;
    let group = 0;
    for (; left > 0 && !queue.isDeleted; left--) {
      const done = await request.console.copying.run(async () => {
        const taken = await take(subscription, readdress);
        return taken && { sent: await trySend(request, subscription, taken) };
      });
      if (done === undefined) break;
      if (done.sent === undefined) skippedCount++;
      else sentCount++;
      group = Math.max(group, done.sent ?? 0);
    }
    return { group, result: { sentCount, skippedCount } };
  });
}

/**
 * Sends one message to another destination, as {@link transfer} does.
 *
 * @throws {ConsoleError} `not-found` if it is not ready; `conflict` if it is another message than the
 *   one of the request, or must stay
 * @throws {BrokerError} if it cannot be sent; it then stays
 */
export function transferOne(
  request: ConsoleRequest,
  queue: Queue,
  sequence: number,
  readdress: Readdress,
): Promise<void> {
  return withOne(request, queue, sequence, readdress, (subscription, taken) => {
    const { value } = taken;
    if (value === undefined) {
      throw new ConsoleError('conflict', 'the message does not tell from where it came');
    }
    return send(request, subscription, { ...taken, value });
  });
}

/**
 * Deletes one message.
 *
 * @throws {ConsoleError} as {@link transferOne}
 */
export function deleteOne(request: ConsoleRequest, queue: Queue, sequence: number): Promise<void> {
  return withOne(
    request,
    queue,
    sequence,
    () => true,
    (subscription, { deliveryNumber }) =>
      commit(request, new Transaction(request.console.broker, request.console.dialect.vhost), {
        subscription,
        deliveryNumber,
      }),
  );
}

/** Takes one message, which comes back unless it is settled. */
function withOne<Value>(
  request: ConsoleRequest,
  queue: Queue,
  sequence: number,
  read: (delivery: Delivery) => Value,
  perform: (subscription: Subscription, taken: Taken<Value>) => Promise<number>,
): Promise<void> {
  return subscribed(request, queue, async (subscription) => {
    const checked = (delivery: Delivery) => {
      requireSame(request, delivery);
      return read(delivery);
    };
    const group = await request.console.copying.run(async () => {
      const taken = await take(subscription, checked, sequence);
      if (taken === undefined) throw noMessage(sequence, queue.name);
      return perform(subscription, taken);
    });
    return { group, result: undefined };
  });
}

/**
 * The queue may have been deleted and created again since its messages were listed.
 *
 * @throws {ConsoleError} `conflict`
 */
export function requireSame(request: ConsoleRequest, delivery: Delivery): void {
  const listedAtMs = request.number('receivedAtMs');
  if (listedAtMs === 0 || listedAtMs === Math.round(delivery.receivedAtMs)) return;
  throw new ConsoleError(
    'conflict',
    'another message has this number now; list the messages again',
  );
}

/** Performs something with a subscription to a queue, and waits until it is on disk. */
async function subscribed<Result>(
  request: ConsoleRequest,
  queue: Queue,
  perform: (
    subscription: Subscription,
  ) => Promise<{ readonly group: number; readonly result: Result }>,
): Promise<Result> {
  const { broker } = request.console;
  const subscription = queue.subscribe(undefined, {
    settled: false,
    exclusive: false,
    priority: 0,
    prefetch: Infinity,
    pool: undefined,
    owner: request,
  });
  try {
    const { group, result } = await perform(subscription);
    if (group > 0) await synced(broker, group);
    return result;
  } finally {
    subscription.close('released');
    broker.pump();
  }
}

/**
 * Takes the next message, or a certain one; undefined if there is none.
 *
 * @param read must copy what it needs of the delivery. If it throws, so does this
 */
function take<Value>(
  subscription: Subscription,
  read: (delivery: Delivery) => Value,
  wanted?: number,
): Promise<Taken<Value> | undefined> {
  return new Promise((resolve, reject) => {
    const answer = (delivery: Delivery | undefined) => {
      try {
        const { deliveryNumber = 0 } = delivery ?? {};
        resolve(delivery && { deliveryNumber, value: read(delivery) });
      } catch (error) {
        reject(error); // the queue must not fail
      }
    };
    subscription.get(false, answer, wanted);
  });
}

/** As {@link send}; undefined if the message stays. */
async function trySend(
  request: ConsoleRequest,
  subscription: Subscription,
  taken: Taken<Readdressed | undefined>,
): Promise<number | undefined> {
  const { value } = taken;
  if (value === undefined) return undefined;
  try {
    return await send(request, subscription, { ...taken, value });
  } catch (error) {
    if (error instanceof BrokerError) return undefined;
    throw error;
  }
}

/**
 * Sends a message and removes it from its queue.
 *
 * @returns the group whose sync makes that durable, or 0
 * @throws {BrokerError} if it cannot be sent; it then stays
 */
async function send(
  request: ConsoleRequest,
  subscription: Subscription,
  { deliveryNumber, value: { publication, to } }: Taken<Readdressed>,
): Promise<number> {
  const { broker, dialect } = request.console;
  const transaction = new Transaction(broker, dialect.vhost);
  transaction.publish(publication, routeOfStored(request, publication, to));
  const group = await commit(request, transaction, { subscription, deliveryNumber });
  // What is not on disk is in memory.
  const isBehind = broker.store.log.pendingBytes > broker.limits.pendingBytesMax;
  if (isBehind && group > 0) await synced(broker, group);
  return group;
}

async function commit(
  { console: { broker, dialect } }: ConsoleRequest,
  transaction: Transaction,
  taken: { readonly subscription: Subscription; readonly deliveryNumber: number },
): Promise<number> {
  const { subscription, deliveryNumber } = taken;
  transaction.settle(subscription, deliveryNumber, deliveryNumber, 'accepted');
  const group = await inSlices(
    broker.background,
    transaction.commit((sent, _, route) => dialect.sends.committed(sent, route)),
  );
  broker.pump();
  return group;
}
