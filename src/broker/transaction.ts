// Transactions.

import { assert } from '../base/assert.ts';
import type { Broker } from './broker.ts';
import { BrokerError } from './errors.ts';
import { livingRoute, type Route } from './exchanges/route-cache.ts';
import type { Publication } from './publication.ts';
import { KeptMessages } from './publishing/kept-messages.ts';
import type { Published } from './publishing/publishing.ts';
import type { Outcome, Subscription } from './subscription.ts';
import { stepUnits } from './turns/background.ts';
import type { Vhost } from './vhost.ts';

/** The overhead that a stored message counts, in addition to its size. */
const publicationBytes = 512;

/** Bytes of a message per unit of background work. They are copied and sealed. */
const bytesPerUnit = 2048;

const oneStep: Iterable<void> = [undefined];

/** The size that each queue of such a message counts. */
const routedQueueBytes = 16;

/** Deliveries of one subscription that a transaction settles. */
interface Settlement {
  readonly subscription: Subscription;
  readonly first: number;
  last: number;
  readonly outcome: Outcome;
}

/** The contents of a transaction before it commits. */
export interface TransactionContents {
  readonly vhost: Vhost;
  readonly messages: KeptMessages;
  readonly settlements: readonly Settlement[];
  /** Size of the publications, bytes. */
  readonly bytes: number;
}

/** Publishes and settlements that take effect, and are recovered, together. */
export class Transaction {
  readonly #broker: Broker;
  readonly #vhost: Vhost;
  #messages = new KeptMessages();
  #settlements: Settlement[] = [];
  /** Size of the stored messages, bytes. */
  #bytes = 0;

  constructor(broker: Broker, vhost: Vhost) {
    this.#broker = broker;
    this.#vhost = vhost;
  }

  /**
   * Stores a copy of a message until the commit.
   *
   * @param routed the route, if it was determined before; later bindings are not considered
   * @throws {BrokerError} `resource-error` if the transaction is too large
   */
  publish(publication: Publication, routed?: Route): void {
    const { exchange } = publication;
    assert(exchange !== undefined, 'a publication has no exchange');
    const { routing } = this.#broker;
    const route = routed ?? routing.routeAtOnce(this.#vhost, exchange, publication);
    this.#bytes += publicationBytes + publication.sizeBytes;
    // Cached routes are shared with others.
    if (publication.remembered?.route !== route) {
      this.#bytes += routedQueueBytes * route.queues.length;
    }
    const allowed = this.#broker.limits.transactionBytesMax;
    if (this.#bytes > allowed) {
      const found = `transaction of ${this.#bytes} bytes with ${this.#messages.count + 1} messages`;
      throw new BrokerError('resource-error', `${found}, at most ${allowed} bytes are allowed`);
    }
    this.#messages.add(publication, route);
  }

  /** Stores a settlement until the commit, as part of the previous one if it continues that. */
  settle(subscription: Subscription, first: number, last: number, outcome: Outcome): void {
    const before = this.#settlements.at(-1);
    const continues = before?.last === first - 1 && before.subscription === subscription;
    if (continues && before.outcome === outcome) {
      before.last = last;
      return;
    }
    this.#settlements.push({ subscription, first, last, outcome });
  }

  /** Size of the stored messages, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The number of stored messages and deliveries. */
  get operationCount(): number {
    let { count } = this.#messages;
    for (const { first, last } of this.#settlements) count += last - first + 1;
    return count;
  }

  /** Returns the contents and empties the transaction. */
  take(): TransactionContents {
    const messages = this.#messages;
    const settlements = this.#settlements;
    const contents = { vhost: this.#vhost, messages, settlements, bytes: this.#bytes };
    this.rollback();
    return contents;
  }

  /**
   * Commits: publishes messages in order, then settles deliveries in order. A large transaction
   * takes several turns of the event loop. It is still recovered completely or not at all, and
   * everything appended to the log in the meantime is synced with its end.
   *
   * @param published called after each publish, with a publication that is reused
   * @returns steps, which end with the group whose sync makes the commit durable, or 0. They throw
   *   BrokerError `precondition-failed` if a full queue refused a message; everything else has
   *   happened
   */
  *commit(
    published: (publication: Publication, outcome: Published, route: Route) => void,
  ): Generator<void, number> {
    const messages = this.#messages;
    const kept = this.#settlements;
    this.rollback();
    if (messages.count + kept.length === 0) return 0;
    const { store } = this.#broker;
    while (store.isInBatch) yield; // another large transaction is committing
    const { recordCount } = store;
    let isPartial = false;
    store.begin();
    try {
      let units = 0;
      for (const { publication, route } of messages.take()) {
        const living = livingRoute(route);
        const outcome = this.#broker.publish(this.#vhost, publication, living);
        if (outcome.rest !== undefined) yield* this.#inBatch(outcome.rest);
        isPartial ||= outcome.isRefused;
        published(publication, outcome, living);
        units += 1 + outcome.routed + Math.floor(publication.sizeBytes / bytesPerUnit);
        if (units < stepUnits) continue;
        this.#broker.background.spend(units - stepUnits);
        units = 0;
        yield* this.#inBatch(oneStep);
      }
      for (const { subscription, first, last, outcome } of kept) {
        yield* this.#inBatch(subscription.settleInSteps(first, last, outcome));
      }
      this.#broker.background.work();
    } finally {
      store.end();
    }
    if (isPartial) throw new BrokerError('precondition-failed', 'partial tx completion');
    if (store.recordCount === recordCount) return 0;
    store.log.sync();
    return store.log.appendedGroup;
  }

  *#inBatch(steps: Iterable<void>): Generator<void> {
    for (const _ of steps) {
      this.#broker.store.log.batchPaused();
      yield;
    }
  }

  /** Discards the contents. Unsettled deliveries stay unsettled. */
  rollback(): void {
    this.#messages = new KeptMessages();
    this.#settlements = [];
    this.#bytes = 0;
  }
}
