// A broker with messages, under a key of the customer.

import type { BrokerState } from '@aws-sdk/client-mq';
import { systemRandom } from '../../../base/random.ts';
import { CliError } from '../../errors.ts';
import type { Lab } from '../lab.ts';
import type { Hidden } from '../plain-text.ts';
import type { ServiceProcess } from './service-process.ts';
import { waitFor } from './wait.ts';

/** Maximum time until a new broker runs, milliseconds. */
export const runningMsMax: number = 60_000;

/** A running broker with messages. */
export interface PreparedBroker {
  readonly id: string;
  readonly keyArn: string;
  readonly user: string;
  readonly password: string;
  /** `amqps://127.0.0.1:5671` */
  readonly endpoint: string;
  /** The endpoint with user and password. */
  readonly url: string;
  readonly queue: string;
  readonly bodies: readonly string[];
  /** What nobody may read. */
  readonly hidden: readonly Hidden[];
}

/** Creates a KMS key and a broker under it, and publishes messages. */
export async function brokerWithMessages(
  lab: Lab,
  service: ServiceProcess,
): Promise<PreparedBroker> {
  const [queue, user] = [lab.word('queue'), lab.word('user')];
  const password = systemRandom.bytes(24).toString('base64url');
  const bodies = Array.from({ length: 20 }, (_, i) => `${lab.word('message')}-${i}`);
  return lab.step('prepare', 'created a KMS key, a broker under it, and 20 messages', async () => {
    const { KeyMetadata } = await service.aws.kms.createKey({});
    const keyArn = KeyMetadata?.Arn ?? '';
    const { BrokerId: id = '' } = await service.aws.mq.createBroker({
      BrokerName: lab.word('broker').slice(0, 30),
      EngineType: 'RABBITMQ',
      DeploymentMode: 'SINGLE_INSTANCE',
      HostInstanceType: 'mq.m7g.medium',
      PubliclyAccessible: false,
      EncryptionOptions: { UseAwsOwnedKey: false, KmsKeyId: keyArn },
      Users: [{ Username: user, Password: password }],
    });
    lab.leaves(async () => service.aws.mq.deleteBroker({ BrokerId: id }));
    if (!(await isInState(service, id, 'RUNNING', runningMsMax))) {
      throw new CliError('drill-failed', `the broker ${id} did not start`);
    }
    const { BrokerInstances } = await service.aws.mq.describeBroker({ BrokerId: id });
    const [endpoint = ''] = BrokerInstances?.[0]?.Endpoints ?? [];
    const url = endpoint.replace('//', `//${user}:${password}@`);
    const client = await service.connect(url);
    await client.publish(queue, bodies);
    await client.close();
    const texts = { 'the password': password, 'the name of the queue': queue };
    const hidden = [...Object.entries(texts), ...bodies.map((body) => ['a message', body])].map(
      ([name = '', text = '']) => ({ name, bytes: Buffer.from(text) }),
    );
    return { id, keyArn, user, password, endpoint, url, queue, bodies, hidden };
  });
}

/** Waits until a broker is in a state. Returns whether that happened in time. */
export async function isInState(
  service: ServiceProcess,
  BrokerId: string,
  state: BrokerState,
  timeoutMs: number,
): Promise<boolean> {
  const found = await waitFor(async () => {
    const { BrokerState } = await service.aws.mq.describeBroker({ BrokerId });
    return BrokerState === state;
  }, timeoutMs);
  return found === true;
}
