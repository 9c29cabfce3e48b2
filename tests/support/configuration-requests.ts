// Requests for configurations.

import {
  CreateConfigurationCommand,
  type CreateConfigurationCommandInput,
  DescribeConfigurationRevisionCommand,
  UpdateConfigurationCommand,
} from '@aws-sdk/client-mq';
import type { ControlPlane } from './control-plane.ts';

type Client = Pick<ControlPlane, 'mq'>;

let count = 0;

/** Creates a configuration with a unique name, for ActiveMQ by default. */
export function createConfiguration(
  { mq }: Client,
  changes: Partial<CreateConfigurationCommandInput> = {},
) {
  count += 1;
  const request = { EngineType: 'ACTIVEMQ', Name: `c-${count}`, ...changes } as const;
  return mq.send(new CreateConfigurationCommand(request));
}

/** Gives a configuration another revision. */
export function updateConfiguration(
  { mq }: Client,
  ConfigurationId: string,
  text: string,
  Description?: string,
) {
  const Data = Buffer.from(text).toString('base64');
  const description = Description === undefined ? {} : { Description };
  return mq.send(new UpdateConfigurationCommand({ ConfigurationId, Data, ...description }));
}

/** The text of a revision. */
export async function revisionText(
  { mq }: Client,
  ConfigurationId: string,
  revision: number,
): Promise<string> {
  const ConfigurationRevision = String(revision);
  const { Data = '' } = await mq.send(
    new DescribeConfigurationRevisionCommand({ ConfigurationId, ConfigurationRevision }),
  );
  return Buffer.from(Data, 'base64').toString();
}

/** The namespace of ActiveMQ's configurations. */
export const namespace = 'http://activemq.apache.org/schema/core';

/** A configuration of ActiveMQ's type. */
export function brokerXml(inside: string, attributes = ''): string {
  return `<?xml version="1.0"?>\n<broker xmlns="${namespace}"${attributes}>${inside}</broker>\n`;
}
