// The Amazon MQ operation `CreateBroker`.

import { operation } from '../../../aws/service.ts';
import { type MqParts, touched } from '../parts.ts';
import { createBrokerRequest, createBrokerResponse } from '../shapes/brokers.ts';

/** Creates a broker. The work continues after the answer. */
export function createBroker({ control }: MqParts) {
  return operation({
    action: 'mq:CreateBroker',
    readOnly: false,
    http: { method: 'POST', path: '/v1/brokers' },
    input: createBrokerRequest,
    output: createBrokerResponse,
    permissions: ({ tags }) => [
      { action: 'mq:CreateBroker', resources: [] },
      ...(tags ? [{ action: 'mq:CreateTags', resources: [] }] : []),
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
