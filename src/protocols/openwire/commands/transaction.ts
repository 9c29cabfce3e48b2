// TransactionInfo.

import { BrokerError } from '../../../broker/errors.ts';
import type { TransactionId, TransactionInfo, XaTransactionId } from '../codec/commands.gen.ts';
import { dataArrayResponse, integerResponse, types } from '../codec/commands.gen.ts';
import { OpenWireError, toOpenWireError } from '../errors.ts';
import type { OpenWireHost } from '../host.ts';
import { transactionText } from '../ids.ts';
import type { TransactionKey } from '../transactions/outcomes.ts';
import { keyOf, unknown, xaCodes, xaError, xidOfStructure } from '../transactions/transactions.ts';

/** The values of `action`. */
const actions = {
  begin: 0,
  prepare: 1,
  commitOnePhase: 2,
  commitTwoPhase: 3,
  rollback: 4,
  recover: 5,
  forget: 6,
  end: 7,
} as const;

/** The answers to a prepare. */
const votes = { ok: 0, readOnly: 3 } as const;

/** Performs an operation of a transaction. */
export function transaction(host: OpenWireHost, command: TransactionInfo): void {
  if (command.action === actions.recover) {
    recover(host, command);
    return;
  }
  const { transactionId: id } = command;
  if (id === undefined) {
    throw new OpenWireError('invalid', 'the command has no transaction id', 'jms');
  }
  switch (command.action) {
    case actions.begin:
      host.transactions.begin(id);
      host.respond(command, 0);
      return;
    case actions.end:
      host.respond(command, 0);
      return;
    case actions.prepare:
      prepare(host, command, id);
      return;
    case actions.commitOnePhase:
    case actions.commitTwoPhase:
      commit(host, command, id);
      return;
    case actions.rollback:
    case actions.forget:
      rollback(host, command, id);
      return;
    default:
      throw new OpenWireError('invalid', `Transaction info type unknown: ${command.action}`, 'jms');
  }
}

function prepare(host: OpenWireHost, command: TransactionInfo, id: TransactionId): void {
  if (id.type !== types.XaTransactionId) {
    throw new OpenWireError('invalid', 'a local transaction cannot be prepared', 'jms');
  }
  const { broker, transactions } = host;
  const xid = xidOfStructure(id);
  const branch = transactions.branch(id);
  if (branch === undefined || branch.isPrepared) {
    if (branch === undefined && !transactions.isPrepared(xid)) throw unknown(id);
    respondVote(host, command, broker.store.definedGroup, votes.ok);
    return;
  }
  const { broken } = branch.transaction;
  if (broken !== undefined) {
    transactions.forgetBranch(id);
    host.gate.finishFirst(branch.transaction.rollback());
    throw xaError(`${rolledBackText(id)}: ${broken}.`, xaCodes.rolledBack);
  }
  const { user } = host.access;
  branch.isPrepared = true;
  host.gate.hold();
  const done = (group: number) => {
    if (group === 0) transactions.forgetBranch(id);
    respondVote(host, command, group, group > 0 ? votes.ok : votes.readOnly);
    host.gate.release();
  };
  try {
    branch.transaction.prepare((contents) => broker.prepared.prepare(xid, contents, user, done));
  } catch (thrown) {
    branch.isPrepared = false;
    host.gate.release();
    throw thrown;
  }
}

function respondVote(host: OpenWireHost, command: TransactionInfo, group: number, result: number) {
  const { commandId: correlationId } = command;
  host.respond(command, group, integerResponse({ correlationId, result }));
}

function rolledBackText(id: TransactionId): string {
  return `Transaction '${transactionText(id)}' was rolled back, because a command in it failed`;
}

function commit(host: OpenWireHost, command: TransactionInfo, id: TransactionId): void {
  const isTwoPhase = command.action === actions.commitTwoPhase;
  if (id.type === types.XaTransactionId) {
    if (host.transactions.isPrepared(xidOfStructure(id))) {
      commitPrepared(host, command, id);
      return;
    }
    if (isTwoPhase && host.transactions.branch(id) !== undefined) {
      const text = 'Cannot do 2 phase commit if the transaction has not been prepared';
      throw xaError(text, xaCodes.protocol);
    }
  }
  commitOpen(host, command, id);
}

function commitOpen(host: OpenWireHost, command: TransactionInfo, id: TransactionId): void {
  const { transactions, shared, gate } = host;
  const key = outcomeKey(host, id);
  const found = transactions.take(id);
  if (found === undefined) {
    const group = shared.outcomes.groupOf(key);
    if (group === undefined) throw unknown(id);
    // The answer to the first commit was lost with the connection.
    host.respond(command, group);
    return;
  }
  if (found.broken !== undefined) {
    gate.finishFirst(found.rollback());
    const why = `${rolledBackText(id)}: ${found.broken}`;
    if (id.type === types.XaTransactionId) throw xaError(`${why}.`, xaCodes.rolledBack);
    throw new OpenWireError('invalid', why, 'rolledBack');
  }
  function* steps(): Generator<void> {
    try {
      const group = yield* (found as NonNullable<typeof found>).commit(); // checked before
      shared.outcomes.committed(key, group);
      host.respond(command, group);
    } catch (thrown) {
      host.refuse(command, thrown);
    }
    host.consumers.wake();
  }
  gate.finishFirst(steps());
}

function commitPrepared(host: OpenWireHost, command: TransactionInfo, id: XaTransactionId): void {
  const { broker, transactions, gate, shared } = host;
  // An administrator may end the branch of another user.
  const branch = shared.branches.get(keyOf(id));
  gate.hold();
  try {
    broker.prepared.commit(xidOfStructure(id), (group) => {
      transactions.forgetBranch(id);
      if (branch !== undefined) gate.finishFirst(branch.transaction.endEnlisted());
      host.respond(command, group);
      gate.release();
    });
  } catch (thrown) {
    gate.release();
    throw asXa(thrown, id);
  }
  if (branch !== undefined) branch.isEnding = true;
}

function rollback(host: OpenWireHost, command: TransactionInfo, id: TransactionId): void {
  const { transactions, gate } = host;
  if (id.type === types.XaTransactionId && transactions.isPrepared(xidOfStructure(id))) {
    rollBackPrepared(host, command, id);
    return;
  }
  const found = transactions.take(id);
  if (found === undefined) throw unknown(id);
  gate.finishFirst(found.rollback(), () => host.respond(command, 0));
}

function rollBackPrepared(host: OpenWireHost, command: TransactionInfo, id: XaTransactionId): void {
  const { broker, transactions, gate, shared } = host;
  const branch = shared.branches.get(keyOf(id));
  gate.hold();
  try {
    broker.prepared.rollback(xidOfStructure(id), (group) => {
      transactions.forgetBranch(id);
      branch?.transaction.releaseEnlisted();
      host.respond(command, group);
      gate.release();
    });
  } catch (thrown) {
    gate.release();
    throw asXa(thrown, id);
  }
  if (branch !== undefined) branch.isEnding = true;
}

/** The key of the outcome of a transaction. The text of an xid is not unique, so that it is not used. */
function outcomeKey({ access }: OpenWireHost, id: TransactionId): TransactionKey {
  const isXa = id.type === types.XaTransactionId;
  return { user: access.user, id: isXa ? `X${keyOf(id)}` : `L${transactionText(id)}` };
}

/** The error of a prepared transaction, as XA names it. */
function asXa(thrown: unknown, id: XaTransactionId): unknown {
  if (!(thrown instanceof BrokerError)) return thrown;
  if (thrown.code === 'not-found') return unknown(id);
  return xaError(`${toOpenWireError(thrown).message}.`, xaCodes.protocol);
}

/** Lists the prepared transactions. */
function recover(host: OpenWireHost, command: TransactionInfo): void {
  const data: XaTransactionId[] = [];
  const steps = host.transactions.recover(({ formatId, globalId, branchId }) => {
    data.push({
      type: types.XaTransactionId,
      formatId,
      globalTransactionId: globalId,
      branchQualifier: branchId,
    });
  });
  const { commandId: correlationId } = command;
  host.gate.finishFirst(steps, () =>
    host.respond(command, 0, dataArrayResponse({ correlationId, data })),
  );
}
