// ACK and NACK.

import type { Outcome } from '../../../../broker/subscription.ts';
import type { Frame } from '../../codec/frames.ts';
import type { ActiveMqConnection } from '../dialect.ts';
import { ActiveMqError } from '../errors.ts';
import type { Flight } from '../subscription.ts';
import type { StompTransaction } from '../transactions.ts';

/** Number of searched subscriptions per unit of work. */
const subscriptionsPerUnit = 16;

/** Number of deliveries that become part of a transaction in one step. */
const stepSize = 32;

/** ACK. */
export function ack(own: ActiveMqConnection, frame: Frame): void {
  settle(own, frame, 'accepted');
}

/** NACK: the message is dead-lettered without a redelivery. */
export function nack(own: ActiveMqConnection, frame: Frame): void {
  if (own.version === '1.0') {
    throw new ActiveMqError('invalid', 'NACK received but connection is in v1.0 mode.');
  }
  settle(own, frame, 'rejected');
}

function settle(own: ActiveMqConnection, frame: Frame, outcome: Outcome): void {
  const { headers } = frame;
  const transactionId = headers.get('transaction');
  const { transactions, subscriptions, gate } = own;
  const transaction = transactionId === undefined ? undefined : transactions.get(transactionId);
  const flight = find(own, frame);
  const { owner } = flight;
  // NACK rejects only one message, in all modes.
  const flights = outcome === 'rejected' ? [flight] : owner.acknowledged(flight);
  if (transaction !== undefined) {
    const steps = enlist({ own, frame, transaction, outcome }, flights);
    // Only in mode `client` there can be many.
    if (owner.ackMode === 'client') gate.finishFirst(steps);
    else for (const _ of steps);
    return;
  }
  const wasFull = subscriptions.isFull;
  gate.finishFirst(owner.settle(flights, outcome), () => {
    if (wasFull) subscriptions.wake();
    // Settlements are in the log before the RECEIPT is sent.
    own.receipt(frame, headers.has('receipt') ? settledGroup(own) : 0);
  });
}

/** An acknowledgement in a transaction. */
interface Enlistment {
  readonly own: ActiveMqConnection;
  readonly frame: Frame;
  readonly transaction: StompTransaction;
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
      if (each.transaction !== undefined) continue;
      own.transactions.requireSettlement(transaction);
      transaction.settle(each, outcome);
      if (++count % stepSize === 0) yield;
    }
    own.receipt(frame, 0);
  } catch (thrown) {
    own.refuse(frame, thrown);
  }
}

/** Returns the group that contains all settlements so far. */
function settledGroup({ broker: { store } }: ActiveMqConnection): number {
  store.defineSettlements();
  return store.definedGroup;
}

/** What ActiveMQ calls the missing header of a frame. */
const missing: Readonly<Record<string, string>> = {
  ACK: 'a ack id for',
  NACK: 'an ack header to',
};

/** Returns the delivery that a frame identifies. */
function find(own: ActiveMqConnection, { command, headers }: Frame): Flight {
  const { subscriptions, version, gate } = own;
  if (version === '1.2') {
    const id = headers.get('id');
    if (id === undefined) {
      throw new ActiveMqError(
        'invalid',
        `${command} received without ${missing[command]} acknowledge!`,
      );
    }
    return subscriptions.byAck(id) ?? unexpected(command, id);
  }
  const messageId = headers.get('message-id');
  if (messageId === undefined) {
    throw new ActiveMqError('invalid', `${command} received without a message-id to acknowledge!`);
  }
  const subscription = headers.get('subscription');
  if (subscription === undefined && version === '1.1') {
    const why = `${command} received without a subscription id for acknowledge!`;
    throw new ActiveMqError('invalid', why);
  }
  if (subscription === undefined) gate.count(subscriptions.count / subscriptionsPerUnit);
  return subscriptions.byMessageId(messageId, subscription) ?? unexpected(command, messageId);
}

function unexpected(command: string, id: string): never {
  const shown = id.slice(0, 200);
  throw new ActiveMqError('invalid', `Unexpected ${command} received for message-id [${shown}]`);
}
