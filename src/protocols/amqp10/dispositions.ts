// Dispositions: the outcomes that the peer gives to deliveries.

import type { Outcome } from '../../broker/subscription.ts';
import { outcomeOf } from './activemq.ts';
import { type Composite, compositeCodes, type Disposition } from './codec/performatives.gen.ts';
import { AmqpError, toAmqpError } from './errors.ts';
import type { Flight } from './links/flight.ts';
import type { Session } from './session.ts';

/** Number of deliveries that are settled in one step. */
const stepSize = 64;

/** Settles the deliveries of a range to which a disposition applies. */
export function settleRange(session: Session, disposition: Disposition): void {
  const { state, settled } = disposition;
  const flights = flightsOf(session, disposition);
  const isTransactional = state?.code === compositeCodes.transactionalState;
  if (isTransactional) {
    enlist(session, flights, state.txnId, state.outcome, settled === true);
    return;
  }
  const outcome = outcomeOf(state);
  // Other states, such as received, say nothing about the outcome.
  if (outcome === undefined && settled !== true) return;
  const { host } = session;
  const { gate } = host;
  gate.count(flights.length / 8);
  const wasFull = host.isFull;
  const done = host.guarded(() => {
    if (settled !== true && flights.length > 0) answer(session, flights, state);
    if (wasFull) host.wake();
  });
  if (flights.length > stepSize) gate.finishFirst(settleAll(flights, outcome), done);
  else {
    for (let at = 0; at < flights.length; ) at = settleRun(flights, at, outcome);
    done();
  }
}

/** Returns the unsettled deliveries of a range, in order. Those in a transaction are left out. */
function flightsOf({ unsettled }: Session, { first, last = first }: Disposition): Flight[] {
  const count = (last - first) >>> 0;
  const found: Flight[] = [];
  const add = (flight: Flight | undefined): void => {
    if (flight !== undefined && flight.transaction === undefined) found.push(flight);
  };
  if (count < unsettled.size) {
    for (let n = 0; n <= count; n++) add(unsettled.get((first + n) >>> 0));
  } else {
    // Ids are serial numbers, which wrap.
    for (const [id, flight] of unsettled) if ((id - first) >>> 0 <= count) add(flight);
  }
  return found;
}

function* settleAll(flights: readonly Flight[], outcome: Outcome | undefined): Generator<void> {
  for (let at = 0; at < flights.length; ) {
    at = settleRun(flights, at, outcome);
    yield;
  }
}

/**
 * Settles consecutive deliveries of one subscription together.
 *
 * @returns the index of the first delivery that is not settled yet
 */
function settleRun(flights: readonly Flight[], from: number, outcome: Outcome | undefined): number {
  const { link, source, number } = flights[from] as Flight; // from is in range
  let at = from;
  for (; at < flights.length && at - from < stepSize; at++) {
    const flight = flights[at] as Flight; // at is in range
    const isNext = flight.source === source && flight.number === number + at - from;
    if (flight.link !== link || !isNext) break;
    link.forget(flight);
  }
  source?.subscription.settle(number, number + at - from - 1, outcome ?? link.defaultOutcome);
  return at;
}

/** Settles deliveries for the peer, which gave an outcome and waits for the settlement. */
function answer(session: Session, flights: readonly Flight[], state: Composite | undefined): void {
  let first = flights[0]?.deliveryId ?? 0;
  let last = first;
  for (const { deliveryId } of flights.slice(1)) {
    if (deliveryId !== (last + 1) >>> 0) {
      session.writeSettled(first, last, state);
      first = deliveryId;
    }
    last = deliveryId;
  }
  session.writeSettled(first, last, state);
}

/** Settles deliveries when a transaction commits. */
function enlist(
  session: Session,
  flights: readonly Flight[],
  txnId: Buffer,
  state: Composite | undefined,
  isSettled: boolean,
): void {
  const { transactions, gate } = session.host;
  gate.count(flights.length / 8);
  try {
    const transaction = transactions.get(txnId);
    for (const flight of flights) {
      transactions.requireSettlement(transaction);
      transaction.settle(flight, outcomeOf(state) ?? 'accepted', isSettled);
    }
  } catch (thrown) {
    const error = toAmqpError(thrown, 'link');
    if (error.scope !== 'link') throw thrown;
    const [flight] = flights;
    if (flight === undefined) {
      throw new AmqpError(error.code, error.message, { scope: 'session', cause: thrown });
    }
    flight.link.fail(error);
  }
}
