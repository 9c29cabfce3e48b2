import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ListBrokersCommand, RebootBrokerCommand } from '@aws-sdk/client-mq';
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { systemClock } from '../../src/base/clock.ts';
import type { JsonObject } from '../../src/broker/rabbitmq/model.ts';
import { ManagementClient } from '../../src/transfer/moving/management-client.ts';
import { rowsOf } from '../../src/transfer/scaling/mover.ts';
import { describeBroker, password } from '../support/broker-requests.ts';
import { clusterMs, clustersMissing, removeClusters } from '../support/cluster-machine.ts';
import { installed } from '../support/debian-packages.ts';
import { MovingPublisher, pikaIsTold } from '../support/moving-publisher.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';
import { main } from '../support/waxwing-folder.ts';

// `waxwing scale`: a single broker of our own engine becomes a cluster of the installed RabbitMQ and
// comes back, under publishers of pika, with kills of the command. The tests depend on each other.

const missing = (await clustersMissing()) ?? (await installed('python3-pika'));
const skip = missing ?? (isLong ? false : 'part of the long tests');
const restedCount = 10_000;
const bobsPassword = 'correct-horse-bob';
const rested = Array.from({ length: restedCount }, (_, i) => `rested ${i}`);

let waxwing: Waxwing;
let sourceId = '';
let sourceUrl = '';
let clusterUrl = '';
let singleUrl = '';
let publishers: readonly MovingPublisher[] = [];

before(async () => {
  if (skip) return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  const { root } = waxwing.folder;
  writeFileSync(join(root, 'password'), `${password}\n`);
  writeFileSync(join(root, 'passwords'), JSON.stringify({ bob: bobsPassword }));
  sourceId = await waxwing.createBroker({
    BrokerName: 'shop',
    HostInstanceType: 'mq.m7g.large',
    EngineVersion: '4.3',
    Tags: { team: 'sales' },
  });
  sourceUrl = await waxwing.brokerUrl(sourceId);
});
after(async () => {
  if (skip) return;
  for (const publisher of publishers) publisher.kill();
  await removeClusters(waxwing);
});

interface Running {
  kill(): void;
  output(): string;
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

function scale(broker: string, ...more: string[]): Running {
  const { root, data } = waxwing.folder;
  const file = join(root, 'password');
  const args = ['scale', broker, '--user', 'admin', '--password-file', file, '--data', data];
  const child = spawn(process.execPath, [main, ...args, ...more], {
    env: waxwing.folder.environment({}),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, output }));
  });
  return { kill: () => child.kill('SIGKILL'), output: () => output, ended };
}

/** Kills the command once its output has a text. */
async function killedAt(running: Running, text: string, laterMs = 0): Promise<void> {
  const isSeen = () => running.output().includes(text);
  await Promise.race([until(text, isSeen, clusterMs), running.ended]);
  await new Promise((resolve) => setTimeout(resolve, laterMs));
  running.kill();
  const { code, output } = await running.ended;
  assert.equal(code, null, output);
}

/** A client of the management API of a broker. */
async function management(broker: string): Promise<ManagementClient> {
  const { BrokerInstances } = await describeBroker(waxwing, broker);
  const url = new URL(BrokerInstances?.[0]?.ConsoleURL ?? '');
  const access = { url, username: 'admin', password, authorities: [waxwing.ca] };
  return new ManagementClient(access, systemClock);
}

async function fill(channel: ConfirmChannel, queue: string, bodies: readonly string[]) {
  for (const [at, body] of bodies.entries()) {
    channel.sendToQueue(queue, Buffer.from(body), { persistent: true, messageId: String(at) });
  }
  await channel.waitForConfirms();
}

/**
 * Takes what a queue holds. A node that has lost its part of a quorum queue delivers nothing, so that
 * another connection is tried then.
 */
async function drained(url: string, queue: string): Promise<Set<string>> {
  const bodies = new Set<string>();
  const take = async () => {
    const client = await waxwing.connect(url);
    const channel = await client.model.createChannel();
    const wanted = bodies.size + (await channel.checkQueue(queue)).messageCount;
    await channel.prefetch(500);
    await channel.consume(queue, (message: ConsumeMessage | null) => {
      if (message === null) return;
      bodies.add(message.content.toString());
      channel.ack(message);
    });
    let before = -1;
    while (bodies.size < wanted && bodies.size > before) {
      before = bodies.size;
      await new Promise((resolve) => setTimeout(resolve, 10_000));
    }
    await channel.close();
    const isEmpty =
      (await (await client.model.createChannel()).checkQueue(queue)).messageCount === 0;
    await client.close();
    return isEmpty;
  };
  await until(`${queue} is empty`, take, clusterMs);
  return bodies;
}

/** Each of the wanted messages must be in the queue. */
async function assertAll(url: string, queue: string, wanted: readonly string[]) {
  const found = await drained(url, queue);
  const lost = wanted.filter((body) => !found.has(body));
  assert.deepEqual(lost, [], `lost of ${queue}`);
}

/** The id and URL of a broker by name. */
async function brokerNamed(name: string): Promise<{ readonly id: string; readonly url: string }> {
  const { BrokerSummaries = [] } = await waxwing.mq.send(new ListBrokersCommand({}));
  const found = BrokerSummaries.filter(({ BrokerName }) => BrokerName === name);
  assert.equal(found.length, 1, name);
  const id = found[0]?.BrokerId ?? '';
  return { id, url: await waxwing.brokerUrl(id) };
}

test('differences are listed, and nothing is changed before they are accepted', {
  skip,
}, async () => {
  const api = await management(sourceId);
  const put = async (path: string, body: JsonObject) => {
    const { status, value } = await api.send('PUT', path, body);
    assert.ok(status < 300, `${path}: ${JSON.stringify(value)}`);
  };
  await put('/vhosts/eu', {});
  await put('/users/bob', { password: bobsPassword, tags: '' });
  await put('/permissions/eu/bob', { configure: '.*', write: '.*', read: '.*' });
  await put('/permissions/eu/admin', { configure: '.*', write: '.*', read: '.*' });
  await put('/policies/%2F/long', { pattern: '^rested', definition: { 'max-length': 1_000_000 } });
  await put('/exchanges/%2F/events', { type: 'topic', durable: true });
  await put('/exchanges/%2F/later', {
    type: 'x-delayed-message',
    durable: true,
    arguments: { 'x-delayed-type': 'direct' },
  });
  await put('/queues/%2F/history', { durable: true, arguments: { 'x-queue-type': 'stream' } });
  await put('/queues/eu/orders', { durable: true });
  const quorum = { 'x-queue-type': 'quorum', 'x-delayed-retry-type': 'all' };
  await put('/queues/%2F/live', { durable: true, arguments: quorum });
  const client = await waxwing.connect(sourceUrl);
  const channel = await client.model.createConfirmChannel();
  await channel.assertQueue('rested', { durable: true });
  await channel.bindQueue('rested', 'events', 'a.#');
  await fill(channel, 'rested', rested);
  await client.close();

  const plan = await scale('shop', '--to', 'cluster', '--plan').ended;
  assert.equal(plan.code, 0, plan.output);
  const lines = plan.output.split('\n').filter((line) => line.startsWith('difference: '));
  const subjects = [
    'engine version 4.3 becomes 3.10',
    "user 'bob' has no password",
    "exchange 'later' in vhost '/' is left out",
    "queue 'live' in vhost '/' x-delayed-retry-type has no effect",
    "queue 'history' in vhost '/' 0 messages stay",
  ];
  assert.equal(lines.length, subjects.length, plan.output);
  for (const [at, subject] of subjects.entries()) {
    assert.ok(lines[at]?.startsWith(`difference: ${subject}`), lines[at]);
  }
  const refused = await scale('shop', '--to', 'cluster').ended;
  assert.equal(refused.code, 1);
  assert.match(refused.output, /5 differences, see above; nothing was changed/);
  const { BrokerSummaries = [] } = await waxwing.mq.send(new ListBrokersCommand({}));
  assert.equal(BrokerSummaries.length, 1);
  await (await waxwing.connect(sourceUrl)).close();
});

/** Everything that was confirmed is at the new endpoint, and every publisher has followed. */
async function publishersFollowed(url: string, seen: RegExp): Promise<void> {
  for (const publisher of publishers) await publisher.confirms(50, clusterMs);
  const results = await Promise.all(publishers.map((publisher) => publisher.end()));
  for (const { output } of results) assert.match(output, seen);
  const confirmed = results.flatMap((result, at) =>
    result.confirmed.map((body) => `${at} ${body}`),
  );
  const found = await drained(url, 'live');
  assert.deepEqual(
    confirmed.filter((body) => !found.has(body)),
    [],
  );
}

function publishersTo(url: string, round: string): MovingPublisher[] {
  const { root } = waxwing.folder;
  const caFile = waxwing.environment['WAXWING_CA_FILE'] ?? '';
  return [0, 1].map((at) => {
    const file = join(root, `confirmed-${round}-${at}`);
    return new MovingPublisher({ url, queue: 'live', name: String(at), file, caFile });
  });
}

test('a single broker becomes a cluster under load, with kills of the command', {
  skip,
}, async () => {
  publishers = publishersTo(sourceUrl, 'cluster');
  for (const publisher of publishers) await publisher.confirms(20);
  const args = ['shop', '--to', 'cluster', '--accept-differences', '--user-passwords-file'];
  const begin = () => scale(...(args as [string]), join(waxwing.folder.root, 'passwords'));
  await killedAt(begin(), 'is created', 3000);
  await killedAt(begin(), 'definitions are copied');
  await killedAt(begin(), 'clients of the old endpoint', 100);
  await killedAt(begin(), 'clients of the old endpoint', 2500);
  const last = begin();
  await until('it moves', () => /definitions|clients of/.test(last.output()), clusterMs);
  const second = await begin().ended;
  assert.equal(second.code, 1, second.output);
  assert.match(second.output, /another `waxwing scale` moves this broker; this one has changed/);
  const { code, output } = await last.ended;
  assert.equal(code, 0, output);
  const { id, url } = await brokerNamed('shop-cluster');
  clusterUrl = url;
  const { host } = new URL(url);
  assert.ok(output.includes(`clients connect to amqps://${host}`), output);
  await publishersFollowed(url, new RegExp(`connect to amqps://${host}`));
  await assertAll(url, 'rested', rested);

  const { Tags, HostInstanceType } = await describeBroker(waxwing, id);
  assert.deepEqual(Tags, { team: 'sales', 'waxwing:scaled-from': sourceId });
  assert.equal(HostInstanceType, 'mq.m7g.large');
  const api = await management(id);
  const names = async (path: string) =>
    rowsOf(await api.get(`${path}?columns=name`)).map(({ name }) => String(name));
  assert.ok((await names('/policies')).includes('long'));
  const moved = ['history', 'live', 'orders', 'rested'];
  assert.deepEqual((await names('/queues')).toSorted(), ['health', ...moved]);
  const exchanges = await names('/exchanges/%2F');
  assert.ok(exchanges.includes('events') && !exchanges.includes('later'));
  assert.ok(!(await names('/users')).includes('waxwing-move'));
  const bob = new URL(url);
  bob.username = 'bob';
  bob.password = bobsPassword;
  bob.pathname = '/eu';
  await (await waxwing.connect(bob.href)).close();
});

test('the old broker refuses every client with the new endpoint, even after a restart', {
  skip,
}, async () => {
  const { host } = new URL(clusterUrl);
  const told = new RegExp(
    `ConnectionClosedByBroker: \\(530\\) .*has moved: connect to amqps://${host}`,
  );
  const caFile = waxwing.environment['WAXWING_CA_FILE'] ?? '';
  assert.match(pikaIsTold(sourceUrl, caFile), told);
  const api = await management(sourceId);
  const body = {
    routing_key: 'rested',
    payload: 'late',
    payload_encoding: 'string',
    properties: {},
  };
  const answer = await api.send('POST', '/exchanges/%2F/amq.default/publish', body);
  assert.equal(answer.status, 400, JSON.stringify(answer.value));
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: sourceId }));
  await waxwing.brokerIs(sourceId, 'RUNNING', clusterMs);
  assert.match(pikaIsTold(sourceUrl, caFile), told);
  const again = await scale('shop', '--to', 'cluster').ended;
  assert.equal(again.code, 0, again.output);
  assert.match(again.output, /^0 messages moved/m);
  const reopened = await scale('shop', '--to', 'cluster', '--reopen').ended;
  assert.equal(reopened.code, 0, reopened.output);
  await (await waxwing.connect(sourceUrl)).close();
});

test('the cluster becomes a single broker under load, with kills of the command', {
  skip,
}, async () => {
  const client = await waxwing.connect(clusterUrl);
  const channel = await client.model.createConfirmChannel();
  await fill(channel, 'rested', rested);
  await client.close();
  publishers = publishersTo(clusterUrl, 'single');
  for (const publisher of publishers) await publisher.confirms(20, clusterMs);
  const args = ['shop-cluster', '--to', 'single', '--name', 'back', '--accept-differences'];
  const begin = () => scale(...(args as [string]));
  await killedAt(begin(), 'definitions are copied');
  await killedAt(begin(), 'clients of the old endpoint', 500);
  await killedAt(begin(), 'clients of the old endpoint', 9000);
  const { code, output } = await begin().ended;
  assert.equal(code, 0, output);
  singleUrl = (await brokerNamed('back')).url;
  const { host } = new URL(singleUrl);
  await publishersFollowed(singleUrl, new RegExp(`connect to amqps://${host}`));
  await assertAll(singleUrl, 'rested', rested);
  const caFile = waxwing.environment['WAXWING_CA_FILE'] ?? '';
  assert.match(pikaIsTold(clusterUrl, caFile), /530.*user connection limit \(0\) is reached/);
  const bob = new URL(singleUrl);
  bob.username = 'bob';
  bob.password = bobsPassword;
  bob.pathname = '/eu';
  await (await waxwing.connect(bob.href)).close();
  const reopened = await scale('shop-cluster', '--to', 'single', '--reopen').ended;
  assert.equal(reopened.code, 0, reopened.output);
  await until('the cluster accepts clients', async () => {
    return waxwing.connect(clusterUrl).then(
      (found) => found.close().then(() => true),
      () => false,
    );
  });
});

test('brokers that cannot be moved are refused with the reason', { skip }, async () => {
  const cases = [
    [['nothing', '--to', 'cluster'], /there is no broker 'nothing'/],
    [['back', '--to', 'single'], /is SINGLE_INSTANCE; --to single needs CLUSTER_MULTI_AZ/],
    [['back', '--to', 'cluster', '--name', 'shop'], /a broker 'shop' that does not replace/],
    [['back'], /--to cluster or --to single is missing/],
  ] as const;
  for (const [args, reason] of cases) {
    const [broker, ...more] = args;
    const { code, output } = await scale(broker, ...more).ended;
    assert.equal(code, 1, output);
    assert.match(output, reason);
  }
});
