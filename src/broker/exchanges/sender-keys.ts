// Routing keys in the headers `CC` and `BCC`.

import { type Argument, type Arguments, requireShortName } from '../arguments.ts';
import { BrokerError } from '../errors.ts';
import { hasFormerKeys, type MessageFormat } from '../format.ts';

const none: readonly string[] = Object.freeze([]);
const noKeys: SenderKeys = { cc: none, bcc: none };

/** An empty list of additional routing keys, which is compared by identity. */
export const noExtraKeys = none;

/** The additional routing keys in the headers of a message. */
export interface SenderKeys {
  /** Header `CC`, which receivers see. */
  readonly cc: readonly string[];
  /** Header `BCC`, which receivers do not see. */
  readonly bcc: readonly string[];
}

/**
 * Reads the headers `CC` and `BCC` (RabbitMQ's sender-selected distribution). List items that are
 * not text are ignored.
 *
 * @throws {BrokerError} `precondition-failed` if one of them is not a list
 */
export function senderKeys(headers: Arguments): SenderKeys {
  return { cc: keysIn(headers, 'CC'), bcc: keysIn(headers, 'BCC') };
}

/**
 * The additional routing keys of a stored message. In formats without them, equally named headers are
 * those of an application. Never throws, because no publisher waits for the error.
 *
 * @param stored the format number of the message with its flags
 * @param headers the headers of the message
 */
export function storedSenderKeys(
  { hasSenderKeys }: Pick<MessageFormat, 'hasSenderKeys'>,
  stored: number,
  headers: Arguments,
): SenderKeys {
  if (hasSenderKeys !== true || (stored & hasFormerKeys) !== 0) return noKeys;
  return { cc: textsIn(headers['CC']) ?? none, bcc: textsIn(headers['BCC']) ?? none };
}

/**
 * Checks the number and length of the additional keys.
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
  const texts = textsIn(found);
  if (texts !== undefined) return texts;
  throw new BrokerError(
    'precondition-failed',
    `invalid message: {unacceptable_type_in_header,"${name}",${found.type}}`,
  );
}

/** The texts of a list; undefined if it is none. */
function textsIn(found: Argument | undefined): readonly string[] | undefined {
  if (found?.type !== 'array' || !Array.isArray(found.value)) return undefined;
  const items: readonly Argument[] = found.value;
  return items.flatMap(({ type, value }) => (type === 'longstr' ? [String(value)] : []));
}
