// The version of the messages between the service and its hosts.

import { type Fields, whole } from './channel/fields.ts';
import { HostError } from './errors.ts';

/** Raised with every release whose messages an earlier one does not understand. 1 was not stated. */
export const protocolVersion = 2;
const versionMax = 9999;

/**
 * Refuses a host or a service whose messages are those of another release.
 *
 * @param whose `host 'host-b'`
 * @param fields its first message
 * @throws {HostError} `release-different`, `message-invalid`
 */
export function requireProtocol(whose: string, fields: Fields): void {
  const found = 'protocol' in fields ? whole(fields, 'protocol', 1, versionMax) : 1;
  if (found === protocolVersion) return;
  const age = found < protocolVersion ? 'an earlier' : 'a later';
  const versions = `its messages have version ${found}, those of this release ${protocolVersion}`;
  const text = `${whose} runs ${age} release of Waxwing: ${versions}; install the same release on all machines`;
  throw new HostError('release-different', text);
}
