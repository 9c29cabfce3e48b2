// The open transactions of a connection, for all dialects.

import { BrokerError } from '../../broker/errors.ts';
import type { Limits } from '../../broker/limits.ts';
import type { InputGate } from '../input-gate.ts';
import type { StompError } from './errors.ts';
import { idLengthMax, transactionCountMax } from './limits.ts';

/** Number of transactions whose sizes are added up in about a microsecond. */
const summedPerUnit = 32;

/** A transaction of a dialect. */
export interface OpenTransaction {
  /** Size of the messages in it, in bytes. */
  readonly bytes: number;
  /** Number of deliveries that it settles. */
  readonly settlementCount: number;
  /** Aborts, in steps. */
  abort(): Generator<void>;
}

/** The parts of a connection that are needed here, and the texts of its dialect. */
export interface TransactionsHost<T> {
  readonly limits: Pick<Limits, 'transactionBytesMax' | 'transactionSettlementCountMax'>;
  readonly gate: Pick<InputGate, 'count'>;
  create(id: string): T;
  started(id: string): StompError;
  unknown(id: string): StompError;
  tooLong(why: string): StompError;
  tooMany(why: string): StompError;
}

/** The open transactions of a connection, by the ids that the client uses. */
export class OpenTransactions<T extends OpenTransaction> {
  readonly #host: TransactionsHost<T>;
  readonly #byId = new Map<string, T>();

  constructor(host: TransactionsHost<T>) {
    this.#host = host;
  }

  get all(): Iterable<T> {
    return this.#byId.values();
  }

  /** @throws {StompError} `invalid` */
  begin(id: string): void {
    if (this.#byId.has(id)) throw this.#host.started(id);
    if (id.length > idLengthMax) {
      const found = `A transaction id of ${id.length} characters`;
      throw this.#host.tooLong(`${found} is longer than the maximum of ${idLengthMax}`);
    }
    if (this.#byId.size >= transactionCountMax) {
      const why = `more than ${transactionCountMax} open transactions of one connection`;
      throw this.#host.tooMany(why);
    }
    this.#byId.set(id, this.#host.create(id));
  }

  /** @throws {StompError} `invalid` if there is no transaction with this id */
  get(id: string): T {
    const found = this.#byId.get(id);
    if (found === undefined) throw this.#host.unknown(id);
    return found;
  }

  /** Removes a transaction, so that its id can be used again. */
  take(id: string): T {
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
      this.#host.gate.count(this.#byId.size / summedPerUnit);
      for (const { bytes } of this.#byId.values()) sum += bytes;
    }
    const { transactionBytesMax } = this.#host.limits;
    if (sum <= transactionBytesMax) return;
    const found = `transactions of one connection with ${sum} bytes`;
    throw new BrokerError('resource-error', `${found}; at most ${transactionBytesMax} are allowed`);
  }

  /**
   * Requires space for one more settlement.
   *
   * @throws {BrokerError} `resource-error`
   */
  requireSettlement(transaction: T): void {
    const allowed = this.#host.limits.transactionSettlementCountMax;
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
