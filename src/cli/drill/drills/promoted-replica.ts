// The drill `promoted-replica`.

import { setTimeout as sleep } from 'node:timers/promises';
import type { CreateBrokerRequest, PromoteMode } from '@aws-sdk/client-mq';
import { systemRandom } from '../../../base/random.ts';
import { CliError } from '../../errors.ts';
import type { Drill } from '../drill.ts';
import type { Lab } from '../lab.ts';
import { isInState, runningMsMax } from '../service/prepared.ts';
import { QueueClient } from '../service/queue-client.ts';
import type { ServiceProcess } from '../service/service-process.ts';
import { waitFor } from '../service/wait.ts';

/** How long a client publishes before a promotion, milliseconds. */
const publishMs = 3000;
/** The copy of a replica is at most about a second old; twice that, and the time of a copy. */
const lagMsMax = 5000;
/** Messages before a failover. */
const confirmedCount = 20;

/** A replica is promoted while a client publishes, and after the primary has lost its key. */
export const promotedReplica: Drill = {
  name: 'promoted-replica',
  promise:
    'A replica that is promoted by SWITCHOVER has every confirmed message; by FAILOVER, every one that was confirmed before the lag, also if the primary has lost its key.',
  limits: 'Both brokers are on one machine.',
  run: async (lab) => {
    const service = await lab.service();
    const replicas = await lab.step(
      'prepare',
      'created a primary with a KMS key, and a replica',
      () => prepare(lab, service),
    );
    await sawSwitchover(lab, service, replicas);
    await sawFailover(lab, service, replicas);
  },
};

/** Two brokers, of which each becomes the primary. */
interface Replicas {
  /** The first primary. */
  readonly first: string;
  /** The first replica, and its KMS key. */
  readonly second: string;
  readonly secondKey: string;
  /** Connects to the queue of a broker. */
  readonly connect: (brokerId: string) => Promise<QueueClient>;
}

async function prepare(lab: Lab, service: ServiceProcess): Promise<Replicas> {
  const { mq, kms } = service.aws;
  const { KeyMetadata } = await kms.createKey({});
  const secondKey = KeyMetadata?.Arn ?? '';
  const [username, password] = [lab.word('user'), systemRandom.bytes(24).toString('base64url')];
  const queue = lab.word('queue');
  const request = (): CreateBrokerRequest => ({
    BrokerName: lab.word('broker').slice(0, 30),
    EngineType: 'ACTIVEMQ',
    DeploymentMode: 'SINGLE_INSTANCE',
    HostInstanceType: 'mq.m5.large',
    PubliclyAccessible: false,
    StorageType: 'EBS', // the loss of a key of EFS takes effect a minute later
    Users: [
      { Username: username, Password: password },
      { Username: lab.word('replicator'), Password: password, ReplicationUser: true },
    ],
  });
  const { BrokerId: first = '', BrokerArn } = await mq.createBroker(request());
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
    const { BrokerInstances } = await service.aws.mq.describeBroker({ BrokerId });
    const all = BrokerInstances?.[0]?.Endpoints ?? [];
    const endpoint = all.find((each) => each.startsWith('amqp+ssl:')) ?? '';
    return QueueClient.open({ endpoint, username, password, ca, queue });
  };
  return { first, second, secondKey, connect };
}

async function requireState(
  service: ServiceProcess,
  id: string,
  state: 'RUNNING' | 'REPLICA',
): Promise<void> {
  if (await isInState(service, id, state, runningMsMax)) return;
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
    await waitFor(() => mq.deleteBroker({ BrokerId }).catch(() => undefined), runningMsMax);
  }
}

/** Promotes a replica as soon as its copy is complete, and reports whether it became the primary. */
async function sawPromoted(
  lab: Lab,
  service: ServiceProcess,
  BrokerId: string,
  Mode: PromoteMode,
): Promise<void> {
  const { mq } = service.aws;
  await lab.step(Mode, `promoted the replica by ${Mode}`, () =>
    waitFor(() => mq.promote({ BrokerId, Mode }).catch(() => undefined), runningMsMax),
  );
  const isUp = await isInState(service, BrokerId, 'RUNNING', runningMsMax);
  const { DataReplicationMetadata } = await mq.describeBroker({ BrokerId });
  const role = DataReplicationMetadata?.DataReplicationRole ?? 'no role';
  lab.saw(`the replica is the primary after ${Mode}`, isUp && role === 'PRIMARY', role);
}

/** Promotes the second broker while a client publishes to the first. */
async function sawSwitchover(
  lab: Lab,
  service: ServiceProcess,
  { first, second, connect }: Replicas,
): Promise<void> {
  const confirmed: string[] = [];
  const client = await connect(first);
  const published = client.send(bodiesOf(lab), (body) => confirmed.push(body));
  await sleep(publishMs);
  await sawPromoted(lab, service, second, 'SWITCHOVER');
  await published; // the first broker has ended the connection
  await sawAll(lab, confirmed, await connect(second), 'every confirmed message is there');
}

/** Disables the key of the second broker, and promotes the first. */
async function sawFailover(
  lab: Lab,
  service: ServiceProcess,
  { first, second, secondKey: KeyId, connect }: Replicas,
): Promise<void> {
  const confirmed: string[] = [];
  const client = await connect(second);
  await client.send(bodiesOf(lab, confirmedCount), (body) => confirmed.push(body));
  client.close();
  await sleep(lagMsMax);
  await lab.step('disable', 'disabled the KMS key of the primary', () =>
    service.aws.kms.disableKey({ KeyId }),
  );
  const isLost = await isInState(service, second, 'CRITICAL_ACTION_REQUIRED', runningMsMax);
  lab.saw('the primary has stopped', isLost, isLost ? 'CRITICAL_ACTION_REQUIRED' : 'it runs');
  await sawPromoted(lab, service, first, 'FAILOVER');
  await sawAll(lab, confirmed, await connect(first), 'every message from before the lag is there');
  await service.aws.kms.enableKey({ KeyId });
}

/** Different bodies; without a count, until the connection ends. */
function* bodiesOf(lab: Lab, count = Number.POSITIVE_INFINITY): Generator<string> {
  for (let i = 0; i < count; i++) yield lab.word('message');
}

async function sawAll(
  lab: Lab,
  confirmed: readonly string[],
  client: QueueClient,
  what: string,
): Promise<void> {
  const taken = await lab.step('take', 'took all messages', () => client.take());
  client.close();
  const found = new Set(taken);
  const lost = confirmed.filter((body) => !found.has(body)).length;
  const isWhole = confirmed.length > 0 && lost === 0;
  lab.saw(what, isWhole, `${lost} of ${confirmed.length} are lost`);
}
