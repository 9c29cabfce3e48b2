// The subscriptions of a connection.

import type { SourceBudget } from '../../../broker/activemq/consumption.ts';
import { WakeRound } from '../../../broker/turns/wake-round.ts';
import { idLengthMax, sourceCountMax, subscriptionCountMax, unsettledCountMax } from '../limits.ts';
import type { ActiveMqConnection } from './dialect.ts';
import { ActiveMqError } from './errors.ts';
import type { Flight, StompSubscription } from './subscription.ts';

/** The subscriptions of a connection. */
export class Subscriptions {
  /** Number of unacknowledged deliveries of all subscriptions. */
  unsettledCount = 0;
  readonly budget: SourceBudget = { left: sourceCountMax };
  readonly #own: ActiveMqConnection;
  readonly #byNumber = new Map<number, StompSubscription>();
  readonly #byId = new Map<string, StompSubscription>();
  readonly #round: WakeRound;
  #lastNumber = 0;

  constructor(own: ActiveMqConnection) {
    this.#own = own;
    this.#round = new WakeRound(own.broker.background, () => this.#byNumber.values());
  }

  /** Whether the limit of unsettled deliveries is reached. */
  get isFull(): boolean {
    return this.unsettledCount >= Math.min(unsettledCountMax, this.#own.broker.unsettledCountMax);
  }

  get count(): number {
    return this.#byNumber.size;
  }

  get all(): Iterable<StompSubscription> {
    return this.#byNumber.values();
  }

  /**
   * Returns the number for a new subscription.
   *
   * @throws {ActiveMqError} `invalid` if there are too many, or the id is in use or too long
   */
  next(id: string | undefined): number {
    const { broker } = this.#own;
    if (this.count >= subscriptionCountMax) {
      const why = `more than ${subscriptionCountMax} subscriptions of one connection`;
      throw new ActiveMqError('invalid', why, 'allocation');
    }
    // Some subscriptions are permitted even if memory is short, because consumers drain queues.
    if (this.count >= broker.limits.consumerCountShort) broker.requireMemory('consumer');
    if (id !== undefined && id.length > idLengthMax) {
      const found = `A subscription id of ${id.length} characters`;
      throw new ActiveMqError('invalid', `${found} is longer than the maximum of ${idLengthMax}`);
    }
    if (id !== undefined && this.#byId.has(id)) {
      throw new ActiveMqError('invalid', `There already is a subscription for: ${id}.`);
    }
    return ++this.#lastNumber;
  }

  add(subscription: StompSubscription): void {
    this.#byNumber.set(subscription.number, subscription);
    if (subscription.id !== undefined) this.#byId.set(subscription.id, subscription);
  }

  /** Returns the subscription with an id or, for clients of 1.0, the first one to a destination. */
  find(id: string | undefined, destination: string | undefined): StompSubscription | undefined {
    if (id !== undefined) return this.#byId.get(id);
    for (const subscription of this.#byNumber.values()) {
      if (subscription.destination === destination) return subscription;
    }
    return undefined;
  }

  remove(subscription: StompSubscription): void {
    const { id, number } = subscription;
    this.#byNumber.delete(number);
    if (id !== undefined && this.#byId.get(id) === subscription) this.#byId.delete(id);
  }

  /** The destinations of a subscription have been deleted. */
  lost(subscription: StompSubscription): void {
    this.remove(subscription);
    this.#own.broker.background.run(subscription.requeueAll());
  }

  /**
   * Returns the delivery that an acknowledgement identifies.
   *
   * @param key the `ack` header of the message (1.2)
   */
  byAck(key: string): Flight | undefined {
    const number = /^(\d{1,15})-/.exec(key)?.[1];
    return number === undefined ? undefined : this.#byNumber.get(Number(number))?.find(key);
  }

  /** Returns a delivery by message id: for 1.1, and for 1.0 without a known subscription. */
  byMessageId(messageId: string, id: string | undefined): Flight | undefined {
    if (id !== undefined) return this.#byId.get(id)?.find(messageId);
    for (const subscription of this.#byNumber.values()) {
      const found = subscription.find(messageId);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Deliveries are possible again. */
  wake(): void {
    this.#round.start(this.count);
  }

  /** Requeues all unsettled deliveries when the connection ends, in steps. */
  *requeueAll(report: (bug: unknown) => void): Generator<void> {
    const all = [...this.#byNumber.values()];
    this.#byNumber.clear();
    this.#byId.clear();
    for (const subscription of all) subscription.stop();
    for (const subscription of all) {
      try {
        yield* subscription.requeueAll();
      } catch (thrown) {
        report(thrown);
      }
    }
  }
}
