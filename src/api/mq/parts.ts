// Code that the Amazon MQ operations share: their dependencies, and audit resources.

import type { Operation } from '../../aws/service.ts';
import type { TouchedResource } from '../../calls/completed-call.ts';
import type { BrokerRecord } from '../../control/broker-record.ts';
import type { ConfigurationRecord } from '../../control/configurations/configuration-record.ts';
import type { Control } from '../../control/control.ts';

// biome-ignore lint/suspicious/noExplicitAny: operations differ in input and output; each is checked where it is declared.
type AnyOperation = Operation<any, any>;

/** Where clients reach brokers. */
export interface Endpoints {
  /** The authority of the URL of a listener, `host:port`; undefined if its port is not known. */
  authorityOf(broker: BrokerRecord, listener: string, endpoint: number): string | undefined;
}

/** The parts that the operations need. */
export interface MqParts {
  readonly control: Control;
  readonly region: string;
  readonly endpoints: Endpoints;
  /** The IPv4 address of the brokers; undefined if there is none to return. */
  readonly brokerAddress: string | undefined;
  /** The URL of the web console, for brokers without a management port. */
  readonly consoleUrl: () => string;
}

/** A broker as an audit record lists it. */
export function touched({ arn }: BrokerRecord): TouchedResource[] {
  return [{ arn, type: 'AWS::AmazonMQ::Broker', accountId: arn.split(':')[4] ?? '' }];
}

/** A configuration as an audit record lists it. */
export function configurationTouched({ arn }: ConfigurationRecord): TouchedResource[] {
  return [{ arn, type: 'AWS::AmazonMQ::Configuration', accountId: arn.split(':')[4] ?? '' }];
}

/** Adds the broker or configuration that a request names to the audit event of a failed call. */
export function withResource({ control }: MqParts, operation: AnyOperation): AnyOperation {
  const failedResources = (input: Readonly<Record<string, unknown>>) => {
    const { brokerId, configurationId, resourceArn } = input;
    const named = String(brokerId ?? configurationId ?? resourceArn ?? '');
    // The last part of an ARN is the id.
    const id = named.slice(named.lastIndexOf(':') + 1);
    const broker = control.brokers.get(id);
    if (broker !== undefined) return touched(broker);
    const configuration = control.configurations.get(id);
    return configuration ? configurationTouched(configuration) : [];
  };
  return { ...operation, failedResources };
}
