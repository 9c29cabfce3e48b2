// Permissions that an operation requires besides that on its own object.

import type { Arguments } from '../broker/arguments.ts';
import { BrokerError } from '../broker/errors.ts';
import type { Access } from '../broker/users.ts';

/** The queue or exchange that is being declared. */
interface Declared {
  readonly kind: 'queue' | 'exchange';
  readonly name: string;
  /** `queue 'q' in vhost '/'` */
  readonly subject: string;
}

/**
 * An argument that names an exchange to which messages are passed on requires permission to read the
 * declared object and to write to that exchange.
 *
 * @throws {BrokerError} `access-refused`, `precondition-failed`
 */
export function requireExchangeArgument(
  access: Access,
  args: Arguments,
  argument: string,
  { kind, name, subject }: Declared,
): void {
  const found = args[argument];
  if (found === undefined) return;
  if (found.type !== 'longstr') {
    const why = `invalid type '${found.type}' for arg '${argument}' in ${subject}`;
    throw new BrokerError('precondition-failed', why);
  }
  access.require('read', kind, name);
  access.require('write', 'exchange', String(found.value));
}
