// What depends on the versions of nodes.

import { WaxwingError } from '../../../base/errors.ts';
import { isOlder } from '../../../control/offers/offers.ts';
import { localHostId, type NodeHost } from '../hosts/node-host.ts';

/**
 * The first of these versions that a host has; the first one if the host is not connected.
 *
 * @throws {WaxwingError} `engine-version-missing`
 */
export function runnableVersion(
  host: Pick<NodeHost, 'id' | 'name' | 'isReachable' | 'versions' | 'pluginsOf'>,
  [had, wanted]: readonly [string, string],
): string {
  if (!host.isReachable || host.pluginsOf(had) !== undefined) return had;
  if (host.pluginsOf(wanted) !== undefined) return wanted;
  const where = host.id === localHostId ? 'this machine' : `host '${host.name}'`;
  const has = host.versions.join(', ') || 'missing';
  const text = `the broker has engine version ${wanted}, but RabbitMQ on ${where} is ${has}`;
  throw new WaxwingError('engine-version-missing', text);
}

/** Nodes before 3.10 do not start with an operator policy for mirrors; those of version 4 have no mirrors. */
export function hasMirrors(version: string): boolean {
  return !isOlder(version, '3.10') && isOlder(version, '4.0');
}

/** Why the host of one of these places cannot run a version; undefined if they can. One that is not connected may. */
export function hostWithout(
  places: readonly {
    readonly host: Pick<NodeHost, 'name' | 'isReachable' | 'versions' | 'pluginsOf'>;
  }[],
  version: string,
): string | undefined {
  const without = places.find(({ host }) => host.isReachable && !host.pluginsOf(version));
  return without && `host '${without.host.name}' has RabbitMQ ${without.host.versions.join(', ')}`;
}
