import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AmqpPeer,
  methodFrame,
  openBroker,
  publishFrames,
} from '../../../tests/support/amqp-peer.ts';
import { type Method, methodIds } from './codec/methods.gen.ts';

const declare = (queue: string, durable: boolean): Method => ({
  id: methodIds.queueDeclare,
  queue,
  passive: false,
  durable,
  exclusive: false,
  autoDelete: false,
  noWait: false,
  arguments: {},
});

const consume: Method = {
  id: methodIds.basicConsume,
  queue: 'q',
  consumerTag: 'c',
  noLocal: false,
  noAck: false,
  exclusive: false,
  noWait: false,
  arguments: {},
};

const binding = {
  queue: 'q',
  exchange: 'amq.topic',
  routingKey: 'k',
  noWait: false,
  arguments: {},
} as const;

/** Class and method of what was received, and the texts of bodies. */
const names = (received: (Method | string)[]) =>
  received.map((x) => (typeof x === 'string' ? x : `${x.id >>> 16}.${x.id & 0xffff}`));

const durableChanges: readonly (readonly [string, Method, string])[] = [
  ['queue.declare', declare('d', true), '50.11'],
  ['queue.bind', { id: methodIds.queueBind, ...binding }, '50.21'],
  ['queue.purge', { id: methodIds.queuePurge, queue: 'q', noWait: false }, '50.31'],
  [
    'queue.delete',
    { id: methodIds.queueDelete, queue: 'q', ifUnused: false, ifEmpty: false, noWait: false },
    '50.41',
  ],
  [
    'exchange.declare',
    {
      id: methodIds.exchangeDeclare,
      exchange: 'x',
      type: 'fanout',
      passive: false,
      durable: true,
      autoDelete: false,
      internal: false,
      noWait: false,
      arguments: {},
    },
    '40.11',
  ],
];

for (const [what, method, answer] of durableChanges) {
  test(`${what} on a durable entity is answered once the change is synced`, async () => {
    const { broker, log } = await openBroker();
    const peer = await AmqpPeer.ready(broker);
    peer.send(publishFrames(1, 'q', 'x', { deliveryMode: 2 }));
    log.syncNow();
    assert.deepEqual(names(peer.call(1, method)), []);
    log.syncNow();
    assert.deepEqual(names(peer.take()), [answer]);
  });
}

test('durable declarations on one channel are synced together and answered in order', async () => {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  const queues = Array.from({ length: 100 }, (_, i) => `d${i}`);
  const declared = () =>
    peer
      .take()
      .map((x) =>
        typeof x !== 'string' && x.id === methodIds.queueDeclareOk ? x.queue : undefined,
      );
  assert.deepEqual(peer.send(...queues.map((queue) => methodFrame(1, declare(queue, true)))), []);
  log.syncNow();
  assert.deepEqual(declared(), queues);
});

test('removing a durable binding is answered once the removal is synced', async () => {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  const { noWait: _, ...unbinding } = binding;
  peer.call(1, { id: methodIds.queueBind, ...binding, noWait: true });
  log.syncNow();
  assert.deepEqual(names(peer.call(1, { id: methodIds.queueUnbind, ...unbinding })), []);
  log.syncNow();
  assert.deepEqual(names(peer.take()), ['50.51']);
});

test('non-durable declarations are answered immediately, even while the log has much to sync', async () => {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  const other = await AmqpPeer.ready(broker);
  assert.deepEqual(names(other.call(1, declare('d', true))), []);
  assert.deepEqual(names(peer.call(1, declare('t', false))), ['50.11']);
  assert.deepEqual(names(peer.call(1, { id: methodIds.queueBind, ...binding, queue: 't' })), [
    '50.21',
  ]);
  log.syncNow();
  assert.deepEqual(names(other.take()), ['50.11']);
});

test('responses after one that waits for the log are sent after it, in order', async () => {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  peer.call(1, { id: methodIds.confirmSelect, noWait: true });
  log.syncNow();
  assert.deepEqual(names(peer.send(publishFrames(1, 'q', 'first'))), ['60.80']);
  const received = peer.send(
    methodFrame(1, declare('d', true)),
    publishFrames(1, 'q', 'second'),
    publishFrames(1, 'nobody', 'unrouted', {}, '', true),
    methodFrame(1, { id: methodIds.basicGet, queue: 'q', noAck: true }),
    methodFrame(1, consume),
  );
  assert.deepEqual(names(received), []);
  log.syncNow();
  assert.deepEqual(names(peer.take()), [
    '50.11',
    '60.50',
    'unrouted',
    '60.80',
    '60.71',
    'first',
    '60.21',
    '60.60',
    'second',
  ]);
});

test('channel.close is answered after a response that waits for the log', async () => {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  log.syncNow();
  const close: Method = {
    id: methodIds.channelClose,
    replyCode: 200,
    replyText: '',
    classId: 0,
    methodId: 0,
  };
  assert.deepEqual(names(peer.send(methodFrame(1, declare('d', true)), methodFrame(1, close))), []);
  log.syncNow();
  assert.deepEqual(names(peer.take()), ['50.11', '20.41']);
  assert.deepEqual(names(peer.call(1, { id: methodIds.channelOpen })), ['20.11']);
});

test('tx.commit-ok is sent once the commit is durable, or at once without durable content', async () => {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  log.syncNow();
  assert.deepEqual(names(peer.call(1, { id: methodIds.txSelect })), ['90.11']);
  peer.send(publishFrames(1, 'q', 'kept', { deliveryMode: 2 }));
  assert.deepEqual(names(peer.call(1, { id: methodIds.txCommit })), []);
  assert.deepEqual(names(peer.call(1, consume)), []);
  log.syncNow();
  assert.deepEqual(names(peer.take()), ['90.21', '60.21', '60.60', 'kept']);
  peer.call(1, { id: methodIds.basicAck, deliveryTag: 1, multiple: false });
  assert.deepEqual(names(peer.call(1, { id: methodIds.txCommit })), []);
  log.syncNow();
  assert.deepEqual(names(peer.take()), ['90.21']);
  peer.send(publishFrames(1, 'nobody', 'transient'));
  assert.deepEqual(names(peer.call(1, { id: methodIds.txCommit })), ['90.21']);
});
