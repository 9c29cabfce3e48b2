// BEGIN, COMMIT and ABORT.

import type { Frame } from '../codec/frames.ts';
import { StompError } from '../errors.ts';
import type { StompHost } from '../host.ts';

function transactionId({ headers, command }: Frame): string {
  const id = headers.get('transaction');
  if (id !== undefined) return id;
  throw new StompError('invalid', `Must specify the transaction you are ${verbs[command]}`);
}

const verbs: Readonly<Record<string, string>> = {
  BEGIN: 'beginning',
  COMMIT: 'committing',
  ABORT: 'aborting',
};

/** BEGIN. */
export function begin(host: StompHost, frame: Frame): void {
  host.transactions.begin(transactionId(frame));
  host.receipt(frame, 0);
}

/** COMMIT, in steps. The RECEIPT is sent after the transaction is durable. */
export function commit(host: StompHost, frame: Frame): void {
  const transaction = host.transactions.take(transactionId(frame));
  const { broken, id } = transaction;
  if (broken !== undefined) {
    host.gate.finishFirst(transaction.abort());
    const why = `Transaction '${id}' was rolled back, because a SEND in it failed: ${broken}`;
    throw new StompError('invalid', why, 'jms');
  }
  function* steps(): Generator<void> {
    try {
      const group = yield* transaction.commit();
      host.receipt(frame, group);
    } catch (thrown) {
      host.refuse(frame, thrown);
    }
  }
  host.gate.finishFirst(steps());
}

/** ABORT, in steps. */
export function abort(host: StompHost, frame: Frame): void {
  const transaction = host.transactions.take(transactionId(frame));
  host.gate.finishFirst(transaction.abort(), () => host.receipt(frame, 0));
}
