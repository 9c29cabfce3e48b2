// The Amazon MQ operation `DeleteBroker`.

import { operation } from '../../../aws/service.ts';
import { type MqParts, touched } from '../parts.ts';
import { onBroker } from '../permissions.ts';
import { brokerIdOnly, brokerPath } from '../shapes/brokers.ts';

/** Deletes a broker and its data. The work continues after the answer. */
export function deleteBroker(parts: MqParts) {
  const { decisions, supervisor } = parts.control;
  return operation({
    action: 'mq:DeleteBroker',
    readOnly: false,
    http: { method: 'DELETE', path: '/v1/brokers/{brokerId}' },
    input: brokerPath,
    output: brokerIdOnly,
    permissions: onBroker('mq:DeleteBroker', parts),
    handle: ({ brokerId }) => {
      const { value, changes } = decisions.delete(brokerId);
      const committed = () => supervisor.wake(brokerId);
      return { output: { brokerId }, changes, resources: touched(value), committed };
    },
  });
}
