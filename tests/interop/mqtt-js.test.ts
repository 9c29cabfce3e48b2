import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type IClientOptions, type MqttClient, connect as mqttConnect } from 'mqtt';
import { ActiveMqHost } from '../support/activemq-host.ts';

// MQTT.js, over TLS and over WebSocket.

let host: ActiveMqHost;
const clients = new Set<MqttClient>();

before(async () => {
  host = await ActiveMqHost.start();
});

after(async () => {
  for (const client of clients) client.end(true);
  await host.close();
});

const ways = {
  TLS: () => `mqtts://localhost:${host.portOf('mqtt+ssl')}`,
  WebSocket: () => `wss://localhost:${host.portOf('wss')}/mqtt`,
} as const;

/** A client that connects. */
function client(way: keyof typeof ways, options: IClientOptions): MqttClient {
  const login = { username: 'bob', password: 'a long password' };
  const more = { ca: host.authority, reconnectPeriod: 0, wsOptions: { ca: host.authority } };
  const created = mqttConnect(ways[way](), { ...login, ...more, ...options });
  clients.add(created);
  created.on('error', () => {});
  return created;
}

/** A client that is connected. */
async function connect(way: keyof typeof ways, options: IClientOptions): Promise<MqttClient> {
  const created = client(way, options);
  await new Promise<void>((resolve) => created.once('connect', () => resolve()));
  return created;
}

/** The next messages of a client, as topic, payload and QoS. */
function messages(client: MqttClient, count: number): Promise<[string, string, number][]> {
  return new Promise((resolve) => {
    const found: [string, string, number][] = [];
    client.on('message', (topic, payload, { qos }) => {
      found.push([topic, payload.toString(), qos]);
      if (found.length === count) resolve(found);
    });
  });
}

for (const way of ['TLS', 'WebSocket'] as const) {
  for (const version of [3, 4, 5] as const) {
    test(`MQTT level ${version} over ${way}: each QoS, large messages and sessions work`, async () => {
      const protocol = version === 3 ? { protocolId: 'MQIsdp' as const } : {};
      const common = { ...protocol, protocolVersion: version } satisfies IClientOptions;
      const from = await connect(way, { ...common, clientId: `from-${way}-${version}` });
      const expiry = version === 5 ? { properties: { sessionExpiryInterval: 100 } } : {};
      const options = { ...common, ...expiry, clientId: `to-${way}-${version}`, clean: false };
      const to = await connect(way, options);
      const topic = `js/${way}/${version}`;
      await to.subscribeAsync(`${topic}/#`, { qos: 2 });
      const large = 'x'.repeat(1_500_000);
      const first = messages(to, 4);
      for (const qos of [0, 1, 2] as const)
        await from.publishAsync(`${topic}/a`, `${qos}`, { qos });
      await from.publishAsync(`${topic}/large`, large, { qos: 2 });
      const received = (await first).sort(([, a], [, z]) => a.localeCompare(z));
      assert.deepEqual(received, [
        [`${topic}/a`, '0', 0],
        [`${topic}/a`, '1', 1],
        [`${topic}/a`, '2', 2],
        [`${topic}/large`, large, 2],
      ]);
      await to.endAsync();
      await from.publishAsync(`${topic}/missed`, 'missed', { qos: 1 });
      const [missed] = await messages(client(way, options), 1);
      assert.equal(missed?.[1], 'missed');
      await from.endAsync();
    });
  }
}

test('MQTT 5 properties, topic aliases and shared subscriptions work', async () => {
  const from = await connect('TLS', { protocolVersion: 5, properties: { topicAliasMaximum: 10 } });
  const aliases = { topicAliasMaximum: 10 };
  const options = { protocolVersion: 5, properties: aliases } satisfies IClientOptions;
  const to = await connect('WebSocket', options);
  await to.subscribeAsync('$share/g/props/#', {
    qos: 1,
    properties: { subscriptionIdentifier: 7 },
  });
  const arrived = new Promise<object | undefined>((resolve) => {
    to.once('message', (_topic, _payload, { properties }) => resolve(properties));
  });
  const properties = {
    payloadFormatIndicator: true,
    messageExpiryInterval: 100,
    responseTopic: 'reply',
    correlationData: Buffer.from('id'),
    contentType: 'text/plain',
    userProperties: { colour: ['blue', 'red'] },
    topicAlias: 2,
  };
  await from.publishAsync('props/1', 'x', { qos: 1, properties });
  const { topicAlias: _, ...expected } = properties;
  const { topicAlias: __, ...found } = (await arrived) as typeof properties;
  assert.deepEqual(
    JSON.parse(JSON.stringify(found)),
    JSON.parse(JSON.stringify({ ...expected, subscriptionIdentifier: 7 })),
  );
});

test('a wrong password is refused with its return code', async () => {
  for (const [protocolVersion, code] of [
    [4, 4],
    [5, 0x86],
  ] as const) {
    const refused = client('TLS', { password: 'wrong', protocolVersion });
    const error = await new Promise<Error & { code?: number }>((resolve) =>
      refused.on('error', resolve),
    );
    assert.equal(error.code, code);
  }
});
