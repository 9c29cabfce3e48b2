// Destinations that clients create and delete.

import type { Address } from '../conversion/properties.ts';
import { BrokerError } from '../errors.ts';
import type { Access } from '../users.ts';
import type { ActiveMq } from './activemq.ts';
import { isQueue, isTemporary, isWildcard, qualifiedName } from './destination.ts';

/** The prefix of names that only the broker assigns. */
const reservedPrefix = 'amq.';

/** The client that changes a destination. */
interface Changer {
  readonly access: Access;
  /** The connection. */
  readonly owner: object;
}

/**
 * Creates a destination. It is not an error if it exists.
 *
 * @throws {BrokerError} `access-refused`, `precondition-failed`, `resource-error`
 */
export function createDestination(
  dialect: DestinationHost,
  address: Address,
  { access, owner }: Changer,
): void {
  requireOne(address);
  if (isTemporary(address)) dialect.temporaries.create(address, owner, access);
  else if (!isQueue(address)) dialect.checks.useTopic(address, access);
  else if (!dialect.vhost.queues.has(address.name)) {
    requireFree(address);
    dialect.rights.require(access, 'create', address);
    dialect.createQueue(address.name);
  }
}

/** The parts of the destinations that are needed here. */
export type DestinationHost = Pick<
  ActiveMq,
  'temporaries' | 'checks' | 'rights' | 'vhost' | 'createQueue' | 'advising'
>;

/** A consumer of a name with wildcards gets the messages of all destinations that match it. */
function requireOne(address: Address): void {
  if (!isWildcard(address)) return;
  const why = 'a destination with wildcards in its name cannot be created';
  throw new BrokerError('precondition-failed', `${why}: ${qualifiedName(address)}`);
}

function requireFree({ name }: Address): void {
  if (!name.startsWith(reservedPrefix)) return;
  const why = `queue name '${name}' contains reserved prefix 'amq.*'`;
  throw new BrokerError('access-refused', why);
}

/**
 * Deletes a destination with its messages. It is not an error if it does not exist.
 *
 * @throws {BrokerError} `access-refused`; `precondition-failed` if it has consumers
 */
export function deleteDestination(
  { temporaries, rights, vhost, advising }: DestinationHost,
  address: Address,
  { access, owner }: Changer,
): void {
  if (isTemporary(address)) {
    if (temporaries.has(address)) temporaries.remove(address, owner);
    return;
  }
  rights.require(access, 'remove', address);
  if (!isQueue(address)) advising.destination(address, false);
  const queue = isQueue(address) ? vhost.queues.get(address.name) : undefined;
  if (queue === undefined) return;
  requireFree(address);
  if (queue.consumerCount > 0) {
    const why = `still has an active subscription: ${queue.consumerCount} consumers`;
    throw new BrokerError('precondition-failed', `Destination: ${qualifiedName(address)} ${why}`);
  }
  vhost.removeQueue(queue);
  advising.destination(address, false);
}
