// Transactions of STOMP connections.

import type { Route } from '../../../broker/exchanges/route-cache.ts';
import type { Publication } from '../../../broker/publication.ts';
import type { Outcome } from '../../../broker/subscription.ts';
import { Transaction } from '../../../broker/transaction.ts';
import type { Frame } from '../codec/frames.ts';
import { OpenTransactions } from '../open-transactions.ts';
import type { RabbitMqConnection } from './dialect.ts';
import { invalid } from './errors.ts';
import type { Flight } from './subscriptions.ts';

/** Number of deliveries that are concluded in one step. */
const stepSize = 16;

/** The messages and acknowledgements since a BEGIN frame. */
export class RabbitMqTransaction {
  /** Frames that asked for a RECEIPT, which follows after the commit. Their headers are in the messages. */
  readonly receipts: Frame[] = [];
  publishCount = 0;
  readonly #own: RabbitMqConnection;
  readonly #transaction: Transaction;
  #flights: Flight[] = [];

  constructor(own: RabbitMqConnection) {
    this.#own = own;
    this.#transaction = new Transaction(own.broker, own.vhost);
  }

  get bytes(): number {
    return this.#transaction.bytes;
  }

  get settlementCount(): number {
    return this.#flights.length;
  }

  publish(publication: Publication, route: Route): void {
    this.#transaction.publish(publication, route);
    this.publishCount++;
  }

  /** Settles the delivery at commit. Until then, no other frame can settle it. */
  settle(flight: Flight, outcome: Outcome): void {
    const { owner, number } = flight;
    this.#transaction.settle(owner.subscription, number, number, outcome);
    flight.transaction = this;
    this.#flights.push(flight);
  }

  /** Commits in steps. Returns the group whose sync makes the transaction durable. */
  *commit(): Generator<void, number> {
    const { subscriptions } = this.#own;
    const group = yield* this.#transaction.commit(() => {});
    let count = 0;
    for (const flight of this.#flights) {
      subscriptions.forget(flight);
      if (++count % stepSize === 0) yield;
    }
    if (count > 0) subscriptions.wake();
    return group;
  }

  /** Aborts, in steps. The deliveries stay unsettled and can be acknowledged again. */
  *abort(): Generator<void> {
    this.#transaction.rollback();
    let count = 0;
    for (const flight of this.#flights) {
      flight.transaction = undefined;
      if (++count % stepSize === 0) yield;
    }
    this.#flights = [];
  }
}

/** The open transactions of a connection. */
export class RabbitMqTransactions extends OpenTransactions<RabbitMqTransaction> {
  constructor(own: RabbitMqConnection) {
    const bad = (why: string) => invalid('Bad transaction', `${why}\n`);
    super({
      limits: own.broker.limits,
      gate: own.host.gate,
      create: () => new RabbitMqTransaction(own),
      started: (id) => bad(`Transaction already started: "${id}"`),
      unknown: (id) => bad(`Invalid transaction identifier: "${id}"`),
      tooLong: bad,
      tooMany: bad,
    });
  }
}
