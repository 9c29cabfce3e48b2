import type { Argument, Arguments } from '../arguments.ts';
import { BrokerError } from '../errors.ts';

const none: readonly string[] = Object.freeze([]);

/** No further routing keys; one object, so that it can be compared with. */
export const noKeys = none;

/** Routing keys that each of the two headers may have. */
const keyCountMax = 1024;

/** The routing keys that a sender names in headers, besides the message's own. */
export interface SenderKeys {
  /** Header `CC`, which receivers see. */
  readonly open: readonly string[];
  /** Header `BCC`, which they do not. */
  readonly hidden: readonly string[];
}

/**
 * Reads the headers `CC` and `BCC` (RabbitMQ's sender-selected distribution). Items of the lists
 * that are no text do not count.
 *
 * @throws {BrokerError} `precondition-failed` where one of them is no list, or too long
 */
export function senderKeys(headers: Arguments): SenderKeys {
  return { open: keysIn(headers, 'CC'), hidden: keysIn(headers, 'BCC') };
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
  if (items.length > keyCountMax) {
    const why = `header '${name}' has ${items.length} routing keys, at most ${keyCountMax} are allowed`;
    throw new BrokerError('precondition-failed', `invalid message: ${why}`);
  }
  return items.flatMap(({ type, value }) => (type === 'longstr' ? [String(value)] : []));
}
