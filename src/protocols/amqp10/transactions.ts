// Transactions of a connection (part 4).

import { BrokerError } from '../../broker/errors.ts';
import type { Route } from '../../broker/exchanges/route-cache.ts';
import type { Publication } from '../../broker/publication.ts';
import type { Outcome } from '../../broker/subscription.ts';
import { Transaction } from '../../broker/transaction.ts';
import { AmqpError } from './errors.ts';
import type { AmqpHost } from './host.ts';
import { transactionCountMax } from './limits.ts';
import type { Flight } from './links/flight.ts';

/** Number of deliveries that are concluded in one step. */
const stepSize = 32;

/** Number of transactions whose sizes are added up in about a microsecond. */
const summedPerUnit = 32;

/** The messages and outcomes of a transaction that is not discharged yet. */
export class AmqpTransaction {
  /** Eight bytes. */
  readonly id: Buffer;
  /** The link that it was declared on. */
  readonly coordinator: object;
  /** The reason why it can only be rolled back. */
  broken: string | undefined = undefined;
  readonly #transaction: Transaction;
  readonly #host: AmqpHost;
  readonly #flights: Flight[] = [];

  constructor(host: AmqpHost, id: Buffer, coordinator: object) {
    this.id = id;
    this.coordinator = coordinator;
    this.#host = host;
    this.#transaction = new Transaction(host.broker, host.vhost);
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

  /**
   * Settles the delivery at commit. Until then, no other disposition can settle it.
   *
   * @param isSettled whether the peer has already settled it, so that it is redelivered if the
   *   transaction is rolled back
   */
  settle(flight: Flight, outcome: Outcome, isSettled: boolean): void {
    const { source, number } = flight;
    if (source !== undefined) {
      this.#transaction.settle(source.subscription, number, number, outcome);
    }
    flight.transaction = this;
    flight.isSettledByPeer = isSettled;
    this.#flights.push(flight);
  }

  /** Commits in steps. Returns the group whose sync makes the transaction durable. */
  *commit(): Generator<void, number> {
    for (const { isSetAside, source, number } of this.#flights) {
      if (isSetAside) source?.subscription.takeBack(number);
    }
    const { dialect } = this.#host;
    const group = yield* this.#transaction.commit((publication, _, route) =>
      dialect.committed(publication, route),
    );
    let count = 0;
    for (const flight of this.#flights) {
      flight.link.committed(flight);
      if (++count % stepSize === 0) yield;
    }
    return group;
  }

  /**
   * Rolls back, in steps. Deliveries that the peer has not settled stay with it. Others, and those of
   * ended links, are redelivered.
   */
  *rollback(): Generator<void> {
    this.#transaction.rollback();
    let count = 0;
    for (const flight of this.#flights) {
      if (++count % stepSize === 0) yield;
      flight.transaction = undefined;
      if (flight.isSetAside) requeue(flight);
      else if (flight.isSettledByPeer) {
        flight.link.forget(flight);
        flight.source?.subscription.settle(flight.number, flight.number, 'modified');
      }
    }
  }
}

function requeue({ source, number }: Flight): void {
  source?.subscription.takeBack(number);
  source?.subscription.settle(number, number, 'modified');
}

/** The open transactions of a connection. */
export class Transactions {
  readonly #host: AmqpHost;
  readonly #byId = new Map<string, AmqpTransaction>();
  #lastNumber = 0n;

  constructor(host: AmqpHost) {
    this.#host = host;
  }

  /** @throws {AmqpError} `resource-limit-exceeded` */
  declare(coordinator: object): AmqpTransaction {
    if (this.#byId.size >= transactionCountMax) {
      const why = `more than ${transactionCountMax} open transactions of one connection`;
      throw new AmqpError('resource-limit-exceeded', why, { scope: 'link' });
    }
    const id = Buffer.alloc(8);
    id.writeBigUInt64BE(++this.#lastNumber);
    const transaction = new AmqpTransaction(this.#host, id, coordinator);
    this.#byId.set(id.toString('hex'), transaction);
    return transaction;
  }

  /** @throws {AmqpError} `transaction:unknown-id` */
  get(id: Buffer): AmqpTransaction {
    const found = id.length === 8 ? this.#byId.get(id.toString('hex')) : undefined;
    if (found !== undefined) return found;
    const shown = id.toString('hex', 0, 16);
    throw new AmqpError('transaction:unknown-id', `there is no transaction with id ${shown}`, {
      scope: 'link',
    });
  }

  /** Removes a transaction. */
  take(id: Buffer): AmqpTransaction {
    const found = this.get(id);
    this.#byId.delete(id.toString('hex'));
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
      this.#host.gate.count(this.#byId.size / summedPerUnit);
      for (const { bytes } of this.#byId.values()) sum += bytes;
    }
    const { transactionBytesMax } = this.#host.broker.limits;
    if (sum <= transactionBytesMax) return;
    const found = `transactions of one connection with ${sum} bytes`;
    throw new BrokerError('resource-error', `${found}; at most ${transactionBytesMax} are allowed`);
  }

  /**
   * Requires space for one more settlement.
   *
   * @throws {BrokerError} `resource-error`
   */
  requireSettlement(transaction: AmqpTransaction): void {
    const allowed = this.#host.broker.limits.transactionSettlementCountMax;
    if (transaction.settlementCount < allowed) return;
    const why = `a transaction settles more than ${allowed} messages`;
    throw new BrokerError('resource-error', why);
  }

  /** Rolls back all transactions of a coordinator, or of the connection if none is given. */
  *rollbackAll(coordinator?: object): Generator<void> {
    for (const [key, transaction] of [...this.#byId]) {
      if (coordinator !== undefined && transaction.coordinator !== coordinator) continue;
      if (!this.#byId.delete(key)) continue;
      yield* transaction.rollback();
      yield;
    }
  }
}
