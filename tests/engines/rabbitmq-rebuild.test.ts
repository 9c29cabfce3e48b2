import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CreateBrokerCommand, RebootBrokerCommand } from '@aws-sdk/client-mq';
import { systemClock } from '../../src/base/clock.ts';
import { HttpsClient } from '../../src/net/http/https-client.ts';
import { snippetsFor } from '../documents/snippets.ts';
import { createKey, describeBroker, password, underKey } from '../support/broker-requests.ts';
import {
  clusterFolder,
  clusterMs,
  clusterRequest,
  clustersMissing,
  describedAs,
  engineVariables,
  nodePids,
  processesOf,
  removeClusters,
} from '../support/cluster-machine.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { eventsNamed } from '../support/trail-events.ts';
import { Waxwing } from '../support/waxwing.ts';

// Volumes of a real cluster that are put back as older copies, or are lost, and are created again. The
// tests share one cluster and depend on each other.

const missing = (await clustersMissing()) ?? false;
const skip = missing || (isLong ? false : 'part of the long tests');
const queue = 'rebuilt-queue';
const state = 'CRITICAL_ACTION_REQUIRED';

let waxwing: Waxwing;
let brokerId = '';
let folder = '';
/** The ids of the volumes, in the order of the nodes. */
let volumes: readonly string[] = [];
let published = 0;

before(async () => {
  if (skip) return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'], env: engineVariables });
  const request = {
    BrokerName: 'ledger',
    PubliclyAccessible: false,
    Users: [{ Username: 'admin', Password: password }],
    ...clusterRequest,
    ...underKey(await createKey(waxwing)),
  };
  const { BrokerId = '' } = await waxwing.mq.send(new CreateBrokerCommand(request));
  brokerId = BrokerId;
  await describedAs(waxwing, brokerId, 'RUNNING');
  folder = clusterFolder(waxwing, brokerId);
  const found = new Map<number, string>();
  for (const { environment } of processesOf(folder)) {
    const [, number = ''] = /NODENAME=rabbit(\d)@/.exec(environment.join('\n')) ?? [];
    const [id = ''] = /vol-[0-9a-f]{17}/.exec(environment.join('\n')) ?? [];
    if (number !== '') found.set(Number(number), id);
  }
  volumes = [1, 2, 3].map((number) => found.get(number) ?? '');
});
after(() => (skip ? undefined : removeClusters(waxwing)));

/** Publishes messages to the quorum queue, each confirmed. */
async function publish(count: number): Promise<void> {
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  const channel = await client.model.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  for (let i = 0; i < count; i++) {
    channel.sendToQueue(queue, Buffer.from(`message ${published++}`), { persistent: true });
  }
  await channel.waitForConfirms();
  await client.close();
}

/** Proves that the queue has every message, and gives them all back. */
async function hasAll(): Promise<void> {
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  const channel = await client.model.createChannel();
  const bodies: string[] = [];
  for (;;) {
    const message = await channel.get(queue);
    if (message === false) break;
    bodies.push(message.content.toString());
  }
  await client.close();
  const wanted = Array.from({ length: published }, (_, i) => `message ${i}`);
  assert.deepEqual(bodies.toSorted(), wanted.toSorted());
}

/** The nodes with a copy of the queue that run. */
async function members(): Promise<readonly string[]> {
  const { BrokerInstances: [instance] = [] } = await describeBroker(waxwing, brokerId);
  const url = new URL(`/api/queues/%2F/${queue}`, instance?.ConsoleURL);
  const Authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
  const api = new HttpsClient({ authorities: waxwing.ca, clock: systemClock });
  const { body } = await api.send(url, {
    method: 'GET',
    headers: { Authorization },
    body: undefined,
  });
  const { online = [] } = JSON.parse(body.toString('utf8')) as { online?: string[] };
  return online;
}

/** The command as the guide shows it, for the volume of another cluster. */
const [shown = ''] = snippetsFor(
  'tests/engines/rabbitmq-rebuild.test.ts',
  'docs/guides/clusters.md',
  1,
);
const rebuild = (volume: string) => {
  const [, ...words] = shown.replace(/vol-[0-9a-f]{17}/, volume).split(' ');
  return waxwing.folder.run([...words, '--data', waxwing.folder.data]);
};

/** Rebuilds the volume of a node, and proves that the cluster is whole. */
async function rebuilt(number: number): Promise<void> {
  const { code, stderr } = await rebuild(volumes[number - 1] ?? '');
  assert.equal(code, 0, stderr);
  const found = await describedAs(waxwing, brokerId, 'RUNNING').catch((error: unknown) => {
    throw new Error(waxwing.output.slice(-6000), { cause: error });
  });
  assert.deepEqual(found.ActionsRequired, []);
  assert.equal(nodePids(folder).size, 3);
  await until('three members', async () => (await members()).length === 3, clusterMs);
  await hasAll();
}

test('a volume of a running cluster is not created again', { skip }, async () => {
  await publish(100);
  const { code, stderr } = await rebuild(volumes[1] ?? '');
  assert.notEqual(code, 0);
  assert.match(stderr, /is RUNNING; a volume is created again only if/);
});

test('an older copy of the volume of a node is refused, and nothing of the cluster runs', {
  skip,
}, async () => {
  const copy = join(waxwing.folder.root, 'copy');
  const volume = join(folder, volumes[1] ?? '');
  await waxwing.stop();
  execFileSync('cp', ['-a', volume, copy]);
  await waxwing.restart();
  await describedAs(waxwing, brokerId, 'RUNNING');
  await publish(50);
  await waxwing.stop();
  rmSync(volume, { recursive: true });
  execFileSync('mv', [copy, volume]);
  await waxwing.restart();
  const { ActionsRequired: [action] = [] } = await describedAs(waxwing, brokerId, state);
  assert.equal(action?.ActionRequiredCode, 'BROKER_VOLUME_ROLLED_BACK');
  const info = action?.ActionRequiredInfo ?? '';
  assert.match(info, new RegExp(`node 2, volume ${volumes[1]}: .*number 1; expected 2 to 2`));
  assert.deepEqual(processesOf(folder), []);
  // A reboot does not help.
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: brokerId }));
  await describedAs(waxwing, brokerId, state);
  assert.deepEqual(processesOf(folder), []);
});

test('what cannot be created again is refused with what was found', { skip }, async () => {
  for (const [volume, text] of [
    ['vol-0', /has no volume \[vol-0\]; its volumes are vol-/],
    ['../vol-1', /has no volume/],
    ['x'.repeat(65), /64/],
  ] as const) {
    const { code, stderr } = await rebuild(volume);
    assert.notEqual(code, 0);
    assert.match(stderr, text);
  }
});

test('a node with a new volume joins again and gets all messages', { skip }, async () => {
  await rebuilt(2);
  const [event] = await eventsNamed(waxwing, 'RebuildVolume');
  assert.match(JSON.stringify(event), new RegExp(`"volumeId":"${volumes[1]}"`));
});

test('the first node, whose volume is lost, joins the others again', { skip }, async () => {
  await publish(50);
  await waxwing.stop();
  rmSync(join(folder, volumes[0] ?? ''), { recursive: true });
  await waxwing.restart();
  await describedAs(waxwing, brokerId, state);
  await rebuilt(1);
  await waxwing.stop();
  await waxwing.restart();
  await describedAs(waxwing, brokerId, 'RUNNING');
  await hasAll();
});
