// The Amazon MQ operations on data replication and shared resources.

import { operation, refusal } from '../../../aws/service.ts';
import { ControlError } from '../../../control/errors.ts';
import { fixedPage } from '../paging.ts';
import { type MqParts, touched } from '../parts.ts';
import { onBroker } from '../permissions.ts';
import {
  brokerIdOnly,
  brokerPageRequest,
  promoteRequest,
  sharedResourcesResponse,
} from '../shapes/brokers.ts';

/** Swaps the roles of a replicated pair. Refused, because replication is not supported. */
export function promote(parts: MqParts) {
  return refusal({
    action: 'mq:Promote',
    readOnly: false,
    http: { method: 'POST', path: '/v1/brokers/{brokerId}/promote' },
    input: promoteRequest,
    output: brokerIdOnly,
    permissions: onBroker('mq:Promote', parts),
    requires: ({ brokerId }) => {
      parts.control.brokers.require(brokerId);
    },
    refuse: ({ brokerId }) => {
      const text = `Broker [${brokerId}] has no data replication, so it cannot be promoted.`;
      return new ControlError('bad-request', text, 'broker-id');
    },
  });
}

/** Lists the resources that are shared with a broker. The list is always empty. */
export function describeSharedResources(parts: MqParts) {
  return operation({
    action: 'mq:DescribeSharedResources',
    readOnly: true,
    http: { method: 'GET', path: '/v1/brokers/{brokerId}/shared-resources' },
    input: brokerPageRequest,
    output: sharedResourcesResponse,
    permissions: onBroker('mq:DescribeSharedResources', parts),
    handle: (request) => {
      const broker = parts.control.brokers.require(request.brokerId);
      const { items, nextToken } = fixedPage([], request);
      return { output: { sharedResources: items, nextToken }, resources: touched(broker) };
    },
  });
}
