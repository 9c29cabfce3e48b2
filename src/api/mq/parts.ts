import type { Operation, Permission } from '../../aws/service.ts';
import type { TouchedResource } from '../../calls/completed-call.ts';
import type { BrokerRecord } from '../../control/broker-record.ts';
import type { Control } from '../../control/control.ts';

// biome-ignore lint/suspicious/noExplicitAny: operations differ in input and output; each is checked where it is declared.
type AnyOperation = Operation<any, any>;

/** What the operations need. */
export interface MqParts {
  readonly control: Control;
  readonly region: string;
  /** The host name at which brokers are reached. */
  readonly brokerHost: string;
  /** Where the web console answers. */
  readonly consoleUrl: () => string;
}

/** A broker, as an audit record lists it. */
export function touched({ arn }: BrokerRecord): TouchedResource[] {
  return [{ arn, type: 'AWS::AmazonMQ::Broker', accountId: arn.split(':')[4] ?? '' }];
}

/** Has an operation name the broker that a failed call was about. */
export function withBroker({ control }: MqParts, operation: AnyOperation): AnyOperation {
  const failedResources = ({ brokerId, resourceArn }: Readonly<Record<string, unknown>>) => {
    const id = String(brokerId ?? resourceArn ?? '');
    // An ARN ends with the id.
    const broker = control.brokers.get(id.slice(id.lastIndexOf(':') + 1));
    return broker ? touched(broker) : [];
  };
  return { ...operation, failedResources };
}

/** The permission for an action on the broker that a request names; on all where there is none. */
export function onBroker<Input extends { readonly brokerId: string }>(
  action: string,
  { control }: MqParts,
) {
  return ({ brokerId }: Input): Permission[] => {
    const broker = control.brokers.get(brokerId);
    return [{ action, resources: broker ? [broker.arn] : [] }];
  };
}
