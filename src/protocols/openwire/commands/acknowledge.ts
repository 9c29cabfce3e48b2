// MessageAck and MessagePull.

import { BrokerError } from '../../../broker/errors.ts';
import type { Outcome } from '../../../broker/subscription.ts';
import type { MessageAck, MessagePull } from '../codec/commands.gen.ts';
import type { OpenWireConsumer } from '../consuming/consumer.ts';
import { FlightRun, flightStates } from '../consuming/flights.ts';
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
const knownTypes: ReadonlySet<number> = new Set(Object.values(ackTypes));

/** Maximum length of the cause of a dead letter, in characters. */
const causeLengthMax = 4096;

/** Number of deliveries that become part of a transaction in one step. */
const stepSize = 256;

/** Number of deliveries that are searched in about a microsecond. */
const searchedPerUnit = 16;

/** The deliveries of the current step. It is reused, because a step handles one run at a time. */
const run = new FlightRun();

/** Settles deliveries. */
export function acknowledge(host: OpenWireHost, ack: MessageAck): void {
  if (!knownTypes.has(ack.ackType)) {
    const text = `Invalid acknowledgment: type ${ack.ackType}; 0 to 6 are allowed`;
    throw new OpenWireError('invalid', text, 'jms');
  }
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
    const range = acknowledged(host, consumer, ack);
    const steps = enlistAll({ host, consumer, ack, transaction }, range);
    if (range.count > stepSize) host.gate.finishFirst(steps);
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
  { from, to }: Acknowledged,
): Generator<void> {
  const { transactionSettlementCountMax } = host.broker.limits;
  const { flights } = consumer;
  let left = stepSize;
  try {
    for (let at = from; flights.findRun(run, at, to, flightStates.unsettled, left); ) {
      const { count } = run;
      at = run.to + 1;
      transaction.settle(consumer, run, 'accepted', transactionSettlementCountMax);
      // The client waits for more messages, although a single one is still unsettled.
      if (ack.ackType === ackTypes.individual) consumer.extend(1);
      left -= count;
      if (left > 0) continue;
      left = stepSize;
      if (at <= to) yield;
    }
    host.respond(ack, 0);
  } catch (thrown) {
    if (thrown instanceof Error) transaction.broken ??= thrown.message;
    host.refuse(ack, thrown);
  }
}

function settle(host: OpenWireHost, consumer: OpenWireConsumer, ack: MessageAck): void {
  const { gate, consumers, broker } = host;
  const { from, to, count } = acknowledged(host, consumer, ack);
  const isStrict = ack.ackType === ackTypes.standard && !consumer.isLenient;
  if (isStrict && count !== ack.messageCount) throw unmatched(ack, count);
  const wasFull = consumers.isFull;
  // The queue itself ends what has expired.
  const isExpiry = ack.ackType === ackTypes.expired && !consumer.isLenient;
  const expiredAtMs = isExpiry ? broker.nowMs() : -Infinity;
  const steps = consumer.settle(from, to, outcomeOf(ack, consumer), causeOf(ack), expiredAtMs);
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

function outcomeOf({ ackType }: MessageAck, { isLenient }: OpenWireConsumer): Outcome {
  // A message of a topic is one of several copies, and is not dead lettered.
  return ackType === ackTypes.poison && !isLenient ? 'rejected' : 'accepted';
}

/** The deliveries that an acknowledgement names: all between two numbers, inclusive. */
interface Acknowledged {
  readonly from: number;
  readonly to: number;
  /** The number of those that are in no transaction. */
  readonly count: number;
}

const nothing: Acknowledged = { from: 0, to: -1, count: 0 };

/** Finds the deliveries that an acknowledgement names. */
function acknowledged(host: OpenWireHost, consumer: OpenWireConsumer, ack: MessageAck) {
  const { flights, isLenient } = consumer;
  const { firstMessageId, lastMessageId, ackType, transactionId } = ack;
  const spend = (count: number) => host.gate.count(count / searchedPerUnit);
  const to = lastMessageId === undefined ? -1 : flights.find(lastMessageId, spend);
  if (to < 0) {
    // A message that was sent to this consumer without being in its queue needs no settlement.
    if (isLenient) return nothing;
    throw unmatched(ack, 0);
  }
  if (ackType === ackTypes.individual) return { from: to, to, count: flights.countBetween(to, to) };
  const first = firstMessageId === undefined ? 0 : flights.find(firstMessageId, spend);
  // In a transaction, earlier acknowledgements may include the first message.
  if (first < 0 && !isLenient && transactionId === undefined) throw unmatched(ack, 0);
  const from = Math.max(0, first);
  const count = flights.countBetween(from, to);
  spend(count);
  return { from, to, count };
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
