// The errors of the broker.

import { WaxwingError } from '../base/errors.ts';

/**
 * The error codes of requests to the broker:
 *
 * - `not-found`: the queue, exchange or virtual host does not exist.
 * - `precondition-failed`: it exists with other properties, is in use, is not empty, or an argument
 * is invalid.
 * - `resource-locked`: another connection uses the queue exclusively.
 * - `access-refused`: no permission, a reserved name, or another exclusive consumer.
 * - `not-allowed`: no access to the virtual host, or a consumer tag in use.
 * - `resource-error`: a limit of the broker is reached.
 * - `not-implemented`: queues of this type do not support the operation.
 */
export type BrokerErrorCode =
  | 'not-found'
  | 'precondition-failed'
  | 'resource-locked'
  | 'access-refused'
  | 'not-allowed'
  | 'resource-error'
  | 'not-implemented';

/** An error that protocols convert to replies. The text follows RabbitMQ. */
export class BrokerError extends WaxwingError<BrokerErrorCode> {}

/** A name as errors show it: `queue 'q' in vhost '/'`. */
export function describe(kind: 'queue' | 'exchange', name: string, vhost: string): string {
  return `${kind} '${name}' in vhost '${vhost}'`;
}

/** The error for using an exclusive queue of another connection. */
export function lockedError(name: string, vhost: string): BrokerError {
  return new BrokerError(
    'resource-locked',
    `cannot obtain exclusive access to locked ${describe('queue', name, vhost)}. ` +
      'It could be originally declared on another connection or the exclusive property value ' +
      'does not match that of the original declaration.',
  );
}
