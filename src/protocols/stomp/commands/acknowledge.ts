// ACK and NACK.

import type { Outcome } from '../../../broker/subscription.ts';
import type { Frame } from '../codec/frames.ts';
import { StompError } from '../errors.ts';
import type { StompHost } from '../host.ts';
import type { Flight } from '../subscription.ts';
import type { StompTransaction } from '../transactions.ts';

/** Number of searched subscriptions per unit of work. */
const subscriptionsPerUnit = 16;

/** Number of deliveries that become part of a transaction in one step. */
const stepSize = 32;

/** ACK. */
export function ack(host: StompHost, frame: Frame): void {
  settle(host, frame, 'accepted');
}

/** NACK: the message is dead-lettered without a redelivery. */
export function nack(host: StompHost, frame: Frame): void {
  if (host.version === '1.0') {
    throw new StompError('invalid', 'NACK received but connection is in v1.0 mode.');
  }
  settle(host, frame, 'rejected');
}

function settle(host: StompHost, frame: Frame, outcome: Outcome): void {
  const { headers } = frame;
  const transactionId = headers.get('transaction');
  const { transactions, subscriptions, gate } = host;
  const transaction = transactionId === undefined ? undefined : transactions.get(transactionId);
  const flight = find(host, frame);
  const { owner } = flight;
  // NACK rejects only one message, in all modes.
  const flights = outcome === 'rejected' ? [flight] : owner.acknowledged(flight);
  if (transaction !== undefined) {
    const steps = enlist({ host, frame, transaction, outcome }, flights);
    // Only in mode `client` there can be many.
    if (owner.ackMode === 'client') gate.finishFirst(steps);
    else for (const _ of steps);
    return;
  }
  const wasFull = subscriptions.isFull;
  gate.finishFirst(owner.settle(flights, outcome), () => {
    if (wasFull) subscriptions.wake();
    // Settlements are in the log before the RECEIPT is sent.
    host.receipt(frame, headers.has('receipt') ? settledGroup(host) : 0);
  });
}

/** An acknowledgement in a transaction. */
interface Enlistment {
  readonly host: StompHost;
  readonly frame: Frame;
  readonly transaction: StompTransaction;
  readonly outcome: Outcome;
}

/** Adds deliveries to a transaction, in steps, and answers. */
function* enlist(
  { host, frame, transaction, outcome }: Enlistment,
  flights: Iterable<Flight>,
): Generator<void> {
  let count = 0;
  try {
    for (const each of flights) {
      if (each.transaction !== undefined) continue;
      host.transactions.requireSettlement(transaction);
      transaction.settle(each, outcome);
      if (++count % stepSize === 0) yield;
    }
    host.receipt(frame, 0);
  } catch (thrown) {
    host.refuse(frame, thrown);
  }
}

/** Returns the group that contains all settlements so far. */
function settledGroup({ broker: { store } }: StompHost): number {
  store.defineSettlements();
  return store.definedGroup;
}

/** What ActiveMQ calls the missing header of a frame. */
const missing: Readonly<Record<string, string>> = {
  ACK: 'a ack id for',
  NACK: 'an ack header to',
};

/** Returns the delivery that a frame identifies. */
function find(host: StompHost, { command, headers }: Frame): Flight {
  const { subscriptions, version, gate } = host;
  if (version === '1.2') {
    const id = headers.get('id');
    if (id === undefined) {
      throw new StompError(
        'invalid',
        `${command} received without ${missing[command]} acknowledge!`,
      );
    }
    return subscriptions.byAck(id) ?? unexpected(command, id);
  }
  const messageId = headers.get('message-id');
  if (messageId === undefined) {
    throw new StompError('invalid', `${command} received without a message-id to acknowledge!`);
  }
  const subscription = headers.get('subscription');
  if (subscription === undefined && version === '1.1') {
    const why = `${command} received without a subscription id for acknowledge!`;
    throw new StompError('invalid', why);
  }
  if (subscription === undefined) gate.count(subscriptions.count / subscriptionsPerUnit);
  return subscriptions.byMessageId(messageId, subscription) ?? unexpected(command, messageId);
}

function unexpected(command: string, id: string): never {
  const shown = id.slice(0, 200);
  throw new StompError('invalid', `Unexpected ${command} received for message-id [${shown}]`);
}
