// The subscriptions of a connection, and its unsettled deliveries.

import { BrokerError } from '../../../broker/errors.ts';
import type { Queue } from '../../../broker/queue.ts';
import type { Outcome, SubscribeOptions } from '../../../broker/subscription.ts';
import { WakeRound } from '../../../broker/turns/wake-round.ts';
import { subscriptionCountMax, unsettledCountMax } from '../limits.ts';
import { tempQueuePrefix } from './destinations.ts';
import type { RabbitMqConnection } from './dialect.ts';
import { invalid } from './errors.ts';
import { RabbitMqSubscription } from './subscription.ts';
import type { RabbitMqTransaction } from './transactions.ts';

/** A delivery that has not been acknowledged. */
export interface Flight {
  readonly owner: RabbitMqSubscription;
  /** Its number on the connection, from 1. */
  readonly tag: number;
  /** Its number in the subscription of the queue. */
  readonly number: number;
  /** When it was sent, as {@link Subscriptions.tick} tells the time. */
  readonly sentAtMs: number;
  /** The transaction that settles it at commit. */
  transaction: RabbitMqTransaction | undefined;
}

/** Number of deliveries that are settled in one step. */
const stepSize = 16;

/** Number of deliveries that are passed in about a microsecond. */
const passedPerUnit = 16;

/** The subscriptions of a connection, and its unsettled deliveries in order. */
export class Subscriptions {
  /** The prefetch of the next subscriptions, as that of a channel. */
  prefetch = Infinity;
  /** Number of deliveries, and of those that were acknowledged. */
  deliveredCount = 0;
  acknowledgedCount = 0;
  readonly #own: RabbitMqConnection;
  readonly #byTag = new Map<string, RabbitMqSubscription>();
  /** Ended subscriptions with unsettled deliveries. */
  readonly #ended = new Set<RabbitMqSubscription>();
  readonly #flights = new Map<number, Flight>();
  readonly #round: WakeRound;
  /** The time of the last tick; -1 before the first one. */
  #nowMs = -1;

  constructor(own: RabbitMqConnection) {
    this.#own = own;
    this.#round = new WakeRound(own.broker.background, () => this.#byTag.values());
  }

  /** Whether the limit of unsettled deliveries is reached. */
  get isFull(): boolean {
    const { unsettledCountMax: allowed } = this.#own.broker;
    return this.#flights.size >= Math.min(unsettledCountMax, allowed);
  }

  get unsettledCount(): number {
    return this.#flights.size;
  }

  get all(): Iterable<RabbitMqSubscription> {
    return this.#byTag.values();
  }

  get count(): number {
    return this.#byTag.size;
  }

  find(tag: string): RabbitMqSubscription | undefined {
    return this.#byTag.get(tag);
  }

  /**
   * Requires that a further subscription is possible.
   *
   * @throws {RabbitMqError} `invalid` if there are too many
   * @throws {BrokerError} `resource-error` if memory is short
   */
  requireRoom(): void {
    if (this.count >= subscriptionCountMax) {
      const why = `more than ${subscriptionCountMax} subscriptions of one connection\n`;
      throw invalid('Too many subscriptions', why);
    }
    const { broker } = this.#own;
    // Some subscriptions are permitted even if memory is short, because consumers drain queues.
    if (this.count >= broker.limits.consumerCountShort) broker.requireMemory('consumer');
  }

  /** Adds a subscription, which consumes from its queue. @throws {BrokerError} */
  add(
    subscription: RabbitMqSubscription,
    options: Pick<SubscribeOptions, 'priority' | 'stream'>,
  ): void {
    const { queue, terms } = subscription;
    subscription.subscription = queue.subscribe(subscription, {
      settled: subscription.isSettled,
      exclusive: false,
      prefetch: this.prefetch,
      pool: undefined,
      owner: this.#own.host,
      ...options,
    });
    this.#byTag.set(terms.tag, subscription);
  }

  /** Adds the subscription to a queue for replies. */
  addReply(name: string, queue: Queue): void {
    const id = tempQueuePrefix + name;
    const subscription = new RabbitMqSubscription(this.#own, queue, {
      tag: `T_${id}`,
      id,
      description: `id='${id}'`,
      ackMode: 'auto',
      isTopic: false,
      replyName: name,
    });
    this.add(subscription, { priority: 0, stream: undefined });
    subscription.begin();
  }

  /** Forgets a subscription that has ended. Its unsettled deliveries remain. */
  remove(subscription: RabbitMqSubscription): void {
    this.#byTag.delete(subscription.terms.tag);
    if (subscription.subscription.unsettledCount > 0) this.#ended.add(subscription);
  }

  /** The number of the next delivery. */
  nextTag(): number {
    return ++this.deliveredCount;
  }

  /** Keeps a delivery until it is settled. Returns its number. */
  addFlight(owner: RabbitMqSubscription, number: number): number {
    const tag = this.nextTag();
    const sentAtMs = this.#nowMs;
    this.#flights.set(tag, { owner, tag, number, sentAtMs, transaction: undefined });
    return tag;
  }

  /** Returns an unsettled delivery; undefined if it does not exist or a transaction settles it. */
  flight(tag: number): Flight | undefined {
    const found = this.#flights.get(tag);
    return found?.transaction === undefined ? found : undefined;
  }

  /**
   * Returns the deliveries that an acknowledgement covers. In mode `client`, these are all up to it, also
   * those of other subscriptions, because RabbitMQ acknowledges on the channel of the connection.
   */
  *upTo(flight: Flight): Generator<Flight> {
    if (flight.owner.terms.ackMode !== 'client') {
      yield flight;
      return;
    }
    let passed = 0;
    for (const each of this.#flights.values()) {
      if (each.tag > flight.tag) break;
      if (each.transaction === undefined) yield each;
      else passed++;
    }
    this.#own.host.gate.count(passed / passedPerUnit);
  }

  /** Settles deliveries, in steps. */
  *settle(flights: Iterable<Flight>, outcome: Outcome): Generator<void> {
    let count = 0;
    for (const flight of flights) {
      this.forget(flight);
      flight.owner.subscription.settle(flight.number, flight.number, outcome);
      this.#settled(flight.owner);
      if (++count % stepSize === 0) yield;
    }
  }

  /** Removes a settled delivery. */
  forget({ tag }: Flight): void {
    this.#flights.delete(tag);
    this.acknowledgedCount++;
  }

  #settled(owner: RabbitMqSubscription): void {
    if (owner.isOver && owner.subscription.unsettledCount === 0) this.#ended.delete(owner);
  }

  /** Returns the error for a delivery that has been unsettled for too long, if there is one. */
  tick(nowMs: number): BrokerError | undefined {
    const isFirst = this.#nowMs < 0;
    this.#nowMs = nowMs;
    const [oldest] = this.#flights.values();
    if (oldest === undefined || isFirst) return undefined;
    const { personality, limits } = this.#own.broker;
    const { settings } = oldest.owner.queue;
    if (personality.timeouts === 'quorum' && settings.type !== 'quorum') return undefined;
    const timeoutMs = settings.consumerTimeoutMs ?? limits.consumerTimeoutMs;
    if (oldest.sentAtMs < 0 || nowMs - oldest.sentAtMs <= timeoutMs) return undefined;
    const why = 'delivery acknowledgement on channel 1 timed out';
    const advice = 'This timeout value can be configured, see consumers doc guide to learn more';
    const text = `${why}. Timeout value used: ${timeoutMs} ms. ${advice}`;
    return new BrokerError('precondition-failed', text);
  }

  /** Deliveries are possible again. */
  wake(): void {
    this.#round.start(this.count);
  }

  /** Requeues all unsettled deliveries when the connection ends, in steps. */
  *requeueAll(report: (bug: unknown) => void): Generator<void> {
    const all = [...this.#byTag.values(), ...this.#ended];
    this.#byTag.clear();
    this.#ended.clear();
    this.#flights.clear();
    for (const subscription of all) {
      // It remains a consumer without deliveries until its messages are requeued.
      subscription.isOver = true;
      const { subscription: consumer } = subscription;
      try {
        yield* consumer.settleInSteps(0, Number.MAX_SAFE_INTEGER, 'modified');
      } catch (thrown) {
        report(thrown);
      }
    }
    for (const { subscription } of all) {
      subscription.stop();
      yield;
    }
  }
}
