import { assert } from '../base/assert.ts';
import type { Broker } from './broker.ts';
import { BrokerError } from './errors.ts';
import { livingRoute, type Route } from './exchanges/router.ts';
import type { Publication } from './publication.ts';
import type { Outcome, Subscription } from './subscription.ts';
import type { Vhost } from './vhost.ts';

/** What a message that is kept is counted as, besides its bytes. */
const publicationBytes = 512;

/** What a queue counts that such a message goes to. */
const routedQueueBytes = 16;

interface Entry {
  readonly publication: Publication;
  readonly route: Route;
}

/** Deliveries of one subscription that a transaction settles. */
interface Settlement {
  readonly subscription: Subscription;
  readonly first: number;
  readonly last: number;
  readonly outcome: Outcome;
}

/** What a transaction keeps until it commits. */
export interface TransactionContents {
  readonly vhost: Vhost;
  readonly publications: readonly Publication[];
  readonly settlements: readonly Settlement[];
  /** Bytes of the publications. */
  readonly bytes: number;
}

/** Publishes and settlements that take effect, and are recovered, together. */
export class Transaction {
  readonly #broker: Broker;
  readonly #vhost: Vhost;
  #entries: Entry[] = [];
  #settlements: Settlement[] = [];
  /** Of the messages that are kept. */
  #bytes = 0;

  constructor(broker: Broker, vhost: Vhost) {
    this.#broker = broker;
    this.#vhost = vhost;
  }

  /**
   * Keeps a copy of the message until commit.
   *
   * @param routed where it goes, where that was searched for before; bindings made later do not count
   * @throws {BrokerError} `resource-error` where the transaction has become too large
   */
  publish(publication: Publication, routed?: Route): void {
    const { exchange } = publication;
    assert(exchange !== undefined, 'a publication has no exchange');
    const { routing } = this.#broker;
    const route = routed ?? routing.routeAtOnce(this.#vhost, exchange, publication);
    this.#bytes += publicationBytes + publication.sizeBytes;
    // A cached route is not this transaction's alone.
    if (publication.remembered?.route !== route) {
      this.#bytes += routedQueueBytes * route.queues.length;
    }
    const allowed = this.#broker.limits.transactionBytesMax;
    if (this.#bytes > allowed) {
      const found = `transaction of ${this.#bytes} bytes with ${this.#entries.length + 1} messages`;
      throw new BrokerError('resource-error', `${found}, at most ${allowed} bytes are allowed`);
    }
    this.#entries.push({ publication: publication.copy(), route });
  }

  /** Keeps a settlement until commit. */
  settle(subscription: Subscription, first: number, last: number, outcome: Outcome): void {
    this.#settlements.push({ subscription, first, last, outcome });
  }

  /** Bytes of the messages that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Messages that are kept, and deliveries to be settled. */
  get operationCount(): number {
    let count = this.#entries.length;
    for (const { first, last } of this.#settlements) count += last - first + 1;
    return count;
  }

  /** Hands over everything; the transaction is empty then. */
  take(): TransactionContents {
    const publications = this.#entries.map(({ publication }) => publication);
    const settlements = this.#settlements;
    const contents = { vhost: this.#vhost, publications, settlements, bytes: this.#bytes };
    this.rollback();
    return contents;
  }

  /**
   * Makes everything happen.
   *
   * @param published called after each publish, with the outcome in the broker's fields
   * @throws {BrokerError} `precondition-failed` where a full queue refused a message: everything else has happened
   * @returns the group whose sync makes the commit durable; 0 where nothing has to be
   */
  commit(published: (publication: Publication) => void): number {
    const entries = this.#entries;
    const settlements = this.#settlements;
    this.rollback();
    if (entries.length === 0 && settlements.length === 0) return 0;
    const { store } = this.#broker;
    const { recordCount } = store;
    let isPartial = false;
    store.begin();
    try {
      for (const { publication, route } of entries) {
        this.#broker.publish(this.#vhost, publication, livingRoute(route));
        isPartial ||= this.#broker.isRejected;
        published(publication);
      }
      for (const { subscription, first, last, outcome } of settlements) {
        subscription.settle(first, last, outcome);
      }
      this.#broker.turns.work.run();
    } finally {
      store.end();
    }
    if (isPartial) throw new BrokerError('precondition-failed', 'partial tx completion');
    if (store.recordCount === recordCount) return 0;
    store.log.sync();
    return store.log.openGroup;
  }

  /** Forgets everything; unsettled deliveries stay unsettled. */
  rollback(): void {
    this.#entries = [];
    this.#settlements = [];
    this.#bytes = 0;
  }
}
