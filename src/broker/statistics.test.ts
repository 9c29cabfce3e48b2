import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AmqpPeer, openBroker, publishFrames } from '../../tests/support/amqp-peer.ts';
import { listedCountMax, takeStatistics } from './statistics.ts';

const int = (value: number) => ({ type: 'signedint', value }) as const;
const text = (value: string) => ({ type: 'longstr', value }) as const;

test('statistics count the messages in each queue and their outcomes', async () => {
  const { broker, log } = await openBroker();
  const [publisher, consumer] = [await AmqpPeer.ready(broker), await AmqpPeer.ready(broker)];
  publisher.call(1, { id: 0x0055000a, noWait: true });
  consumer.call(1, { id: 0x003c000a, prefetchSize: 0, prefetchCount: 3, global: false });
  consumer.consume('q');
  for (const body of ['1', '22', '333', '4444', '55555']) {
    publisher.send(publishFrames(1, 'q', body, { deliveryMode: 2 }));
  }
  publisher.send(publishFrames(1, 'nowhere', 'x'));
  consumer.call(1, { id: 0x003c0050, deliveryTag: 1, multiple: false });
  const before = await takeStatistics(broker);
  assert.deepEqual(before.queues, [
    {
      vhost: '/',
      name: 'q',
      readyCount: 1,
      unsettledCount: 3,
      readyBytes: 5,
      consumerCount: 1,
      publishedCount: 5,
      deliveredCount: 4,
      settledCount: 1,
    },
  ]);
  assert.equal(before.counters.confirmed, 0);
  assert.ok(before.pendingBytes > 0);
  log.syncNow();
  const { queues: _, memoryBytes, ...after } = await takeStatistics(broker);
  assert.equal(memoryBytes, 0, 'as the broker was told');
  assert.deepEqual(after, {
    counters: {
      published: 6,
      unrouted: 1,
      refused: 0,
      confirmed: 6,
      delivered: 4,
      settled: 1,
      deadLettered: 0,
    },
    queueCount: 1,
    readyCount: 1,
    unsettledCount: 3,
    readyBytes: 5,
    exchangeCount: 7,
    connectionCount: 2,
    channelCount: 2,
    consumerCount: 1,
    blockedConnectionCount: 0,
    blockedReason: undefined,
    isPaused: false,
    pendingBytes: 0,
  });
});

test('counters keep counting after a queue is deleted, and include rejections and dead letters', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  peer.declare('full', {
    'x-max-length': int(1),
    'x-overflow': text('reject-publish-dlx'),
    'x-dead-letter-exchange': text(''),
    'x-dead-letter-routing-key': text('q'),
  });
  peer.send(publishFrames(1, 'full', 'a'), publishFrames(1, 'full', 'b'));
  peer.consume('full', { noAck: true });
  broker.vhost('/').deleteQueue('full', peer.connection, { ifUnused: false, ifEmpty: false });
  const { counters, queues } = await takeStatistics(broker);
  assert.deepEqual(
    queues.map(({ name }) => name),
    ['q'],
  );
  assert.deepEqual(counters, {
    published: 2,
    unrouted: 0,
    refused: 1,
    confirmed: 0,
    delivered: 1,
    settled: 1,
    deadLettered: 1,
  });
});

test('blocked connections are counted while they are blocked', async () => {
  const { broker } = await openBroker();
  const [publisher] = [await AmqpPeer.ready(broker), await AmqpPeer.ready(broker)];
  publisher?.send(publishFrames(1, 'q', 'x'));
  broker.flow.block('low on disk');
  const { blockedConnectionCount, blockedReason } = await takeStatistics(broker);
  assert.deepEqual([blockedConnectionCount, blockedReason], [1, 'low on disk']);
  publisher?.connection.ended();
  assert.equal((await takeStatistics(broker)).connectionCount, 1);
});

test('statistics of many queues are collected over several turns and list a limited number', async () => {
  const { broker } = await openBroker();
  const vhost = broker.vhost('/');
  const options = { durable: false, exclusive: false, autoDelete: false, arguments: {} };
  const count = listedCountMax + 4000;
  for (let i = 0; i < count; i++) vhost.declareQueue(`q${i}`, options, broker);
  let turnCount = 0;
  let isDone = false;
  const countTurns = () => {
    turnCount++;
    if (!isDone) setImmediate(countTurns);
  };
  setImmediate(countTurns);
  const inSlices = await takeStatistics(broker);
  isDone = true;
  assert.deepEqual([inSlices.queueCount, inSlices.queues.length], [count, listedCountMax]);
  assert.ok(turnCount >= 2, `${turnCount} turns`);
  assert.deepEqual(inSlices, await takeStatistics(broker));
});
