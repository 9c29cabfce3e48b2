import type { AuditResource, Permission } from '../../aws/service.ts';
import type { BrokerRecord } from '../../control/broker-record.ts';
import type { Control } from '../../control/control.ts';

/** What the operations work with. */
export interface MqParts {
  readonly control: Control;
  readonly region: string;
  /** The host name at which brokers are reached. */
  readonly brokerHost: string;
  /** Where the web console answers. */
  readonly consoleUrl: () => string;
}

/** A broker, as an audit record lists it. */
export function touched({ arn }: BrokerRecord): AuditResource[] {
  return [{ arn, type: 'AWS::AmazonMQ::Broker', accountId: arn.split(':')[4] ?? '' }];
}

/** Asks for an action on the broker that a request names; on all where there is no such broker. */
export function onBroker<Input extends { readonly brokerId: string }>(
  action: string,
  { control }: MqParts,
) {
  return ({ brokerId }: Input): Permission[] => {
    const broker = control.brokers.get(brokerId);
    return [{ action, resources: broker ? [broker.arn] : [] }];
  };
}
