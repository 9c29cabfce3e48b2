import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bindQueue,
  consume,
  declareExchange,
  declareQueue,
} from '../../../tests/support/amqp-frames.ts';
import {
  AmqpPeer,
  closes,
  contentFrames,
  frame,
  methodFrame,
  openBroker,
  publishFrames,
} from '../../../tests/support/amqp-peer.ts';
import type { Broker } from '../../broker/broker.ts';

// The limits on the memory that a broker holds for a peer, and on the work of one turn.

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const get = methodFrame(1, { id: 0x003c0046, queue: 'q', noAck: true });
const transient = { durable: false } as const;
const close = { id: 0x00140028, replyCode: 200, replyText: '', classId: 0, methodId: 0 } as const;

async function idle(broker: Broker): Promise<void> {
  for (let left = 10_000; !broker.background.isIdle; left--) {
    assert.ok(left > 0, 'there is always something left');
    await turn();
  }
}

function publishMany(peer: AmqpPeer, queue: string, count: number): void {
  for (let i = 0; i < count; i += 1000) {
    const some = Array.from({ length: Math.min(1000, count - i) }, (_, at) =>
      publishFrames(1, queue, String(i + at)),
    );
    peer.send(Buffer.concat(some));
  }
}

test('a peer that sends requests without reading the responses is paused until it reads', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  publishMany(peer, 'q', 3);
  peer.takesMore = false;
  for (let i = 0; i < 100; i++) peer.send(get);
  assert.equal(peer.isPaused, false);
  for (let i = 0; i < 3000; i++) peer.send(get);
  assert.equal(peer.isPaused, true);
  peer.drain();
  for (let turns = 0; peer.isPaused && turns < 100; turns++) {
    peer.take();
    await new Promise(setImmediate);
  }
  assert.equal(peer.isPaused, false);
});

test('responses that wait for the log are limited', async () => {
  const { broker, log } = await openBroker({ heldBytesMax: 10_000 });
  const peer = await AmqpPeer.ready(broker);
  log.syncNow();
  for (let i = 0; i < 60; i++) peer.declare(`q${i}`, {}, { noWait: false });
  assert.equal(peer.isPaused, true);
  log.syncNow();
  assert.equal(peer.isPaused, false);
  assert.equal(peer.take().length, 60);
  peer.declare('late', {}, { noWait: false });
  peer.connection.ended();
  log.syncNow();
});

test('above the total unread limit, peers with more than their share are paused', async () => {
  const limits = { unreadBytesSum: 150_000, unreadBytesShare: 50_000 };
  const { broker } = await openBroker(limits);
  const [first, second] = [await AmqpPeer.ready(broker), await AmqpPeer.ready(broker)];
  for (const peer of [first, second]) {
    peer.takesMore = false;
    peer.send(publishFrames(1, 'nowhere', 'x'.repeat(100_000), {}, '', true));
    peer.take();
  }
  first.send(get);
  assert.ok(broker.unread.bytes > 200_000, `${broker.unread.bytes} bytes`);
  assert.deepEqual([first.isPaused, second.isPaused], [true, false]);
  second.connection.ended();
  assert.ok(broker.unread.bytes < 150_000, `${broker.unread.bytes} bytes`);
  first.connection.tick(1000);
  assert.equal(first.isPaused, false);
});

test('above the total unread limit, slow peers get no more deliveries until they read', async () => {
  const limits = { unreadBytesSum: 200_000, deliveryBytesShare: 10_000 };
  const { broker } = await openBroker(limits);
  const size = 1000;
  const slow: AmqpPeer[] = [];
  for (let i = 0; i < 10; i++) {
    const peer = await AmqpPeer.ready(broker);
    const queue = `slow${i}`;
    peer.declare(queue, {}, transient);
    peer.isSlow = true;
    peer.consume(queue);
    slow.push(peer);
    // Some at a time, as deliveries leave at the end of each turn.
    for (let n = 0; n < 100; n++) {
      peer.send(publishFrames(1, queue, 'x'.repeat(size)));
    }
  }
  const [first, last] = [slow[0], slow[9]];
  assert.ok(first !== undefined && last !== undefined);
  assert.equal(first.deliveries.length, 100, 'there was room for the first one');
  assert.ok(last.deliveries.length <= 20, `${last.deliveries.length} deliveries to the last one`);
  const most = limits.unreadBytesSum + 10 * (2 * limits.deliveryBytesShare + 2 * size);
  assert.ok(broker.unread.bytes <= most, `${broker.unread.bytes} bytes`);
  // Nothing is lost or out of order, and who reads gets all, though others still do not.
  for (let rounds = 0; last.deliveries.length < 100; rounds++) {
    assert.ok(rounds < 100, `${last.deliveries.length} deliveries`);
    last.read();
    last.take();
  }
  assert.deepEqual(
    last.deliveries.map(({ tag }) => tag),
    Array.from({ length: 100 }, (_, i) => i + 1),
  );
  // What peers read that were stopped while there was too much is room for others again.
  for (const peer of slow) peer.connection.ended();
  assert.equal(broker.unread.bytes, 0);
});

test('acks of many deliveries on many channels take several turns', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  const channels = Array.from({ length: 20 }, (_, i) => i + 2);
  for (const channel of channels) {
    peer.call(channel, { id: 0x0014000a });
    const queue = `q${channel}`;
    peer.declare(queue, {}, transient);
    publishMany(peer, queue, 1000);
    peer.send(consume(channel, queue, ''));
  }
  await peer.untilDelivered(20_000);
  const ack = { id: 0x003c0050, deliveryTag: 0, multiple: true } as const;
  peer.send(Buffer.concat(channels.map((channel) => methodFrame(channel, ack))));
  const settled = () =>
    channels.reduce(
      (sum, channel) => sum + broker.vhost('/').queue(`q${channel}`, undefined).settledCount,
      0,
    );
  assert.ok(settled() < 10_000, `${settled()} in one turn`);
  assert.equal(peer.isPaused, true);
  await idle(broker);
  assert.deepEqual([settled(), peer.isPaused], [20_000, false]);
});

test('requests behind a get are handled over several turns when the peer disconnects', async () => {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  peer.send(publishFrames(1, 'q', 'cold', { deliveryMode: 2 }));
  peer.declare('filler');
  for (let i = 0; i < 3; i++) {
    peer.send(publishFrames(1, 'filler', 'x'.repeat(100_000), { deliveryMode: 2 }));
  }
  log.syncNow();
  log.evict();
  const count = 1000;
  const queue = broker.vhost('/').queue('q', undefined);
  const declares = Array.from({ length: count }, (_, i) => declareQueue(`new${i}`));
  peer.connection.receive(Buffer.concat([get, ...declares]));
  const declared = () => broker.vhost('/').queues.size - 2;
  assert.equal(declared(), 0);
  peer.connection.ended();
  assert.ok(declared() < count, `${declared()} in one turn`);
  await idle(broker);
  assert.deepEqual([declared(), queue.readyCount], [count, 1]);
  assert.equal(broker.clientConnections.size, 0);
});

test('a blocked or non-reading connection is closed after a timeout', async () => {
  const { broker } = await openBroker({ stuckMsMax: 5000 });
  const [blocked, deaf, idling] = [
    await AmqpPeer.ready(broker),
    await AmqpPeer.ready(broker),
    await AmqpPeer.ready(broker),
  ];
  blocked.send(publishFrames(1, 'q', 'x'));
  deaf.takesMore = false;
  deaf.send(get);
  deaf.take();
  broker.flow.block('low on memory');
  for (let ms = 1000; ms <= 8000; ms += 1000) {
    for (const { connection } of [blocked, deaf, idling]) connection.tick(ms);
  }
  assert.deepEqual(closes(blocked.take()), [
    'connection 320 CONNECTION_FORCED - it was blocked for too long (low on memory)',
  ]);
  assert.deepEqual(closes(deaf.take()), ['connection 320 CONNECTION_FORCED - it does not read']);
  assert.deepEqual(closes(idling.take()), []);
});

test('unfinished messages on many channels are limited', async () => {
  const { broker } = await openBroker({ bodyBytesMax: 1000, unfinishedBytesMax: 1000 });
  const peer = await AmqpPeer.ready(broker);
  const publish = { exchange: '', routingKey: 'q', mandatory: false, immediate: false } as const;
  const begin = (channel: number) => {
    const header = contentFrames(channel, Buffer.alloc(1000)).subarray(0, 22);
    const part = frame(3, channel, Buffer.alloc(900));
    return peer.send(methodFrame(channel, { id: 0x003c0028, ...publish }), header, part);
  };
  const end = (channel: number) => peer.send(frame(3, channel, Buffer.alloc(100)));
  for (let i = 2; i <= 4; i++) peer.call(i, { id: 0x0014000a });
  for (let round = 0; round < 5; round++) {
    assert.deepEqual(closes([...begin(1), ...begin(2), ...end(1), ...end(2)]), []);
  }
  assert.deepEqual(closes([...begin(1), ...begin(2)]), []);
  assert.deepEqual(closes(begin(3)), [
    'connection 506 RESOURCE_ERROR - 2700 bytes of messages that are not complete on all channels, at most 2000 are allowed',
  ]);
});

test('the size of a transaction is limited', async () => {
  const { broker } = await openBroker({ transactionBytesMax: 10_000 });
  const peer = await AmqpPeer.ready(broker);
  peer.call(1, { id: 0x005a000a });
  for (let i = 0; i < 10; i++) assert.deepEqual(peer.send(publishFrames(1, 'q', 'x')), []);
  peer.call(1, { id: 0x005a0014 });
  const [closed] = closes(peer.send(publishFrames(1, 'q', 'x'.repeat(10_000))));
  assert.match(
    closed ?? '',
    /506 RESOURCE_ERROR - transaction of 105\d\d bytes with 1 messages, at most 10000 bytes are allowed/,
  );
});

test('the number of unsettled deliveries per channel is limited', async () => {
  const { broker } = await openBroker({ unsettledCountMax: 10 });
  const peer = await AmqpPeer.ready(broker);
  for (const queue of ['a', 'b']) {
    peer.declare(queue, {}, transient);
    publishMany(peer, queue, 10);
    peer.consume(queue);
  }
  assert.equal(peer.deliveries.length, 10);
  peer.call(1, { id: 0x003c0050, deliveryTag: 1, multiple: false });
  assert.equal(peer.deliveries.length, 11);
  peer.call(1, { id: 0x003c0050, deliveryTag: 0, multiple: true });
  assert.equal(peer.deliveries.length, 20);
});

test('far above the memory limit, declarations are rejected but queues can still be drained', async () => {
  let used = 100;
  const limits = { memoryBytesMax: 100, unsettledCountShort: 2, consumerCountShort: 1 };
  const { broker } = await openBroker(limits, () => used);
  const peer = await AmqpPeer.ready(broker);
  publishMany(peer, 'q', 5);
  used = 120;
  broker.tick();
  peer.declare('publishers only', {}, transient);
  used = 126;
  broker.tick();
  const refused = (what: string) => [
    `connection 506 RESOURCE_ERROR - low on memory: no room for another ${what}`,
  ];
  const attempts: [string, (other: AmqpPeer) => ReturnType<AmqpPeer['call']>][] = [
    ['queue', (other) => other.declare('new', {}, transient)],
    ['binding', (other) => other.send(bindQueue('q', 'amq.topic', 'k'))],
    ['exchange', (other) => other.send(declareExchange('x', 'topic'))],
    ['consumer', (other) => [...other.consume('q'), ...other.consume('q', { consumerTag: 'b' })]],
  ];
  for (const [what, attempt] of attempts) {
    const other = await AmqpPeer.ready(broker); // declares a queue that is there
    assert.deepEqual(closes(attempt(other)), refused(what));
  }
  assert.equal(peer.send(get)[1], '0');
  used = 90;
  broker.tick();
  peer.consume('q');
  used = 126;
  broker.tick();
  publishMany(peer, 'q', 5);
  assert.equal(peer.deliveries.length, 1 + 4, 'those that were there');
});

test('a sync visits only channels that wait for it', async () => {
  const { broker, log } = await openBroker();
  const peers = await Promise.all(Array.from({ length: 20 }, () => AmqpPeer.ready(broker)));
  for (const peer of peers) {
    peer.call(1, { id: 0x0055000a, noWait: true });
    peer.send(publishFrames(1, 'q', 'x', { deliveryMode: 2 }));
  }
  assert.equal(broker.logWaiters.count, 20);
  log.syncNow();
  for (const peer of peers) assert.equal(peer.take().length, 1);
  assert.equal(broker.logWaiters.count, 0);
  peers[7]?.send(publishFrames(1, 'q', 'x', { deliveryMode: 2 }));
  peers[7]?.send(publishFrames(1, 'q', 'x', { deliveryMode: 2 }));
  assert.equal(broker.logWaiters.count, 1);
});

const manyCount = 10_000;

/** A peer with more unsettled deliveries than are settled at once. */
async function withMany(broker: Broker): Promise<AmqpPeer> {
  const peer = await AmqpPeer.ready(broker);
  peer.declare('many', {}, transient);
  peer.declare('last', {}, transient);
  publishMany(peer, 'many', manyCount);
  peer.consume('many');
  await peer.untilDelivered(manyCount);
  peer.take();
  return peer;
}

test('a closed channel requeues many unsettled deliveries in slices, in order, then answers', async () => {
  const { broker } = await openBroker();
  const peer = await withMany(broker);
  const queue = broker.vhost('/').queue('many', undefined);
  assert.deepEqual(peer.call(1, close), []);
  assert.ok(queue.readyCount < manyCount, `${queue.readyCount} are back`);
  const other = await AmqpPeer.ready(broker);
  const bodies = other.consume('many', { noAck: true }).filter((x) => typeof x === 'string');
  await idle(broker);
  assert.deepEqual(peer.take(), [{ id: 0x00140029 }]);
  bodies.push(...other.take().filter((x) => typeof x === 'string'));
  assert.deepEqual(
    bodies,
    Array.from({ length: manyCount }, (_, i) => String(i)),
  );
});

test('a lost connection requeues its deliveries in slices', async () => {
  const { broker } = await openBroker();
  const peer = await withMany(broker);
  const queue = broker.vhost('/').queue('many', undefined);
  peer.connection.ended();
  assert.ok(queue.readyCount < manyCount, `${queue.readyCount} are back`);
  await idle(broker);
  assert.deepEqual([queue.readyCount, queue.consumerCount], [manyCount, 0]);
});

test('frames after an ack of many deliveries wait until it is done', async () => {
  const { broker } = await openBroker();
  const peer = await withMany(broker);
  const queue = broker.vhost('/').queue('many', undefined);
  const ack = methodFrame(1, { id: 0x003c0050, deliveryTag: manyCount, multiple: true });
  const after = publishFrames(1, 'last', 'after it');
  const answers = peer.send(Buffer.concat([ack, after.subarray(0, 20)]), after.subarray(20));
  assert.deepEqual([answers, peer.isPaused], [[], true]);
  assert.ok(queue.settledCount < manyCount, `${queue.settledCount} are settled`);
  const last = broker.vhost('/').queue('last', undefined);
  assert.equal(last.readyCount, 0);
  await idle(broker);
  assert.deepEqual([queue.settledCount, last.readyCount, peer.isPaused], [manyCount, 1, false]);
  // The same tag again is unknown.
  assert.match(closes(peer.send(ack))[0] ?? '', /unknown delivery tag 10000/);
});

test('a connection lost during a large ack requeues only the remaining deliveries', async () => {
  const { broker } = await openBroker();
  const peer = await withMany(broker);
  const queue = broker.vhost('/').queue('many', undefined);
  peer.call(1, { id: 0x003c0050, deliveryTag: manyCount - 1000, multiple: true });
  peer.connection.ended();
  await idle(broker);
  assert.deepEqual([queue.settledCount, queue.readyCount], [manyCount - 1000, 1000]);
});

test('connection.close-ok is sent after long-running work such as a recover', async () => {
  const { broker } = await openBroker();
  const peer = await withMany(broker);
  peer.call(1, { id: 0x003c006e, requeue: true });
  await idle(broker);
  await peer.untilDelivered(2 * manyCount);
  peer.take();
  const text = { replyCode: 200, replyText: '', classId: 0, methodId: 0 } as const;
  assert.deepEqual(peer.call(0, { id: 0x000a0032, ...text }), []);
  await idle(broker);
  assert.deepEqual(peer.take(), [{ id: 0x000a0033 }]);
});
