import { assert } from '../../base/assert.ts';
import { encodeText } from '../../base/byte-text.ts';
import type { Consumption, MessageTaker, Source } from '../../broker/activemq/consumption.ts';
import { converted } from '../../broker/conversion/converted.ts';
import { formatNumbers } from '../../broker/format.ts';
import type { Delivery, Outcome } from '../../broker/subscription.ts';
import { destinationText, ownDestinationText } from './address.ts';
import { readLeading, writeMessage } from './codec/message-writer.ts';
import { errorFrame, headerLine } from './codec/out-frames.ts';
import { StompError } from './errors.ts';
import { stompFormat } from './format.ts';
import type { StompHost } from './host.ts';
import { clientLimits } from './limits.ts';
import type { StompTransaction } from './transactions.ts';

/** How a client acknowledges. */
export type AckMode = 'auto' | 'client' | 'client-individual';

/** A delivery that waits to be acknowledged. */
export interface Flight {
  readonly owner: StompSubscription;
  /** By which the client names it. */
  readonly key: string;
  readonly source: Source;
  readonly number: number;
  /** What settles it at commit. */
  transaction: StompTransaction | undefined;
}

/** Flights that are settled in one step. */
const stepSize = 64;

/** One SUBSCRIBE of a connection: writes what comes as MESSAGE frames, and knows what is unsettled. */
export class StompSubscription implements MessageTaker {
  /** The client's; undefined where it gave none (1.0). */
  readonly id: string | undefined;
  /** The header `destination` as it came. */
  readonly destination: string;
  readonly ackMode: AckMode;
  /** Distinguishes this subscription's acknowledgements from others'. */
  readonly number: number;
  /** Nothing is delivered before the RECEIPT is written. */
  isHeld = true;
  readonly #host: StompHost;
  readonly #flights = new Map<string, Flight>();
  #consumption: Consumption | undefined = undefined;
  #deliveryCount = 0;
  #isOver = false;
  /** The destination of the last delivery, and how a frame to there begins. */
  #lastDestination = '';
  #start: Buffer = Buffer.alloc(0);

  constructor(
    host: StompHost,
    number: number,
    what: Pick<StompSubscription, 'id' | 'destination' | 'ackMode'>,
  ) {
    this.#host = host;
    this.number = number;
    this.id = what.id;
    this.destination = what.destination;
    this.ackMode = what.ackMode;
  }

  get consumption(): Consumption {
    assert(this.#consumption !== undefined, 'a subscription has no consumption yet');
    return this.#consumption;
  }

  set consumption(consumption: Consumption) {
    this.#consumption = consumption;
  }

  /** Deliveries that wait to be acknowledged. */
  get unsettledCount(): number {
    return this.#flights.size;
  }

  get isWritable(): boolean {
    return !this.isHeld && !this.#isOver && this.#host.takesDeliveries;
  }

  /** The RECEIPT is written: deliveries begin. */
  begin(): void {
    this.isHeld = false;
    this.consumption.wake();
  }

  deliver(delivery: Delivery, source: Source): void {
    try {
      this.#write(this.#asOwn(delivery), delivery, source);
    } catch (thrown) {
      this.#host.deliveryFailed(thrown);
    }
  }

  /** A message of another protocol as STOMP has it. */
  #asOwn(delivery: Delivery): Delivery {
    if (delivery.format === formatNumbers.stomp) return delivery;
    const format = this.#host.broker.formatOf(delivery.format);
    return converted(delivery, format, stompFormat, clientLimits.headBytesMax);
  }

  #write(own: Delivery, delivery: Delivery, source: Source): void {
    const { dialect, version, outbox, words } = this.#host;
    const leading = readLeading(own);
    const messageId =
      leading.messageId ?? `${this.#host.connectionId}:${this.number}:${this.#deliveryCount}`;
    const flight =
      this.ackMode === 'auto' ? undefined : this.#newFlight(messageId, delivery, source);
    const original = dialect.originalOf(source, delivery);
    writeMessage(outbox, own, leading, {
      version,
      start: this.#startOf(ownDestinationText(dialect.destinationOf(source, delivery), words)),
      messageId: version === '1.2' ? messageId : (flight?.key ?? messageId),
      ack: version === '1.2' ? flight?.key : undefined,
      original: original && destinationText(original),
    });
    this.#deliveryCount++;
  }

  #newFlight(messageId: string, { deliveryNumber }: Delivery, source: Source): Flight {
    const key = this.#freeKey(messageId);
    const flight = { owner: this, key, source, number: deliveryNumber, transaction: undefined };
    this.#flights.set(key, flight);
    this.#host.subscriptions.unsettledCount++;
    return flight;
  }

  /** Clients of 1.0 and 1.1 name a delivery by the message's id, which may be there twice. */
  #freeKey(messageId: string): string {
    if (this.#host.version === '1.2') return `${this.number}-${this.#deliveryCount}`;
    return this.#flights.has(messageId) ? `${messageId}:${this.#deliveryCount}` : messageId;
  }

  #startOf(destination: string): Buffer {
    if (destination === this.#lastDestination && this.#start.length > 0) return this.#start;
    const { version } = this.#host;
    let text = 'MESSAGE\n';
    if (this.id !== undefined) text += headerLine('subscription', this.id, version);
    text += headerLine('destination', destination, version);
    this.#lastDestination = destination;
    this.#start = encodeText(text);
    return this.#start;
  }

  /** A delivery by the client's name for it; undefined where it is none, or settled. */
  find(key: string): Flight | undefined {
    const found = this.#flights.get(key);
    return found?.transaction === undefined ? found : undefined;
  }

  /** The delivery is settled. */
  forget({ key }: Flight): void {
    if (this.#flights.delete(key)) this.#host.subscriptions.unsettledCount--;
  }

  /** What an acknowledgement of a delivery is about: with mode `client` all up to it. */
  *acknowledged(flight: Flight): Generator<Flight> {
    if (this.ackMode !== 'client') {
      yield flight;
      return;
    }
    for (const each of this.#flights.values()) {
      if (each.transaction === undefined) yield each;
      if (each === flight) return;
    }
  }

  /** Settles them, some of them a step. */
  *settle(flights: Iterable<Flight>, outcome: Outcome): Generator<void> {
    let count = 0;
    for (const flight of flights) {
      this.forget(flight);
      flight.source.subscription.settle(flight.number, flight.number, outcome);
      if (++count % stepSize === 0) yield;
    }
  }

  /** Its destinations are gone. */
  ended(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const error = new StompError('invalid', reason, 'destination');
    const { answers, version, subscriptions } = this.#host;
    answers.say(0, errorFrame(error, undefined, version));
    subscriptions.lost(this);
  }

  /** Takes nothing any more. */
  stop(): void {
    this.#isOver = true;
    this.#consumption?.end();
  }

  /** Gives everything back; some of it a step. */
  *requeueAll(): Generator<void> {
    this.stop();
    this.#host.subscriptions.unsettledCount -= this.#flights.size;
    this.#flights.clear();
    if (this.#consumption !== undefined) yield* this.#host.dialect.release(this.#consumption);
  }
}
