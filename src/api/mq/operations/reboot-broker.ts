// The Amazon MQ operation `RebootBroker`.

import { operation } from '../../../aws/service.ts';
import { type MqParts, touched } from '../parts.ts';
import { onBroker } from '../permissions.ts';
import { brokerPath } from '../shapes/brokers.ts';
import { nothing } from '../shapes/common.ts';

/** Reboots a broker, which applies its pending settings. The work continues after the answer. */
export function rebootBroker(parts: MqParts) {
  const { decisions, supervisor } = parts.control;
  return operation({
    action: 'mq:RebootBroker',
    readOnly: false,
    http: { method: 'POST', path: '/v1/brokers/{brokerId}/reboot' },
    input: brokerPath,
    output: nothing,
    permissions: onBroker('mq:RebootBroker', parts),
    handle: ({ brokerId }) => {
      const { value, changes } = decisions.reboot(brokerId);
      const committed = () => supervisor.wake(brokerId);
      return { output: {}, changes, resources: touched(value), committed };
    },
  });
}
