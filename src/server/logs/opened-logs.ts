// The broker logs of a service.

import { serviceEventRecord } from '../../audit/record.ts';
import { systemClock } from '../../base/clock.ts';
import type { ServiceLog } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import { BrokerLogs } from '../../logs/broker-logs.ts';
import type { Entry } from '../../storage/journal.ts';
import type { Volume } from '../../storage/volume.ts';
import { type SystemState, sealingKey } from '../compose.ts';
import { openBrokerLogs } from '../logs-volume.ts';

/** The principal of the discarding of logs. */
const ownPrincipal = 'waxwing.local';

/** The logs of all brokers. Lines wait until {@link openLogs}. */
export function brokerLogs({ logGroups }: SystemState, log: ServiceLog): BrokerLogs {
  return new BrokerLogs({
    clock: systemClock,
    keptFromMs: (group, nowMs) => logGroups.keptFromMs(group, nowMs),
    failed: (error) => log.error({ err: error }, 'lines of the broker logs are no longer stored'),
  });
}

/** Where the logs are, and how they are opened. */
export interface LogsLocation {
  /** The data folder. */
  readonly folder: string;
  readonly volume: Volume;
  readonly state: SystemState;
  readonly region: string;
  readonly accountId: string;
  /** Whether existing lines are discarded. The trail records it. */
  readonly isDiscarding: boolean;
}

/**
 * Opens the volume of the logs.
 *
 * @throws {ServerError} `broker-logs-unusable`
 */
export function openLogs(logs: BrokerLogs, location: LogsLocation): Promise<void> {
  const { folder, volume, state, region, accountId, isDiscarding } = location;
  const { store, trail, logsVolume: journal } = state;
  const discarding = () => {
    const atMs = systemClock.nowMs();
    const event = serviceEventRecord({
      eventId: systemRandom.uuid(),
      region,
      accountId,
      atMs,
      eventSource: ownPrincipal,
      eventName: 'DiscardBrokerLogs',
      resources: [],
      details: { volumeId: journal.record?.id ?? null },
    });
    return trail.chain(event, atMs);
  };
  const parts = {
    folder,
    journal,
    wrappingKey: sealingKey(volume, 'logs'),
    random: systemRandom,
    commit: (entries: readonly Entry[]) => store.commit(entries),
    discarding: isDiscarding ? discarding : undefined,
  };
  return openBrokerLogs(parts, logs);
}
