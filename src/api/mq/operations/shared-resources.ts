// The Amazon MQ operation on shared resources.

import { operation } from '../../../aws/service.ts';
import { fixedPage } from '../paging.ts';
import { type MqParts, touched } from '../parts.ts';
import { onBroker } from '../permissions.ts';
import { brokerPageRequest, sharedResourcesResponse } from '../shapes/brokers.ts';

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
