// The methods of class `tx`.

import type { Channel } from '../channel.ts';
import { methodIds } from '../codec/methods.gen.ts';
import type { Handlers } from './handlers.ts';

function select(channel: Channel): void {
  channel.selectTransactions();
  channel.send({ id: methodIds.txSelectOk });
}

function commit(channel: Channel): void {
  channel.commit();
}

function rollback(channel: Channel): void {
  channel.rollback();
  channel.send({ id: methodIds.txRollbackOk });
}

/** The class `tx`. */
export const txHandlers = {
  [methodIds.txSelect]: select,
  [methodIds.txCommit]: commit,
  [methodIds.txRollback]: rollback,
} satisfies Handlers;
