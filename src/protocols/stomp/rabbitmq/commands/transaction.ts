// BEGIN, COMMIT and ABORT.

import type { Frame } from '../../codec/frames.ts';
import type { RabbitMqConnection } from '../dialect.ts';
import { invalid } from '../errors.ts';

function transactionId({ headers, command }: Frame): string {
  const id = headers.get('transaction');
  if (id !== undefined) return id;
  const why = `"${command}" must include a 'transaction' header\n`;
  throw invalid('Missing transaction', why);
}

/** BEGIN. */
export function begin({ transactions, host }: RabbitMqConnection, frame: Frame): void {
  transactions.begin(transactionId(frame));
  host.receipt(frame, 0);
}

/** COMMIT, in steps. The RECEIPT frames are sent after the transaction is durable. */
export function commit({ transactions, host }: RabbitMqConnection, frame: Frame): void {
  const transaction = transactions.take(transactionId(frame));
  function* steps(): Generator<void> {
    try {
      const group = yield* transaction.commit();
      for (const sent of transaction.receipts) host.receipt(sent, group);
      host.receipt(frame, group);
    } catch (thrown) {
      host.refuse(frame, thrown);
    }
  }
  host.gate.finishFirst(steps());
}

/** ABORT, in steps. */
export function abort({ transactions, host }: RabbitMqConnection, frame: Frame): void {
  const transaction = transactions.take(transactionId(frame));
  host.gate.finishFirst(transaction.abort(), () => host.receipt(frame, 0));
}
