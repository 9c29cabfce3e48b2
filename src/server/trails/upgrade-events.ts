// The events of upgrades of brokers.

import type { Trail } from '../../audit/trail.ts';
import type { Clock } from '../../base/clock.ts';
import type { BrokerRecord } from '../../control/broker-record.ts';
import type { UpgradeEvent } from '../../control/reconciler.ts';
import type { Entry } from '../../storage/journal.ts';
import type { ServiceLocation } from '../compose.ts';
import { brokerEventEntries } from './broker-event.ts';

/** The entries of the audit trail for a step of an upgrade: one event. */
export function upgradeEventEntries(
  trail: Pick<Trail, 'chain'>,
  clock: Pick<Clock, 'nowMs'>,
  location: Pick<ServiceLocation, 'region' | 'accountId'>,
  { arn }: Pick<BrokerRecord, 'arn'>,
  eventName: UpgradeEvent,
  details: Readonly<Record<string, string | number>>,
): Entry[] {
  return brokerEventEntries(trail, clock, location, { arn, eventName, details });
}
