// The brokers that operations name, as permissions and audit records list them.

import type { Permission } from '../../aws/service.ts';
import type { TouchedResource } from '../../calls/completed-call.ts';
import type { BrokerRecord } from '../../control/broker-record.ts';

/** The permission for an action on a broker. Conditions can name its tags. */
export function onBroker(action: string, broker: BrokerRecord | undefined): Permission {
  const tags = Object.entries(broker?.tags ?? {});
  const values = Object.fromEntries(tags.map(([key, value]) => [`aws:ResourceTag/${key}`, value]));
  return { action, resources: broker === undefined ? [] : [broker.arn], values };
}

/** A broker as an audit record lists it. */
export function touched(broker: BrokerRecord | undefined): TouchedResource[] {
  if (broker === undefined) return [];
  const { arn } = broker;
  return [{ arn, type: 'AWS::AmazonMQ::Broker', accountId: arn.split(':')[4] ?? '' }];
}
