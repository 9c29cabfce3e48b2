// Code that the Amazon MQ operations share: their dependencies, permissions, and audit resources.

import type { Operation, Permission } from '../../aws/service.ts';
import type { TouchedResource } from '../../calls/completed-call.ts';
import type { BrokerRecord } from '../../control/broker-record.ts';
import type { Control } from '../../control/control.ts';

// biome-ignore lint/suspicious/noExplicitAny: operations differ in input and output; each is checked where it is declared.
type AnyOperation = Operation<any, any>;

/** The parts that the operations need. */
export interface MqParts {
  readonly control: Control;
  readonly region: string;
  /** The host name of the brokers' endpoints. */
  readonly brokerHost: string;
  /** The URL of the web console. */
  readonly consoleUrl: () => string;
}

/** A broker as an audit record lists it. */
export function touched({ arn }: BrokerRecord): TouchedResource[] {
  return [{ arn, type: 'AWS::AmazonMQ::Broker', accountId: arn.split(':')[4] ?? '' }];
}

/** Adds the broker that a failed call concerns to an operation. */
export function withBroker({ control }: MqParts, operation: AnyOperation): AnyOperation {
  const failedResources = ({ brokerId, resourceArn }: Readonly<Record<string, unknown>>) => {
    const id = String(brokerId ?? resourceArn ?? '');
    // An ARN ends with the id.
    const broker = control.brokers.get(id.slice(id.lastIndexOf(':') + 1));
    return broker ? touched(broker) : [];
  };
  return { ...operation, failedResources };
}

/** The permission for an action on the named broker, or on all brokers if it does not exist. */
export function onBroker<Input extends { readonly brokerId: string }>(
  action: string,
  { control }: MqParts,
) {
  return ({ brokerId }: Input): Permission[] => {
    const broker = control.brokers.get(brokerId);
    return [{ action, resources: broker ? [broker.arn] : [] }];
  };
}
