// The limits of prepared transactions.

import { BrokerError } from '../errors.ts';
import type { Limits } from '../limits.ts';

/** What transactions consist of. */
interface Size {
  /** The number of publishes and settlements. */
  readonly operationCount: number;
  /** Of the messages. */
  readonly bytes: number;
}

/**
 * Requires room for one more prepared transaction.
 *
 * @param used by the prepared transactions, and by those that are being prepared
 * @throws {BrokerError} `resource-error`
 */
export function requirePreparedRoom(
  limits: Limits,
  { operationCount, bytes }: Size,
  used: Size & { readonly count: number },
): void {
  const { preparedCountMax, preparedOperationCountMax, preparedBytesMax } = limits;
  const wanted: readonly (readonly [what: string, value: number, max: number])[] = [
    ['operations of it', operationCount, limits.preparedBranchOperationCountMax],
    ['bytes of its messages', bytes, limits.preparedBranchBytesMax],
    ['prepared transactions', used.count + 1, preparedCountMax],
    ['operations', used.operationCount + operationCount, preparedOperationCountMax],
    ['bytes of messages', used.bytes + bytes, preparedBytesMax],
  ];
  for (const [what, value, max] of wanted) {
    if (value <= max) continue;
    const why = `${value} ${what} would wait for their outcome, at most ${max} are allowed`;
    throw new BrokerError('resource-error', `transaction cannot be prepared: ${why}`);
  }
}
