// MessageAck and MessagePull.

import { BrokerError } from '../../../broker/errors.ts';
import type { Outcome } from '../../../broker/subscription.ts';
import type { MessageAck, MessagePull } from '../codec/commands.gen.ts';
import type { OpenWireConsumer } from '../consuming/consumer.ts';
import type { Flight } from '../consuming/flights.ts';
import { OpenWireError } from '../errors.ts';
import { type OpenWireHost, settledGroup } from '../host.ts';
import { messageIdText, transactionText } from '../ids.ts';
import type { OpenTransaction } from '../transactions/open-transaction.ts';

/** The values of `ackType`. */
export const ackTypes = {
  delivered: 0,
  poison: 1,
  standard: 2,
  redelivered: 3,
  individual: 4,
  unmatched: 5,
  expired: 6,
} as const;

/** Maximum length of the cause of a dead letter, in characters. */
const causeLengthMax = 4096;

/** Number of deliveries that become part of a transaction in one step. */
const stepSize = 32;

/** Number of deliveries that are searched in about a microsecond. */
const searchedPerUnit = 16;

/** Settles deliveries. */
export function acknowledge(host: OpenWireHost, ack: MessageAck): void {
  const consumer = host.consumers.find(ack.consumerId);
  // A consumer that has ended has given its messages back.
  if (consumer === undefined) {
    host.respond(ack, 0);
    return;
  }
  if (consumer.isBrowser) {
    consumer.browserAcknowledged(ack.messageCount);
    host.respond(ack, 0);
    return;
  }
  const { delivered, redelivered } = ackTypes;
  if (ack.ackType === delivered || ack.ackType === redelivered) {
    if (ack.ackType === delivered) consumer.extend(ack.messageCount);
    host.respond(ack, 0);
    return;
  }
  const { transactionId } = ack;
  if (transactionId !== undefined) enlist(host, consumer, ack);
  else settle(host, consumer, ack);
}

/** Settles deliveries when the transaction commits. */
function enlist(host: OpenWireHost, consumer: OpenWireConsumer, ack: MessageAck): void {
  const { transactionId, ackType } = ack;
  if (transactionId === undefined) return;
  const transaction = host.transactions.require(transactionId);
  try {
    if (ackType === ackTypes.poison) {
      const text = `Poison ack cannot be transacted: ${transactionText(transactionId)}`;
      throw new OpenWireError('invalid', text, 'jms');
    }
    const { gate } = host;
    const flights = acknowledged(consumer, ack, (count) => gate.count(count / searchedPerUnit));
    const steps = enlistAll({ host, consumer, ack, transaction }, flights);
    if (flights.length > stepSize) gate.finishFirst(steps);
    else for (const _ of steps);
  } catch (thrown) {
    if (thrown instanceof Error) transaction.broken ??= thrown.message;
    throw thrown;
  }
}

/** An acknowledgement in a transaction. */
interface Enlistment {
  readonly host: OpenWireHost;
  readonly consumer: OpenWireConsumer;
  readonly ack: MessageAck;
  readonly transaction: OpenTransaction;
}

/** Adds deliveries to a transaction, in steps, and answers. */
function* enlistAll(
  { host, consumer, ack, transaction }: Enlistment,
  flights: readonly Flight[],
): Generator<void> {
  const { transactionSettlementCountMax } = host.broker.limits;
  let count = 0;
  try {
    for (const flight of flights) {
      if (flight.transaction !== undefined || flight.isSettled) continue;
      transaction.settle(flight, consumer, 'accepted', transactionSettlementCountMax);
      // The client waits for more messages, although a single one is still unsettled.
      if (ack.ackType === ackTypes.individual) consumer.extend(1);
      if (++count % stepSize === 0) yield;
    }
    host.respond(ack, 0);
  } catch (thrown) {
    if (thrown instanceof Error) transaction.broken ??= thrown.message;
    host.refuse(ack, thrown);
  }
}

function settle(host: OpenWireHost, consumer: OpenWireConsumer, ack: MessageAck): void {
  const { gate, consumers, broker } = host;
  const flights = acknowledged(consumer, ack, (count) => gate.count(count / searchedPerUnit));
  const isStrict = ack.ackType === ackTypes.standard && !consumer.isLenient;
  if (isStrict && flights.length !== ack.messageCount) throw unmatched(ack, flights.length);
  const nowMs = broker.nowMs();
  const wasFull = consumers.isFull;
  const outcome = (flight: Flight) => outcomeOf(ack.ackType, flight, consumer, nowMs);
  const steps = consumer.settle(flights, outcome, causeOf(ack));
  // A few deliveries are settled in one step.
  if (steps.next().done === true) settled(host, ack, wasFull);
  else gate.finishFirst(steps, () => settled(host, ack, wasFull));
}

function settled(host: OpenWireHost, ack: MessageAck, wasFull: boolean): void {
  if (wasFull) host.consumers.wake();
  // Settlements are in the log before the answer is sent.
  host.respond(ack, ack.responseRequired ? settledGroup(host) : 0);
}

/** The text of the exception of a POISON acknowledgement. */
function causeOf({ poisonCause }: MessageAck): string | undefined {
  if (poisonCause === undefined) return undefined;
  return `${poisonCause.className}: ${poisonCause.message}`.slice(0, causeLengthMax);
}

function outcomeOf(
  ackType: number,
  flight: Flight,
  { isLenient }: OpenWireConsumer,
  nowMs: number,
): Outcome {
  // A message of a topic is one of several copies, and is not dead lettered.
  if (isLenient) return 'accepted';
  if (ackType === ackTypes.poison) return 'rejected';
  // The queue itself ends what has expired.
  if (ackType === ackTypes.expired && flight.expiresAtMs <= nowMs) return 'released';
  return 'accepted';
}

/** The deliveries that an acknowledgement names. */
function acknowledged(
  consumer: OpenWireConsumer,
  ack: MessageAck,
  spend: (count: number) => void,
): readonly Flight[] {
  const { flights, isLenient } = consumer;
  const { firstMessageId, lastMessageId, ackType, transactionId } = ack;
  const last = lastMessageId && flights.find(lastMessageId, spend);
  if (last === undefined) {
    // A message that was sent to this consumer without being in its queue needs no settlement.
    if (isLenient) return [];
    throw unmatched(ack, 0);
  }
  if (ackType === ackTypes.individual) return [last];
  const first = firstMessageId && flights.find(firstMessageId, spend);
  const isMissing = firstMessageId !== undefined && first === undefined;
  // In a transaction, earlier acknowledgements may include the first message.
  if (isMissing && !isLenient && transactionId === undefined) throw unmatched(ack, 0);
  const range = flights.range(first, last);
  spend(range.length);
  return transactionId === undefined
    ? range.filter(({ transaction }) => transaction === undefined)
    : range;
}

function unmatched({ firstMessageId, lastMessageId, messageCount }: MessageAck, found: number) {
  const first = firstMessageId === undefined ? 'the first' : messageIdText(firstMessageId);
  const last = lastMessageId === undefined ? 'none' : messageIdText(lastMessageId);
  const what = `${messageCount} messages from ${first} to ${last}`;
  return new OpenWireError('invalid', `Unmatched acknowledge: ${what}; found ${found}`, 'jms');
}

/** Requests a message for a consumer without a prefetch. */
export function pull(host: OpenWireHost, command: MessagePull): void {
  const consumer = host.consumers.find(command.consumerId);
  if (consumer === undefined && command.responseRequired) {
    throw new BrokerError('precondition-failed', 'the consumer does not exist');
  }
  host.respond(command, 0);
  const timeoutMs = Number(command.timeout);
  consumer?.pull(Number.isSafeInteger(timeoutMs) ? timeoutMs : 0);
}
