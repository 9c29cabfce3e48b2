// Subscriptions of STOMP clients.

import { encodeText } from '../../../base/byte-text.ts';
import type { Browse, Browser } from '../../../broker/activemq/browse.ts';
import type { Consumption, MessageTaker, Source } from '../../../broker/activemq/consumption.ts';
import {
  type DeliveredFrom,
  deliveredDestination,
  originalDestination,
} from '../../../broker/activemq/sending/delivered-destination.ts';
import { converted } from '../../../broker/conversion/converted.ts';
import { formatNumbers } from '../../../broker/format.ts';
import type { Queue } from '../../../broker/queue.ts';
import type { Delivery, Outcome } from '../../../broker/subscription.ts';
import { frameBytes, headerLine, type OutHeaders } from '../codec/out-frames.ts';
import { clientLimits } from '../limits.ts';
import { destinationText, ownDestinationText } from './address.ts';
import { readLeading, writeMessage } from './codec/message-writer.ts';
import type { ActiveMqConnection } from './dialect.ts';
import { ActiveMqError, errorFrame } from './errors.ts';
import { stompFormat, transformingFormat } from './format.ts';
import type { StompTransaction } from './transactions.ts';

/** The acknowledgement mode. */
export type AckMode = 'auto' | 'client' | 'client-individual';

/** A delivery that has not been acknowledged. */
export interface Flight {
  readonly owner: StompSubscription;
  /** The key by which the client identifies it. */
  readonly key: string;
  readonly source: Source;
  readonly number: number;
  /** The transaction that settles it at commit. */
  transaction: StompTransaction | undefined;
  /** Whether the subscription ended before the transaction. */
  isSetAside: boolean;
}

/** Number of deliveries that are settled in one step. */
const stepSize = 64;

/** Number of deliveries that are passed in about a microsecond. */
const passedPerUnit = 16;

/** A subscription: writes MESSAGE frames and keeps the unsettled deliveries. */
export class StompSubscription implements MessageTaker, Browser {
  /** Given by the client; undefined if it gave none (1.0). */
  readonly id: string | undefined;
  /** The `destination` header as received. */
  readonly destination: string;
  readonly ackMode: AckMode;
  /** Distinguishes the acknowledgements of this subscription from those of others. */
  readonly number: number;
  /** Nothing is delivered until the RECEIPT has been written. */
  isHeld = true;
  readonly #own: ActiveMqConnection;
  /** The encoding of messages if the subscription asks for a transformation. */
  readonly #transforming: ReturnType<typeof transformingFormat>;
  readonly #flights = new Map<string, Flight>();
  #consumption: Consumption | undefined = undefined;
  /** Replaces the consumption if this is a browser. */
  #browse: Browse | undefined = undefined;
  #deliveryCount = 0;
  #isOver = false;
  /** The destination of the previous delivery and the encoded first lines for it. */
  #lastDestination = '';
  #start: Buffer = Buffer.alloc(0);

  constructor(
    own: ActiveMqConnection,
    number: number,
    what: Pick<StompSubscription, 'id' | 'destination' | 'ackMode'>,
    transformation?: string,
  ) {
    this.#own = own;
    this.number = number;
    this.id = what.id;
    this.destination = what.destination;
    this.ackMode = what.ackMode;
    this.#transforming = transformingFormat(transformation);
  }

  /** Sets the source of the messages. */
  attach(to: { readonly consumption: Consumption } | { readonly browse: Browse }): void {
    if ('browse' in to) this.#browse = to.browse;
    else this.#consumption = to.consumption;
  }

  /** Number of unacknowledged deliveries. */
  get unsettledCount(): number {
    return this.#flights.size;
  }

  get isWritable(): boolean {
    return !this.isHeld && !this.#isOver && this.#own.takesDeliveries;
  }

  /** Starts deliveries after the RECEIPT has been written. */
  begin(): void {
    this.isHeld = false;
    this.wake();
  }

  /** Deliveries are possible again. */
  wake(): void {
    this.#consumption?.wake();
    this.#browse?.wake();
  }

  browsed(delivery: Delivery, queue: Queue): void {
    try {
      this.#write(this.#asOwn(delivery), delivery, { queue, isTopic: false }, undefined);
    } catch (thrown) {
      this.#own.host.deliveryFailed(thrown);
    }
  }

  browsedAll(): void {
    const headers: OutHeaders = [
      ['subscription', this.id],
      ['destination', this.destination],
      ['message-id', '0'],
      ['browser', 'end'],
    ];
    this.#own.answers.say(0, frameBytes('MESSAGE', headers, '', this.#own.version));
  }

  deliver(delivery: Delivery, source: Source): void {
    try {
      this.#write(this.#asOwn(delivery), delivery, source, source);
    } catch (thrown) {
      this.#own.host.deliveryFailed(thrown);
    }
  }

  prepare(delivery: Delivery): Promise<void> | undefined {
    const transforming = this.#transforming;
    if (delivery.format === formatNumbers.stomp && transforming === undefined) return undefined;
    const { conversions } = this.#own.broker;
    return conversions.prepare(delivery, transforming ?? stompFormat, clientLimits.headBytesMax);
  }

  prepareBrowsed(delivery: Delivery): Promise<void> | undefined {
    return this.prepare(delivery);
  }

  /** Converts a message of another protocol to STOMP, or as the subscription asks for. */
  #asOwn(delivery: Delivery): Delivery {
    const transforming = this.#transforming;
    if (delivery.format === formatNumbers.stomp && transforming === undefined) return delivery;
    const format = this.#own.broker.formatOf(delivery.format);
    return converted(delivery, format, transforming ?? stompFormat, clientLimits.headBytesMax);
  }

  /** @param settled the delivery that must be settled, if any */
  #write(
    own: Delivery,
    delivery: Delivery,
    source: DeliveredFrom,
    settled: Source | undefined,
  ): void {
    const { core, version, outbox, words } = this.#own;
    const leading = readLeading(own);
    const messageId =
      leading.messageId ?? `${this.#own.connectionId}:${this.number}:${this.#deliveryCount}`;
    const flight =
      settled === undefined || this.ackMode === 'auto'
        ? undefined
        : this.#newFlight(messageId, delivery, settled);
    const shown = deliveredDestination(core, source, delivery);
    const original = originalDestination(core, source, delivery, shown);
    writeMessage(outbox, own, leading, {
      version,
      start: this.#startOf(ownDestinationText(shown, words)),
      messageId: version === '1.2' ? messageId : (flight?.key ?? messageId),
      ack: version === '1.2' ? flight?.key : undefined,
      original: original && destinationText(original),
    });
    this.#deliveryCount++;
  }

  #newFlight(messageId: string, { deliveryNumber }: Delivery, source: Source): Flight {
    const key = this.#freeKey(messageId);
    const flight: Flight = {
      owner: this,
      key,
      source,
      number: deliveryNumber,
      transaction: undefined,
      isSetAside: false,
    };
    this.#flights.set(key, flight);
    this.#own.subscriptions.unsettledCount++;
    return flight;
  }

  /** Clients of 1.0 and 1.1 acknowledge by message id, which may not be unique. */
  #freeKey(messageId: string): string {
    if (this.#own.version === '1.2') return `${this.number}-${this.#deliveryCount}`;
    return this.#flights.has(messageId) ? `${messageId}:${this.#deliveryCount}` : messageId;
  }

  #startOf(destination: string): Buffer {
    if (destination === this.#lastDestination && this.#start.length > 0) return this.#start;
    const { version } = this.#own;
    let text = 'MESSAGE\n';
    if (this.id !== undefined) text += headerLine('subscription', this.id, version);
    text += headerLine('destination', destination, version);
    this.#lastDestination = destination;
    this.#start = encodeText(text);
    return this.#start;
  }

  /** Returns a delivery by its key; undefined if it does not exist or is settled. */
  find(key: string): Flight | undefined {
    const found = this.#flights.get(key);
    return found?.transaction === undefined ? found : undefined;
  }

  /** Removes a settled delivery. */
  forget({ key }: Flight): void {
    if (this.#flights.delete(key)) this.#own.subscriptions.unsettledCount--;
  }

  /** Returns the deliveries that an acknowledgement covers: in mode `client` all up to it. */
  *acknowledged(flight: Flight): Generator<Flight> {
    if (this.ackMode !== 'client') {
      yield flight;
      return;
    }
    let passed = 0;
    for (const each of this.#flights.values()) {
      if (each.transaction === undefined) yield each;
      else passed++;
      if (each === flight) break;
    }
    // Those that a transaction settles are passed by each acknowledgement.
    this.#own.gate.count(passed / passedPerUnit);
  }

  /** Settles deliveries, in steps. */
  *settle(flights: Iterable<Flight>, outcome: Outcome): Generator<void> {
    let count = 0;
    for (const flight of flights) {
      this.forget(flight);
      flight.source.subscription.settle(flight.number, flight.number, outcome);
      if (++count % stepSize === 0) yield;
    }
  }

  /** The destinations have been deleted. */
  ended(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const error = new ActiveMqError('invalid', reason, 'destination');
    const { answers, version, subscriptions } = this.#own;
    answers.say(0, errorFrame(error, undefined, version));
    subscriptions.lost(this);
  }

  /** Stops deliveries. */
  stop(): void {
    this.#isOver = true;
    this.#consumption?.end();
    this.#browse?.end();
  }

  /** Requeues all unsettled deliveries, in steps, except those that a transaction settles. */
  *requeueAll(): Generator<void> {
    this.stop();
    for (const flight of this.#flights.values()) {
      if (flight.transaction === undefined) continue;
      flight.isSetAside = flight.source.subscription.setAside(flight.number) >= 0;
    }
    this.#own.subscriptions.unsettledCount -= this.#flights.size;
    this.#flights.clear();
    if (this.#consumption !== undefined) yield* this.#own.core.release(this.#consumption);
  }
}
