// Consumers.

import type { Browse, Browser } from '../../../broker/activemq/browse.ts';
import type { Consumption, MessageTaker, Source } from '../../../broker/activemq/consumption.ts';
import type { Queue } from '../../../broker/queue.ts';
import type { Delivery, Outcome } from '../../../broker/subscription.ts';
import type { ConsumerId, ConsumerInfo, Message } from '../codec/commands.gen.ts';
import { consumerControl, messageDispatch } from '../codec/commands.gen.ts';
import type { OpenWireHost } from '../host.ts';
import { idText, sessionText } from '../ids.ts';
import { keptInfo } from '../kept-info.ts';
import { DispatchOutput } from './dispatch.ts';
import { FlightRun, type FlightState, Flights, flightStates } from './flights.ts';

/** Number of deliveries that are settled in one step. */
const stepSize = 128;
/** Number of deliveries whose state is changed in one step. */
const changedPerStep = 1024;

/** The deliveries of the current step. It is reused, because a step handles one run at a time. */
const run = new FlightRun();

/** A delivery that was set aside. */
interface SetAside {
  readonly subscription: Source['subscription'];
  readonly number: number;
}

/** A consumer: writes MessageDispatch commands and keeps the unsettled deliveries. */
export class OpenWireConsumer implements MessageTaker, Browser {
  readonly info: ConsumerInfo;
  readonly id: ConsumerId;
  /** The text of the id. */
  readonly key: string;
  /** The text of the session that it belongs to. */
  readonly session: string;
  /** Whether acknowledgements are not checked: for topics, unless the subscription is durable. */
  readonly isLenient: boolean;
  readonly flights = new Flights();
  /** Nothing is delivered until the answer to the ConsumerInfo has been written. */
  isHeld = true;
  readonly #host: OpenWireHost;
  readonly #output: DispatchOutput;
  #consumption: Consumption | undefined = undefined;
  /** Replaces the consumption if this is a browser. */
  #browse: Browse | undefined = undefined;
  /** Messages that a browser was sent and has not acknowledged. */
  #browsedCount = 0;
  /** Deliveries that the client has confirmed without settling them. */
  #extension = 0;
  #isOver = false;

  constructor(host: OpenWireHost, info: ConsumerInfo, id: ConsumerId, isLenient: boolean) {
    this.#host = host;
    this.info = keptInfo(info);
    this.id = id;
    this.key = idText(id);
    this.session = sessionText(id);
    this.isLenient = isLenient;
    this.#output = new DispatchOutput(host, id);
  }

  /** Sets the source of the messages. */
  attach(to: { readonly consumption: Consumption } | { readonly browse: Browse }): void {
    if ('browse' in to) this.#browse = to.browse;
    else this.#consumption = to.consumption;
  }

  get isBrowser(): boolean {
    return this.#browse !== undefined;
  }

  get isWritable(): boolean {
    if (this.isHeld || this.#isOver || !this.#host.takesDeliveries) return false;
    return !this.isBrowser || this.#browsedCount < Math.max(1, this.info.prefetchSize);
  }

  /** Starts deliveries after the answer has been written. */
  begin(): void {
    this.isHeld = false;
    this.wake();
  }

  /** Deliveries are possible again. */
  wake(): void {
    this.#consumption?.wake();
    this.#browse?.wake();
  }

  tick(nowMs: number): void {
    this.#consumption?.tick(nowMs);
  }

  browsed(delivery: Delivery, queue: Queue): void {
    try {
      this.#browsedCount++;
      this.#output.write(delivery, { queue, isTopic: false });
    } catch (thrown) {
      this.#host.deliveryFailed(thrown);
    }
  }

  browsedAll(): void {
    this.sendEnd();
  }

  /** Sends a dispatch without a message: the end of a queue, or of the time of a pull. */
  sendEnd(): void {
    if (!this.#isOver) this.#host.send(messageDispatch({ consumerId: this.id }));
  }

  deliver(delivery: Delivery, source: Source): void {
    try {
      const output = this.#output;
      const { deliveryNumber, expiresAtMs } = delivery;
      output.write(delivery, source);
      this.flights.add(output, source, deliveryNumber, expiresAtMs);
      this.#host.consumers.unsettledCount++;
    } catch (thrown) {
      this.#host.deliveryFailed(thrown);
    }
  }

  prepare(delivery: Delivery): Promise<void> | undefined {
    return this.#output.prepare(delivery);
  }

  prepareBrowsed(delivery: Delivery): Promise<void> | undefined {
    return this.#output.prepare(delivery);
  }

  /** Sends a message that is not in a queue to this consumer: the state before it began. */
  sendOwn(message: Message): void {
    this.#host.send(
      messageDispatch({ consumerId: this.id, destination: message.destination, message }),
    );
  }

  /** The client has received messages without settling them: more can be delivered. */
  extend(count: number): void {
    const more = Math.max(0, Math.min(count, this.flights.count - this.#extension));
    this.#extension += more;
    this.#consumption?.extend(more);
  }

  /** A browser has processed messages. */
  browserAcknowledged(count: number): void {
    this.#browsedCount = Math.max(0, this.#browsedCount - Math.max(0, count));
    this.wake();
  }

  /** Deliveries no longer count as unsettled. */
  #concluded(count: number): void {
    this.#host.consumers.unsettledCount -= count;
    const confirmedCount = Math.min(count, this.#extension);
    if (confirmedCount === 0) return;
    this.#extension -= confirmedCount;
    this.#consumption?.extend(-confirmedCount);
  }

  /**
   * Settles the deliveries between two numbers, inclusive, that are in no transaction, in steps.
   * Consecutive ones are settled together.
   *
   * @param cause why they are rejected
   * @param expiredAtMs those that have expired until then are released, because their queue ends
   *   them; milliseconds since 1970
   */
  *settle(
    from: number,
    to: number,
    outcome: Outcome,
    cause?: string,
    expiredAtMs = -Infinity,
  ): Generator<void> {
    const how = { deliveryFailed: true, undeliverableHere: false, cause };
    const { flights } = this;
    const { unsettled } = flightStates;
    let left = stepSize;
    for (let at = from; flights.findRun(run, at, to, unsettled, left, expiredAtMs); ) {
      at = run.to + 1;
      left -= run.count;
      this.#settleRun(run.isExpired ? 'released' : outcome, how);
      if (left > 0) continue;
      left = stepSize;
      if (at <= to && flights.size > 0) yield;
    }
  }

  /** Settles the deliveries of the current run. */
  #settleRun(outcome: Outcome, how?: Parameters<Source['subscription']['settle']>[3]): void {
    const { source, first, count } = run;
    this.flights.change(run, flightStates.gone);
    this.#concluded(count);
    source?.subscription.settle(first, first + count - 1, outcome, how);
  }

  /** Releases the deliveries after a number that are in no transaction, in steps. */
  *#releaseAfter(number: number): Generator<void> {
    let count = 0;
    // The last one first, so that their queue takes them back in order.
    for (let before = Infinity; this.flights.findLast(run, number, before); ) {
      before = run.from;
      this.#settleRun('released');
      if (++count % stepSize === 0) yield;
    }
  }

  /**
   * Ends deliveries that a transaction has settled, in steps.
   *
   * @param from the numbers of the first and the last, between which there are no others
   */
  *endEnlisted(from: number, to: number): Generator<void> {
    const { flights } = this;
    const { enlisted, gone } = flightStates;
    for (let at = from; flights.findRun(run, at, to, enlisted, changedPerStep); ) {
      const { count } = run;
      at = run.to + 1;
      flights.change(run, gone);
      this.#concluded(count);
      if (at <= to) yield;
    }
    this.dropAside(from, to);
  }

  /**
   * Makes the deliveries of a transaction unsettled again, in steps. Those that were set aside are
   * requeued.
   */
  *rollBack(from: number, to: number): Generator<void> {
    this.releaseEnlisted(from, to);
    let count = 0;
    for (const { subscription, number } of this.#setAsideBetween(from, to)) {
      subscription.takeBack(number);
      subscription.settle(number, number, 'modified');
      if (++count % stepSize === 0) yield;
    }
    this.dropAside(from, to);
  }

  /** Makes the deliveries of a transaction unsettled again. */
  releaseEnlisted(from: number, to: number): void {
    this.#changeAll(from, to, flightStates.enlisted, flightStates.unsettled);
  }

  /** Forgets deliveries that were set aside. */
  dropAside(from: number, to: number): void {
    if (this.flights.asideCount === 0) return;
    this.#changeAll(from, to, flightStates.aside, flightStates.gone);
  }

  #changeAll(from: number, to: number, before: FlightState, state: FlightState): void {
    for (let at = from; this.flights.findRun(run, at, to, before, changedPerStep); ) {
      at = run.to + 1;
      this.flights.change(run, state);
    }
  }

  /** Makes deliveries that were set aside unsettled in the broker, so that they can be settled. */
  takeBack(from: number, to: number): void {
    if (this.flights.asideCount === 0) return;
    for (const { subscription, number } of this.#setAsideBetween(from, to)) {
      subscription.takeBack(number);
    }
  }

  /** Reverts {@link takeBack}. */
  setAsideAgain(from: number, to: number): void {
    if (this.flights.asideCount === 0) return;
    for (const { subscription, number } of this.#setAsideBetween(from, to)) {
      subscription.setAside(number);
    }
  }

  *#setAsideBetween(from: number, to: number): Generator<SetAside> {
    const { flights } = this;
    const found = new FlightRun();
    for (let at = from; flights.asideCount > 0; at = found.to + 1) {
      if (!flights.findRun(found, at, to, flightStates.aside, changedPerStep)) return;
      const { source, first, count } = found;
      if (source === undefined) continue;
      const { subscription } = source;
      for (let number = first; number < first + count; number++) yield { subscription, number };
    }
  }

  /** Requests one message, if the prefetch is 0. */
  pull(timeoutMs: number): void {
    const ms = timeoutMs === 0 ? Infinity : Math.max(0, timeoutMs);
    this.#consumption?.pull(ms, () => {
      if (timeoutMs !== 0) this.sendEnd();
    });
  }

  /** Changes the prefetch. */
  setPrefetch(prefetch: number): void {
    this.#consumption?.setPrefetch(prefetch);
    this.wake();
  }

  /** The destinations have been deleted. */
  ended(_reason: string): void {
    if (this.#isOver) return;
    this.#host.send(consumerControl({ consumerId: this.id, close: true }));
    this.#host.consumers.lost(this);
  }

  /** Stops deliveries. */
  stop(): void {
    this.#isOver = true;
    this.#consumption?.end();
    this.#browse?.end();
  }

  /**
   * Requeues all unsettled deliveries, in steps, except those that a transaction settles.
   *
   * @param lastSeen the number of the last delivery that the client may have processed: those after
   *   it are not counted as deliveries; -2 if it may have processed all
   */
  *requeueAll(lastSeen: number): Generator<void> {
    this.stop();
    const { flights } = this;
    yield* this.#setEnlistedAside();
    if (lastSeen !== allSeen) {
      yield* this.#releaseAfter(flights.isUnsettled(lastSeen) ? lastSeen : -1);
    }
    // What the client has confirmed without settling it needs no more room.
    this.#extension = 0;
    this.#concluded(flights.count);
    flights.clear();
    if (this.#consumption !== undefined) yield* this.#host.dialect.release(this.#consumption);
  }

  /** The deliveries of transactions stay unsettled in the broker until the outcome, in steps. */
  *#setEnlistedAside(): Generator<void> {
    const { flights } = this;
    const { enlisted, aside, gone } = flightStates;
    let count = 0;
    // One at a time, because a prepared transaction may have set some aside itself.
    for (let at = 0; flights.areEnlisted && flights.findRun(run, at, Infinity, enlisted, 1); ) {
      at = run.to + 1;
      const isSetAside = run.source?.subscription.setAside(run.first) !== -1;
      flights.change(run, isSetAside ? aside : gone);
      this.#concluded(1);
      if (++count % stepSize === 0) yield;
    }
  }
}

/** The value of `lastDeliveredSequenceId` if the client may have processed all messages. */
export const allSeen = -2;
