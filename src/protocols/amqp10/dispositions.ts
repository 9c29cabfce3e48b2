// Dispositions: the outcomes that the peer gives to deliveries.

import { expiryMsMax } from '../../broker/queue-options.ts';
import { rewritingCountMax } from '../../broker/queues/rewriting.ts';
import type { Modification, Outcome } from '../../broker/subscription.ts';
import { type Entry, textOf } from './codec/items.ts';
import {
  type Composite,
  compositeCodes,
  type Disposition,
  type TransactionalState,
} from './codec/performatives.gen.ts';
import { AmqpError, toAmqpError } from './errors.ts';
import type { Flight } from './links/flight.ts';
import { annotated, requireAnnotations } from './messages/annotated.ts';
import { outcomeOf } from './outcomes.ts';
import type { Session } from './session.ts';
import type { AmqpTransaction } from './transactions.ts';

/** Number of deliveries that are settled in one step, if there are more than are settled at once. */
const stepSize = 64;
const settledAtOnceMax = 256;

/** Number of dispositions that are written in one step. */
const answersPerStep = 16;

/** Number of deliveries that are searched in about a microsecond. */
const searchedPerUnit = 16;

/** Settles the deliveries of a range to which a disposition applies. */
export function settleRange(session: Session, disposition: Disposition): void {
  const { state, settled } = disposition;
  if (state?.code === compositeCodes.transactionalState) {
    enlist(session, disposition, state);
    return;
  }
  const outcome = outcomeOf(state);
  // Other states, such as received, say nothing about the outcome.
  if (outcome === undefined && settled !== true) return;
  const flights = flightsOf(session, disposition);
  const { host } = session;
  const { gate } = host;
  gate.count(flights.length / 8);
  const annotations = annotationsOf(state);
  const wasFull = host.isFull;
  const answered = settled === true ? undefined : plainOutcome(state);
  const done = host.guarded(() => {
    if (wasFull) host.wake();
  });
  const settlement = { outcome, annotations, answered };
  const steps = settleAll(session, flights, settlement);
  if (flights.length > settledAtOnceMax || annotations !== undefined) gate.finishFirst(steps, done);
  else {
    for (const _ of steps);
    done();
  }
}

/** Returns the unsettled deliveries of a range, in order. Those in a transaction are left out. */
function flightsOf({ unsettled, host }: Session, { first, last = first }: Disposition): Flight[] {
  const count = (last - first) >>> 0;
  // Also deliveries that are not found take time.
  host.gate.count(Math.min(count, unsettled.count) / searchedPerUnit);
  const found = unsettled.range(first, count);
  const isFree = ({ transaction }: Flight) => transaction === undefined;
  return found.every(isFree) ? found : found.filter(isFree);
}

/** How the deliveries of a range are settled. */
interface Settlement {
  readonly outcome: Outcome | undefined;
  /** Message annotations of the outcome; undefined if there are none. */
  readonly annotations: readonly Entry[] | undefined;
  /** The state of the answers, if the peer waits for the settlement. */
  readonly answered: Composite | undefined;
}

/** The message annotations that an outcome adds, if any. */
function annotationsOf(state: Composite | undefined): readonly Entry[] | undefined {
  if (state?.code !== compositeCodes.modified) return undefined;
  const { messageAnnotations } = state;
  if (messageAnnotations === undefined || messageAnnotations.length === 0) return undefined;
  requireAnnotations(messageAnnotations);
  return messageAnnotations;
}

function* settleAll(
  session: Session,
  flights: readonly Flight[],
  { outcome, annotations, answered }: Settlement,
): Generator<void> {
  for (let at = 0; at < flights.length; ) {
    if (annotations !== undefined) yield* rewritten(flights[at]);
    at = settleRun(flights, at, outcome, annotations);
    if (at < flights.length) yield;
  }
  if (answered === undefined || flights.length === 0) return;
  try {
    yield* answer(session, flights, answered);
  } catch (thrown) {
    session.host.failed(thrown);
  }
}

/** Waits while the queue of a delivery has many messages to rewrite. */
function* rewritten(flight: Flight | undefined): Generator<void> {
  const queue = flight?.source?.queue;
  if (queue === undefined) return;
  while (!queue.isDeleted && (queue.disposal?.rewritingCount ?? 0) > rewritingCountMax) yield;
}

/** An outcome without the texts of the peer, which would be repeated in each answer. */
function plainOutcome(state: Composite | undefined): Composite | undefined {
  switch (state?.code) {
    case compositeCodes.modified: {
      const { code, deliveryFailed, undeliverableHere } = state;
      return { code, deliveryFailed, undeliverableHere };
    }
    case compositeCodes.rejected:
      return { code: state.code };
    default:
      return state;
  }
}

/**
 * Settles consecutive deliveries of one subscription together.
 *
 * @returns the index of the first delivery that is not settled yet
 */
function settleRun(
  flights: readonly Flight[],
  from: number,
  outcome: Outcome | undefined,
  annotations: readonly Entry[] | undefined,
): number {
  const { link, source, number } = flights[from] as Flight; // from is in range
  let at = from;
  for (; at < flights.length && at - from < stepSize; at++) {
    const flight = flights[at] as Flight; // at is in range
    const isNext = flight.source === source && flight.number === number + at - from;
    if (flight.link !== link || !isNext) break;
    link.forget(flight);
  }
  const to = number + at - from - 1;
  const how = annotations && changing(annotations, flights[from]);
  source?.subscription.settle(number, to, outcome ?? link.defaultOutcome, how);
  return at;
}

/** Adds annotations to the messages of one link. */
function changing(
  annotations: readonly Entry[],
  flight: Flight | undefined,
): Modification | undefined {
  const source = flight?.source;
  if (source === undefined) return undefined;
  const { link } = flight as Flight; // its source is defined
  return {
    deliveryFailed: true,
    undeliverableHere: false,
    changed: (delivery) => annotated(link.asOwn(delivery, source), annotations),
    readyAtMs: deliveryTime(annotations, link.session.host.broker.nowMs()),
  };
}

/** When a message may be delivered again, milliseconds since 1970, as RabbitMQ 4.3 reads it; in ten years at most. */
function deliveryTime(annotations: readonly Entry[], nowMs: number): number | undefined {
  const found = annotations.find(([key]) => textOf(key) === 'x-opt-delivery-time');
  const value = found?.[1].value;
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  return Math.min(Number(value), nowMs + expiryMsMax);
}

/**
 * Settles deliveries for the peer, which gave an outcome and waits for the settlement: one
 * disposition for each run of consecutive ids, a few in each step.
 */
function* answer(session: Session, flights: readonly Flight[], state: Composite): Generator<void> {
  let first = flights[0]?.deliveryId ?? 0;
  let last = first;
  let count = 0;
  for (let at = 1; at < flights.length; at++) {
    const deliveryId = flights[at]?.deliveryId ?? 0;
    if (deliveryId !== (last + 1) >>> 0) {
      session.writeSettled(first, last, state);
      first = deliveryId;
      if (++count % answersPerStep === 0) yield;
    }
    last = deliveryId;
  }
  session.writeSettled(first, last, state);
}

/** Settles deliveries when a transaction commits. */
function enlist(
  session: Session,
  disposition: Disposition,
  { txnId, outcome }: TransactionalState,
): void {
  const { transactions, gate } = session.host;
  const flights = flightsOf(session, disposition);
  gate.count(flights.length / 8);
  try {
    const transaction = transactions.get(txnId);
    const isSettled = disposition.settled === true;
    const settlement = { transaction, outcome: outcomeOf(outcome) ?? 'accepted', isSettled };
    const steps = enlistAll(session, flights, settlement);
    if (flights.length > settledAtOnceMax) gate.finishFirst(steps);
    else for (const _ of steps);
  } catch (thrown) {
    enlistFailed(flights, thrown);
  }
}

/** How deliveries become part of a transaction. */
interface Enlisted {
  readonly transaction: AmqpTransaction;
  readonly outcome: Outcome;
  readonly isSettled: boolean;
}

function* enlistAll(
  session: Session,
  flights: readonly Flight[],
  { transaction, outcome, isSettled }: Enlisted,
): Generator<void> {
  const { transactions } = session.host;
  try {
    for (let at = 0; at < flights.length; at++) {
      const flight = flights[at] as Flight; // at is in range
      // The link may have ended since the disposition was received.
      if (flight.link.isOver || flight.transaction !== undefined) continue;
      transactions.requireSettlement(transaction);
      transaction.settle(flight, outcome, isSettled);
      if ((at + 1) % stepSize === 0) yield;
    }
  } catch (thrown) {
    enlistFailed(flights, thrown);
  }
}

/** Ends the link of the deliveries; if there are none, the session. */
function enlistFailed(flights: readonly Flight[], thrown: unknown): void {
  const error = toAmqpError(thrown, 'link');
  if (error.scope !== 'link') throw thrown;
  const [flight] = flights;
  if (flight === undefined) {
    throw new AmqpError(error.code, error.message, { scope: 'session', cause: thrown });
  }
  flight.link.fail(error);
}
