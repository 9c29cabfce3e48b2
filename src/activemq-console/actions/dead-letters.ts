// The heads of dead letters.

import { deadLetterHeaders } from '../../broker/activemq/dead-letter-queue.ts';
import { qualifiedName } from '../../broker/activemq/destination.ts';
import type { ArgumentChanges } from '../../broker/arguments.ts';
import type { MessageFormat } from '../../broker/format.ts';

/** What only dead letters have. */
const removed: ArgumentChanges = {
  [deadLetterHeaders.originalDestination]: undefined,
  [deadLetterHeaders.originalExpiration]: undefined,
  [deadLetterHeaders.originalDeliveryMode]: undefined,
  [deadLetterHeaders.cause]: undefined,
};

/**
 * The destination from which a message became a dead letter, such as `queue://A`; undefined if its head
 * does not tell. It was not checked.
 */
export function originOf(
  format: MessageFormat,
  buffer: Buffer,
  start: number,
  end: number,
): string | undefined {
  if (format.deadLetterOrigin !== undefined) {
    const address = format.deadLetterOrigin(buffer, start, end);
    return address && qualifiedName(address);
  }
  const header = format.headers(buffer, start, end)[deadLetterHeaders.originalDestination];
  return typeof header?.value === 'string' ? header.value : undefined;
}

/** The head of a dead letter without what only dead letters have. */
export function revivedHead(
  format: MessageFormat,
  buffer: Buffer,
  start: number,
  end: number,
): Buffer {
  return format.deadLetterHead(buffer, start, end, removed);
}
