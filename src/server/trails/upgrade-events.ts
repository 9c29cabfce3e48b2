// The events of upgrades of brokers.

import { serviceEventRecord } from '../../audit/record.ts';
import type { Trail } from '../../audit/trail.ts';
import type { Clock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import type { BrokerRecord } from '../../control/broker-record.ts';
import type { UpgradeEvent } from '../../control/reconciler.ts';
import type { Entry } from '../../storage/journal.ts';
import type { ServiceLocation } from '../compose.ts';

/** The entries of the audit trail for a step of an upgrade: one event. */
export function upgradeEventEntries(
  trail: Pick<Trail, 'chain'>,
  clock: Pick<Clock, 'nowMs'>,
  { region, accountId }: Pick<ServiceLocation, 'region' | 'accountId'>,
  { arn }: Pick<BrokerRecord, 'arn'>,
  eventName: UpgradeEvent,
  details: Readonly<Record<string, string | number>>,
): Entry[] {
  const atMs = clock.nowMs();
  const event = serviceEventRecord({
    eventId: systemRandom.uuid(),
    region,
    accountId,
    atMs,
    eventSource: 'waxwing.local',
    eventName,
    resources: [{ arn, type: 'AWS::AmazonMQ::Broker', accountId }],
    details,
  });
  return trail.chain(event, atMs);
}
