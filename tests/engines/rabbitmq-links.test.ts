import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createServer } from 'node:tls';
import { CreateBrokerCommand } from '@aws-sdk/client-mq';
import { systemClock } from '../../src/base/clock.ts';
import type { JsonObject } from '../../src/broker/rabbitmq/model.ts';
import { ManagementClient } from '../../src/transfer/moving/management-client.ts';
import { rowsOf } from '../../src/transfer/scaling/mover.ts';
import { describeBroker, password } from '../support/broker-requests.ts';
import { testCertificates } from '../support/certificates.ts';
import {
  clusterMs,
  clusterRequest,
  clustersMissing,
  engineVariables,
  removeClusters,
} from '../support/cluster-machine.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { RecordingRelay } from '../support/recording-relay.ts';
import { Waxwing } from '../support/waxwing.ts';

// Shovels and federation between a cluster of the installed RabbitMQ and a single broker of our own
// engine: over verified TLS, and in no other way. The tests share both brokers.

const skip = (await clustersMissing()) ?? (isLong ? false : 'part of the long tests');
const canary = 'canary-link-5d1e';

let waxwing: Waxwing;
let cluster: ManagementClient;
let single: ManagementClient;
let clusterUrl = '';
let singleUrl = '';
/** Forwards and records the connections between the cluster and the single broker. */
let relay: RecordingRelay;
let singleUri = '';

before(async () => {
  if (skip) return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'], env: engineVariables });
  const request = {
    BrokerName: 'near',
    PubliclyAccessible: false,
    Users: [{ Username: 'admin', Password: password }],
    ...clusterRequest,
  };
  const { BrokerId = '' } = await waxwing.mq.send(new CreateBrokerCommand(request));
  const far = await waxwing.createBroker({ BrokerName: 'far' });
  await waxwing.brokerIs(BrokerId, 'RUNNING', clusterMs);
  [clusterUrl, singleUrl] = [await waxwing.brokerUrl(BrokerId), await waxwing.brokerUrl(far)];
  [cluster, single] = [await management(BrokerId), await management(far)];
  relay = await RecordingRelay.to(Number(new URL(singleUrl).port));
  singleUri = `amqps://admin:${password}@localhost:${relay.port}/%2F`;
});
after(async () => {
  if (skip) return;
  relay.close();
  await removeClusters(waxwing);
});

async function management(brokerId: string): Promise<ManagementClient> {
  const { BrokerInstances } = await describeBroker(waxwing, brokerId);
  const url = new URL(BrokerInstances?.[0]?.ConsoleURL ?? '');
  const access = { url, username: 'admin', password, authorities: [waxwing.ca] };
  return new ManagementClient(access, systemClock);
}

async function put(of: ManagementClient, path: string, body: JsonObject): Promise<void> {
  const { status, value } = await of.send('PUT', path, body);
  assert.ok(status < 300, `${path}: ${status} ${JSON.stringify(value)}`);
}

async function published(url: string, exchange: string, key: string, bodies: readonly string[]) {
  const client = await waxwing.connect(url);
  const channel = await client.model.createConfirmChannel();
  for (const body of bodies) channel.publish(exchange, key, Buffer.from(body));
  await channel.waitForConfirms();
  await client.close();
}

async function arrived(url: string, queue: string, bodies: readonly string[]): Promise<void> {
  const client = await waxwing.connect(url);
  const found = await client.consume(queue, bodies.length);
  assert.deepEqual(found, bodies);
  await client.close();
}

const bodiesOf = (name: string) => Array.from({ length: 20 }, (_, i) => `${canary} ${name} ${i}`);

/** Everything that passed the relay is TLS, and some did. */
function assertTls(): void {
  const passed = relay.passed.filter(({ bytes }) => bytes.length > 0);
  assert.ok(passed.length >= 2);
  for (const { bytes } of passed) {
    assert.deepEqual([...bytes.subarray(0, 2)], [0x16, 0x03], 'a handshake of TLS');
    for (const text of [canary, password, 'AMQP']) assert.ok(!bytes.includes(text), text);
  }
}

test('a shovel of a cluster takes messages of a single broker, over TLS', { skip }, async () => {
  await put(single, '/queues/%2F/out', { durable: true });
  await put(cluster, '/queues/%2F/in', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  const value = {
    'src-uri': singleUri,
    'src-queue': 'out',
    'dest-uri': 'amqp://',
    'dest-queue': 'in',
  };
  await put(cluster, '/parameters/shovel/%2F/taking', { value });
  const bodies = bodiesOf('shovelled');
  await published(singleUrl, '', 'out', bodies);
  await arrived(clusterUrl, 'in', bodies);
  assertTls();
});

test('a cluster federates an exchange and a queue of a single broker, over TLS', {
  skip,
}, async () => {
  const seen = relay.passed.length;
  for (const [at, of] of [single, cluster].entries()) {
    await put(of, '/exchanges/%2F/news', { type: 'topic', durable: true });
    const args = at === 1 ? { 'x-queue-type': 'quorum' } : {};
    await put(of, '/queues/%2F/shared', { durable: true, arguments: args });
  }
  await put(cluster, '/queues/%2F/readers', { durable: true });
  await cluster.send('POST', '/bindings/%2F/e/news/q/readers', { routing_key: 'a.#' });
  await put(cluster, '/parameters/federation-upstream/%2F/far', { value: { uri: singleUri } });
  await put(cluster, '/policies/%2F/federated', {
    pattern: '^(news|shared)$',
    'apply-to': 'all',
    definition: { 'federation-upstream': 'far' },
  });
  const links = async () => rowsOf(await cluster.get('/federation-links'));
  const isRunning = async () => {
    const found = await links();
    return found.length === 2 && found.every(({ status }) => status === 'running');
  };
  await until('the links run', isRunning, clusterMs).catch(async (error: unknown) => {
    throw new Error(JSON.stringify(await links()), { cause: error });
  });
  const isBound = async () =>
    rowsOf(await single.get('/exchanges/%2F/news/bindings/source')).length > 0;
  await until('the exchange is bound upstream', isBound, clusterMs);
  const [news, shared] = [bodiesOf('news'), bodiesOf('shared')];
  await published(singleUrl, 'news', 'a.b', news);
  await arrived(clusterUrl, 'readers', news);
  await published(singleUrl, '', 'shared', shared);
  await arrived(clusterUrl, 'shared', shared);
  assert.ok(relay.passed.length > seen);
  assertTls();
});

test('a shovel of a single broker brings messages to a cluster, over TLS', { skip }, async () => {
  const { port } = new URL(clusterUrl);
  const there = await RecordingRelay.to(Number(port));
  await put(single, '/queues/%2F/outgoing', { durable: true });
  await put(cluster, '/queues/%2F/incoming', { durable: true });
  const uri = `amqps://admin:${password}@localhost:${there.port}/%2F`;
  const shovel = (src: string) => ({
    value: { 'src-uri': src, 'src-queue': 'outgoing', 'dest-uri': uri, 'dest-queue': 'incoming' },
  });
  await put(single, '/parameters/shovel/%2F/bringing', shovel('amqp://'));
  const bodies = bodiesOf('brought');
  await published(singleUrl, '', 'outgoing', bodies);
  await arrived(clusterUrl, 'incoming', bodies);
  const [first] = there.passed;
  assert.deepEqual([...(first?.bytes.subarray(0, 2) ?? [])], [0x16, 0x03]);
  assert.ok(there.passed.every(({ bytes }) => !bytes.includes(canary)));
  there.close();
  const plain = 'amqp://admin@localhost?plaintext=true';
  const { status, value } = await single.send('PUT', '/parameters/shovel/%2F/plain', shovel(plain));
  assert.equal(status, 400);
  assert.match(JSON.stringify(value), /shovels use amqps:\/\/ only/);
});

test('links of a cluster without verified TLS are refused, whoever asks', { skip }, async () => {
  const uris = [
    'amqp://admin@localhost',
    'amqp://127.0.0.1:5672',
    'AMQP://localhost',
    'amqps://localhost?verify=verify_none',
    'amqps://localhost?cacertfile=/etc/passwd',
    'amqps://localhost?certfile=/etc/passwd&keyfile=/etc/shadow',
    'amqps://localhost?server_name_indication=disable',
    'amqps://localhost?auth_mechanism=os:cmd',
    'amqps://[::1]:5671',
    'amqps://localhost\n',
    'amqps://localhost#amqp',
    `amqps://${'a'.repeat(3000)}`,
    17,
    [],
    ['amqps://localhost', 'amqp://localhost'],
    { uri: 'amqp://localhost' },
  ];
  const local = { 'src-queue': 'a', 'dest-queue': 'b' };
  const values = uris.flatMap((uri): [string, JsonObject][] => [
    ['shovel', { ...local, 'src-uri': uri, 'dest-uri': 'amqp://' }],
    ['shovel', { ...local, 'src-uri': 'amqp://', 'dest-uri': uri }],
    ['federation-upstream', { uri }],
  ]);
  values.push(['federation-upstream', { uri: 'amqp://' }]);
  const amqp10 = { 'src-protocol': 'amqp10', 'src-uri': 'amqps://localhost', 'src-address': 'a' };
  values.push(['shovel', { ...amqp10, 'dest-uri': 'amqp://', 'dest-queue': 'b' }]);
  for (const [component, value] of values) {
    const path = `/parameters/${component}/%2F/refused`;
    const { status } = await cluster.send('PUT', path, { value });
    assert.equal(status, 400, JSON.stringify(value).slice(0, 200));
    const parameters = [{ vhost: '/', component, name: 'refused', value }];
    const imported = await cluster.send('POST', '/definitions', { parameters });
    assert.equal(imported.status, 400, JSON.stringify(value).slice(0, 200));
  }
  const stored = rowsOf(await cluster.get('/parameters'));
  assert.ok(!stored.some(({ name }) => name === 'refused'));
});

test('a cluster does not connect to a server of another authority', { skip }, async () => {
  const { servers } = await testCertificates();
  const [{ certificate: cert, privateKey: key } = { certificate: '', privateKey: '' }] = servers;
  let accepted = 0;
  let failed = 0;
  const server = createServer({ cert, key }, () => accepted++).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => failed++);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const uri = `amqps://admin:${password}@localhost:${port}`;
  await put(cluster, '/parameters/federation-upstream/%2F/other', { value: { uri } });
  const definition = { 'federation-upstream': 'other' };
  await put(cluster, '/queues/%2F/elsewhere', { durable: true });
  const policy = { pattern: '^elsewhere$', 'apply-to': 'queues', priority: 9, definition };
  await put(cluster, '/policies/%2F/other', policy);
  await until('it is refused', () => failed > 0, clusterMs);
  assert.equal(accepted, 0);
  server.close();
});
