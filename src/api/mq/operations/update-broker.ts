// The Amazon MQ operation `UpdateBroker`.

import { operation } from '../../../aws/service.ts';
import type { BrokerRecord } from '../../../control/broker-record.ts';
import { type MqParts, touched } from '../parts.ts';
import { onBroker, passingRoles } from '../permissions.ts';
import { updateBrokerRequest, updateBrokerResponse } from '../shapes/brokers.ts';
import { replicationOf } from './describe-broker.ts';

/** Changes the settings of a broker. Some take effect at once, others at the next reboot. */
export function updateBroker(parts: MqParts) {
  return operation({
    action: 'mq:UpdateBroker',
    readOnly: false,
    http: { method: 'PUT', path: '/v1/brokers/{brokerId}' },
    input: updateBrokerRequest,
    output: updateBrokerResponse,
    permissions: (request) => [
      ...onBroker('mq:UpdateBroker', parts)(request),
      ...(changesAccess(parts, request) ? onBroker(accessAction, parts)(request) : []),
      ...passingRoles(parts, request.configuration),
    ],
    handle: async (request) => {
      await parts.control.loadRefusals(request.brokerId);
      return () => {
        const { value, changes } = parts.control.decisions.update(request.brokerId, request);
        // The requested settings, and the revision of the configuration if the request names none.
        const output = {
          ...(request.dataReplicationMode && replicationOf(value, parts)),
          ...request,
          ...(request.configuration && { configuration: configurationOf(value) }),
        };
        return { output, changes, resources: touched(value) };
      };
    },
  });
}

/** Checked in addition if the request changes how a RabbitMQ broker authenticates its users. */
const accessAction = 'mq:UpdateBrokerAccessConfiguration';

function changesAccess(
  { control }: MqParts,
  request: { readonly brokerId: string; readonly authenticationStrategy?: string | undefined },
): boolean {
  const isRabbitMq = control.brokers.get(request.brokerId)?.engineType === 'RABBITMQ';
  return isRabbitMq && request.authenticationStrategy !== undefined;
}

/** The current or pending configuration of a broker. */
function configurationOf({ configuration, pending }: BrokerRecord) {
  return pending.configuration ?? configuration ?? undefined;
}
