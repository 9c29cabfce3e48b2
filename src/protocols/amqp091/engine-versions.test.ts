import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AmqpPeer, closes, openBroker, publishFrames } from '../../../tests/support/amqp-peer.ts';
import { methodIds } from './codec/methods.gen.ts';
import { lookMs } from './timing/delivery-ages.ts';

// What clients see of the engine version of a broker.

async function ready(engineVersion: string) {
  const bugs: unknown[] = [];
  const { broker } = await openBroker(
    {},
    () => 0,
    (error) => bugs.push(error),
    engineVersion,
  );
  return { broker, peer: await AmqpPeer.ready(broker, 0), bugs };
}

/** As RabbitMQ shortens it to a short string. */
const refused =
  'Feature `transient_nonexcl_queues` is deprecated. By default, this feature is not permitted anymore. The feature will be removed from a future major RabbitMQ version, regardless of the configuration; actual version to be determined. To...';
const globalQos = {
  id: methodIds.basicQos,
  prefetchSize: 0,
  prefetchCount: 10,
  global: true,
} as const;

test('version 4.3 refuses transient queues of all clients with an internal error, and 4.2 does not', async () => {
  const { peer, bugs } = await ready('4.3');
  assert.deepEqual(closes(peer.declare('own', {}, { durable: false, exclusive: true })), []);
  assert.deepEqual(closes(peer.declare('new', {}, { durable: false })), [
    `connection 541 INTERNAL_ERROR - ${refused}`,
  ]);
  assert.deepEqual(bugs, [], 'it is not reported as a bug');
  const before = await ready('4.2');
  assert.deepEqual(closes(before.peer.declare('new', {}, { durable: false })), []);
});

test('in version 4.3, a prefetch limit of a channel is one of each consumer', async () => {
  for (const [version, count] of [
    ['4.2', 1],
    ['4.3', 2],
  ] as const) {
    const { peer } = await ready(version);
    peer.declare('new', { 'x-queue-type': { type: 'longstr', value: 'classic' } });
    assert.deepEqual(closes(peer.call(1, { ...globalQos, prefetchCount: 1 })), []);
    for (let i = 0; i < 4; i++) peer.send(publishFrames(1, 'new', 'x'));
    peer.consume('new');
    peer.consume('new', { consumerTag: 'other' });
    assert.equal(peer.deliveries.length, count, version);
  }
});

test('version 4.3 knows only version 2 of classic queues, and does not check their mode', async () => {
  const one = { 'x-queue-version': { type: 'signedint', value: 1 } } as const;
  const mode = { 'x-queue-mode': { type: 'longstr', value: 'lazy' } } as const;
  const classic = { 'x-queue-type': { type: 'longstr', value: 'classic' } } as const;
  const { peer } = await ready('4.3');
  assert.deepEqual(closes(peer.declare('mode', { ...classic, ...mode })), []);
  assert.deepEqual(closes(peer.declare('new', { ...classic, ...one })), [
    "channel 406 PRECONDITION_FAILED - invalid arg 'x-queue-version' for queue 'new' in vhost '/': \"unsupported queue version '1'\"",
  ]);
  const before = await ready('4.2');
  assert.deepEqual(closes(before.peer.declare('new', { ...classic, ...one })), []);
});

test('a returned delivery counts as a failed one before version 4.3', async () => {
  for (const [version, isKept] of [
    ['4.2', false],
    ['4.3', true],
  ] as const) {
    const { peer, broker } = await ready(version);
    peer.declare('new', { 'x-delivery-limit': { type: 'signedint', value: 1 } });
    peer.send(publishFrames(1, 'new', 'x'));
    const get = () => peer.call(1, { id: methodIds.basicGet, queue: 'new', noAck: false });
    for (let i = 0; i < 3; i++) {
      get();
      const deliveryTag = peer.deliveries.at(-1)?.tag ?? 0;
      if (peer.deliveries.length <= i) break;
      peer.call(1, { id: methodIds.basicNack, deliveryTag, multiple: false, requeue: true });
    }
    const queue = broker.vhosts.get('/')?.queues.get('new');
    assert.equal(queue?.readyCount === 1, isKept, version);
    const answers = get().map(
      (each) => typeof each !== 'string' && 'redelivered' in each && each.redelivered,
    );
    assert.equal(answers.includes(true), isKept, version);
  }
});

test('in version 4.3, only deliveries of quorum queues must be settled in time', async () => {
  for (const [type, count] of [
    ['classic', 0],
    ['quorum', 1],
  ] as const) {
    const { peer } = await ready('4.3');
    peer.declare('new', { 'x-queue-type': { type: 'longstr', value: type } });
    peer.send(publishFrames(1, 'new', 'x'));
    peer.consume('new');
    peer.take();
    let closed = 0;
    for (let minute = 0; minute < 40; minute++) {
      peer.connection.tick(1_000_000 + minute * lookMs);
      closed += closes(peer.take()).length;
    }
    assert.equal(closed, count, type);
  }
});
