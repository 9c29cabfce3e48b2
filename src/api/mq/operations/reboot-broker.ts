// The Amazon MQ operation `RebootBroker`.

import { operation } from '../../../aws/service.ts';
import { type MqParts, touched } from '../parts.ts';
import { onBroker } from '../permissions.ts';
import { brokerPath } from '../shapes/brokers.ts';
import { nothing } from '../shapes/common.ts';

/** Reboots a broker, which applies its pending settings. The work continues after the answer. */
export function rebootBroker(parts: MqParts) {
  const { control } = parts;
  return operation({
    action: 'mq:RebootBroker',
    readOnly: false,
    http: { method: 'POST', path: '/v1/brokers/{brokerId}/reboot' },
    input: brokerPath,
    output: nothing,
    permissions: onBroker('mq:RebootBroker', parts),
    handle: async ({ brokerId }) => {
      await control.loadRefusals(brokerId);
      return () => {
        const { value, changes } = control.decisions.reboot(brokerId);
        const committed = () => control.wakePair(value);
        return { output: {}, changes, resources: touched(value), committed };
      };
    },
  });
}
