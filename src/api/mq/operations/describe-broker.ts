import { operation } from '../../../aws/service.ts';
import type { Infer } from '../../../aws/shapes/shape.ts';
import type { BrokerRecord } from '../../../control/broker-record.ts';
import { type MqParts, onBroker, touched } from '../parts.ts';
import { brokerPath, describeBrokerResponse } from '../shapes.ts';

/** Shows a broker. */
export function describeBroker(parts: MqParts) {
  return operation({
    action: 'mq:DescribeBroker',
    readOnly: true,
    http: { method: 'GET', path: '/v1/brokers/{brokerId}' },
    input: brokerPath,
    output: describeBrokerResponse,
    permissions: onBroker('mq:DescribeBroker', parts),
    handle: ({ brokerId }) => {
      const broker = parts.control.brokers.require(brokerId);
      return { output: description(broker, parts), resources: touched(broker) };
    },
  });
}

function description(
  broker: BrokerRecord,
  { brokerHost, consoleUrl }: MqParts,
): Infer<typeof describeBrokerResponse> {
  const { id, action, key, pending } = broker;
  const port = broker.ports['amqps'];
  return {
    actionsRequired: action
      ? [{ actionRequiredCode: action.code, actionRequiredInfo: action.info }]
      : [],
    authenticationStrategy: 'simple',
    autoMinorVersionUpgrade: broker.autoMinorVersionUpgrade,
    brokerArn: broker.arn,
    brokerId: id,
    brokerInstances:
      port === undefined
        ? []
        : [{ consoleURL: consoleUrl(), endpoints: [`amqps://${brokerHost}:${port}`] }],
    brokerName: broker.name,
    brokerState: broker.state,
    created: broker.createdMs,
    dataReplicationMode: 'NONE',
    deploymentMode: broker.deploymentMode,
    // The service's own key is nobody's business but its own.
    encryptionOptions:
      key.owner === 'service'
        ? { useAwsOwnedKey: true }
        : { useAwsOwnedKey: false, kmsKeyId: key.arn },
    engineType: 'RabbitMQ',
    engineVersion: broker.engineVersion,
    hostInstanceType: broker.hostInstanceType,
    logs: {
      general: broker.generalLog,
      generalLogGroup: `/aws/amazonmq/broker/${id}/general`,
      ...(pending.generalLog !== undefined && { pending: { general: pending.generalLog } }),
    },
    maintenanceWindowStartTime: maintenanceWindow(broker),
    pendingEngineVersion: pending.engineVersion,
    pendingHostInstanceType: pending.hostInstanceType,
    publiclyAccessible: broker.publiclyAccessible,
    securityGroups: broker.securityGroups,
    storageType: 'ebs',
    subnetIds: broker.subnetIds,
    tags: broker.tags,
    // A RabbitMQ broker's users are managed in the broker and never shown here.
    users: [],
  };
}

type Description = Infer<typeof describeBrokerResponse>;

function maintenanceWindow({
  maintenanceWindow: window,
}: BrokerRecord): Description['maintenanceWindowStartTime'] {
  const { timeOfDay, timeZone } = window;
  // The day was read as one of the seven when it was asked for.
  return { dayOfWeek: window.dayOfWeek as 'SUNDAY', timeOfDay, timeZone };
}
