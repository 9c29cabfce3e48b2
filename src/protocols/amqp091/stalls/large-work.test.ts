import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nack } from '../../../../tests/support/amqp-frames.ts';
import {
  AmqpPeer,
  closes,
  methodFrame,
  openBroker,
  publishFrames,
} from '../../../../tests/support/amqp-peer.ts';
import type { Broker } from '../../../broker/broker.ts';
import { queuesPerSlice } from '../../../broker/publishing/publishing.ts';
import type { Method } from '../codec/methods.gen.ts';

// Methods with much work: they take several turns of the event loop, later frames of the peer wait,
// and other clients are served meanwhile.

const count = 20_000;
const select: Method = { id: 0x005a000a };
const commit: Method = { id: 0x005a0014 };
const commitOk: Method = { id: 0x005a0015 };
const transient = { durable: false } as const;

const queueOf = (broker: Broker, name: string) => broker.vhost('/').queue(name, undefined);

async function idle({ background }: Broker): Promise<number> {
  for (let turns = 0; turns < 10_000; turns++) {
    if (background.isIdle) return turns;
    await new Promise(setImmediate);
  }
  assert.fail('background work does not end');
}

/** Sends many frames in pieces of a usual size. */
function sendMany(peer: AmqpPeer, sent: number, frame: (i: number) => Buffer): void {
  for (let i = 0; i < sent; i += 500) {
    const size = Math.min(500, sent - i);
    peer.send(Buffer.concat(Array.from({ length: size }, (_, at) => frame(i + at))));
  }
}

const bodiesOf = (received: readonly (Method | string)[]) =>
  received.filter((x) => typeof x === 'string');

/** The bodies of this many messages of a queue. */
async function consumed(peer: AmqpPeer, queue: string, wanted: number): Promise<unknown[]> {
  const bodies = bodiesOf(peer.consume(queue, { noAck: true }));
  for (let turns = 0; bodies.length < wanted && turns < 1000; turns++) {
    await new Promise(setImmediate);
    bodies.push(...bodiesOf(peer.take()));
  }
  return bodies;
}

test('a large commit takes several turns in order, and later frames of the connection wait', async () => {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  peer.call(1, select);
  log.syncNow();
  peer.take();
  sendMany(peer, count, (i) => publishFrames(1, 'q', String(i), { deliveryMode: 2 }));
  const queue = queueOf(broker, 'q');
  assert.equal(queue.readyCount, 0);
  const after = [publishFrames(1, 'q', 'after'), methodFrame(1, commit)];
  assert.deepEqual(peer.send(methodFrame(1, commit), ...after), []);
  assert.ok(queue.readyCount > 0 && queue.readyCount < count, `${queue.readyCount} at first`);
  const other = await AmqpPeer.ready(broker);
  other.declare('other', {}, transient);
  other.send(publishFrames(1, 'other', 'm'));
  assert.equal(queueOf(broker, 'other').readyCount, 1);
  assert.ok((await idle(broker)) > 2);
  log.syncNow();
  assert.deepEqual(peer.take(), [commitOk, commitOk]);
  const bodies = await consumed(other, 'q', count + 1);
  assert.deepEqual(bodies, [...Array.from({ length: count }, (_, i) => String(i)), 'after']);
});

test('a large commit settles in order and leaves other deliveries unsettled', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  peer.declare('q2', {}, transient);
  sendMany(peer, count, (i) => publishFrames(1, 'q2', String(i)));
  peer.call(1, select);
  peer.consume('q2');
  await peer.untilDelivered(count);
  peer.call(1, { id: 0x003c001e, consumerTag: 'q2', noWait: true });
  peer.take();
  // Every third of the first 19,800 one by one, the others all at once; the last hundred stay.
  sendMany(peer, 6600, (i) =>
    methodFrame(1, { id: 0x003c0050, deliveryTag: 1 + 3 * i, multiple: false }),
  );
  const rest = nack(count - 100, { multiple: true, requeue: true });
  assert.deepEqual(peer.send(rest, methodFrame(1, commit)), []);
  await idle(broker);
  assert.deepEqual(peer.take(), [commitOk]);
  const isBack = (_: unknown, i: number) => i % 3 > 0 || i >= 19_800;
  const back = Array.from({ length: count - 100 }, (_, i) => String(i)).filter(isBack);
  const other = await AmqpPeer.ready(broker);
  assert.deepEqual(await consumed(other, 'q2', back.length), back);
  assert.equal(queueOf(broker, 'q2').index.count, 100);
});

test('a recover in a transaction requeues in slices what the transaction does not settle', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  peer.declare('q2', {}, transient);
  sendMany(peer, count, (i) => publishFrames(1, 'q2', String(i)));
  peer.call(1, select);
  peer.consume('q2');
  await peer.untilDelivered(count);
  peer.call(1, { id: 0x003c001e, consumerTag: 'q2', noWait: true });
  peer.take();
  peer.call(1, { id: 0x003c0050, deliveryTag: 500, multiple: true });
  peer.call(1, { id: 0x003c006e, requeue: true });
  const queue = queueOf(broker, 'q2');
  assert.ok(queue.readyCount < count - 500, `${queue.readyCount} at first`);
  await idle(broker);
  assert.equal(queue.readyCount, count - 500);
  peer.call(1, commit);
  await idle(broker);
  assert.equal(queue.index.count, count - 500);
});

test('a large commit reports rejected messages at its end, and completes after a disconnect', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  peer.declare('full', {
    'x-max-length': { type: 'signedint', value: count - 1 },
    'x-overflow': { type: 'longstr', value: 'reject-publish' },
  });
  peer.call(1, select);
  sendMany(peer, count, (i) => publishFrames(1, 'full', String(i)));
  peer.take();
  assert.deepEqual(peer.call(1, commit), []);
  await idle(broker);
  assert.deepEqual(closes(peer.take()), [
    'channel 406 PRECONDITION_FAILED - partial tx completion',
  ]);
  const leaving = await AmqpPeer.ready(broker);
  leaving.call(1, select);
  sendMany(leaving, count, (i) => publishFrames(1, 'q', String(i)));
  leaving.call(1, commit);
  leaving.connection.ended();
  await idle(broker);
  assert.equal(queueOf(broker, 'q').readyCount, count);
});

test('two large commits run one after the other, each in one group', async () => {
  const { broker, log } = await openBroker();
  const peers = [await AmqpPeer.ready(broker), await AmqpPeer.ready(broker)];
  log.syncNow();
  for (const peer of peers) {
    peer.call(1, select);
    sendMany(peer, count, (i) => publishFrames(1, 'q', String(i), { deliveryMode: 2 }));
    peer.take();
  }
  for (const peer of peers) peer.call(1, commit);
  while (!broker.background.isIdle) {
    log.syncNow(); // as a log does that is asked to by others
    await new Promise(setImmediate);
  }
  log.syncNow();
  for (const peer of peers) assert.deepEqual(peer.take(), [commitOk]);
  const groups = new Map<number, Set<number>>();
  for (const { batch, group } of log.rows) {
    if (batch > 0) groups.set(batch, (groups.get(batch) ?? new Set()).add(group));
  }
  assert.deepEqual(
    [...groups.values()].map((all) => all.size),
    [...groups.values()].map(() => 1),
  );
});

test('a message to many queues is confirmed once all have it, before later messages', async () => {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  const vhost = broker.vhost('/');
  const options = { exclusive: false, autoDelete: false, arguments: {} };
  const queueCount = 3 * queuesPerSlice + 5;
  const fanout = vhost.exchange('amq.fanout');
  for (let i = 0; i < queueCount; i++) {
    const durable = i % 1000 === 0;
    const queue = vhost.declareQueue(`fan-${i}`, { ...options, durable }, peer);
    vhost.bind(fanout, queue, '', {});
  }
  peer.call(1, { id: 0x0055000a, noWait: true });
  log.syncNow();
  peer.take();
  const properties = { deliveryMode: 2 };
  const frames = [
    publishFrames(1, '', 'wide', properties, 'amq.fanout'),
    publishFrames(1, 'fan-0', 'narrow', properties),
    publishFrames(1, `fan-${queueCount - 1}`, 'narrow', properties),
  ];
  assert.deepEqual(peer.send(Buffer.concat(frames)), []);
  const last = queueOf(broker, `fan-${queueCount - 1}`);
  assert.equal(last.readyCount, 0);
  vhost.removeQueue(queueOf(broker, `fan-${queueCount - 2}`));
  await idle(broker);
  log.syncNow();
  assert.deepEqual(peer.take(), [{ id: 0x003c0050, deliveryTag: 3, multiple: true }]);
  for (let i = 0; i < queueCount - 2; i++) {
    assert.equal(queueOf(broker, `fan-${i}`).readyCount, i === 0 ? 2 : 1, `queue ${i}`);
  }
  const other = await AmqpPeer.ready(broker);
  const received = other.consume(last.name, { noAck: true });
  assert.deepEqual(bodiesOf(received), ['wide', 'narrow']);
});

test('a message to many queues is confirmed although the log was synced before all have it', async () => {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  const vhost = broker.vhost('/');
  const options = { exclusive: false, autoDelete: false, arguments: {} };
  for (let i = 0; i < 3 * queuesPerSlice; i++) {
    const queue = vhost.declareQueue(`fan-${i}`, { ...options, durable: i === 0 }, peer);
    vhost.bind(vhost.exchange('amq.fanout'), queue, '', {});
  }
  peer.call(1, { id: 0x0055000a, noWait: true });
  log.syncNow();
  peer.take();
  peer.send(publishFrames(1, '', 'wide', { deliveryMode: 2 }, 'amq.fanout'));
  log.syncNow();
  assert.deepEqual(peer.take(), []);
  await idle(broker);
  assert.deepEqual(peer.take(), [{ id: 0x003c0050, deliveryTag: 1, multiple: false }]);
});

test('deliveries settled by many methods share the work limit of a turn', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  peer.declare('q2', {}, transient);
  sendMany(peer, count, (i) => publishFrames(1, 'q2', String(i)));
  peer.consume('q2');
  await peer.untilDelivered(count);
  peer.take();
  const acks: Buffer[] = [];
  for (let deliveryTag = 500; deliveryTag <= count; deliveryTag += 500) {
    acks.push(methodFrame(1, { id: 0x003c0050, deliveryTag, multiple: true }));
  }
  peer.send(Buffer.concat(acks));
  const queue = queueOf(broker, 'q2');
  assert.ok(queue.settledCount < count / 2, `${queue.settledCount} in the first turn`);
  await idle(broker);
  assert.equal(queue.settledCount, count);
});

test('the next single active consumer starts only after all deliveries are requeued', async () => {
  const { broker } = await openBroker();
  const [first, next, publisher] = [
    await AmqpPeer.ready(broker),
    await AmqpPeer.ready(broker),
    await AmqpPeer.ready(broker),
  ];
  first.declare('one', { 'x-single-active-consumer': { type: 'bool', value: true } }, transient);
  const sent = 9000;
  const expected = Array.from({ length: sent }, (_, i) => String(i));
  sendMany(publisher, sent, (i) => publishFrames(1, 'one', String(i)));
  first.call(1, { id: 0x003c000a, prefetchSize: 0, prefetchCount: 6000, global: false });
  first.consume('one');
  next.consume('one');
  const queue = queueOf(broker, 'one');
  const later = () => new Promise(setImmediate);
  for (let turns = 0; queue.readyCount > 3000 && turns < 1000; turns++) await later();
  assert.equal(queue.readyCount, 3000);
  first.connection.ended();
  await idle(broker);
  for (let turns = 0; queue.readyCount > 0 && turns < 1000; turns++) await later();
  assert.deepEqual(bodiesOf(next.take()), expected);
});
