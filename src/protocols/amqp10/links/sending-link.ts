// Links on which messages are sent to the peer.

import type { Delivery, Outcome } from '../../../broker/subscription.ts';
import type { Attach, Flow } from '../codec/performatives.gen.ts';
import { AmqpError } from '../errors.ts';
import type { HeadWriter } from '../messages/head-writer.ts';
import type { Session } from '../session.ts';
import type { DeliverySource, Flight } from './flight.ts';
import { FlightList } from './flights.ts';
import { type DynamicNode, type Ending, Link } from './link.ts';

/** The settings of a link that its source determines. */
export interface SendingTerms {
  readonly dynamic: DynamicNode | undefined;
  /** Deliveries are settled when they are sent. */
  readonly isSettled: boolean;
  /** The outcome of deliveries that the peer leaves without one; undefined for the default. */
  readonly defaultOutcome: Outcome | undefined;
}

/** A link on which messages are sent to the peer: its credit, and its unsettled deliveries. */
export abstract class SendingLink extends Link {
  readonly #terms: SendingTerms;
  readonly #flights = new FlightList();
  /** Whether a link that reads without acquiring messages is at its end. */
  #hasReadAll = false;
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
  }

  /** The queues that messages are taken from; undefined if messages are read without acquiring them. */
  protected abstract get sources(): Iterable<DeliverySource> | undefined;

  /** Stops deliveries. Unsettled deliveries remain. */
  protected abstract stop(): void;

  /** Ends the consumption in steps, after {@link stop} and the settlement of all deliveries. */
  protected abstract releaseSources(): Iterable<void>;

  /** Writes the first sections of its messages. */
  abstract readonly heads: HeadWriter;

  /** Converts a message of another protocol. */
  abstract asOwn(delivery: Delivery, source: Pick<DeliverySource, 'queue' | 'isTopic'>): Delivery;

  /** Number of messages that could be sent with more credit, as flows state it. */
  protected get availableCount(): number {
    return 0;
  }

  /** The outcome of a delivery that the peer settles without one (3.3.5). */
  get defaultOutcome(): Outcome {
    return this.#terms.defaultOutcome ?? 'released';
  }

  /** Whether deliveries are settled when they are sent. */
  get isSettled(): boolean {
    return this.#terms.isSettled;
  }

  /** Number of unsettled deliveries. */
  get unsettledCount(): number {
    return this.#flights.count;
  }

  /** For administration. */
  get counts() {
    return { deliveryCount: this.#deliveryCount, credit: this.#credit };
  }

  get isWritable(): boolean {
    return this.#credit > 0 && !this.isOver && !this.#isHeld && this.session.canTransfer;
  }

  override begin(): void {
    this.#isHeld = false;
    if (this.#isDraining) this.#drain();
    this.wake();
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
    if (this.#credit === 0 || this.#hasReadAll) {
      this.#drained();
      return;
    }
    const found = this.sources;
    if (found === undefined) return; // a browser continues until its end
    const sources = [...found];
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
      available: this.availableCount,
      drain: this.#drainFlag,
    });
  }

  /** A link that reads without acquiring messages is at its end. */
  protected readAll(): void {
    this.#hasReadAll = true;
    if (this.#isDraining) this.#drained();
  }

  /**
   * Sends a message.
   *
   * @param acquired the source, if the delivery must be settled
   */
  protected send(
    delivery: Delivery,
    source: Pick<DeliverySource, 'queue' | 'isTopic'>,
    acquired: DeliverySource | undefined,
  ): void {
    const { session } = this;
    try {
      const { deliveryNumber } = delivery;
      const { isSettled } = this.#terms;
      const deliveryId = session.writeTransfer(this, this.asOwn(delivery, source), isSettled);
      this.#credit--;
      this.#deliveryCount = (this.#deliveryCount + 1) >>> 0;
      if (!isSettled) this.#keep(deliveryId, acquired, deliveryNumber);
      if (this.#credit === 0 && this.#isDraining) this.#drained();
    } catch (thrown) {
      session.host.deliveryFailed(thrown);
    }
  }

  #keep(deliveryId: number, source: DeliverySource | undefined, number: number): void {
    const flight: Flight = {
      link: this,
      deliveryId,
      source,
      number,
      transaction: undefined,
      isSettledByPeer: false,
      isSetAside: false,
      isListed: false,
      previous: undefined,
      next: undefined,
    };
    this.#flights.add(flight);
    this.session.keep(flight);
  }

  /** Removes a settled delivery. */
  forget(flight: Flight): void {
    if (this.#flights.remove(flight)) this.session.forget(flight);
  }

  /** The transaction that settles a delivery has committed. */
  committed(flight: Flight): void {
    const isKnown = flight.isListed;
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

  override *release(ending: Ending): Generator<void> {
    this.isOver = true;
    this.stop();
    this.session.abandon(this);
    for (let flight = this.#flights.first; flight !== undefined; flight = flight.next) {
      if (flight.transaction === undefined) continue;
      flight.isSetAside = flight.source?.subscription.setAside(flight.number) !== -1;
    }
    let count = 0;
    for (let flight = this.#flights.first; flight !== undefined; flight = this.#flights.first) {
      this.forget(flight);
      if (++count % stepSize === 0) yield;
    }
    const outcome = this.#terms.defaultOutcome ?? (ending === 'lost' ? 'modified' : 'released');
    for (const { subscription } of [...(this.sources ?? [])]) {
      yield* subscription.settleInSteps(0, Number.MAX_SAFE_INTEGER, outcome);
    }
    yield* this.releaseSources();
  }
}

function* drainEach(
  sources: readonly DeliverySource[],
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
