// Events of what the service does to brokers without a caller.

import { serviceEventRecord } from '../../audit/record.ts';
import type { Trail } from '../../audit/trail.ts';
import type { Clock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import type { Entry } from '../../storage/journal.ts';
import type { ServiceLocation } from '../compose.ts';

/** An event about a broker. */
export interface BrokerEvent {
  readonly arn: string;
  readonly eventName: string;
  readonly details: Readonly<Record<string, string | number>>;
}

/** The entries of the audit trail for an event about a broker. */
export function brokerEventEntries(
  trail: Pick<Trail, 'chain'>,
  clock: Pick<Clock, 'nowMs'>,
  { region, accountId }: Pick<ServiceLocation, 'region' | 'accountId'>,
  { arn, eventName, details }: BrokerEvent,
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
