// The event of a node that the service gives another host.

import { serviceEventRecord } from '../../audit/record.ts';
import type { Trail } from '../../audit/trail.ts';
import type { Clock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import type { MovedNode } from '../../engines/rabbitmq/hosts/host-directory.ts';
import type { Entry } from '../../storage/journal.ts';
import type { ServiceLocation } from '../compose.ts';

/** The entries of the audit trail for a node whose host is lost: an event `ReplaceNode` without a caller. */
export function replacementEntries(
  trail: Pick<Trail, 'chain'>,
  clock: Pick<Clock, 'nowMs'>,
  { region, accountId }: Pick<ServiceLocation, 'region' | 'accountId'>,
  arn: string,
  { brokerId, node, from, to }: MovedNode,
): Entry[] {
  const atMs = clock.nowMs();
  const event = serviceEventRecord({
    eventId: systemRandom.uuid(),
    region,
    accountId,
    atMs,
    eventSource: 'waxwing.local',
    eventName: 'ReplaceNode',
    resources: [{ arn, type: 'AWS::AmazonMQ::Broker', accountId }],
    details: { brokerId, node, lostHost: from, host: to },
  });
  return trail.chain(event, atMs);
}
