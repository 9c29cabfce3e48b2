// Composition of the engines of others, and of the machines on which they run brokers.

import type { HostOperations } from '../../api/administration/host-parts.ts';
import { systemClock } from '../../base/clock.ts';
import type { ServiceLog } from '../../base/log.ts';
import type { Engine } from '../../control/engine.ts';
import type { ListenerAccess } from '../../net/tls-listener.ts';
import type { CertificateKeeper } from '../certificates/certificate-keeper.ts';
import type { KeyDeriver, SystemState } from '../compose.ts';
import { composeHosts, hostOperations } from '../hosts/compose-hosts.ts';
import type { HostsService } from '../hosts/hosts-service.ts';
import { LostHosts } from '../hosts/lost-hosts.ts';
import type { Settings } from '../settings.ts';
import { replacementEntries } from '../trails/replacement-events.ts';
import { clusterEngine } from './cluster-engine.ts';
import { pairEngine } from './pair-engine.ts';

/** What runs brokers on the programs of others. */
export interface InstalledEngines {
  readonly engines: readonly Engine[];
  readonly hosts: HostsService;
  readonly operations: HostOperations;
}

/** What the engines need of an open service. */
interface Opened {
  readonly volume: KeyDeriver;
  readonly state: SystemState;
  readonly region: string;
  readonly accountId: string;
  readonly certificates: Pick<CertificateKeeper, 'broker'>;
  readonly access: ListenerAccess;
  readonly log: ServiceLog;
}

/** Looks for installed programs, and composes their engines. */
export async function composeInstalledEngines(
  settings: Settings,
  opened: Opened,
): Promise<InstalledEngines> {
  const { state, volume, certificates, access, log } = opened;
  const hosts = composeHosts(settings, state, volume, opened, log);
  const [clusters, pairs] = await Promise.all([
    clusterEngine(settings, state, certificates, access, hosts),
    pairEngine(settings, state, certificates),
  ]);
  hosts.onConnected = (hostId) => clusters.hostConnected(hostId);
  hosts.onDisconnected = (hostId) => clusters.hostDisconnected(hostId);
  const afterMs = (settings.hosts?.replaceAfterSeconds ?? 0) * 1000;
  if (afterMs > 0) {
    const { trail, brokers, store } = state;
    hosts.lost = new LostHosts({
      afterMs,
      engine: clusters,
      clock: systemClock,
      log,
      entries: (moved) => {
        const { arn = '' } = brokers.get(moved.brokerId) ?? {};
        return replacementEntries(trail, systemClock, opened, arn, moved);
      },
      commit: (entries) => store.commit(entries),
    });
  }
  const operations = hostOperations(settings, hosts, clusters);
  return { engines: [clusters, pairs], hosts, operations };
}
