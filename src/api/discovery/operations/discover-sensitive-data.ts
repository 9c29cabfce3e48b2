// The operation `DiscoverSensitiveData`.

import { operation, type Permission } from '../../../aws/service.ts';
import type { TouchedResource } from '../../../calls/completed-call.ts';
import type { BrokerRecord } from '../../../control/broker-record.ts';
import type { Control } from '../../../control/control.ts';
import { type DiscoveryPage, discoveryLimits } from '../../../control/discovery.ts';
import { ControlError } from '../../../control/errors.ts';
import type { DiscoveryParts } from '../parts.ts';
import { discoverRequest, discoverResponse } from '../shapes.ts';

const action = 'waxwing:DiscoverSensitiveData';

/**
 * Searches a sample of a broker's messages, some queues per call. The audit event states which
 * broker was searched and how much of it; findings are only in the answer.
 */
export function discoverSensitiveData({ control, personNames }: DiscoveryParts) {
  return operation({
    action,
    readOnly: true,
    http: { method: 'POST', path: '/waxwing/v1/brokers/{broker}/discover' },
    input: discoverRequest,
    output: discoverResponse,
    permissions: ({ broker }) => [on(find(control, broker))],
    failedResources: ({ broker }) => touched(find(control, broker)),
    handle: async ({ broker: named, messagesPerQueue, nextToken }) => {
      const broker = find(control, named);
      if (broker === undefined) {
        throw new ControlError('not-found', `There is no broker [${named}].`, 'broker');
      }
      const page = await control.engines.engineFor(broker).discover(broker.id, {
        after: Number(nextToken ?? 0),
        messageCountMax: messagesPerQueue ?? discoveryLimits.messageCountDefault,
        personNames,
      });
      if (page === undefined) throw notRunning(broker);
      return {
        output: {
          brokerId: broker.id,
          brokerName: broker.name,
          queues: page.queues,
          nextToken: page.next === undefined ? undefined : String(page.next),
        },
        resources: touched(broker),
        additionalEventData: countsOf(page),
      };
    },
  });
}

function find(control: Control, named: string): BrokerRecord | undefined {
  return control.brokers.get(named) ?? control.brokers.withName(named);
}

/** The permission on a broker. Conditions can name its tags. */
function on(broker: BrokerRecord | undefined): Permission {
  const tags = Object.entries(broker?.tags ?? {});
  const values = Object.fromEntries(tags.map(([key, value]) => [`aws:ResourceTag/${key}`, value]));
  return { action, resources: arnsOf(broker), values };
}

function arnsOf(broker: BrokerRecord | undefined): string[] {
  return broker === undefined ? [] : [broker.arn];
}

function touched(broker: BrokerRecord | undefined): TouchedResource[] {
  return arnsOf(broker).map((arn) => ({
    arn,
    type: 'AWS::AmazonMQ::Broker',
    accountId: arn.split(':')[4] ?? '',
  }));
}

function notRunning({ id, state }: BrokerRecord): ControlError {
  return new ControlError('bad-request', `Broker [${id}] is not running; its state is ${state}.`);
}

function countsOf({ queues }: DiscoveryPage): object {
  const sum = queues.reduce((total, { sampledCount }) => total + sampledCount, 0);
  return { queueCount: queues.length, sampledMessageCount: sum };
}
