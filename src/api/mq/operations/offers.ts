import { operation } from '../../../aws/service.ts';
import { ControlError } from '../../../control/errors.ts';
import { engineVersions, instanceTypes } from '../../../control/offers.ts';
import { fixedPage } from '../paging.ts';
import type { MqParts } from '../parts.ts';
import {
  engineTypesRequest,
  engineTypesResponse,
  instanceOptionsRequest,
  instanceOptionsResponse,
} from '../shapes.ts';

/** Shows which engines there are, in which versions. */
export function describeBrokerEngineTypes() {
  return operation({
    action: 'mq:DescribeBrokerEngineTypes',
    readOnly: true,
    http: { method: 'GET', path: '/v1/broker-engine-types' },
    input: engineTypesRequest,
    output: engineTypesResponse,
    handle: (request) => {
      const all = hasEngine(request.engineType)
        ? [{ engineType: 'RABBITMQ', engineVersions: engineVersions.map((name) => ({ name })) }]
        : [];
      const { items, maxResults, nextToken } = fixedPage(all, request);
      return { output: { brokerEngineTypes: items, maxResults, nextToken } };
    },
  });
}

/** Shows which instance types there are, and what they go with. */
export function describeBrokerInstanceOptions({ region }: MqParts) {
  const rows = instanceTypes.map(({ name, engineVersions: supported }) => ({
    availabilityZones: [{ name: `${region}a` }],
    engineType: 'RABBITMQ',
    hostInstanceType: name,
    storageType: 'EBS',
    supportedDeploymentModes: ['SINGLE_INSTANCE'],
    supportedEngineVersions: [...supported],
  }));
  return operation({
    action: 'mq:DescribeBrokerInstanceOptions',
    readOnly: true,
    http: { method: 'GET', path: '/v1/broker-instance-options' },
    input: instanceOptionsRequest,
    output: instanceOptionsResponse,
    handle: (request) => {
      const { hostInstanceType, storageType } = request;
      const hasRows = hasEngine(request.engineType) && hasStorage(storageType);
      const all = rows.filter(
        (row) =>
          hasRows && (hostInstanceType === undefined || hostInstanceType === row.hostInstanceType),
      );
      const { items, maxResults, nextToken } = fixedPage(all, request);
      return { output: { brokerInstanceOptions: items, maxResults, nextToken } };
    },
  });
}

/** Whether a filter lets RabbitMQ through. */
function hasEngine(engineType: string | undefined): boolean {
  const asked = engineType?.toUpperCase();
  if (asked !== undefined && asked !== 'RABBITMQ' && asked !== 'ACTIVEMQ') {
    throw new ControlError(
      'bad-request',
      `Broker engine type [${engineType}] is invalid. Valid values are: [ACTIVEMQ, RABBITMQ]`,
      'engineType',
    );
  }
  return asked !== 'ACTIVEMQ';
}

/** Whether a filter lets EBS through, which is all that a RabbitMQ broker can have. */
function hasStorage(storageType: string | undefined): boolean {
  return storageType === undefined || storageType.toUpperCase() === 'EBS';
}
