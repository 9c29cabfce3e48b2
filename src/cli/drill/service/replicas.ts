// A primary and its replica, of either kind of ActiveMQ's brokers.

import type { CreateBrokerRequest, DeploymentMode } from '@aws-sdk/client-mq';
import { systemRandom } from '../../../base/random.ts';
import { CliError } from '../../errors.ts';
import type { Lab } from '../lab.ts';
import { isInState } from './prepared.ts';
import { QueueClient } from './queue-client.ts';
import type { ServiceProcess } from './service-process.ts';
import { waitFor } from './wait.ts';

/** Maximum time of a change, milliseconds: a pair starts slowly, and loses its key a minute later. */
export const changeMsMax = 240_000;

/** Two brokers, of which each becomes the primary. */
export interface Replicas {
  /** The first primary. */
  readonly first: string;
  /** The first replica, and its KMS key. */
  readonly second: string;
  readonly secondKey: string;
  /** Connects to the queue of a broker. */
  readonly connect: (brokerId: string) => Promise<QueueClient>;
}

/** What the service says about a deployment mode that the machine cannot run. */
const missing = /on this machine: (.*)\. Valid values are/;

/**
 * Creates a primary, and a replica with a KMS key of its own.
 *
 * @returns the brokers, or a sentence that says why this machine cannot run such brokers
 */
export async function prepareReplicas(
  lab: Lab,
  service: ServiceProcess,
  DeploymentMode: DeploymentMode,
): Promise<Replicas | string> {
  const { mq, kms } = service.aws;
  const { KeyMetadata } = await kms.createKey({});
  const secondKey = KeyMetadata?.Arn ?? '';
  const [username, password] = [lab.word('user'), systemRandom.bytes(24).toString('base64url')];
  const queue = lab.word('queue');
  const request = (): CreateBrokerRequest => ({
    BrokerName: lab.word('broker').slice(0, 30),
    EngineType: 'ACTIVEMQ',
    DeploymentMode,
    HostInstanceType: 'mq.m5.large',
    PubliclyAccessible: false,
    // The loss of a key takes effect at once with EBS, and a minute later with EFS. Pairs always have EFS.
    ...(DeploymentMode === 'SINGLE_INSTANCE' && { StorageType: 'EBS' }),
    Users: [
      { Username: username, Password: password },
      { Username: lab.word('replicator'), Password: password, ReplicationUser: true },
    ],
  });
  const created = await mq.createBroker(request()).catch((error: Error) => {
    const [, why] = missing.exec(error.message) ?? [];
    if (why === undefined) throw error;
    return why;
  });
  if (typeof created === 'string') return created;
  const { BrokerId: first = '', BrokerArn } = created;
  await requireState(service, first, 'RUNNING');
  const { BrokerId: second = '' } = await mq.createBroker({
    ...request(),
    DataReplicationMode: 'CRDR',
    DataReplicationPrimaryBrokerArn: BrokerArn,
    EncryptionOptions: { UseAwsOwnedKey: false, KmsKeyId: secondKey },
  });
  lab.leaves(() => remove(service, first, second));
  await requireState(service, second, 'RUNNING');
  await mq.rebootBroker({ BrokerId: first });
  await requireState(service, second, 'REPLICA');
  await requireState(service, first, 'RUNNING');
  const ca = await service.authorities();
  const connect = async (BrokerId: string) => {
    const { BrokerInstances = [] } = await service.aws.mq.describeBroker({ BrokerId });
    const all = BrokerInstances.flatMap(({ Endpoints = [] }) => Endpoints);
    const endpoints = all.filter((each) => each.startsWith('stomp+ssl:'));
    return QueueClient.open({ endpoints, username, password, ca, queue });
  };
  return { first, second, secondKey, connect };
}

async function requireState(
  service: ServiceProcess,
  id: string,
  state: 'RUNNING' | 'REPLICA',
): Promise<void> {
  if (await isInState(service, id, state, changeMsMax)) return;
  throw new CliError('drill-failed', `the broker ${id} is not ${state}`);
}

/** Brokers with roles cannot be deleted. */
async function remove({ aws: { mq } }: ServiceProcess, ...ids: readonly string[]): Promise<void> {
  for (const BrokerId of ids) {
    const { DataReplicationMetadata: found } = await mq.describeBroker({ BrokerId });
    if (found?.DataReplicationRole !== 'PRIMARY') continue;
    await mq.updateBroker({ BrokerId, DataReplicationMode: 'NONE' });
    await mq.rebootBroker({ BrokerId });
  }
  for (const BrokerId of ids) {
    await waitFor(() => mq.deleteBroker({ BrokerId }).catch(() => undefined), changeMsMax);
  }
}
