// BEGIN, COMMIT and ABORT.

import type { Frame } from '../../codec/frames.ts';
import type { ActiveMqConnection } from '../dialect.ts';
import { ActiveMqError } from '../errors.ts';

function transactionId({ headers, command }: Frame): string {
  const id = headers.get('transaction');
  if (id !== undefined) return id;
  throw new ActiveMqError('invalid', `Must specify the transaction you are ${verbs[command]}`);
}

const verbs: Readonly<Record<string, string>> = {
  BEGIN: 'beginning',
  COMMIT: 'committing',
  ABORT: 'aborting',
};

/** BEGIN. */
export function begin(own: ActiveMqConnection, frame: Frame): void {
  own.transactions.begin(transactionId(frame));
  own.receipt(frame, 0);
}

/** COMMIT, in steps. The RECEIPT is sent after the transaction is durable. */
export function commit(own: ActiveMqConnection, frame: Frame): void {
  const transaction = own.transactions.take(transactionId(frame));
  const { broken, id } = transaction;
  if (broken !== undefined) {
    own.gate.finishFirst(transaction.abort());
    const why = `Transaction '${id}' was rolled back, because a SEND in it failed: ${broken}`;
    throw new ActiveMqError('invalid', why, 'jms');
  }
  function* steps(): Generator<void> {
    try {
      const group = yield* transaction.commit();
      own.receipt(frame, group);
    } catch (thrown) {
      own.refuse(frame, thrown);
    }
  }
  own.gate.finishFirst(steps());
}

/** ABORT, in steps. */
export function abort(own: ActiveMqConnection, frame: Frame): void {
  const transaction = own.transactions.take(transactionId(frame));
  own.gate.finishFirst(transaction.abort(), () => own.receipt(frame, 0));
}
