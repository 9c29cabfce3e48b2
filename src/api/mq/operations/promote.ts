// The Amazon MQ operation `Promote`.

import { operation } from '../../../aws/service.ts';
import { promote as decide } from '../../../control/replication/replication-decisions.ts';
import { type MqParts, touched } from '../parts.ts';
import { onBroker } from '../permissions.ts';
import { brokerIdOnly, promoteRequest } from '../shapes/brokers.ts';

/** Makes a replica the primary of its pair. The work continues after the answer. */
export function promote(parts: MqParts) {
  const { brokers, replicator, supervisor } = parts.control;
  return operation({
    action: 'mq:Promote',
    readOnly: false,
    http: { method: 'POST', path: '/v1/brokers/{brokerId}/promote' },
    input: promoteRequest,
    output: brokerIdOnly,
    permissions: onBroker('mq:Promote', parts),
    handle: async ({ brokerId, mode }) => {
      const state = await replicator.stateOf(brokerId);
      return () => {
        const isUp = (id: string) => supervisor.isUp(id);
        const { value, changes } = decide(brokers, brokerId, mode, state, isUp);
        const committed = () => parts.control.wakePair(value);
        return { output: { brokerId }, changes, resources: touched(value), committed };
      };
    },
  });
}
