// The Amazon MQ operation `ListBrokers`.

import { operation } from '../../../aws/service.ts';
import { offerOf } from '../../../control/offers/offers.ts';
import { pageSize } from '../paging.ts';
import type { MqParts } from '../parts.ts';
import { listBrokersResponse } from '../shapes/brokers.ts';
import { pageRequest } from '../shapes/common.ts';

/** Lists brokers, newest first. */
export function listBrokers({ control }: MqParts) {
  return operation({
    action: 'mq:ListBrokers',
    readOnly: true,
    http: { method: 'GET', path: '/v1/brokers' },
    input: pageRequest,
    output: listBrokersResponse,
    handle: (request) => {
      const { items, nextToken } = control.brokers.list(pageSize(request), request.nextToken);
      const brokerSummaries = items.map((broker) => ({
        brokerArn: broker.arn,
        brokerId: broker.id,
        brokerName: broker.name,
        brokerState: control.alarms.shown(broker).state,
        created: broker.createdMs,
        deploymentMode: broker.deploymentMode,
        engineType: offerOf(broker).engineName,
        hostInstanceType: broker.hostInstanceType,
      }));
      return { output: { brokerSummaries, nextToken } };
    },
  });
}
