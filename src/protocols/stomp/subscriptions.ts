import type { SourceBudget } from '../../broker/activemq/consumption.ts';
import { StompError } from './errors.ts';
import type { StompHost } from './host.ts';
import { idLengthMax, sourceCountMax, subscriptionCountMax } from './limits.ts';
import type { Flight, StompSubscription } from './subscription.ts';

/** The subscriptions of one connection. */
export class Subscriptions {
  /** Deliveries of all of them that wait to be acknowledged. */
  unsettledCount = 0;
  readonly budget: SourceBudget = { left: sourceCountMax };
  readonly #host: StompHost;
  readonly #byNumber = new Map<number, StompSubscription>();
  readonly #byId = new Map<string, StompSubscription>();
  #lastNumber = 0;

  constructor(host: StompHost) {
    this.#host = host;
  }

  get count(): number {
    return this.#byNumber.size;
  }

  get all(): Iterable<StompSubscription> {
    return this.#byNumber.values();
  }

  /**
   * The number of a new subscription.
   *
   * @throws {StompError} `invalid` where there are too many, or its id is taken or too long
   */
  next(id: string | undefined): number {
    const { broker } = this.#host;
    if (this.count >= subscriptionCountMax) {
      const why = `more than ${subscriptionCountMax} subscriptions of one connection`;
      throw new StompError('invalid', why, 'allocation');
    }
    // A few are let in even then: somebody must empty the queues.
    if (this.count >= broker.limits.consumerCountShort) broker.requireMemory('consumer');
    if (id !== undefined && id.length > idLengthMax) {
      const found = `A subscription id of ${id.length} characters`;
      throw new StompError('invalid', `${found} is longer than the maximum of ${idLengthMax}`);
    }
    if (id !== undefined && this.#byId.has(id)) {
      throw new StompError('invalid', `There already is a subscription for: ${id}.`);
    }
    return ++this.#lastNumber;
  }

  add(subscription: StompSubscription): void {
    this.#byNumber.set(subscription.number, subscription);
    if (subscription.id !== undefined) this.#byId.set(subscription.id, subscription);
  }

  /** The subscription of an id, or, for clients of 1.0, the first one to a destination. */
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

  /** A subscription's destinations are gone. */
  lost(subscription: StompSubscription): void {
    this.remove(subscription);
    this.#host.broker.background.run(subscription.requeueAll());
  }

  /**
   * The delivery that an acknowledgement names.
   *
   * @param key of 1.2: the header `ack` of the message
   */
  byAck(key: string): Flight | undefined {
    const number = /^(\d{1,15})-/.exec(key)?.[1];
    return number === undefined ? undefined : this.#byNumber.get(Number(number))?.find(key);
  }

  /** The same by the message's id: 1.1, and 1.0 where the subscription is not known. */
  byMessageId(messageId: string, id: string | undefined): Flight | undefined {
    if (id !== undefined) return this.#byId.get(id)?.find(messageId);
    for (const subscription of this.#byNumber.values()) {
      const found = subscription.find(messageId);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The transport or the peer takes deliveries again. */
  wake(): void {
    for (const subscription of this.#byNumber.values()) subscription.consumption.wake();
  }

  /** The connection ends: everything goes back; some of it a step. */
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
