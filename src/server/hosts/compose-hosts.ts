// Composition of the hosts of nodes.

import type { HostOperations } from '../../api/administration/host-parts.ts';
import { systemClock } from '../../base/clock.ts';
import type { ServiceLog } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import { ControlError } from '../../control/errors.ts';
import type { RabbitMqEngine } from '../../engines/rabbitmq/engine.ts';
import { entryOf } from '../../hosts/hosts.ts';
import type { Entry } from '../../storage/journal.ts';
import { type KeyDeriver, type SystemState, sealingKey } from '../compose.ts';
import type { Settings } from '../settings.ts';
import { HostEvents } from './host-events.ts';
import { HostsService } from './hosts-service.ts';

/** The account and region of the service. */
interface Place {
  readonly region: string;
  readonly accountId: string;
}

/** Composes the hosts. Without a port for them, those that have joined cannot be reached. */
export function composeHosts(
  { hosts: settings }: Pick<Settings, 'hosts'>,
  state: Pick<SystemState, 'hosts' | 'store' | 'trail'>,
  volume: KeyDeriver,
  place: Place,
  log: ServiceLog,
): HostsService {
  const commit = (entries: readonly Entry[]) => state.store.commit(entries);
  return new HostsService({
    hosts: state.hosts,
    sealingKey: sealingKey(volume, 'hosts'),
    settings: settings && {
      port: settings.port,
      address: settings.address,
      leaseMs: settings.leaseSeconds * 1000,
    },
    commit,
    events: new HostEvents({
      trail: state.trail,
      commit,
      location: place,
      clock: systemClock,
      random: systemRandom,
      log,
    }),
    log,
  });
}

/** Connects the operations on hosts. */
export function hostOperations(
  settings: Pick<Settings, 'hosts'>,
  hosts: HostsService,
  engine: Pick<RabbitMqEngine, 'moveNode'>,
): HostOperations {
  const find = (name: string) => {
    const found = hosts.views.find((host) => host.name === name || host.id === name);
    if (found === undefined) throw new ControlError('not-found', `There is no host [${name}].`);
    return found;
  };
  return {
    get url() {
      return `https://${settings.hosts?.address ?? ''}:${hosts.port}`;
    },
    newToken: (lifeMs, createdBy) => {
      if (settings.hosts === undefined) {
        const text = 'Hosts cannot join: the service was started without --hosts-port.';
        throw new ControlError('bad-request', text);
      }
      const token = hosts.newToken(lifeMs, createdBy);
      if (token !== undefined) return token;
      throw new ControlError('conflict', 'There are too many join tokens that were not used.');
    },
    list: () => hosts.views,
    remove: (name, isForced) => {
      const host = find(name);
      if (host.nodeCount > 0 && !isForced) {
        const text = `Host [${name}] has ${host.nodeCount} nodes; replace them first, or use force.`;
        throw new ControlError('conflict', text);
      }
      return {
        host,
        changes: [entryOf({ delete: 'host', hostId: host.id })],
        committed: () => hosts.dismiss(host.id),
      };
    },
    moveNode: ({ id }, number, name) => engine.moveNode(id, number, name),
  };
}
