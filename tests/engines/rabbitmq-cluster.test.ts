import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  CreateBrokerCommand,
  DeleteBrokerCommand,
  DescribeBrokerInstanceOptionsCommand,
  RebootBrokerCommand,
  UpdateBrokerCommand,
} from '@aws-sdk/client-mq';
import type { GetMessage } from 'amqplib';
import { systemClock } from '../../src/base/clock.ts';
import { readable } from '../../src/cli/drill/plain-text.ts';
import { findRabbitMqServer } from '../../src/engines/installed/rabbitmq.ts';
import { serviceUser } from '../../src/engines/rabbitmq/nodes/definitions.ts';
import { HttpsClient } from '../../src/net/http/https-client.ts';
import { brokerLines } from '../support/broker-lines.ts';
import { createKey, describeBroker, password, underKey } from '../support/broker-requests.ts';
import {
  clusterFolder,
  clusterMs,
  clusterRequest,
  clustersMissing,
  engineVariables,
  isComplete,
  nodePids,
  processesOf,
  removeClusters,
  volumesOf,
} from '../support/cluster-machine.ts';
import {
  clusterGrantOperations,
  grantEvent,
  serviceGrant,
  serviceGrantEvent,
  stableGrantEvent,
  volumeGrant,
  volumeGrantEvent,
} from '../support/grant-parameters.ts';
import { disableKey, enableKey, grantsOn } from '../support/keys.ts';
import { leftIn } from '../support/mountpoints.ts';
import { isRunning, until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { hiddenTexts, placesOf, placesUnder } from '../support/readable.ts';
import { eventsNamed } from '../support/trail-events.ts';
import { Waxwing } from '../support/waxwing.ts';

// A real cluster of RabbitMQ, run by the service as processes on encrypted volumes. The tests share
// one cluster and depend on each other.

const skip = (await clustersMissing()) ?? false;
/** What is tried only with the large numbers, because nodes start several times. */
const skipShort = skip || (isLong ? false : 'part of the long tests');
const accountId = '111122223333';
const region = 'us-west-2';
const queue = 'canary-queue-7f3a';
const bodies = Array.from({ length: 40 }, (_, i) => `canary body 51c9, number ${i}`);
let taken = 0;

let waxwing: Waxwing;
let keyArn = '';
let brokerId = '';
let folder = '';
before(async () => {
  if (skip) return;
  const args = ['--no-default-broker', '--account-id', accountId, '--region', region];
  waxwing = await Waxwing.start({ args, env: engineVariables });
  keyArn = await createKey(waxwing);
});
after(() => (skip ? undefined : removeClusters(waxwing)));

/** Takes some messages through the endpoint of the cluster, and proves that they are the next ones. */
async function takesNext(count: number): Promise<void> {
  const wanted = bodies.slice(taken, taken + count);
  const take = async () => {
    const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
    try {
      const channel = await client.model.createChannel();
      const found: GetMessage[] = [];
      while (found.length < count) {
        const message = await channel.get(queue);
        if (message === false) break;
        found.push(message);
      }
      assert.deepEqual(
        found.map(({ content }) => content.toString()),
        wanted,
      );
      channel.ackAll();
      await channel.close();
    } finally {
      // What it has not acknowledged is there for the next attempt.
      await client.close().catch(() => {});
    }
    return true;
  };
  // While the leader of the queue is gone, RabbitMQ ends the connections that ask for messages.
  await until(`messages ${wanted}`, () => take().catch(() => false), clusterMs);
  taken += count;
}

const complete = () => until('the cluster is complete', () => isComplete(waxwing, 3), clusterMs);

test('a cluster runs when each of its three nodes sees all of them', { skip }, async () => {
  const request = {
    BrokerName: 'ledger',
    PubliclyAccessible: false,
    Users: [{ Username: 'admin', Password: password }],
    Logs: { General: true },
    ...clusterRequest,
    ...underKey(keyArn),
  };
  const { BrokerId = '' } = await waxwing.mq.send(new CreateBrokerCommand(request));
  brokerId = BrokerId;
  const found = await waxwing.brokerIs(brokerId, 'RUNNING', clusterMs);
  folder = clusterFolder(waxwing, brokerId);
  assert.equal(found.DeploymentMode, 'CLUSTER_MULTI_AZ');
  assert.equal(found.BrokerInstances?.[0]?.Endpoints?.length, 1);
  assert.equal(found.BrokerInstances?.length, 1);
  assert.equal(nodePids(folder).size, 3);
  await complete();
});

test('the versions of clusters are those of the RabbitMQ of this machine', { skip }, async () => {
  const asked = new DescribeBrokerInstanceOptionsCommand({
    EngineType: 'RABBITMQ',
    MaxResults: 100,
  });
  const { BrokerInstanceOptions = [] } = await waxwing.mq.send(asked);
  const rows = BrokerInstanceOptions.filter(({ SupportedDeploymentModes = [] }) =>
    SupportedDeploymentModes.includes('CLUSTER_MULTI_AZ'),
  );
  const { EngineVersion } = await describeBroker(waxwing, brokerId);
  assert.ok(rows.length > 0);
  for (const { SupportedEngineVersions, AvailabilityZones } of rows) {
    assert.deepEqual(SupportedEngineVersions, [EngineVersion]);
    assert.equal(AvailabilityZones?.length, 3);
  }
});

test('the key of a cluster has the five grants of the guide, and the trail their events', {
  skip,
}, async () => {
  const events = await eventsNamed(waxwing, 'CreateGrant');
  assert.equal(events.length, 5);
  const common = grantEvent(keyArn, accountId, region);
  const accessKeyId = waxwing.environment['AWS_ACCESS_KEY_ID'];
  for (const [at, operations] of clusterGrantOperations.entries()) {
    const { userAgent = '', ...event } = stableGrantEvent(events[at], keyArn);
    assert.match(userAgent, /^aws-sdk-js\//);
    assert.deepEqual(event, {
      ...common,
      ...serviceGrantEvent(accountId, accessKeyId),
      requestParameters: { ...serviceGrant(keyArn), operations },
    });
  }
  const ids = volumesOf(waxwing, brokerId).map(({ place }) => place.id);
  const granted = events.slice(2).map((each) => {
    const { sharedEventID, ...event } = stableGrantEvent(each, keyArn);
    assert.ok(sharedEventID);
    const [id = ''] = /vol-[0-9a-f]{17}/.exec(JSON.stringify(event.requestParameters)) ?? [];
    assert.deepEqual(event, {
      ...common,
      ...volumeGrantEvent,
      requestParameters: volumeGrant(keyArn, id, region),
    });
    return id;
  });
  assert.deepEqual(granted.toSorted(), ids.toSorted());
  const names = (await grantsOn(waxwing.kms, keyArn)).map(({ Name }) => Name);
  assert.ok(names.includes('mq_grant') && names.includes('mq_rabbit_grant'));
});

test('clients publish to a quorum queue and consume from it', { skip }, async () => {
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  const channel = await client.model.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body), { persistent: true });
  await channel.waitForConfirms();
  await channel.close();
  await client.close();
  await takesNext(5);
});

/** The ports on which the processes of the cluster listen, with their addresses. */
function listeningPorts(): string[] {
  const pids = new Set(processesOf(folder).map(({ pid }) => pid));
  const lines = execFileSync('ss', ['-Hltnp'], { encoding: 'utf8' }).split('\n');
  return lines
    .filter((line) => pids.has(Number(/pid=(\d+)/.exec(line)?.[1])))
    .map((line) => line.split(/\s+/)[3] ?? '');
}

/** What a port answers to plain text; empty if it closes the connection. */
function plainAnswer(port: number, text: string): Promise<Buffer> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    socket.setTimeout(15_000, () => socket.destroy());
    socket.on('data', (part) => parts.push(part));
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(parts)));
  });
}

test('nodes listen on the loopback address only, and none answers without TLS', {
  skip,
}, async () => {
  const epmd = processesOf(folder).find(({ pid }) =>
    readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('epmd'),
  );
  assert.ok(epmd);
  const lines = listeningPorts();
  const epmdPort = /-port\0(\d+)/.exec(readFileSync(`/proc/${epmd.pid}/cmdline`, 'latin1'))?.[1];
  const [url = ''] =
    (await describeBroker(waxwing, brokerId)).BrokerInstances?.[0]?.Endpoints ?? [];
  const ports = new Set(
    lines.map((line) => {
      assert.match(line, /^(127\.0\.0\.1|\[::1\]):\d+$/);
      return Number(line.split(':').at(-1));
    }),
  );
  // For clients, management and the other nodes; and one that tells nodes the ports of others.
  assert.equal(ports.size, 3 * 3 + 1);
  const all = [...ports, Number(new URL(url).port)].filter((port) => port !== Number(epmdPort));
  const texts = ['AMQP\0\0\x09\x01', 'GET /api/overview HTTP/1.0\r\n\r\n'];
  const answers = all.flatMap((port) =>
    texts.map(async (text) => [port, await plainAnswer(port, text)] as const),
  );
  for (const [port, answer] of await Promise.all(answers)) {
    const isAlert = answer.length === 0 || answer[0] === 0x15;
    // The endpoint tells clients without TLS that it needs it, and forwards nothing.
    const isAdvice = answer.includes('over TLS only');
    assert.ok(isAlert || isAdvice, `${port}: ${answer.toString('latin1')}`);
  }
});

test('nothing of the cluster is readable on the disk or in the processes', { skip }, async () => {
  const hidden = hiddenTexts(queue, 'canary body 51c9', password, 'PRIVATE KEY-----');
  const places = placesUnder(waxwing.folder.data);
  assert.ok(places.some(({ name }) => name.includes('/cipher/')));
  assert.deepEqual(readable(hidden, places), []);
  const ofProcesses = processesOf(folder).flatMap(({ pid }) => placesOf(pid));
  assert.deepEqual(readable(hidden, ofProcesses), []);
  for (const pid of nodePids(folder).values()) {
    assert.doesNotMatch(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Uid:\t0\t/m);
  }
});

test("the broker's logs have the lines of all nodes", { skip }, async () => {
  const awaitLine = (category: string, text: string) =>
    until(`${text} in ${category}`, async () => {
      return (await brokerLines(waxwing, brokerId, category, `"${text}"`)).length > 0;
    });
  for (const number of [1, 2, 3]) {
    await awaitLine('general', `rabbit${number}: Server startup complete`);
  }
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  const channel = await client.model.createChannel();
  channel.on('error', () => {});
  await assert.rejects(channel.checkQueue('none'), /404/);
  await client.close();
  await awaitLine('connection', "user 'admin' authenticated and granted access to vhost '/'");
  await awaitLine('channel', "no queue 'none' in vhost '/'");
});

test('the user of the service is restored when an administrator deletes or changes it', {
  skip,
}, async () => {
  const { BrokerInstances: [instance] = [] } = await describeBroker(waxwing, brokerId);
  const user = new URL(`/api/users/${serviceUser}`, instance?.ConsoleURL);
  const admin = Buffer.from(`admin:${password}`).toString('base64');
  const headers = { Authorization: `Basic ${admin}`, 'Content-Type': 'application/json' };
  const api = new HttpsClient({ authorities: waxwing.ca, clock: systemClock });
  const tags = async () => {
    const { status, body } = await api.send(user, { method: 'GET', headers, body: undefined });
    return status === 200 ? String(JSON.parse(body.toString('utf8'))['tags']) : undefined;
  };
  const pids = nodePids(folder);
  const changed = JSON.stringify({ password: 'another one of this length', tags: '' });
  for (const [method, body] of [
    ['DELETE', undefined],
    ['PUT', changed],
  ] as const) {
    assert.equal((await api.send(user, { method, headers, body })).status, 204);
    // Clients connect in the meantime too.
    await (await waxwing.connect(await waxwing.brokerUrl(brokerId))).close();
    const isRestored = async () => (await tags()) === 'monitoring';
    await until('the user is restored', isRestored, clusterMs).catch(async (error: Error) => {
      const lines = await brokerLines(waxwing, brokerId, 'general', `"${serviceUser}"`);
      throw new Error(`${error.message}: ${lines.slice(-10).join('\n')}`);
    });
    await complete();
  }
  const why = () => brokerLines(waxwing, brokerId, 'general', '?ended ?separated ?listened ?probe');
  assert.deepEqual(nodePids(folder), pids, `a node ended: ${(await why()).join('\n')}`);
});

test('what cannot be done with a cluster is refused with the reason', { skip }, async () => {
  const run = (...args: string[]) => waxwing.folder.run([...args, '--data', waxwing.folder.data]);
  const refusals = [
    await run('backup', 'ledger', `${waxwing.folder.root}/ledger.backup`),
    await run('backup', '--all', `${waxwing.folder.root}/all.backup`),
    await run('discover', 'ledger'),
    await run('volume', 'rekey', 'ledger'),
  ];
  for (const { code, stderr } of refusals) {
    assert.notEqual(code, 0);
    assert.match(stderr, /cluster/);
  }
});

test('the key of a running cluster is changed without a restart', { skip: skipShort }, async () => {
  const pids = [...nodePids(folder).values()].toSorted();
  const formerArn = keyArn;
  keyArn = await createKey(waxwing);
  const args = [
    'volume',
    'rewrap',
    'ledger',
    '--kms-key-id',
    keyArn,
    '--data',
    waxwing.folder.data,
  ];
  const { code, stderr } = await waxwing.folder.run(args);
  assert.equal(code, 0, stderr);
  const retired = async () => (await grantsOn(waxwing.kms, formerArn)).length === 0;
  await until('the grants on the former key are retired', retired, clusterMs);
  assert.equal((await grantsOn(waxwing.kms, keyArn)).length, 5);
  await disableKey(waxwing.kms, formerArn);
  assert.deepEqual([...nodePids(folder).values()].toSorted(), pids);
  await takesNext(2);
});

test('a killed node is started again and rejoins', { skip: skipShort }, async () => {
  await complete();
  const pid = nodePids(folder).get(2);
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGKILL');
  await takesNext(5);
  await until('it has ended', () => !isRunning(pid));
  await complete();
  assert.notEqual(nodePids(folder).get(2), pid);
});

test('a node whose volume is lost is ended, and runs again with its key', {
  skip: skipShort,
}, async () => {
  const pid = nodePids(folder).get(3);
  assert.ok(pid !== undefined);
  const [root = ''] = /\/run\/waxwing\/mounts\/vol-\w+|\/\S+\/mounts\/vol-\w+/.exec(
    readFileSync(`/proc/${pid}/environ`, 'latin1'),
  ) ?? [''];
  const id = root.split('/').at(-1) ?? '';
  assert.match(id, /^vol-/);
  const serving = execFileSync('pgrep', ['-f', `gocryptfs .*${id}$`], { encoding: 'utf8' });
  for (const each of serving.trim().split('\n')) process.kill(Number(each), 'SIGKILL');
  await until('the node has ended', () => !isRunning(pid), clusterMs);
  await takesNext(5);
  await complete();
  assert.notEqual(nodePids(folder).get(3), pid);
});

test('a reboot restarts one node after the other, so that two always run', {
  skip: skipShort,
}, async () => {
  const before = nodePids(folder);
  await waxwing.mq.send(new UpdateBrokerCommand({ BrokerId: brokerId, Logs: { General: false } }));
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: brokerId }));
  let least = 3;
  await until(
    'it runs again',
    async () => {
      least = Math.min(least, nodePids(folder).size);
      return (await describeBroker(waxwing, brokerId)).BrokerState === 'RUNNING';
    },
    clusterMs,
  );
  assert.ok(least >= 2, `only ${least} nodes ran`);
  const now = nodePids(folder);
  for (const number of [1, 2, 3]) assert.notEqual(now.get(number), before.get(number));
  assert.equal((await describeBroker(waxwing, brokerId)).Logs?.General, false);
  await takesNext(5);
});

test('a node whose process runs without RabbitMQ in it is started again', {
  skip: skipShort,
}, async () => {
  await complete();
  const pid = nodePids(folder).get(2) ?? 0;
  const lines = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  const env = Object.fromEntries(
    lines.map((line) => [line.split('=')[0], line.replace(/^\w*=/, '')]),
  );
  const [, uid = '', gid = ''] =
    /^Uid:\s+(\d+)[\s\S]*^Gid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  const { home } = await findRabbitMqServer(undefined, process.env);
  const options = {
    env: { ...env, RABBITMQ_CTL_ERL_ARGS: env['RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS'] ?? '' },
    cwd: '/',
    uid: Number(uid),
    gid: Number(gid),
  };
  // On a machine under load, the command cannot connect to the node in time.
  const stop = () =>
    spawnSync(join(home, 'sbin', 'rabbitmqctl'), ['stop_app'], options).status === 0;
  await until('its application is stopped', stop, clusterMs);
  await until('it is started again', () => nodePids(folder).get(2) !== pid, clusterMs);
  await complete();
});

/** Proves that nothing of the cluster runs and no volume can be read. */
async function isLocked(): Promise<void> {
  await until('no process is left', () => processesOf(folder).length === 0, clusterMs);
  for (const volume of volumesOf(waxwing, brokerId)) {
    await until('it is locked', async () => (await volume.state()) === 'locked', clusterMs);
    assert.deepEqual(leftIn(volume.place.mountpoint), []);
  }
}

test('a disabled key ends all nodes and locks their volumes, and its return starts them', {
  skip,
}, async () => {
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  await disableKey(waxwing.kms, keyArn);
  const state = 'CRITICAL_ACTION_REQUIRED';
  const { ActionsRequired } = await waxwing.brokerIs(brokerId, state, clusterMs);
  assert.equal(ActionsRequired?.[0]?.ActionRequiredCode, 'RABBITMQ_INVALID_KMS_KEY');
  await client.ended;
  await isLocked();
  await enableKey(waxwing.kms, keyArn);
  await until('all nodes are started', () => nodePids(folder).size === 3, clusterMs);
  // A short run kills the service now: each start of three nodes takes ten seconds of processor time.
  if (!isLong) return;
  await waxwing.brokerIs(brokerId, 'RUNNING', clusterMs);
  await takesNext(5);
});

test('a service that stops ends its nodes, and starts them again', {
  skip: skipShort,
}, async () => {
  assert.equal(await waxwing.stop(), 0);
  await isLocked();
  await waxwing.restart();
  await waxwing.brokerIs(brokerId, 'RUNNING', clusterMs);
  await takesNext(5);
});

test('a service that is stopped while a cluster starts leaves no process', {
  skip: skipShort,
}, async () => {
  await waxwing.stop();
  await waxwing.restart();
  await until('a node has started', () => nodePids(folder).size > 0, clusterMs);
  assert.equal(await waxwing.stop(), 0);
  await isLocked();
  await waxwing.restart();
  await waxwing.brokerIs(brokerId, 'RUNNING', clusterMs);
  await takesNext(2);
});

test('a service ends the nodes of a killed one before it starts them again', { skip }, async () => {
  const left = [...nodePids(folder).values()];
  await waxwing.kill();
  await waxwing.restart();
  assert.ok(left.every((pid) => !isRunning(pid)));
  await waxwing.brokerIs(brokerId, 'RUNNING', clusterMs);
  await takesNext(5);
});

test('a deleted cluster leaves no process, no file and no grant', { skip }, async () => {
  const mountpoints = volumesOf(waxwing, brokerId).map(({ place }) => place.mountpoint);
  await waxwing.mq.send(new DeleteBrokerCommand({ BrokerId: brokerId }));
  await until('its folder is gone', () => !existsSync(folder), clusterMs);
  assert.deepEqual(processesOf(folder), []);
  for (const mountpoint of mountpoints) assert.ok(!existsSync(mountpoint));
  await until(
    'its grants are retired',
    async () => (await grantsOn(waxwing.kms, keyArn)).length === 0,
  );
});
