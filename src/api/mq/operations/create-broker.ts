// The Amazon MQ operation `CreateBroker`.

import { operation } from '../../../aws/service.ts';
import { type MqParts, touched } from '../parts.ts';
import { creating, passingRoles } from '../permissions.ts';
import { createBrokerRequest, createBrokerResponse } from '../shapes/brokers.ts';

/** Creates a broker. The work continues after the answer. */
export function createBroker(parts: MqParts) {
  const { control } = parts;
  return operation({
    action: 'mq:CreateBroker',
    readOnly: false,
    http: { method: 'POST', path: '/v1/brokers' },
    input: createBrokerRequest,
    output: createBrokerResponse,
    permissions: ({ tags, configuration, dataReplicationPrimaryBrokerArn: primary }) => [
      ...creating('mq:CreateBroker', tags),
      ...(primary === undefined
        ? []
        : [{ action: 'mq:CreateReplicaBroker', resources: [primary] }]),
      ...passingRoles(parts, configuration),
    ],
    handle: async (input, context) => {
      const request = { ...input, engineType: input.engineType.toUpperCase() };
      const decide = await control.creation.request(request, context);
      return () => {
        const { value: broker, changes } = decide();
        return {
          output: { brokerArn: broker.arn, brokerId: broker.id },
          changes,
          resources: touched(broker),
          committed: () => control.supervisor.wake(broker.id),
        };
      };
    },
  });
}
