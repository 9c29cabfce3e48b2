import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { RebootBrokerCommand, UpdateBrokerCommand } from '@aws-sdk/client-mq';
import { type IClientOptions, type MqttClient, connect as mqttConnect } from 'mqtt';
import { describeBroker, password } from '../support/broker-requests.ts';
import { createConfiguration, updateConfiguration } from '../support/configuration-requests.ts';
import { installed } from '../support/debian-packages.ts';
import { until } from '../support/processes.ts';
import { Waxwing } from '../support/waxwing.ts';

// MQTT on a broker of RabbitMQ's type whose configuration switches it on: MQTT.js over TLS and WebSocket,
// mosquitto_pub and mosquitto_sub, and pika on the same exchange.
const skipMosquitto = (await installed('mosquitto-clients')) ?? false;
const skipPika = (await installed('python3-pika')) ?? false;
const run = promisify(execFile);
const timeout = 60_000;

let waxwing: Waxwing;
let brokerId: string;
let configurationId: string;
let ports: readonly number[];
const clients = new Set<MqttClient>();
const children = new Set<ChildProcess>();

/** Ports that nothing uses at present. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const found = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return found;
}

const lines = () => [
  `mqtt.listeners.ssl.default = ${ports[0]}`,
  `web_mqtt.ssl.port = ${ports[1]}`,
  'mqtt.prefetch = 5',
];

before(async () => {
  ports = await freePorts(2);
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  const created = await createConfiguration(waxwing, { EngineType: 'RABBITMQ' });
  configurationId = created.Id ?? '';
  await updateConfiguration(waxwing, configurationId, lines().join('\n'));
  const Configuration = { Id: configurationId, Revision: 2 };
  brokerId = await waxwing.createBroker({ Configuration });
});

after(async () => {
  for (const client of clients) client.end(true);
  for (const child of children) child.kill('SIGKILL');
  await waxwing.remove();
});

async function endpoints(): Promise<string[]> {
  const { BrokerInstances } = await describeBroker(waxwing, brokerId);
  return BrokerInstances?.[0]?.Endpoints ?? [];
}

test('the endpoints are those of the configuration', async () => {
  const [amqps = '', ...others] = await endpoints();
  assert.match(amqps, /^amqps:\/\//);
  assert.deepEqual(
    others.map((url) => url.replace(/\/\/.*:/, '//HOST:')),
    [`mqtt+ssl://HOST:${ports[0]}`, `wss://HOST:${ports[1]}`],
  );
});

const ways = {
  TLS: () => `mqtts://localhost:${ports[0]}`,
  WebSocket: () => `wss://localhost:${ports[1]}/ws`,
} as const;

/** A client that connects. */
function client(way: keyof typeof ways, options: IClientOptions): MqttClient {
  const login = { username: 'admin', password };
  const more = { ca: waxwing.ca, reconnectPeriod: 0, wsOptions: { ca: waxwing.ca } };
  const created = mqttConnect(ways[way](), { ...login, ...more, ...options });
  clients.add(created);
  created.on('error', () => {});
  return created;
}

/** A client that is connected. */
async function connect(way: keyof typeof ways, options: IClientOptions): Promise<MqttClient> {
  const created = client(way, options);
  await new Promise<void>((resolve, reject) => {
    created.once('connect', () => resolve());
    created.once('error', reject);
  });
  return created;
}

/** The next messages of a client, as topic, payload and QoS. */
function messages(from: MqttClient, count: number): Promise<[string, string, number][]> {
  return new Promise((resolve) => {
    const found: [string, string, number][] = [];
    from.on('message', (topic, payload, { qos }) => {
      found.push([topic, payload.toString(), qos]);
      if (found.length === count) resolve(found);
    });
  });
}

for (const way of ['TLS', 'WebSocket'] as const) {
  for (const version of [3, 4, 5] as const) {
    test(`MQTT level ${version} over ${way}: messages, sessions and retained messages`, async () => {
      const protocol = version === 3 ? { protocolId: 'MQIsdp' as const } : {};
      const common = { ...protocol, protocolVersion: version } satisfies IClientOptions;
      const from = await connect(way, { ...common, clientId: `from-${way}-${version}` });
      const expiry = version === 5 ? { properties: { sessionExpiryInterval: 100 } } : {};
      const options = { ...common, ...expiry, clientId: `to-${way}-${version}`, clean: false };
      const to = await connect(way, options);
      const topic = `js/${way}/${version}`;
      await to.subscribeAsync(`${topic}/#`, { qos: 1 });
      const large = 'x'.repeat(1_500_000);
      const first = messages(to, 3);
      for (const qos of [0, 1] as const) await from.publishAsync(`${topic}/a`, `${qos}`, { qos });
      await from.publishAsync(`${topic}/large`, large, { qos: 1 });
      const received = (await first).sort(([, a], [, z]) => a.localeCompare(z));
      assert.deepEqual(received, [
        [`${topic}/a`, '0', 0],
        [`${topic}/a`, '1', 1],
        [`${topic}/large`, large, 1],
      ]);
      await to.endAsync();
      await from.publishAsync(`${topic}/missed`, 'missed', { qos: 1, retain: true });
      const [missed] = await messages(client(way, options), 1);
      assert.equal(missed?.[1], 'missed');
      const late = await connect(way, { ...common, clientId: `late-${way}-${version}` });
      const retained = messages(late, 1);
      await late.subscribeAsync(`${topic}/missed`, { qos: 0 });
      assert.deepEqual(await retained, [[`${topic}/missed`, 'missed', 0]]);
      await from.endAsync();
    });
  }
}

test('a wrong password is refused', async () => {
  const refused = client('TLS', { password: 'wrong', protocolVersion: 5 });
  const error = await new Promise<object>((resolve) => refused.once('error', resolve));
  assert.ok('code' in error && error.code === 0x86, String(error));
});

function mosquitto(version: string, more: readonly string[]): string[] {
  const caFile = waxwing.environment['WAXWING_CA_FILE'] ?? '';
  const login = ['-u', '/:admin', '-P', password];
  const port = String(ports[0]);
  return ['-h', 'localhost', '-p', port, '--cafile', caFile, ...login, '-V', version, ...more];
}

for (const version of ['mqttv31', 'mqttv311', 'mqttv5']) {
  test(`${version}: mosquitto_pub and mosquitto_sub`, { skip: skipMosquitto }, async () => {
    const topic = `mosquitto/${version}`;
    const format = ['-C', '2', '-F', '> %t %q %p', '-W', '30'];
    const args = mosquitto(version, ['-d', '-t', `${topic}/+`, '-q', '1', ...format]);
    const child = spawn('stdbuf', ['-oL', 'mosquitto_sub', ...args]);
    children.add(child);
    let text = '';
    child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
    const ended = once(child, 'close');
    await until('it has subscribed', async () => /^Subscribed/m.test(text) || undefined);
    for (const qos of ['0', '1']) {
      const publish = ['-t', `${topic}/${qos}`, '-q', qos, '-m', `m${qos}`];
      await run('mosquitto_pub', mosquitto(version, publish), { timeout });
    }
    await ended;
    const found = text.split('\n').filter((line) => line.startsWith('> '));
    assert.deepEqual(found, [`> ${topic}/0 0 m0`, `> ${topic}/1 1 m1`]);
  });
}

/** Runs a session of pika. Returns what it printed, as JSON. */
function pika(script: string): unknown {
  const opening = `
import json, os, ssl, pika
parameters = pika.URLParameters(os.environ['URL'])
context = ssl.create_default_context(cafile=os.environ['CA_FILE'])
parameters.ssl_options = pika.SSLOptions(context, 'localhost')
connection = pika.BlockingConnection(parameters)
channel = connection.channel()
`;
  const env = {
    PATH: process.env['PATH'],
    URL: url,
    CA_FILE: waxwing.environment['WAXWING_CA_FILE'],
  };
  const ended = spawnSync('/usr/bin/python3', ['-c', opening + script], { encoding: 'utf8', env });
  assert.equal(ended.status, 0, ended.stderr);
  return JSON.parse(ended.stdout);
}

let url = '';

test('pika consumes what MQTT publishes, and publishes back', { skip: skipPika }, async () => {
  url = await waxwing.brokerUrl(brokerId);
  pika(`
channel.queue_declare('from-mqtt', durable=True)
channel.queue_bind('from-mqtt', 'amq.topic', 'pika.*.out')
print(json.dumps('bound'))
`);
  const device = await connect('TLS', { protocolVersion: 5, clientId: 'device' });
  await device.subscribeAsync('pika/+/in', { qos: 1 });
  const properties = {
    contentType: 'text/plain',
    responseTopic: 'pika/1/in',
    correlationData: Buffer.from('id-1'),
    messageExpiryInterval: 60,
    userProperties: { room: 'hall' },
  };
  await device.publishAsync('pika/1/out', 'hello', { qos: 1, properties });
  const answer = new Promise<unknown[]>((resolve) => {
    device.once('message', (topic, payload, packet) => {
      const { contentType, correlationData, userProperties } = packet.properties ?? {};
      const shown = [topic, payload.toString(), packet.qos, contentType];
      resolve([...shown, correlationData?.toString(), { ...userProperties }]);
    });
  });
  const got = pika(`
method, properties, body = channel.basic_get('from-mqtt', auto_ack=True)
headers = properties.headers
reply = pika.BasicProperties(content_type='a/b', correlation_id=properties.correlation_id, delivery_mode=2, headers={'n': 7, 'l': [1]})
channel.basic_publish('amq.topic', headers['x-reply-to-topic'], b'answer', reply)
print(json.dumps([method.exchange, method.routing_key, body.decode(), properties.content_type, properties.correlation_id, properties.delivery_mode, properties.expiration, headers]))
`);
  assert.deepEqual(got, [
    'amq.topic',
    'pika.1.out',
    'hello',
    'text/plain',
    'id-1',
    2,
    '60000',
    { room: 'hall', 'x-reply-to-topic': 'pika.1.in' },
  ]);
  assert.deepEqual(await answer, ['pika/1/in', 'answer', 1, 'a/b', 'id-1', { n: '7' }]);
  // A message that stays, for the next test.
  await device.publishAsync('pika/2/out', 'kept', { qos: 1 });
  await device.endAsync();
});

test('without its keys MQTT is off, and its messages can still be read', {
  skip: skipPika,
}, async () => {
  await updateConfiguration(waxwing, configurationId, 'heartbeat = 60');
  const Configuration = { Id: configurationId, Revision: 3 };
  await waxwing.mq.send(new UpdateBrokerCommand({ BrokerId: brokerId, Configuration }));
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: brokerId }));
  await until('the broker has no endpoint of MQTT', async () => {
    const { BrokerState } = await describeBroker(waxwing, brokerId);
    const count = (await endpoints()).length;
    return (BrokerState === 'RUNNING' && count === 1) || undefined;
  });
  const got = pika(`
method, properties, body = channel.basic_get('from-mqtt', auto_ack=True)
print(json.dumps([method.routing_key, body.decode(), properties.delivery_mode]))
`);
  assert.deepEqual(got, ['pika.2.out', 'kept', 2]);
});
