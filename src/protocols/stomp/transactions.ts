import { BrokerError } from '../../broker/errors.ts';
import type { Route } from '../../broker/exchanges/router.ts';
import type { Publication } from '../../broker/publication.ts';
import type { Outcome } from '../../broker/subscription.ts';
import { Transaction } from '../../broker/transaction.ts';
import { StompError } from './errors.ts';
import type { StompHost } from './host.ts';
import { idLengthMax, transactionCountMax } from './limits.ts';
import type { Flight } from './subscription.ts';

/** What a client has sent and acknowledged since BEGIN. */
export class StompTransaction {
  readonly id: string;
  /** Why it can only be aborted. */
  broken: string | undefined = undefined;
  readonly #transaction: Transaction;
  readonly #flights: Flight[] = [];

  constructor({ broker, dialect }: StompHost, id: string) {
    this.id = id;
    this.#transaction = new Transaction(broker, dialect.vhost);
  }

  /** Bytes of the messages that are kept. */
  get bytes(): number {
    return this.#transaction.bytes;
  }

  /** Deliveries that it settles. */
  get settlementCount(): number {
    return this.#flights.length;
  }

  publish(publication: Publication, route: Route): void {
    this.#transaction.publish(publication, route);
  }

  /** The delivery is settled at commit, and until then nobody else's. */
  settle(flight: Flight, outcome: Outcome): void {
    const { subscription } = flight.source;
    this.#transaction.settle(subscription, flight.number, flight.number, outcome);
    flight.transaction = this;
    this.#flights.push(flight);
    // Others may come meanwhile: a transaction may be of more messages than the window.
    subscription.grant(1);
  }

  /** Steps that end with the group whose sync makes it durable. */
  *commit(): Generator<void, number> {
    const group = yield* this.#transaction.commit(() => {});
    for (const flight of this.#flights) {
      flight.owner.forget(flight);
      flight.source.subscription.grant(-1);
    }
    return group;
  }

  /** What it was to settle stays with its subscriptions, and may be acknowledged again. */
  abort(): void {
    this.#transaction.rollback();
    for (const flight of this.#flights) {
      flight.transaction = undefined;
      flight.source.subscription.grant(-1);
    }
  }
}

/** The transactions of one connection that have begun and not ended. */
export class Transactions {
  readonly #host: StompHost;
  readonly #byId = new Map<string, StompTransaction>();

  constructor(host: StompHost) {
    this.#host = host;
  }

  /** @throws {StompError} `invalid` */
  begin(id: string): void {
    if (this.#byId.has(id)) {
      throw new StompError('invalid', `The transaction was already started: ${id}`);
    }
    if (id.length > idLengthMax) {
      const found = `A transaction id of ${id.length} characters`;
      throw new StompError('invalid', `${found} is longer than the maximum of ${idLengthMax}`);
    }
    if (this.#byId.size >= transactionCountMax) {
      const why = `more than ${transactionCountMax} open transactions of one connection`;
      throw new StompError('invalid', why, 'allocation');
    }
    this.#byId.set(id, new StompTransaction(this.#host, id));
  }

  /** @throws {StompError} `invalid` where there is none of this id */
  get(id: string): StompTransaction {
    const found = this.#byId.get(id);
    if (found === undefined) throw new StompError('invalid', `Invalid transaction id: ${id}`);
    return found;
  }

  /** The transaction ends: its id is free. */
  take(id: string): StompTransaction {
    const found = this.get(id);
    this.#byId.delete(id);
    return found;
  }

  /**
   * Requires room for a message in all open transactions together.
   *
   * @throws {BrokerError} `resource-error`
   */
  requireRoom(sizeBytes: number): void {
    let sum = sizeBytes;
    if (this.#byId.size > 1) for (const { bytes } of this.#byId.values()) sum += bytes;
    const { transactionBytesMax } = this.#host.broker.limits;
    if (sum <= transactionBytesMax) return;
    const found = `transactions of one connection with ${sum} bytes`;
    throw new BrokerError('resource-error', `${found}; at most ${transactionBytesMax} are allowed`);
  }

  /**
   * Requires room for one more settlement.
   *
   * @throws {BrokerError} `resource-error`
   */
  requireSettlement(transaction: StompTransaction): void {
    const allowed = this.#host.broker.limits.transactionSettlementCountMax;
    if (transaction.settlementCount < allowed) return;
    const why = `a transaction acknowledges more than ${allowed} messages`;
    throw new BrokerError('resource-error', why);
  }

  /** The connection ends. */
  abortAll(): void {
    for (const transaction of this.#byId.values()) transaction.abort();
    this.#byId.clear();
  }
}
