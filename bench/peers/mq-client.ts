// Creates brokers as AWS clients do.

import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type ConfigurationId,
  CreateBrokerCommand,
  CreateConfigurationCommand,
  DescribeBrokerCommand,
  type DescribeBrokerCommandOutput,
  MqClient,
  UpdateConfigurationCommand,
} from '@aws-sdk/client-mq';

/** Returns a client of the service with this output of `waxwing env`. */
export function mqClient(environment: Readonly<Record<string, string>>): MqClient {
  const ca = readFileSync(environment['WAXWING_CA_FILE'] ?? '');
  return new MqClient({
    requestHandler: { httpsAgent: new Agent({ ca }) },
    endpoint: environment['AWS_ENDPOINT_URL'] ?? '',
    region: environment['AWS_REGION'] ?? '',
    credentials: {
      accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
  });
}

/** How often the state of a broker is asked for, and the maximum time until it is RUNNING. */
const askMs = 5;
const createTimeoutMs = 60_000;

const versions = { RABBITMQ: '3.13', ACTIVEMQ: '5.19' };

/** Creates a configuration of RabbitMQ's type with these lines. */
export async function createConfiguration(
  mq: MqClient,
  name: string,
  lines: readonly string[],
): Promise<ConfigurationId> {
  const { Id } = await mq.send(
    new CreateConfigurationCommand({ EngineType: 'RABBITMQ', Name: name }),
  );
  const Data = Buffer.from(lines.join('\n')).toString('base64');
  const updated = await mq.send(new UpdateConfigurationCommand({ ConfigurationId: Id, Data }));
  return { Id, Revision: updated.LatestRevision?.Revision };
}

/**
 * Creates a broker with one user, and waits until it is RUNNING. Returns its description.
 *
 * @param configuration the default one of its type if undefined
 * @throws {Error} if it is not RUNNING after a minute
 */
export async function createBroker(
  mq: MqClient,
  engineType: keyof typeof versions,
  name: string,
  user: { readonly Username: string; readonly Password: string },
  configuration?: ConfigurationId,
): Promise<DescribeBrokerCommandOutput> {
  const startedAt = performance.now();
  const { BrokerId } = await mq.send(
    new CreateBrokerCommand({
      BrokerName: name,
      DeploymentMode: 'SINGLE_INSTANCE',
      EngineType: engineType,
      EngineVersion: versions[engineType],
      HostInstanceType: 'mq.m5.large',
      PubliclyAccessible: true,
      AutoMinorVersionUpgrade: true,
      Users: [user],
      Configuration: configuration,
    }),
  );
  for (;;) {
    await pause(askMs);
    const found = await mq.send(new DescribeBrokerCommand({ BrokerId }));
    if (found.BrokerState === 'RUNNING') return found;
    if (performance.now() - startedAt > createTimeoutMs)
      throw new Error(`a new broker is ${found.BrokerState} after a minute instead of RUNNING`);
  }
}
