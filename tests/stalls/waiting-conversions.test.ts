import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type { ConsumeMessage, GetMessage } from 'amqplib';
import { AmqpClient } from '../support/amqp-client.ts';
import { until } from '../support/processes.ts';
import { connectRhea } from '../support/rhea-client.ts';
import { textFrame } from '../support/stomp-peer.ts';
import { amqp10, mqtt, openwire, stomp } from './large-clients.ts';
import { LocalBroker } from './local-broker.ts';
import { secureSocket } from './secure-socket.ts';

// Large messages are converted while their queue waits: other consumers, ends, and errors meanwhile.

let rabbitMq: LocalBroker;
let activeMq: LocalBroker;

before(async () => {
  rabbitMq = await LocalBroker.open('rabbitmq');
  activeMq = await LocalBroker.open('activemq');
});

after(async () => {
  await rabbitMq.stop();
  await activeMq.stop();
});

/** Random text of some MiB. */
const bodyOf = (mib: number) => Buffer.from(randomBytes(mib * 2 ** 19).toString('hex'));
const small = (text: string) => Buffer.from(text);

/** A channel of AMQP 0-9-1. */
async function channelOf(broker: LocalBroker) {
  const { port, ca } = broker.address('amqp091');
  const client = await AmqpClient.connect(`amqps://guest:guest@localhost:${port}`, ca);
  return { client, channel: await client.model.createConfirmChannel() };
}

const sameBodies = (found: readonly Buffer[], expected: readonly Buffer[]) =>
  assert.deepEqual(
    found.map((body) => expected.findIndex((each) => each.equals(body))),
    expected.map((_, i) => i),
  );

test('large and small messages of MQTT keep their order for consumers, gets and streams', async () => {
  const { client, channel } = await channelOf(rabbitMq);
  for (const name of ['ordered', 'gotten', 'kept']) {
    const options = name === 'kept' ? { arguments: { 'x-queue-type': 'stream' } } : {};
    await channel.assertQueue(name, { durable: true, ...options });
    await channel.bindQueue(name, 'amq.topic', 'order');
  }
  const sender = await mqtt('mqtt-rabbitmq')(rabbitMq, 'order');
  const bodies = [small('first'), bodyOf(3), small('third'), bodyOf(5), bodyOf(2), small('last')];
  for (const body of bodies) await sender.publish(body);
  for (const name of ['ordered', 'gotten', 'kept']) {
    const isFull = async () => (await channel.checkQueue(name)).messageCount === bodies.length;
    await until('all are there', isFull);
  }
  sender.close();

  const gotten: Buffer[] = [];
  while (gotten.length < bodies.length) {
    const message: GetMessage | false = await channel.get('gotten', { noAck: true });
    assert.ok(message !== false, `${gotten.length} have come`);
    gotten.push(message.content);
  }
  sameBodies(gotten, bodies);

  for (const name of ['ordered', 'kept']) {
    const consumed: Buffer[] = [];
    const consumer = await client.model.createChannel();
    await consumer.prefetch(100);
    const take = (message: ConsumeMessage | null) => {
      if (message !== null) consumed.push(message.content);
    };
    const isStream = name === 'kept';
    const options = isStream ? { arguments: { 'x-stream-offset': 'first' } } : {};
    await consumer.consume(name, take, options);
    await until('all have come', () => consumed.length === bodies.length);
    sameBodies(consumed, bodies);
    await consumer.close();
  }
  await client.model.close();
});

test('consumers of two protocols share a queue with large messages of a third', async () => {
  const sender = await amqp10('amqp10', 'queue://')(activeMq, 'shared');
  const bodies = Array.from({ length: 6 }, () => bodyOf(3));
  for (const body of bodies) await sender.publish(body);
  const clients = [
    await openwire(activeMq, 'shared'),
    await stomp('stomp', '/queue/')(activeMq, 'shared'),
  ];
  const received = await Promise.all(clients.map((each) => each.receive(bodies[0]?.length ?? 0)));
  for (const body of received) assert.ok(bodies.some((each) => each.equals(body)));
  assert.notDeepEqual(received[0], received[1]);
  for (const each of [sender, ...clients]) each.close();
});

test('a browser gets large messages of another protocol, in their order', async () => {
  const sender = await stomp('stomp', '/queue/')(activeMq, 'browsed');
  const bodies = [small('first'), bodyOf(3), small('third'), bodyOf(4)];
  for (const body of bodies) await sender.publish(body);
  sender.close();
  const login = { username: 'guest', password: 'guest' };
  const connection = await connectRhea(activeMq.address('amqp10'), login);
  const source = { address: 'queue://browsed', distribution_mode: 'copy' } as const;
  const receiver = connection.open_receiver({ source });
  const found: Buffer[] = [];
  receiver.on('message', ({ message }) => {
    found.push((message.body as { content: Buffer }).content);
  });
  await until('all have come', () => found.length === bodies.length);
  sameBodies(found, bodies);
  connection.close();
  await once(connection, 'connection_close');
});

test('a message that is converted for a client that goes comes to the next one', async () => {
  const sender = await amqp10('amqp10', 'queue://')(activeMq, 'left');
  const body = bodyOf(24);
  await sender.publish(body);
  sender.close();
  const { port, ca } = activeMq.address('stomp');
  const socket = await secureSocket(port, ca);
  const login = { 'accept-version': '1.2', host: '/', login: 'guest', passcode: 'guest' };
  const subscription = { destination: '/queue/left', id: '1', ack: 'client' };
  const frames = textFrame('CONNECT', login, '') + textFrame('SUBSCRIBE', subscription, '');
  socket.write(frames);
  await new Promise((resolve) => setTimeout(resolve, 30));
  socket.destroy();
  const next = await stomp('stomp', '/queue/')(activeMq, 'left');
  assert.ok(body.equals(await next.receive(body.length)));
  next.close();
});
