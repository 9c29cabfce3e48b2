// Creates brokers as AWS clients do.

import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CreateBrokerCommand,
  DescribeBrokerCommand,
  type DescribeBrokerCommandOutput,
  MqClient,
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

/**
 * Creates a broker with one user, and waits until it is RUNNING. Returns its description.
 *
 * @throws {Error} if it is not RUNNING after a minute
 */
export async function createBroker(
  mq: MqClient,
  engineType: keyof typeof versions,
  name: string,
  user: { readonly Username: string; readonly Password: string },
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
