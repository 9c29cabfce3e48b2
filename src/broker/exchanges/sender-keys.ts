import { type Argument, type Arguments, requireShortName } from '../arguments.ts';
import { BrokerError } from '../errors.ts';

const none: readonly string[] = Object.freeze([]);

/** No further routing keys; one object, so that it can be compared with. */
export const noExtraKeys = none;

/** The routing keys that a sender names in headers, besides the message's own. */
export interface SenderKeys {
  /** Header `CC`, which receivers see. */
  readonly cc: readonly string[];
  /** Header `BCC`, which they do not. */
  readonly bcc: readonly string[];
}

/**
 * Reads the headers `CC` and `BCC` (RabbitMQ's sender-selected distribution). Items of the lists
 * that are no text do not count.
 *
 * @throws {BrokerError} `precondition-failed` where one of them is no list
 */
export function senderKeys(headers: Arguments): SenderKeys {
  return { cc: keysIn(headers, 'CC'), bcc: keysIn(headers, 'BCC') };
}

/**
 * Requires the keys that a sender names to be as many and as long as allowed.
 *
 * @throws {BrokerError} `precondition-failed`
 */
export function checkSenderKeys({ cc, bcc }: SenderKeys, countMax: number): void {
  const count = cc.length + bcc.length;
  if (count > countMax) {
    const found = `${count} routing keys in headers CC and BCC`;
    throw new BrokerError('precondition-failed', `${found}; ${countMax} are allowed`);
  }
  for (const key of cc) requireShortName('routing key in header CC', key);
  for (const key of bcc) requireShortName('routing key in header BCC', key);
}

function keysIn(headers: Arguments, name: 'CC' | 'BCC'): readonly string[] {
  const found = headers[name];
  if (found === undefined) return none;
  if (found.type !== 'array' || !Array.isArray(found.value)) {
    throw new BrokerError(
      'precondition-failed',
      `invalid message: {unacceptable_type_in_header,"${name}",${found.type}}`,
    );
  }
  const items: readonly Argument[] = found.value;
  return items.flatMap(({ type, value }) => (type === 'longstr' ? [String(value)] : []));
}
