import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type IClientOptions, type MqttClient, connect as mqttConnect } from 'mqtt';
import { password } from '../support/broker-requests.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';

// A broker process is killed while MQTT.js publishes to durable sessions, one of which is offline.

/** How often the broker is killed, and how many messages of each quality are published. */
const killCount = isLong ? 20 : 2;
const messageCount = isLong ? 20_000 : 300;
/** Publishes of each quality that wait for their acknowledgement at the same time. */
const windowCount = 16;
const timeoutMs = isLong ? 900_000 : 120_000;
const qualities = [1, 2] as const;

let waxwing: Waxwing;
let brokerId: string;
const clients: MqttClient[] = [];

before(async () => {
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  brokerId = await waxwing.createBroker({
    EngineType: 'ACTIVEMQ',
    HostInstanceType: 'mq.m5.large',
    Users: [{ Username: 'admin', Password: password }],
  });
});

after(async () => {
  for (const client of clients) client.end(true);
  await waxwing.remove();
});

/** A client that connects again whenever its connection is lost. */
async function connect(clientId: string, more: IClientOptions = {}): Promise<MqttClient> {
  const { BrokerInstances } = await waxwing.brokerIs(brokerId, 'RUNNING');
  const endpoints = BrokerInstances?.[0]?.Endpoints ?? [];
  const url = endpoints.find((endpoint) => endpoint.startsWith('mqtt+ssl://')) ?? '';
  const client = mqttConnect(url.replace('mqtt+ssl', 'mqtts'), {
    ...{ username: 'admin', password, ca: waxwing.ca, clientId, clean: false },
    ...{ reconnectPeriod: 50, connectTimeout: 60_000, ...more },
  });
  client.on('error', () => {}); // it connects again
  clients.push(client);
  return client;
}

/** How often a session has received each message, by quality and number. */
class Received {
  readonly counts = new Map<string, number>();

  constructor(client: MqttClient) {
    client.on('message', (topic, payload) => {
      const key = `${topic} ${payload.toString()}`;
      this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    });
  }

  get repeated(): string[] {
    return [...this.counts].filter(([, count]) => count > 1).map(([key]) => key);
  }

  has(qos: number, n: number): boolean {
    return this.counts.has(`kills/${qos} ${n}`);
  }

  /** The published messages that are missing. */
  get missing(): string[] {
    const missing: string[] = [];
    for (const qos of qualities) {
      for (let n = 0; n < messageCount; n++) if (!this.has(qos, n)) missing.push(`${qos}: ${n}`);
    }
    return missing;
  }
}

/** The processes of the broker that were killed. */
const killed: number[] = [];

/** Kills the process of the broker once there is one that was not killed yet. */
async function kill(): Promise<void> {
  const pid = await until('a process of the broker', () => {
    try {
      const found = waxwing.brokerPid(brokerId);
      return killed.includes(found) ? undefined : found;
    } catch {
      return undefined; // the lock is being written
    }
  });
  killed.push(pid);
  process.kill(pid, 'SIGKILL');
}

/** Publishes numbered messages of one quality, and calls back when each is acknowledged. */
async function publishAll(client: MqttClient, qos: 1 | 2, acknowledged: () => void): Promise<void> {
  let next = 0;
  const publishNext = async () => {
    for (let n = next++; n < messageCount; n = next++) {
      for (;;) {
        try {
          await client.publishAsync(`kills/${qos}`, String(n), { qos });
          break;
        } catch (error) {
          // MQTT.js fails publishes that it has not sent when the connection is lost.
          assert.equal((error as Error).message, 'Connection closed');
        }
      }
      acknowledged();
    }
  };
  await Promise.all(Array.from({ length: windowCount }, publishNext));
}

test('across kills, QoS 1 loses nothing, and QoS 2 neither loses nor duplicates', async () => {
  const subscriptions = { 'kills/1': { qos: 1 }, 'kills/2': { qos: 2 } } as const;
  const online = await connect('online');
  const receivedOnline = new Received(online);
  await online.subscribeAsync(subscriptions);
  const offline = await connect('offline');
  await offline.subscribeAsync(subscriptions);
  await offline.endAsync();
  let count = 0;
  let killing: Promise<void> = Promise.resolve();
  const everyCount = Math.floor((2 * messageCount) / (killCount + 1));
  const acknowledged = () => {
    count++;
    if (count % everyCount === 0 && count / everyCount <= killCount) killing = killing.then(kill);
  };
  const publisher = await connect('publisher');
  const published = Promise.all(qualities.map((qos) => publishAll(publisher, qos, acknowledged)));
  const what = () => `${count} acknowledged, ${receivedOnline.counts.size} received`;
  let isPublished = false;
  published.then(
    () => {
      isPublished = true;
    },
    () => {
      isPublished = true;
    },
  );
  await until(what, () => isPublished, timeoutMs);
  await published;
  await killing;
  assert.equal(killed.length, killCount);
  const receivedOffline = new Received(await connect('offline'));
  for (const received of [receivedOnline, receivedOffline]) {
    const missing = () => `missing: ${received.missing.slice(0, 20).join(', ')}`;
    await until(missing, () => received.missing.length === 0, timeoutMs);
  }
  // What would be repeated comes before an answer to this.
  for (const name of ['online', 'offline']) {
    const client = clients.findLast(({ options }) => options.clientId === name);
    await client?.unsubscribeAsync('kills/2');
  }
  for (const { repeated } of [receivedOnline, receivedOffline]) {
    assert.deepEqual(
      repeated.filter((key) => key.startsWith('kills/2')),
      [],
    );
  }
});

test('wills of clients that a kill has cut, and delayed ones, are published once after the next start', async () => {
  const watcher = await connect('watcher');
  const seen: string[] = [];
  watcher.on('message', (_topic, payload) => seen.push(payload.toString()));
  // With QoS 1, a will would rightly come again if the broker is killed before its acknowledgement is kept.
  await watcher.subscribeAsync('wills/#', { qos: 2 });
  const connectOnce = async (clientId: string, delaySeconds = 0) => {
    const client = await connect(clientId, {
      protocolVersion: 5,
      properties: { sessionExpiryInterval: 600 },
      will: {
        topic: `wills/${clientId}`,
        payload: Buffer.from(clientId),
        qos: 2,
        retain: false,
        properties: { willDelayInterval: delaySeconds },
      },
    });
    await new Promise((resolve) => client.once('connect', resolve));
    // From now on, it does not connect again.
    client.once('close', () => client.end(true));
    return client;
  };
  await connectOnce('cut');
  const left = await connectOnce('left', 3);
  left.stream.destroy();
  const polite = await connectOnce('polite');
  await polite.endAsync();
  await connectOnce('far', 600);
  await kill();
  await until(
    () => `wills: ${seen}`,
    () => seen.length >= 2,
    timeoutMs,
  );
  // A will that is published twice comes before this one.
  await connectOnce('last');
  await kill();
  await until(
    () => `wills: ${seen}`,
    () => seen.includes('last'),
    timeoutMs,
  );
  assert.deepEqual(seen.sort(), ['cut', 'last', 'left']);
});
