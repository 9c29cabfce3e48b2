// Links on which messages are sent to the peer.

import type { Browse, Browser } from '../../../broker/activemq/browse.ts';
import type { Consumption, MessageTaker, Source } from '../../../broker/activemq/consumption.ts';
import { deliveredDestination } from '../../../broker/activemq/sending/delivered-destination.ts';
import { converted } from '../../../broker/conversion/converted.ts';
import type { Address } from '../../../broker/conversion/properties.ts';
import { formatNumbers, type MessageFormat } from '../../../broker/format.ts';
import type { Queue } from '../../../broker/queue.ts';
import type { Delivery, Outcome } from '../../../broker/subscription.ts';
import type { SubscriptionKey } from '../../../broker/topics/topic-subscriptions.ts';
import { outcomeOf } from '../activemq.ts';
import type { Attach, Flow } from '../codec/performatives.gen.ts';
import { fromProperties } from '../conversion/from-properties.ts';
import { AmqpError } from '../errors.ts';
import { amqp10Format } from '../format.ts';
import { headBytesMax } from '../limits.ts';
import type { Session } from '../session.ts';
import type { Flight } from './flight.ts';
import { type Ending, Link } from './link.ts';

/** Where the messages of a link come from. */
export type Supply = { readonly consumption: Consumption } | { readonly browse: Browse };

/** The settings of a link that its source determines. */
export interface SendingTerms {
  readonly dynamic: Address | undefined;
  /** The durable subscription. */
  readonly key: SubscriptionKey | undefined;
  /** Whether other links may consume from the same subscription. */
  readonly isShared: boolean;
  /** Deliveries are settled when they are sent. */
  readonly isSettled: boolean;
}

/** A link on which messages are sent to the peer: its credit, and its unsettled deliveries. */
export class SendingLink extends Link implements MessageTaker, Browser {
  readonly #terms: SendingTerms;
  /** The outcome of deliveries that the peer leaves without one. */
  readonly #defaultOutcome: Outcome | undefined;
  readonly #flights = new Set<Flight>();
  #consumption: Consumption | undefined = undefined;
  /** Replaces the consumption if this is a browser. */
  #browse: Browse | undefined = undefined;
  #hasBrowsedAll = false;
  /** Nothing is delivered until the answer to the attach has been written. */
  #isHeld = true;
  #credit = 0;
  #deliveryCount = 0;
  #isDraining = false;
  /** The peer's last value, which every flow repeats (2.7.4). */
  #drainFlag = false;
  /** Distinguishes drains: an answer of an earlier one has no effect. */
  #drainNumber = 0;

  constructor(session: Session, attach: Attach, terms: SendingTerms) {
    super(session, attach, terms.dynamic);
    this.#terms = terms;
    const source = attach.source?.code === 0x28 ? attach.source : undefined;
    this.#defaultOutcome = outcomeOf(source?.defaultOutcome);
  }

  /** Sets where the messages come from. */
  supply(from: Supply): void {
    if ('browse' in from) this.#browse = from.browse;
    else this.#consumption = from.consumption;
  }

  override get isDurable(): boolean {
    return this.#terms.key !== undefined;
  }

  /** The outcome of a delivery that the peer settles without one (3.3.5). */
  get defaultOutcome(): Outcome {
    return this.#defaultOutcome ?? 'released';
  }

  get isWritable(): boolean {
    return this.#credit > 0 && !this.isOver && !this.#isHeld && this.session.canTransfer;
  }

  override begin(): void {
    this.#isHeld = false;
    if (this.#isDraining) this.#drain();
    this.wake();
  }

  override wake(): void {
    this.#consumption?.wake();
    this.#browse?.wake();
  }

  override flow({ linkCredit, deliveryCount, drain, echo }: Flow): void {
    if (linkCredit !== undefined) {
      // Deliveries that the peer had not received when it sent the flow have used up credit.
      const underWay = (this.#deliveryCount - (deliveryCount ?? 0)) | 0;
      this.#credit = Math.max(0, linkCredit - underWay);
    }
    this.#drainFlag = drain === true;
    this.#isDraining = this.#drainFlag;
    if (this.#isHeld) return;
    if (this.#isDraining) this.#drain();
    else if (echo === true) this.#writeFlow();
    if (this.#credit > 0) this.wake();
  }

  /** Sends what there is, and takes the other credit back (2.6.7). */
  #drain(): void {
    const number = ++this.#drainNumber;
    const isCurrent = () => this.#isDraining && number === this.#drainNumber && !this.isOver;
    if (this.#credit === 0 || this.#hasBrowsedAll) {
      this.#drained();
      return;
    }
    if (this.#consumption === undefined) return; // a browser continues until its end
    const sources = [...this.#consumption.sources];
    let left = sources.length;
    if (left === 0) this.#drained();
    const ended = (): void => {
      if (--left === 0 && isCurrent()) this.#drained();
    };
    const steps = drainEach(sources, ended, isCurrent);
    if (sources.length > drainedAtOnceMax) this.session.host.gate.finishFirst(steps);
    else for (const _ of steps);
  }

  #drained(): void {
    this.#deliveryCount = (this.#deliveryCount + this.#credit) >>> 0;
    this.#credit = 0;
    this.#isDraining = false;
    this.#writeFlow();
  }

  #writeFlow(): void {
    this.session.writeFlow({
      handle: this.handle,
      deliveryCount: this.#deliveryCount,
      linkCredit: this.#credit,
      available: 0,
      drain: this.#drainFlag,
    });
  }

  browsed(delivery: Delivery, queue: Queue): void {
    this.#send(delivery, { queue, isTopic: false }, undefined);
  }

  browsedAll(): void {
    this.#hasBrowsedAll = true;
    if (this.#isDraining) this.#drained();
  }

  deliver(delivery: Delivery, source: Source): void {
    this.#send(delivery, source, source);
  }

  /** @param acquired the source, if the delivery must be settled */
  #send(
    delivery: Delivery,
    source: Pick<Source, 'queue' | 'isTopic'>,
    acquired: Source | undefined,
  ): void {
    const { session } = this;
    try {
      const { deliveryNumber } = delivery;
      const isSettled = this.#terms.isSettled;
      const deliveryId = session.writeTransfer(this, this.asOwn(delivery, source), isSettled);
      this.#credit--;
      this.#deliveryCount = (this.#deliveryCount + 1) >>> 0;
      if (!isSettled) this.#keep(deliveryId, acquired, deliveryNumber);
      if (this.#credit === 0 && this.#isDraining) this.#drained();
    } catch (thrown) {
      session.host.deliveryFailed(thrown);
    }
  }

  #keep(deliveryId: number, source: Source | undefined, number: number): void {
    const flight: Flight = {
      link: this,
      deliveryId,
      source,
      number,
      transaction: undefined,
      isSettledByPeer: false,
      isSetAside: false,
    };
    this.#flights.add(flight);
    this.session.keep(flight);
  }

  /** Converts a message of another protocol, and adds the destination for clients of JMS. */
  asOwn(delivery: Delivery, source: Pick<Source, 'queue' | 'isTopic'>): Delivery {
    if (delivery.format === formatNumbers.amqp10) return delivery;
    const { broker, dialect } = this.session.host;
    const to = deliveredDestination(dialect, source, delivery);
    const format: MessageFormat = {
      ...amqp10Format,
      fromProperties: (properties, bytesMax) => fromProperties({ ...properties, to }, bytesMax),
    };
    return converted(delivery, broker.formatOf(delivery.format), format, headBytesMax);
  }

  /** Removes a settled delivery. */
  forget(flight: Flight): void {
    if (this.#flights.delete(flight)) this.session.forget(flight);
  }

  /** The transaction that settles a delivery has committed. */
  committed(flight: Flight): void {
    const isKnown = this.#flights.has(flight);
    this.forget(flight);
    if (isKnown && !flight.isSettledByPeer && !this.isOver) {
      this.session.writeSettled(flight.deliveryId);
    }
  }

  override transfer(): void {
    throw new AmqpError('not-allowed', 'a transfer on a link on which the broker is the sender', {
      scope: 'link',
    });
  }

  /** All destinations have been deleted. */
  ended(reason: string): void {
    this.fail(new AmqpError('resource-deleted', reason, { scope: 'link' }));
  }

  override *release(ending: Ending): Generator<void> {
    this.isOver = true;
    this.#browse?.end();
    this.#consumption?.end();
    this.session.abandon(this);
    for (const flight of this.#flights) {
      if (flight.transaction === undefined) continue;
      flight.isSetAside = flight.source?.subscription.setAside(flight.number) !== -1;
    }
    let count = 0;
    for (const flight of this.#flights) {
      this.session.forget(flight);
      if (++count % stepSize === 0) yield;
    }
    this.#flights.clear();
    if (this.#consumption === undefined) return;
    const outcome = this.#defaultOutcome ?? (ending === 'lost' ? 'modified' : 'released');
    for (const { subscription } of [...this.#consumption.sources]) {
      yield* subscription.settleInSteps(0, Number.MAX_SAFE_INTEGER, outcome);
    }
    yield* this.session.host.dialect.release(this.#consumption);
  }

  override closed(ending: Ending): void {
    const { key, isShared } = this.#terms;
    const { dialect, access } = this.session.host;
    if (key !== undefined && ending === 'closed') {
      const found = isShared ? dialect.durableSubscription(key, access) : undefined;
      // Other consumers keep a shared subscription.
      if ((found?.consumerCount ?? 0) === 0) dialect.unsubscribe(key, access);
    }
    super.closed(ending);
  }
}

function* drainEach(
  sources: readonly Source[],
  ended: () => void,
  isCurrent: () => boolean,
): Generator<void> {
  for (const { subscription } of sources) {
    if (!isCurrent()) return;
    subscription.drain(ended);
    yield;
  }
}

/** Number of destinations that are drained at once. More are drained in steps. */
const drainedAtOnceMax = 16;

/** Number of deliveries that are forgotten in one step. */
const stepSize = 256;
