// Transactions of STOMP connections.

import type { Route } from '../../../broker/exchanges/route-cache.ts';
import type { Publication } from '../../../broker/publication.ts';
import type { Outcome } from '../../../broker/subscription.ts';
import { Transaction } from '../../../broker/transaction.ts';
import { OpenTransactions } from '../open-transactions.ts';
import type { ActiveMqConnection } from './dialect.ts';
import { ActiveMqError } from './errors.ts';
import type { Flight } from './subscription.ts';

/** Number of deliveries that are concluded in one step. */
const stepSize = 32;

/** The messages and acknowledgements since a BEGIN frame. */
export class StompTransaction {
  readonly id: string;
  /** The reason why it can only be aborted. */
  broken: string | undefined = undefined;
  readonly #transaction: Transaction;
  readonly #core: ActiveMqConnection['core'];
  readonly #flights: Flight[] = [];

  constructor({ broker, core }: ActiveMqConnection, id: string) {
    this.id = id;
    this.#core = core;
    this.#transaction = new Transaction(broker, core.vhost);
  }

  /** Size of the messages in it, in bytes. */
  get bytes(): number {
    return this.#transaction.bytes;
  }

  /** Number of deliveries that it settles. */
  get settlementCount(): number {
    return this.#flights.length;
  }

  publish(publication: Publication, route: Route): void {
    this.#transaction.publish(publication, route);
  }

  /** Settles the delivery at commit. Until then, no other frame can settle it. */
  settle(flight: Flight, outcome: Outcome): void {
    const { subscription } = flight.source;
    this.#transaction.settle(subscription, flight.number, flight.number, outcome);
    flight.transaction = this;
    this.#flights.push(flight);
    // The client gets more deliveries meanwhile, because a transaction can be larger than the
    // window.
    subscription.grant(1);
  }

  /** Commits in steps. Returns the group whose sync makes the transaction durable. */
  *commit(): Generator<void, number> {
    for (const { isSetAside, source, number } of this.#flights) {
      if (isSetAside) source.subscription.takeBack(number);
    }
    const { sends } = this.#core;
    const group = yield* this.#transaction.commit((publication, _, route) =>
      sends.committed(publication, route),
    );
    let count = 0;
    for (const flight of this.#flights) {
      flight.owner.forget(flight);
      flight.source.subscription.grant(-1);
      if (++count % stepSize === 0) yield;
    }
    return group;
  }

  /**
   * Aborts, in steps. The deliveries stay unsettled and can be acknowledged again. Those of ended
   * subscriptions are requeued.
   */
  *abort(): Generator<void> {
    this.#transaction.rollback();
    let count = 0;
    for (const flight of this.#flights) {
      if (++count % stepSize === 0) yield;
      flight.transaction = undefined;
      if (flight.isSetAside) requeue(flight);
      flight.source.subscription.grant(-1);
    }
  }
}

function requeue({ source: { subscription }, number }: Flight): void {
  subscription.takeBack(number);
  subscription.settle(number, number, 'modified');
}

/** The open transactions of a connection. */
export class Transactions extends OpenTransactions<StompTransaction> {
  constructor(own: ActiveMqConnection) {
    const invalid = (why: string) => new ActiveMqError('invalid', why);
    super({
      limits: own.broker.limits,
      gate: own.gate,
      create: (id) => new StompTransaction(own, id),
      started: (id) => invalid(`The transaction was already started: ${id}`),
      unknown: (id) => invalid(`Invalid transaction id: ${id}`),
      tooLong: invalid,
      tooMany: (why) => new ActiveMqError('invalid', why, 'allocation'),
    });
  }
}
