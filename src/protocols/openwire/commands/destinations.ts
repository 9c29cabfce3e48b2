// DestinationInfo.

import { isTemporary } from '../../../broker/activemq/destination.ts';
import {
  createDestination,
  deleteDestination,
} from '../../../broker/activemq/destination-changes.ts';
import { addressesOf } from '../address.ts';
import type { DestinationInfo } from '../codec/commands.gen.ts';
import { OpenWireError } from '../errors.ts';
import type { OpenWireHost } from '../host.ts';
import { countsMax } from '../limits.ts';

/** The values of `operationType`. */
export const operations = { add: 0, remove: 1 } as const;

/** Creates or deletes a destination. */
export function changeDestination(host: OpenWireHost, command: DestinationInfo): void {
  const { dialect, access, connectionId, broker } = host;
  const addresses = addressesOf(command.destination);
  const changer = { access, owner: host };
  for (const address of addresses) {
    if (command.operationType === operations.remove) {
      deleteDestination(dialect, address, changer);
      continue;
    }
    if (isTemporary(address)) {
      requireOwnName(address.name, connectionId);
      requireRoom(host);
    }
    createDestination(dialect, address, changer);
  }
  host.respond(command, broker.store.definedGroup);
}

/**
 * The name of a temporary destination is the id of its connection and a number. No other connection
 * can then take a name before its owner, or after it.
 */
function requireOwnName(name: string, connectionId: string): void {
  const isOwn = name.startsWith(`${connectionId}:`);
  if (isOwn && /^\d{1,20}$/.test(name.slice(connectionId.length + 1))) return;
  const why = `The temporary destination ${name} is not the id of its connection and a number`;
  throw new OpenWireError('invalid', `${why}, ${connectionId}`, 'destination');
}

function requireRoom(host: OpenWireHost): void {
  if (host.dialect.temporaries.countOf(host) < countsMax.temporaries) return;
  const why = `more than ${countsMax.temporaries} temporary destinations of one connection`;
  throw new OpenWireError('invalid', why, 'allocation');
}
