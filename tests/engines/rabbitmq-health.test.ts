import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateBrokerCommand } from '@aws-sdk/client-mq';
import { systemClock } from '../../src/base/clock.ts';
import { serviceUser } from '../../src/engines/rabbitmq/nodes/definitions.ts';
import { HttpsClient } from '../../src/net/http/https-client.ts';
import { healthVhost } from '../../src/transfer/health-vhost.ts';
import { describeBroker, password } from '../support/broker-requests.ts';
import {
  clusterFolder,
  clusterMs,
  clusterRequest,
  clustersMissing,
  describedAs,
  engineVariables,
  nodePids,
  removeClusters,
} from '../support/cluster-machine.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { serviceMetrics } from '../support/service-metric.ts';
import { Waxwing } from '../support/waxwing.ts';

// The check of a real cluster by messages that its nodes confirm. The tests share one cluster.

const skip = (await clustersMissing()) ?? (isLong ? false : 'part of the long tests');

let waxwing: Waxwing;
let brokerId = '';
let consoleUrl = '';
let pids: ReadonlyMap<number, number>;
before(async () => {
  if (skip) return;
  const args = ['--no-default-broker'];
  waxwing = await Waxwing.start({ args, env: engineVariables });
  const request = {
    BrokerName: 'ledger',
    PubliclyAccessible: false,
    Users: [{ Username: 'admin', Password: password }],
    ...clusterRequest,
  };
  const { BrokerId = '' } = await waxwing.mq.send(new CreateBrokerCommand(request));
  brokerId = BrokerId;
  await waxwing.brokerIs(brokerId, 'RUNNING', clusterMs);
  const { BrokerInstances: [instance] = [] } = await describeBroker(waxwing, brokerId);
  consoleUrl = instance?.ConsoleURL ?? '';
  pids = nodePids(clusterFolder(waxwing, brokerId));
});
after(() => (skip ? undefined : removeClusters(waxwing)));

/** Calls the management API as an administrator. */
async function call(method: 'GET' | 'PUT' | 'DELETE', path: string, value?: unknown) {
  const admin = Buffer.from(`admin:${password}`).toString('base64');
  const headers = { Authorization: `Basic ${admin}`, 'Content-Type': 'application/json' };
  const api = new HttpsClient({ authorities: waxwing.ca, clock: systemClock });
  const body = value === undefined ? undefined : JSON.stringify(value);
  const answer = await api.send(new URL(`/api${path}`, consoleUrl), { method, headers, body });
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status}`);
  return answer.body.length === 0 ? undefined : JSON.parse(answer.body.toString('utf8'));
}

/** The nodes that confirm messages, by the metric. */
async function confirming(): Promise<number> {
  const text = await serviceMetrics(waxwing);
  const found = [...text.matchAll(/^waxwing_node_confirms\{[^}]*\} (\d)$/gm)];
  return found.filter(([, value]) => value === '1').length;
}
const allConfirm = () =>
  until('all nodes confirm', async () => (await confirming()) === 3, clusterMs);

type Row = Readonly<Record<string, unknown>>;
const everything = { configure: '.*', write: '.*', read: '.*' };
const queuePath = `/queues/${healthVhost}/health`;
const connections = async (): Promise<Row[]> =>
  ((await call('GET', '/connections')) as Row[]).filter(({ vhost }) => vhost === healthVhost);

test('each node of a running cluster has confirmed a message over TLS', { skip }, async () => {
  await allConfirm();
  const queue = (await call('GET', queuePath)) as Row;
  assert.equal(queue['type'], 'quorum');
  assert.equal((queue['members'] as string[]).length, 3);
  assert.deepEqual(queue['arguments'], {
    'x-max-length': 1,
    'x-message-ttl': 5000,
    'x-queue-type': 'quorum',
  });
  await until('connections', async () => (await connections()).length === 3, clusterMs);
  const found = await connections();
  assert.equal(new Set(found.map(({ node }) => node)).size, 3);
  for (const { ssl, user, peer_host: host } of found) {
    assert.deepEqual([ssl, user, host], [true, serviceUser, '127.0.0.1']);
  }
  const rights = (await call('GET', `/vhosts/${healthVhost}/permissions`)) as Row[];
  assert.deepEqual(
    rights.map(({ user }) => user),
    [serviceUser],
  );
});

test('what an administrator deletes is created again', { skip }, async () => {
  await call('DELETE', `/vhosts/${healthVhost}`);
  const isThere = () =>
    call('GET', queuePath).then(
      () => true,
      () => false,
    );
  await until('the virtual host is there', isThere, clusterMs);
  await allConfirm();
  const { BrokerState } = await describeBroker(waxwing, brokerId);
  assert.equal(BrokerState, 'RUNNING');
});

test('a cluster that confirms nothing is shown as such, and its nodes go on', {
  skip,
}, async () => {
  // Another queue with this name, which confirms too: the check needs a quorum queue. Clients are not affected.
  await call('PUT', `/permissions/${healthVhost}/admin`, everything);
  await call('DELETE', queuePath);
  await call('PUT', queuePath, { durable: true, arguments: { 'x-queue-type': 'classic' } });
  const found = await describedAs(waxwing, brokerId, 'CRITICAL_ACTION_REQUIRED');
  assert.equal(found.ActionsRequired?.[0]?.ActionRequiredCode, 'BROKER_NO_CONFIRMS');
  assert.equal(await confirming(), 0);
  await (await waxwing.connect(await waxwing.brokerUrl(brokerId))).close();
  await call('DELETE', queuePath);
  await describedAs(waxwing, brokerId, 'RUNNING');
  await allConfirm();
  assert.deepEqual(nodePids(clusterFolder(waxwing, brokerId)), pids);
});

test('one node whose process stands still is no alarm of the cluster', { skip }, async () => {
  await allConfirm();
  const [, pid] = [...nodePids(clusterFolder(waxwing, brokerId))][1] ?? [];
  assert.ok(pid);
  process.kill(pid, 'SIGSTOP');
  const seen: (string | undefined)[] = [];
  try {
    for (const endMs = Date.now() + 90_000; Date.now() < endMs; await delay(1000)) {
      const { BrokerState, ActionsRequired } = await describeBroker(waxwing, brokerId);
      seen.push(ActionsRequired?.[0]?.ActionRequiredCode ?? BrokerState);
    }
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  assert.deepEqual([...new Set(seen)], ['RUNNING']);
  await allConfirm();
});
