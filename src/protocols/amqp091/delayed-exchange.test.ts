import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AmqpPeer, closes, publishFrames } from '../../../tests/support/amqp-peer.ts';
import { ManualClock } from '../../../tests/support/bare-broker.ts';
import { MemoryLog } from '../../../tests/support/memory-log.ts';
import { Broker } from '../../broker/broker.ts';
import type { FieldTable } from './codec/tables.ts';
import { amqp091Format } from './format.ts';

const text = (value: string) => ({ type: 'longstr', value }) as const;
const int = (value: number) => ({ type: 'signedint', value }) as const;

async function opened() {
  const log = new MemoryLog();
  const clock = new ManualClock();
  const broker = await Broker.open({
    openLog: async (store) => store.attach(log),
    formats: [amqp091Format],
    users: [{ username: 'guest', passwordHash: 'guest' }],
    verifyPassword: async (password, hash) => password === hash,
    limits: {},
    memoryBytes: () => 0,
    clock,
  });
  log.onDurable = (group) => broker.onDurable(group);
  const peer = await AmqpPeer.ready(broker);
  const pass = (ms: number) => {
    clock.ms += ms;
    broker.tick();
    return peer.take().filter((x) => typeof x === 'string');
  };
  return { broker, log, peer, pass };
}

function declareExchange(peer: AmqpPeer, args: FieldTable, name = 'later') {
  return peer.call(1, {
    id: 0x0028000a,
    exchange: name,
    type: 'x-delayed-message',
    passive: false,
    durable: true,
    autoDelete: false,
    internal: false,
    noWait: true,
    arguments: args,
  });
}

function bind(peer: AmqpPeer, routingKey: string, queue = 'q', exchange = 'later') {
  return peer.call(1, {
    id: 0x00320014,
    queue,
    exchange,
    routingKey,
    noWait: true,
    arguments: {},
  });
}

test('a delayed exchange routes after the x-delay, according to its x-delayed-type', async () => {
  const { peer, pass } = await opened();
  declareExchange(peer, { 'x-delayed-type': text('topic') });
  bind(peer, 'a.*');
  peer.consume('q', { noAck: true });
  const publish = (body: string, key: string, delay: FieldTable) =>
    peer.send(publishFrames(1, key, body, { headers: delay }, 'later'));
  publish('second', 'a.x', { 'x-delay': int(200) });
  publish('first', 'a.y', { 'x-delay': text('100') });
  publish('third', 'a.x', { 'x-delay': { type: 'double', value: 300.9 } });
  publish('elsewhere', 'b', { 'x-delay': int(50) });
  const isTrue = { type: 'bool', value: true } as const;
  for (const none of [int(0), int(-100), text('soon'), isTrue]) {
    assert.ok(publish('at once', 'a.z', { 'x-delay': none }).includes('at once'));
  }
  assert.ok(publish('at once', 'a.z', {}).includes('at once'));
  assert.deepEqual(pass(99), []);
  assert.deepEqual(pass(1), ['first']);
  assert.deepEqual(pass(100), ['second']);
  assert.deepEqual(pass(100), ['third']);
});

test('a delayed message arrives with a negated x-delay, so it is not delayed again', async () => {
  const { peer, pass, broker } = await opened();
  declareExchange(peer, { 'x-delayed-type': text('direct') });
  bind(peer, 'k');
  peer.send(publishFrames(1, 'k', 'm', { headers: { a: text('b'), 'x-delay': int(30) } }, 'later'));
  pass(30);
  const { index: queueIndex } = broker.vhost('/').queue('q', undefined);
  const { delivery, store } = broker;
  assert.ok(store.view(queueIndex, 0, delivery));
  const { buffer, headAt, headLength } = delivery;
  const headers = amqp091Format.headers(buffer, headAt, headAt + headLength);
  assert.deepEqual({ ...headers }, { a: text('b'), 'x-delay': { type: 'long', value: -30 } });
});

test('a delayed message is confirmed once the schedule is synced, and counts as routed', async () => {
  const { peer, log, pass } = await opened();
  declareExchange(peer, { 'x-delayed-type': text('direct') });
  peer.call(1, { id: 0x0055000a, noWait: true });
  const headers = { 'x-delay': int(30) };
  const properties = { headers, deliveryMode: 1 };
  const before = peer.send(publishFrames(1, 'k', 'm', properties, 'later', true));
  assert.deepEqual(before, []);
  log.syncNow();
  const ids = peer.take().map((x) => (typeof x === 'string' ? x : x.id));
  assert.deepEqual(ids, [0x003c0050]);
  assert.deepEqual(pass(30), []);
});

test('dead letters to a delayed exchange are delayed; transactions schedule on commit', async () => {
  const { peer, pass, broker, log } = await opened();
  declareExchange(peer, { 'x-delayed-type': text('fanout') });
  bind(peer, '');
  peer.declare('mortal', {
    'x-message-ttl': int(10),
    'x-dead-letter-exchange': text('later'),
  });
  peer.consume('q', { noAck: true });
  const headers = { 'x-delay': int(100) };
  peer.send(publishFrames(1, 'mortal', 'died', { headers }));
  assert.deepEqual(pass(11), []);
  assert.equal(broker.schedules.of('/').count, 1);
  assert.deepEqual(pass(100), ['died']);
  peer.call(1, { id: 0x005a000a });
  peer.send(publishFrames(1, '', 'tx', { headers }, 'later'));
  assert.equal(broker.schedules.of('/').count, 0);
  peer.call(1, { id: 0x005a0014 });
  assert.equal(broker.schedules.of('/').count, 1);
  log.syncNow(); // deliveries wait for the answer to the commit
  assert.deepEqual(pass(100), ['tx']);
});

test('a delayed exchange needs a valid x-delayed-type, and delays above ten years are rejected', async () => {
  for (const args of [
    {},
    { 'x-delayed-type': text('x-delayed-message') },
    { 'x-delayed-type': int(1) },
  ]) {
    const { peer } = await opened();
    assert.match(
      closes(declareExchange(peer, args))[0] ?? '',
      /406 .*'x-delayed-type' must be an existing/,
    );
  }
  const { peer } = await opened();
  declareExchange(peer, { 'x-delayed-type': text('direct') });
  assert.deepEqual(closes(declareExchange(peer, { 'x-delayed-type': text('direct') })), []);
  const headers = { 'x-delay': { type: 'long', value: 315_360_000_001 } } as const;
  const found = closes(peer.send(publishFrames(1, 'k', 'm', { headers }, 'later')));
  assert.match(
    found[0] ?? '',
    /406 .*x-delay of 315360000001 ms is more than the 315360000000 allowed/,
  );
  const other = await opened();
  declareExchange(other.peer, { 'x-delayed-type': text('direct') });
  const again = closes(declareExchange(other.peer, { 'x-delayed-type': text('topic') }));
  assert.match(again[0] ?? '', /406 .*inequivalent arg 'x-delayed-type'/);
});
