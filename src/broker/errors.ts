import { WaxwingError } from '../base/errors.ts';

/**
 * Why the broker refuses what a client asked:
 *
 * - `not-found`: no such queue, exchange, virtual host.
 * - `precondition-failed`: it exists otherwise than asked, is in use, is not empty, or an argument is wrong.
 * - `resource-locked`: another connection holds the queue exclusively.
 * - `access-refused`: the user may not, the name is reserved, or another consumer is exclusive.
 * - `not-allowed`: the virtual host is not the user's, or a consumer tag is taken.
 * - `resource-error`: a named limit of this broker is reached.
 */
export type BrokerErrorCode =
  | 'not-found'
  | 'precondition-failed'
  | 'resource-locked'
  | 'access-refused'
  | 'not-allowed'
  | 'resource-error';

/** A refusal that a protocol turns into its own reply. The text is what RabbitMQ would say. */
export class BrokerError extends WaxwingError<BrokerErrorCode> {}

/** A name as refusals print it: `queue 'q' in vhost '/'`. */
export function describe(kind: 'queue' | 'exchange', name: string, vhost: string): string {
  return `${kind} '${name}' in vhost '${vhost}'`;
}

/** The refusal of an exclusive queue to a connection that does not own it. */
export function lockedError(name: string, vhost: string): BrokerError {
  return new BrokerError(
    'resource-locked',
    `cannot obtain exclusive access to locked ${describe('queue', name, vhost)}. ` +
      'It could be originally declared on another connection or the exclusive property value ' +
      'does not match that of the original declaration.',
  );
}
