// The transactions of a connection.

import { BrokerError } from '../../../broker/errors.ts';
import { type Xid, xidKey } from '../../../broker/transactions/xid.ts';
import type { TransactionId, XaTransactionId } from '../codec/commands.gen.ts';
import { types } from '../codec/commands.gen.ts';
import { OpenWireError, toOpenWireError } from '../errors.ts';
import type { OpenWireHost } from '../host.ts';
import { requireShort, transactionText } from '../ids.ts';
import { countsMax } from '../limits.ts';
import { OpenTransaction } from './open-transaction.ts';
import type { XaBranch } from './xa-branch.ts';

/** Error codes of XA (XA specification, 3.3), which clients find in the text. */
export const xaCodes = {
  rolledBack: 100,
  resourceManager: -3,
  unknown: -4,
  invalid: -5,
  protocol: -6,
  duplicate: -8,
} as const;

/** Number of prepared transactions that are listed in one step. */
const recoveredPerStep = 8;

/** Number of transactions whose sizes are added up in about a microsecond. */
const summedPerUnit = 32;

/** Returns the error of an XA operation. */
export function xaError(text: string, code: number): OpenWireError {
  return new OpenWireError('invalid', `${text} xaErrorCode:${code}`, 'xa');
}

/** Returns the parts of an xid. */
export function xidOfStructure(id: XaTransactionId): Xid {
  const nothing = Buffer.alloc(0);
  const { formatId, globalTransactionId, branchQualifier } = id;
  return {
    formatId,
    globalId: globalTransactionId ?? nothing,
    branchId: branchQualifier ?? nothing,
  };
}

/** The open transactions of a connection: local ones, and the XA branches that it began. */
export class Transactions {
  readonly #host: OpenWireHost;
  readonly #local = new Map<string, OpenTransaction>();
  readonly #branches = new Map<string, XaBranch>();
  /** The local transaction that was found last, by the object of its id. */
  #lastId: TransactionId | undefined = undefined;
  #last: OpenTransaction | undefined = undefined;

  constructor(host: OpenWireHost) {
    this.#host = host;
  }

  /**
   * Begins a transaction, or joins an XA branch that exists.
   *
   * @throws {OpenWireError} `invalid`
   */
  begin(id: TransactionId): void {
    if (id.type === types.XaTransactionId) {
      this.#beginBranch(id);
      return;
    }
    const key = transactionText(id);
    if (this.#local.has(key)) return;
    requireShort('transaction id', key);
    this.#requireSlot();
    this.#local.set(key, new OpenTransaction(this.#host));
  }

  #beginBranch(id: XaTransactionId): void {
    const { broker, shared } = this.#host;
    const xid = xidOfStructure(id);
    const key = keyOf(id);
    const known = shared.branches.get(key);
    const { user } = this.#host.access;
    if (known !== undefined && known.user !== user) {
      const text = `Transaction '${transactionText(id)}' is in use by another user.`;
      throw xaError(text, xaCodes.duplicate);
    }
    if (known?.isPrepared === true || (known === undefined && broker.prepared.has(xid))) {
      throw xaError(`Transaction '${transactionText(id)}' is prepared.`, xaCodes.protocol);
    }
    if (known !== undefined) return;
    this.#requireSlot();
    const transaction = new OpenTransaction(this.#host);
    const owner = this.#host;
    const branch = { xid, transaction, owner, user, isPrepared: false, isEnding: false };
    shared.branches.set(key, branch);
    this.#branches.set(key, branch);
  }

  #requireSlot(): void {
    if (this.#local.size + this.#branches.size < countsMax.transactions) return;
    const why = `more than ${countsMax.transactions} open transactions of one connection`;
    throw new OpenWireError('invalid', why, 'allocation');
  }

  /**
   * Returns a transaction that messages and acknowledgements can be added to.
   *
   * @throws {OpenWireError} `invalid` if it has not begun
   */
  require(id: TransactionId): OpenTransaction {
    if (id === this.#lastId && this.#last !== undefined) return this.#last;
    if (id.type === types.XaTransactionId) {
      const branch = this.branch(id);
      if (branch === undefined) throw unknown(id);
      if (!branch.isPrepared && !branch.isEnding) return branch.transaction;
      throw xaError(`Transaction '${transactionText(id)}' is prepared.`, xaCodes.protocol);
    }
    const found = this.#local.get(transactionText(id));
    if (found === undefined) throw unknown(id);
    this.#lastId = id;
    this.#last = found;
    return found;
  }

  /** Returns an XA branch of the user that is not over. */
  branch(id: XaTransactionId): XaBranch | undefined {
    const found = this.#host.shared.branches.get(keyOf(id));
    return found?.user === this.#host.access.user ? found : undefined;
  }

  /**
   * Whether a transaction is prepared, and the user may know and end it: the user that prepared it,
   * and administrators.
   */
  isPrepared(xid: Xid): boolean {
    const { prepared } = this.#host.broker;
    return prepared.has(xid) && this.#mayEnd(prepared.userOf(xid));
  }

  #mayEnd(user: string | undefined): boolean {
    const { access, dialect } = this.#host;
    if (user === undefined || user === access.user) return true;
    return dialect.rights.permits(access, 'remove', { kind: 'queue', name: '>' });
  }

  /**
   * Finds the prepared transactions that the user may know and end, in steps.
   *
   * @param found called with each
   */
  *recover(found: (xid: Xid) => void): Generator<void> {
    let count = 0;
    for (const xid of this.#host.broker.prepared.recover()) {
      if (this.isPrepared(xid)) found(xid);
      if (++count % recoveredPerStep === 0) yield;
    }
  }

  /** Removes a transaction, so that its id can be used again; undefined if there is none. */
  take(id: TransactionId): OpenTransaction | undefined {
    if (id.type !== types.XaTransactionId) {
      const key = transactionText(id);
      const found = this.#local.get(key);
      this.#local.delete(key);
      this.#forgetLast();
      return found;
    }
    const branch = this.branch(id);
    if (branch !== undefined) this.forgetBranch(id);
    return branch?.transaction;
  }

  #forgetLast(): void {
    this.#lastId = undefined;
    this.#last = undefined;
  }

  /** A branch is over. */
  forgetBranch(id: XaTransactionId): void {
    const key = keyOf(id);
    this.#host.shared.branches.delete(key);
    this.#branches.delete(key);
  }

  /**
   * Requires space for a message within the limit of all transactions of the connection.
   *
   * @throws {BrokerError} `resource-error`
   */
  requireRoom(sizeBytes: number): void {
    let sum = sizeBytes;
    if (this.#local.size + this.#branches.size > 1) {
      this.#host.gate.count((this.#local.size + this.#branches.size) / summedPerUnit);
      for (const { bytes } of this.#local.values()) sum += bytes;
      for (const { transaction } of this.#branches.values()) sum += transaction.bytes;
    }
    const { transactionBytesMax } = this.#host.broker.limits;
    if (sum <= transactionBytesMax) return;
    const found = `transactions of one connection with ${sum} bytes`;
    throw new BrokerError('resource-error', `${found}; at most ${transactionBytesMax} are allowed`);
  }

  /** Rolls back all transactions that are not prepared, when the connection ends, in steps. */
  *rollbackAll(): Generator<void> {
    const open: OpenTransaction[] = [...this.#local.values()];
    this.#local.clear();
    this.#forgetLast();
    for (const [key, branch] of this.#branches) {
      if (branch.isPrepared || branch.isEnding) continue;
      this.#host.shared.branches.delete(key);
      open.push(branch.transaction);
    }
    this.#branches.clear();
    for (const transaction of open) {
      yield* transaction.rollback();
      yield;
    }
  }
}

/**
 * Returns the unique text of an xid.
 *
 * @throws {OpenWireError} `invalid` if it is not an xid
 */
export function keyOf(id: XaTransactionId): string {
  try {
    return xidKey(xidOfStructure(id));
  } catch (thrown) {
    throw xaError(toOpenWireError(thrown).message, xaCodes.invalid);
  }
}

/** The error of a transaction that has not begun. */
export function unknown(id: TransactionId): OpenWireError {
  const text = `Transaction '${transactionText(id)}' has not been started.`;
  if (id.type === types.XaTransactionId) return xaError(text, xaCodes.unknown);
  return new OpenWireError('invalid', text, 'jms');
}
