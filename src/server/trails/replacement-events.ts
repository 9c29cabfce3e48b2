// The event of a node that the service gives another host.

import type { Trail } from '../../audit/trail.ts';
import type { Clock } from '../../base/clock.ts';
import type { MovedNode } from '../../engines/rabbitmq/hosts/host-directory.ts';
import type { Entry } from '../../storage/journal.ts';
import type { ServiceLocation } from '../compose.ts';
import { brokerEventEntries } from './broker-event.ts';

/** The entries of the audit trail for a node whose host is lost: an event `ReplaceNode` without a caller. */
export function replacementEntries(
  trail: Pick<Trail, 'chain'>,
  clock: Pick<Clock, 'nowMs'>,
  location: Pick<ServiceLocation, 'region' | 'accountId'>,
  arn: string,
  { brokerId, node, from, to }: MovedNode,
): Entry[] {
  return brokerEventEntries(trail, clock, location, {
    arn,
    eventName: 'ReplaceNode',
    details: { brokerId, node, lostHost: from, host: to },
  });
}
