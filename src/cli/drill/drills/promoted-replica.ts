// The drill `promoted-replica`.

import { setTimeout as sleep } from 'node:timers/promises';
import type { DeploymentMode, PromoteMode } from '@aws-sdk/client-mq';
import type { Drill } from '../drill.ts';
import type { Lab } from '../lab.ts';
import { isInState } from '../service/prepared.ts';
import type { QueueClient } from '../service/queue-client.ts';
import { changeMsMax, prepareReplicas, type Replicas } from '../service/replicas.ts';
import { isCopied } from '../service/replication-lag.ts';
import type { ServiceProcess } from '../service/service-process.ts';
import { waitFor } from '../service/wait.ts';

/** How long a client publishes before a promotion, milliseconds. */
const publishMs = 3000;
/** Messages before a failover. */
const confirmedCount = 20;

/** The brokers that can have a replica. */
const kinds: readonly (readonly [name: string, mode: DeploymentMode])[] = [
  ['single instances', 'SINGLE_INSTANCE'],
  ['pairs', 'ACTIVE_STANDBY_MULTI_AZ'],
];

/** A replica is promoted while a client publishes, and after the primary has lost its key. */
export const promotedReplica: Drill = {
  name: 'promoted-replica',
  promise:
    'A replica that is promoted by SWITCHOVER has every confirmed message; by FAILOVER, every one that was confirmed before the lag, also if the primary has lost its key. This holds for single instances and for pairs of ActiveMQ.',
  limits: 'Both brokers are on one machine.',
  run: async (lab) => {
    const { WAXWING_ACTIVEMQ_HOME: home, JAVA_HOME: java } = process.env;
    const env = {
      ...(home !== undefined && { WAXWING_ACTIVEMQ_HOME: home }),
      ...(java !== undefined && { JAVA_HOME: java }),
    };
    const service = await lab.service({ env, hasMounts: true });
    // Side by side: pairs take long, and wait most of the time.
    const tried = await Promise.allSettled(
      kinds.map(([name, mode]) => tryKind(lab, service, name, mode)),
    );
    for (const each of tried) if (each.status === 'rejected') throw each.reason;
  },
};

/** A primary and its replica, and what reports call them. */
interface Tried extends Replicas {
  readonly name: string;
}

async function tryKind(
  lab: Lab,
  service: ServiceProcess,
  name: string,
  mode: DeploymentMode,
): Promise<void> {
  const what = `${name}: asked for a primary, and for a replica with a KMS key of its own`;
  const made = await lab.step('prepare', what, () => prepareReplicas(lab, service, mode), name);
  if (typeof made === 'string') return lab.leftOut(name, made);
  const tried = { name, ...made };
  await sawSwitchover(lab, service, tried);
  await sawFailover(lab, service, tried);
}

/** Promotes a replica as soon as its copy is complete, and reports whether it became the primary. */
async function sawPromoted(
  lab: Lab,
  service: ServiceProcess,
  name: string,
  BrokerId: string,
  Mode: PromoteMode,
): Promise<void> {
  const { mq } = service.aws;
  await lab.step(
    Mode,
    `${name}: promoted the replica by ${Mode}`,
    () => waitFor(() => mq.promote({ BrokerId, Mode }).catch(() => undefined), changeMsMax),
    name,
  );
  const isUp = await isInState(service, BrokerId, 'RUNNING', changeMsMax);
  const { DataReplicationMetadata } = await mq.describeBroker({ BrokerId });
  const role = DataReplicationMetadata?.DataReplicationRole ?? 'no role';
  lab.saw(`${name}: the replica is the primary after ${Mode}`, isUp && role === 'PRIMARY', role);
}

/** Promotes the second broker while a client publishes to the first. */
async function sawSwitchover(lab: Lab, service: ServiceProcess, tried: Tried): Promise<void> {
  const { name, first, second, connect } = tried;
  const confirmed: string[] = [];
  const client = await connect(first);
  const published = client.send(bodiesOf(lab), (body) => confirmed.push(body));
  await sleep(publishMs);
  await sawPromoted(lab, service, name, second, 'SWITCHOVER');
  client.close();
  await published;
  await sawAll(lab, name, confirmed, await connect(second), 'every confirmed message is there');
}

/** Disables the key of the second broker, and promotes the first. */
async function sawFailover(lab: Lab, service: ServiceProcess, tried: Tried): Promise<void> {
  const { name, first, second, secondKey: KeyId, connect } = tried;
  const confirmed: string[] = [];
  const client = await connect(second);
  await client.send(bodiesOf(lab, confirmedCount), (body) => confirmed.push(body));
  client.close();
  const hasCopy = await isCopied(service, second, changeMsMax);
  const lag = hasCopy ? 'so says the lag' : 'not so by the lag';
  lab.saw(`${name}: the replica has a copy from after the messages`, hasCopy, lag);
  await lab.step(
    'disable',
    `${name}: disabled the KMS key of the primary`,
    () => service.aws.kms.disableKey({ KeyId }),
    name,
  );
  const isLost = await isInState(service, second, 'CRITICAL_ACTION_REQUIRED', changeMsMax);
  const state = isLost ? 'CRITICAL_ACTION_REQUIRED' : 'it runs';
  lab.saw(`${name}: the primary has stopped`, isLost, state);
  await sawPromoted(lab, service, name, first, 'FAILOVER');
  const what = 'every message from before the lag is there';
  await sawAll(lab, name, confirmed, await connect(first), what);
  await service.aws.kms.enableKey({ KeyId });
}

/** Yields different message bodies: a number of them, or without end. */
function* bodiesOf(lab: Lab, count = Number.POSITIVE_INFINITY): Generator<string> {
  for (let i = 0; i < count; i++) yield lab.word('message');
}

async function sawAll(
  lab: Lab,
  name: string,
  confirmed: readonly string[],
  client: QueueClient,
  what: string,
): Promise<void> {
  const taken = await lab.step('take', `${name}: took all messages`, () => client.take(), name);
  client.close();
  const found = new Set(taken);
  const lost = confirmed.filter((body) => !found.has(body)).length;
  const isWhole = confirmed.length > 0 && lost === 0;
  lab.saw(`${name}: ${what}`, isWhole, `${lost} of ${confirmed.length} are lost`);
}
