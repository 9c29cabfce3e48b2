// Permissions on ActiveMQ destinations.

import type { Address } from '../conversion/properties.ts';
import { BrokerError } from '../errors.ts';
import type { Access, Right } from '../users.ts';
import { isQueue, isTemporary, qualifiedName } from './destination.ts';

/** A permission in ActiveMQ's terms; `admin` is to create or delete the destination. */
export type DestinationRight = 'read' | 'write' | 'admin';

const rights: Readonly<Record<DestinationRight, { readonly right: Right; readonly to: string }>> = {
  read: { right: 'read', to: 'read from' },
  write: { right: 'write', to: 'write to' },
  admin: { right: 'configure', to: 'create' },
};

/**
 * Requires a permission on a destination. A temporary destination always permits its own
 * connection.
 *
 * @throws {BrokerError} `access-refused`, with ActiveMQ's text
 */
export function requireRight(access: Access, wanted: DestinationRight, address: Address): void {
  if (isTemporary(address)) return;
  const { right, to } = rights[wanted];
  try {
    access.require(right, isQueue(address) ? 'queue' : 'exchange', address.name);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    const who = `User ${access.user} is not authorized`;
    throw new BrokerError('access-refused', `${who} to ${to}: ${qualifiedName(address)}`);
  }
}
