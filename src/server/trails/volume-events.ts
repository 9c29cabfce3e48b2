// The event of a volume that is not used because it is not what it should be.

import type { Trail } from '../../audit/trail.ts';
import type { Clock } from '../../base/clock.ts';
import type { BrokerRecord } from '../../control/broker-record.ts';
import type { Entry } from '../../storage/journal.ts';
import type { ServiceLocation } from '../compose.ts';
import { brokerEventEntries } from './broker-event.ts';

/** Volumes that somebody may have changed. */
const codes = new Set(['volume-rolled-back', 'volume-damaged', 'volume-missing']);

/**
 * The entries of the audit trail for a broker that cannot run: an event `RefuseVolume` if its volume is an
 * older copy, damaged or missing, none otherwise.
 *
 * @param code of the error with which the engine refused it
 */
export function volumeEventEntries(
  trail: Pick<Trail, 'chain'>,
  clock: Pick<Clock, 'nowMs'>,
  location: Pick<ServiceLocation, 'region' | 'accountId'>,
  { arn }: Pick<BrokerRecord, 'arn'>,
  code: string,
  message: string,
): Entry[] {
  if (!codes.has(code)) return [];
  return brokerEventEntries(trail, clock, location, {
    arn,
    eventName: 'RefuseVolume',
    details: { code, message },
  });
}
