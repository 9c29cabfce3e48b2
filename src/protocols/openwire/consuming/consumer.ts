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
import { type Flight, Flights } from './flights.ts';

/** Number of deliveries that are settled in one step. */
const stepSize = 128;

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
      this.flights.add({
        number: output.number,
        textView: output.textView,
        producerId: output.producerId,
        producerSequenceId: output.producerSequenceId,
        source,
        deliveryNumber,
        expiresAtMs,
        transaction: undefined,
        isSetAside: false,
        isSettled: false,
      });
      this.#host.consumers.unsettledCount++;
    } catch (thrown) {
      this.#host.deliveryFailed(thrown);
    }
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

  /** Forgets a delivery that is settled. */
  forget(flight: Flight): void {
    if (flight.isSettled) return;
    this.flights.remove(flight);
    this.#host.consumers.unsettledCount--;
    if (this.#extension === 0) return;
    this.#extension--;
    this.#consumption?.extend(-1);
  }

  /**
   * Settles deliveries, in steps. Consecutive ones with the same outcome are settled together.
   *
   * @param cause why they are rejected
   */
  *settle(
    flights: readonly Flight[],
    outcome: (flight: Flight) => Outcome,
    cause?: string,
  ): Generator<void> {
    const how = { deliveryFailed: true, undeliverableHere: false, cause };
    for (let at = 0; at < flights.length; ) {
      const end = Math.min(flights.length, at + stepSize);
      while (at < end) at = this.#settleRun(flights, at, end, outcome, how);
      if (at < flights.length) yield;
    }
  }

  /** Settles the first deliveries of a range of a list. Returns the index of the next one. */
  #settleRun(
    flights: readonly Flight[],
    start: number,
    end: number,
    outcome: (flight: Flight) => Outcome,
    how: Parameters<Source['subscription']['settle']>[3],
  ): number {
    const first = flights[start];
    if (first === undefined || first.isSettled || first.transaction !== undefined) return start + 1;
    const { source, deliveryNumber } = first;
    const result = outcome(first);
    let at = start;
    for (; at < end; at++) {
      const flight = flights[at];
      const isNext =
        flight !== undefined &&
        !flight.isSettled &&
        flight.transaction === undefined &&
        flight.source === source &&
        flight.deliveryNumber === deliveryNumber + at - start;
      if (!isNext || (at > start && outcome(flight) !== result)) break;
      this.forget(flight);
    }
    source.subscription.settle(deliveryNumber, deliveryNumber + at - start - 1, result, how);
    return at;
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
    const all = this.flights.all();
    let count = 0;
    for (const flight of all) {
      if (++count % stepSize === 0) yield;
      if (flight.transaction === undefined) continue;
      const { source, deliveryNumber } = flight;
      flight.isSetAside = source.subscription.setAside(deliveryNumber) >= 0;
    }
    if (lastSeen !== allSeen) {
      const unseen = this.flights.after(lastSeen) ?? all;
      yield* this.settle(unseen.reverse(), () => 'released');
    }
    // What the client has confirmed without settling it needs no more room.
    this.#extension = 0;
    for (const flight of all) {
      this.forget(flight);
      if (++count % stepSize === 0) yield;
    }
    if (this.#consumption !== undefined) yield* this.#host.dialect.release(this.#consumption);
  }
}

/** The value of `lastDeliveredSequenceId` if the client may have processed all messages. */
export const allSeen = -2;
