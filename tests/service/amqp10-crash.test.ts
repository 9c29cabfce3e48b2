import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type { Connection, EventContext, Message, Receiver, Sender } from 'rhea';
import { password } from '../support/broker-requests.ts';
import { until } from '../support/processes.ts';
import { connectRhea } from '../support/rhea-client.ts';
import { Waxwing } from '../support/waxwing.ts';

// A broker process of ActiveMQ's type is killed while AMQP 1.0 clients send and receive.

/** Messages that are accepted before the broker is killed, and how often it is. */
const acceptedCountMin = 300;
const killCount = 3;

let waxwing: Waxwing;
let brokerId: string;

before(async () => {
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  brokerId = await waxwing.createBroker({
    EngineType: 'ACTIVEMQ',
    HostInstanceType: 'mq.m5.large',
    Users: [{ Username: 'admin', Password: password }],
  });
});

after(async () => {
  await waxwing.remove();
});

async function connect(): Promise<Connection> {
  const { BrokerInstances } = await waxwing.brokerIs(brokerId, 'RUNNING');
  const endpoints = BrokerInstances?.[0]?.Endpoints ?? [];
  const url = endpoints.find((endpoint) => endpoint.startsWith('amqp+ssl://')) ?? '';
  const port = Number(url.split(':').at(-1));
  return connectRhea({ port, ca: waxwing.ca }, { username: 'admin', password });
}

/** Connects as soon as the broker runs again. */
function reconnect(): Promise<Connection> {
  return until('the broker runs again', () => connect().catch(() => undefined), 60_000);
}

/** Sends numbered messages until the connection is lost. Returns the accepted ones. */
async function sendUntilLost(connection: Connection, from: number): Promise<Set<number>> {
  const accepted = new Set<number>();
  const numbers = new Map<number, number>();
  const sender: Sender = connection.open_sender('queue://crash');
  let next = from;
  const fill = () => {
    while (sender.sendable() && numbers.size < 200) {
      const { id } = sender.send({ body: next, durable: true } as Message);
      numbers.set(id, next++);
    }
  };
  sender.on('sendable', fill);
  sender.on('accepted', ({ delivery }: EventContext) => {
    const number = numbers.get(delivery?.id ?? -1);
    numbers.delete(delivery?.id ?? -1);
    if (number !== undefined) accepted.add(number);
    if (accepted.size === acceptedCountMin) process.kill(waxwing.brokerPid(brokerId), 'SIGKILL');
    fill();
  });
  await once(connection, 'disconnected');
  return accepted;
}

test('accepted messages are present once and in order after kills', async () => {
  const accepted = new Set<number>();
  for (let kill = 0; kill < killCount; kill++) {
    const connection = await reconnect();
    for (const number of await sendUntilLost(connection, kill * 100_000)) accepted.add(number);
  }
  assert.ok(accepted.size >= killCount * acceptedCountMin);
  const connection = await reconnect();
  const receiver: Receiver = connection.open_receiver('queue://crash');
  const found: number[] = [];
  receiver.on('message', ({ message }: EventContext) => found.push(message?.body as number));
  await until('all accepted messages are received', () => {
    const received = new Set(found);
    return [...accepted].every((number) => received.has(number));
  });
  assert.equal(new Set(found).size, found.length, 'no message is stored twice');
  assert.deepEqual(
    found,
    found.toSorted((a, b) => a - b),
    'in the order of their sender',
  );
  connection.close();
  await once(connection, 'connection_close');
});
