// ACK and NACK.

import { BrokerError } from '../../../../broker/errors.ts';
import type { Outcome } from '../../../../broker/subscription.ts';
import type { Frame } from '../../codec/frames.ts';
import type { RabbitMqConnection } from '../dialect.ts';
import { invalid } from '../errors.ts';
import { flagHeader } from '../headers.ts';
import type { Flight } from '../subscriptions.ts';
import type { RabbitMqTransaction } from '../transactions.ts';

/** Number of deliveries that become part of a transaction in one step. */
const stepSize = 16;

/** ACK. */
export function ack(own: RabbitMqConnection, frame: Frame): void {
  settle(own, frame, 'accepted');
}

/** NACK: requeues the message, or rejects it, which dead-letters it if the queue is so configured. */
export function nack(own: RabbitMqConnection, frame: Frame): void {
  const requeues = flagHeader(frame.headers, 'requeue') ?? own.core.options.nackRequeues;
  const back = own.broker.personality.countsReturned ? 'modified' : 'released';
  settle(own, frame, requeues ? back : 'rejected');
}

function settle(own: RabbitMqConnection, frame: Frame, outcome: Outcome): void {
  const { headers } = frame;
  const { transactions, subscriptions, host } = own;
  const flight = find(own, frame);
  const transactionId = headers.get('transaction');
  const flights = subscriptions.upTo(flight);
  if (transactionId !== undefined) {
    const transaction = transactions.get(transactionId);
    const steps = enlist({ own, frame, transaction, outcome }, flights);
    // Only in mode `client` there can be many.
    if (flight.owner.terms.ackMode === 'client') host.gate.finishFirst(steps);
    else for (const _ of steps);
    return;
  }
  const wasFull = subscriptions.isFull;
  host.gate.finishFirst(subscriptions.settle(flights, outcome), () => {
    if (wasFull) subscriptions.wake();
    // Settlements are in the log before the RECEIPT is sent.
    host.receipt(frame, headers.has('receipt') ? settledGroup(own) : 0);
  });
}

/** An acknowledgement in a transaction. */
interface Enlistment {
  readonly own: RabbitMqConnection;
  readonly frame: Frame;
  readonly transaction: RabbitMqTransaction;
  readonly outcome: Outcome;
}

/** Adds deliveries to a transaction, in steps, and answers. */
function* enlist(
  { own, frame, transaction, outcome }: Enlistment,
  flights: Iterable<Flight>,
): Generator<void> {
  let count = 0;
  try {
    for (const each of flights) {
      own.transactions.requireSettlement(transaction);
      transaction.settle(each, outcome);
      if (++count % stepSize === 0) yield;
    }
    own.host.receipt(frame, 0);
  } catch (thrown) {
    own.host.refuse(frame, thrown);
  }
}

/** Returns the group that contains all settlements so far. */
function settledGroup({ broker: { store } }: RabbitMqConnection): number {
  store.defineSettlements();
  return store.definedGroup;
}

/** `TAG@@SESSION@@NUMBER` */
const messageId = /^(.*)@@([^@]*)@@(\d{1,15})$/s;

/**
 * Returns the delivery that a frame identifies.
 *
 * @throws {RabbitMqError} `invalid`
 * @throws {BrokerError} `precondition-failed` if it is settled
 */
function find(own: RabbitMqConnection, { command, headers }: Frame): Flight {
  const { subscriptions, host, session } = own;
  const name = host.version === '1.2' ? 'id' : 'message-id';
  const value = headers.get(name);
  if (value === undefined) {
    throw invalid('Missing header', `"${command}" must include the "${name}" header\n`);
  }
  const [, tag = '', ofSession, digits] = messageId.exec(value) ?? [];
  if (ofSession !== session) {
    throw invalid('Invalid header', `"${command}" must include a valid "${name}" header\n`);
  }
  const number = Number(digits);
  const flight = subscriptions.flight(number);
  if (flight?.owner.terms.tag === tag) return flight;
  if (subscriptions.find(tag) === undefined) {
    const why = `Message with id "${value}" has no subscription`;
    throw invalid('Subscription not found', why);
  }
  throw new BrokerError('precondition-failed', `unknown delivery tag ${number}`);
}
