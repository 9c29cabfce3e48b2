// Transactions of STOMP connections.

import { BrokerError } from '../../../broker/errors.ts';
import type { Route } from '../../../broker/exchanges/route-cache.ts';
import type { Publication } from '../../../broker/publication.ts';
import type { Outcome } from '../../../broker/subscription.ts';
import { Transaction } from '../../../broker/transaction.ts';
import { idLengthMax, transactionCountMax } from '../limits.ts';
import type { ActiveMqConnection } from './dialect.ts';
import { ActiveMqError } from './errors.ts';
import type { Flight } from './subscription.ts';

/** Number of deliveries that are concluded in one step. */
const stepSize = 32;

/** Number of transactions whose sizes are added up in about a microsecond. */
const summedPerUnit = 32;

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
export class Transactions {
  readonly #own: ActiveMqConnection;
  readonly #byId = new Map<string, StompTransaction>();

  constructor(own: ActiveMqConnection) {
    this.#own = own;
  }

  /** @throws {ActiveMqError} `invalid` */
  begin(id: string): void {
    if (this.#byId.has(id)) {
      throw new ActiveMqError('invalid', `The transaction was already started: ${id}`);
    }
    if (id.length > idLengthMax) {
      const found = `A transaction id of ${id.length} characters`;
      throw new ActiveMqError('invalid', `${found} is longer than the maximum of ${idLengthMax}`);
    }
    if (this.#byId.size >= transactionCountMax) {
      const why = `more than ${transactionCountMax} open transactions of one connection`;
      throw new ActiveMqError('invalid', why, 'allocation');
    }
    this.#byId.set(id, new StompTransaction(this.#own, id));
  }

  /** @throws {ActiveMqError} `invalid` if there is no transaction with this id */
  get(id: string): StompTransaction {
    const found = this.#byId.get(id);
    if (found === undefined) throw new ActiveMqError('invalid', `Invalid transaction id: ${id}`);
    return found;
  }

  /** Removes a transaction, so that its id can be used again. */
  take(id: string): StompTransaction {
    const found = this.get(id);
    this.#byId.delete(id);
    return found;
  }

  /**
   * Requires space for a message within the limit of all open transactions.
   *
   * @throws {BrokerError} `resource-error`
   */
  requireRoom(sizeBytes: number): void {
    let sum = sizeBytes;
    if (this.#byId.size > 1) {
      this.#own.gate.count(this.#byId.size / summedPerUnit);
      for (const { bytes } of this.#byId.values()) sum += bytes;
    }
    const { transactionBytesMax } = this.#own.broker.limits;
    if (sum <= transactionBytesMax) return;
    const found = `transactions of one connection with ${sum} bytes`;
    throw new BrokerError('resource-error', `${found}; at most ${transactionBytesMax} are allowed`);
  }

  /**
   * Requires space for one more settlement.
   *
   * @throws {BrokerError} `resource-error`
   */
  requireSettlement(transaction: StompTransaction): void {
    const allowed = this.#own.broker.limits.transactionSettlementCountMax;
    if (transaction.settlementCount < allowed) return;
    const why = `a transaction acknowledges more than ${allowed} messages`;
    throw new BrokerError('resource-error', why);
  }

  /** Aborts all transactions when the connection ends, in steps. */
  *abortAll(): Generator<void> {
    const open = [...this.#byId.values()];
    this.#byId.clear();
    for (const transaction of open) {
      yield* transaction.abort();
      yield;
    }
  }
}
