import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MqttBroker } from '../../../../tests/support/mqtt-peer.ts';
import {
  boundQueue,
  crashed,
  openRabbitMq,
  queueOf,
} from '../../../../tests/support/mqtt-rabbitmq.ts';
import { storedWillBytes, willPauseMs } from '../limits.ts';

// Sessions on brokers of RabbitMQ's type are queues with the names of RabbitMQ.

const kept = 'mqtt-subscription-cqos1';
const live = 'mqtt-subscription-cqos0';

test('a clean session has exclusive queues that end with its connection', async () => {
  const b = await openRabbitMq();
  const peer = await b.client({ version: 4 });
  peer.subscribe({ 'a/b': 1, 'a/+': 0 });
  await b.settled();
  assert.deepEqual(
    peer.take().flatMap(({ codes }) => codes ?? []),
    [1, 0],
  );
  assert.equal(queueOf(b, kept)?.options.exclusive, true);
  assert.deepEqual(queueOf(b, kept)?.options.arguments, {});
  assert.equal(queueOf(b, live)?.options.exclusive, true);
  peer.disconnect();
  await b.settled();
  assert.deepEqual([queueOf(b, kept), queueOf(b, live)], [undefined, undefined]);
});

test('the queues of a lasting session are durable and expire', async () => {
  const b = await openRabbitMq();
  const peer = await b.client({ version: 4, clean: false });
  peer.subscribe({ 'a/b': 1, 'c/d': 0 });
  await b.settled();
  peer.disconnect();
  await b.settled();
  for (const name of [kept, live]) {
    const queue = queueOf(b, name);
    assert.equal(queue?.options.exclusive, false);
    assert.deepEqual(queue?.options.arguments['x-expires'], { type: 'long', value: 86_400_000 });
    // The default type of the virtual host is quorum, which sessions do not use.
    assert.equal(queue?.settings.type, 'classic');
  }
  const sender = await b.client({ clientId: 's' });
  sender.publish('a/b', 'one', { qos: 1 });
  sender.publish('c/d', 'two');
  b.sync();
  assert.deepEqual([queueOf(b, kept)?.readyCount, queueOf(b, live)?.readyCount], [1, 1]);
  const again = await b.client({ version: 4, clean: false });
  assert.equal(again.connack?.isPresent, true);
  assert.deepEqual(again.payloads().sort(), ['one', 'two']);
  again.disconnect();
  await b.settled();
  b.advance(86_400_000);
  await b.settled();
  assert.deepEqual([queueOf(b, kept), queueOf(b, live)], [undefined, undefined]);
  const late = await b.client({ version: 4, clean: false });
  assert.equal(late.connack?.isPresent, false);
});

test('durable_queue_type makes the queue for quality of service 1 a quorum queue', async () => {
  const b = await openRabbitMq({ durableQueueType: 'quorum' });
  const peer = await b.client({ version: 4, clean: false });
  peer.subscribe({ 'a/b': 1, 'c/d': 0 });
  await b.settled();
  assert.equal(queueOf(b, kept)?.settings.type, 'quorum');
  assert.equal(queueOf(b, live)?.settings.type, 'classic');
});

test('a session without subscriptions is not present', async () => {
  const b = await openRabbitMq();
  const peer = await b.client({ version: 4, clean: false });
  peer.disconnect();
  await b.settled();
  const again = await b.client({ version: 4, clean: false });
  assert.equal(again.connack?.isPresent, false);
});

test('the expiry of a session is limited, told, and changes with it', async () => {
  const b = await openRabbitMq({ sessionSecondsMax: 100 });
  const lasting = (seconds: number) =>
    b.client({ version: 5, clean: false, properties: { 17: seconds } });
  const peer = await lasting(50);
  assert.equal(peer.connack?.properties?.[0x11], 50);
  peer.subscribe({ 'a/b': 1 });
  await b.settled();
  const expires = () => queueOf(b, kept)?.options.arguments['x-expires']?.value;
  assert.equal(expires(), 50_000);
  peer.disconnect();
  await b.settled();
  const again = await lasting(0xffff_ffff);
  assert.equal(again.connack?.properties?.[0x11], 100);
  assert.equal(expires(), 100_000);
  // DISCONNECT changes it again, and the change survives a crash.
  again.disconnect(Buffer.of(0, 5, 0x11, 0, 0, 0, 30));
  await b.settled();
  assert.equal(expires(), 30_000);
  b.sync();
  const next = await crashed(b, { sessionSecondsMax: 100 });
  assert.equal(queueOf(next, kept)?.options.arguments['x-expires']?.value, 30_000);
  next.advance(29_000);
  await next.settled();
  assert.ok(queueOf(next, kept));
  next.advance(2000);
  await next.settled();
  assert.equal(queueOf(next, kept), undefined);
});

test('a session ends when its queue is deleted, and its client is disconnected', async () => {
  const b = await openRabbitMq();
  const peer = await b.client({ version: 5, clean: false, properties: { 17: 60 } });
  peer.subscribe({ 'a/b': 1 });
  await b.settled();
  peer.take();
  const how = { ifUnused: false, ifEmpty: false };
  b.broker.vhost('/').deleteQueue(kept, undefined, how);
  await b.settled();
  assert.deepEqual(peer.take().at(-1)?.codes, [0x98]);
  assert.equal(peer.isClosed, true);
  const again = await b.client({ version: 5, clean: false, properties: { 17: 60 } });
  assert.equal(again.connack?.isPresent, false);
  assert.equal(queueOf(b, kept), undefined);
});

test('a queue that another client declared is consumed, as in RabbitMQ', async () => {
  const b = await openRabbitMq();
  const options = { durable: true, exclusive: false, autoDelete: false, arguments: {} };
  const vhost = b.broker.vhost('/');
  vhost.bind(vhost.exchange('amq.topic'), vhost.declareQueue(kept, options, {}), 'x.y', {});
  const sender = await b.client({ clientId: 's' });
  sender.publish('x/y', 'here', { qos: 1 });
  const peer = await b.client({ version: 4, clean: false });
  assert.equal(peer.connack?.isPresent, true);
  const [message] = peer.messages();
  assert.deepEqual([message?.topic, message?.payload, message?.qos], ['x/y', 'here', 1]);
});

test('an exclusive queue of another connection is left alone', async () => {
  const b = await openRabbitMq();
  const options = { durable: false, exclusive: true, autoDelete: false, arguments: {} };
  b.broker.vhost('/').declareQueue(kept, options, {});
  const peer = await b.client({ version: 5 });
  assert.deepEqual(peer.connack?.codes, [0x83]);
  assert.ok(queueOf(b, kept));
});

test('a stream with the name of a session is left alone', async () => {
  const b = await openRabbitMq();
  const stream = { 'x-queue-type': { type: 'longstr', value: 'stream' } } as const;
  const options = { durable: true, exclusive: false, autoDelete: false, arguments: stream };
  b.broker.vhost('/').declareQueue(kept, options, {});
  const peer = await b.client({ version: 5, clean: false, properties: { 17: 60 } });
  assert.equal(peer.connack?.isPresent, false);
  peer.subscribe({ 'a/b': 1 });
  await b.settled();
  assert.deepEqual(peer.take()[0]?.codes, [0x83]);
});

test('another connection with the client id takes the session over', async () => {
  const b = await openRabbitMq();
  const one = await b.client({ version: 5, clean: false, properties: { 17: 60 } });
  one.subscribe({ 'a/b': 1 });
  await b.settled();
  one.take();
  const two = await b.client({ version: 5, clean: false, properties: { 17: 60 } });
  await b.settled();
  assert.deepEqual(one.take().at(-1)?.codes, [0x8e]);
  const connack = two.connack ?? two.take()[0];
  assert.equal(connack?.isPresent, true);
  two.publish('a/b', 'mine', { qos: 1 });
  assert.deepEqual(two.payloads(), ['mine']);
});

test('sessions of virtual hosts are apart, and end with them', async () => {
  const b = await openRabbitMq();
  b.broker.createVhost('v');
  const everything = { configure: '.*', write: '.*', read: '.*' };
  b.broker.setPermission('bob', 'v', everything);
  const lasting = { version: 4, clean: false } as const;
  const inV = await b.client({ ...lasting, username: 'v:bob' });
  const inDefault = await b.client(lasting);
  inV.subscribe({ 'a/b': 1 });
  inDefault.subscribe({ 'a/b': 1 });
  await b.settled();
  inV.take();
  inDefault.take();
  inV.publish('a/b', 'in v');
  assert.deepEqual([inV.payloads(), inDefault.payloads()], [['in v'], []]);
  b.broker.deleteVhost('v');
  await b.settled();
  assert.equal(inV.isClosed, true);
  assert.equal(inDefault.isClosed, false);
  b.broker.createVhost('v');
  b.broker.setPermission('bob', 'v', everything);
  const again = await b.client({ ...lasting, username: 'v:bob' });
  assert.equal(again.connack?.isPresent, false);
  again.subscribe({ 'a/b': 1 });
  await b.settled();
  // The time of the session in the former virtual host ends nothing here.
  again.disconnect();
  await b.settled();
  b.advance(86_000_000);
  await b.settled();
  assert.ok(b.broker.vhost('v').queues.get(kept));
});

test('messages, sessions and retained messages survive a crash', async () => {
  const b = await openRabbitMq();
  const lasting = { version: 5, clean: false, properties: { 17: 60 } } as const;
  const peer = await b.client(lasting);
  peer.subscribe({ 'a/b': 1 }, { 11: 7 });
  await b.settled();
  peer.take();
  const sender = await b.client({ version: 5, clientId: 's' });
  sender.publish('a/b', 'one', { qos: 1, properties: { 3: 'text/plain' } });
  sender.publish('r/x', 'kept', { qos: 1, id: 2, retain: true });
  const [before] = peer.messages();
  b.sync();
  const next = await crashed(b);
  const again = await next.client(lasting);
  assert.equal(again.connack?.isPresent, true);
  const [after] = again.messages();
  assert.deepEqual(after, { ...before, dup: true });
  assert.deepEqual(after?.properties, { 3: 'text/plain', 11: [7] });
  again.puback(after?.id ?? 0);
  again.subscribe({ 'r/#': 1 });
  next.sync();
  await next.settled();
  next.sync();
  await next.settled();
  assert.deepEqual(again.payloads(), ['kept']);
});

/** Another client declares an exclusive queue with the name of one of a session's. */
function exclusiveQueue(b: MqttBroker): void {
  const options = { durable: false, exclusive: true, autoDelete: false, arguments: {} };
  b.broker.vhost('/').declareQueue(live, options, {});
}

test('a session ends although a queue with the name of one of its queues is locked', async () => {
  const b = await openRabbitMq();
  const lasting = { version: 5, clean: false, properties: { 17: 10 } } as const;
  for (const ends of ['expiry', 'DISCONNECT']) {
    const peer = await b.client(lasting);
    peer.subscribe({ 'a/b': 1 });
    await b.settled();
    exclusiveQueue(b);
    // A new expiry of 0, for the second one.
    if (ends === 'expiry') peer.disconnect();
    else peer.disconnect(Buffer.from([0, 5, 17, 0, 0, 0, 0]));
    await b.settled();
    const refused = await b.client(lasting);
    assert.equal(refused.connack?.codes?.[0], 0x83, ends);
    b.advance(10_000);
    await b.settled();
    assert.equal(queueOf(b, kept), undefined, ends);
    const queue = queueOf(b, live);
    assert.equal(queue?.options.exclusive, true, ends);
    if (queue !== undefined) b.broker.vhost('/').removeQueue(queue);
    const next = await b.client(lasting);
    assert.deepEqual([next.connack?.codes?.[0], next.connack?.isPresent], [0, false], ends);
    next.disconnect();
    await b.settled();
  }
});

test('a will whose exchange does not exist is dropped, and the client id is free again', async () => {
  const b = await openRabbitMq({ exchange: 'none' });
  const peer = await b.client({ version: 5, will: { topic: 'a/b', payload: 'w' } });
  assert.equal(peer.connack?.codes?.[0], 0);
  peer.cut();
  await b.settled();
  assert.equal((await b.client({ version: 5 })).connack?.codes?.[0], 0);
});

test('wills take a limited part of memory', async () => {
  const fits = 4;
  const willBytesMax = fits * (60_011 + storedWillBytes);
  const b = await openRabbitMq({}, { limits: { memoryBytesMax: Infinity, willBytesMax } });
  const queue = boundQueue(b, 'wills', '#');
  const payload = 'w'.repeat(60_000);
  for (let n = 0; n < fits + 2; n++) {
    const will = { topic: 'a', payload, properties: { 24: 1000 } };
    const peer = await b.client({ version: 5, clientId: `c${n}`, properties: { 17: 2000 }, will });
    peer.cut();
  }
  await b.settled();
  assert.equal(queue.readyCount, 2); // those that are too many are not delayed
  // A client that returns makes room.
  const back = { version: 5, clientId: 'c0', clean: false, properties: { 17: 2000 } } as const;
  (await b.client(back)).disconnect();
  await b.settled();
  const more = { topic: 'a', payload, properties: { 24: 1000 } };
  (await b.client({ version: 5, clientId: 'd', properties: { 17: 2000 }, will: more })).cut();
  await b.settled();
  assert.equal(queue.readyCount, 2);
  b.advance(1_000_000);
  await b.settled();
  assert.equal(queue.readyCount, fits + 2);
});

test('wills are published after a crash, in each virtual host, with the permissions of then', async () => {
  const b = await openRabbitMq();
  const queue = boundQueue(b, 'wills', '#');
  b.broker.createVhost('other');
  b.broker.setPermission('bob', 'other', { configure: '', write: '.*', read: '' });
  const topics = { write: '^{client_id}\\.', read: '' };
  b.broker.accounts.setTopicPermission('bob', 'other', 'amq.topic', topics);
  const will = (topic: string) => ({ topic, payload: topic, qos: 1, retain: true });
  await b.client({ version: 5, clientId: 'c', will: will('c/x') });
  for (const clientId of ['c', 'd', 'e']) {
    const username = 'other:bob';
    await b.client({ version: 5, clientId, username, will: will(`c/${clientId}`) });
  }
  b.sync();
  const next = await crashed(b);
  next.advance(willPauseMs);
  await next.settled();
  assert.equal(queueOf(next, 'wills')?.readyCount, queue.readyCount + 1);
  assert.deepEqual(next.broker.retained.topicsOf('/'), ['c.x']);
  assert.deepEqual(next.broker.retained.topicsOf('other'), ['c.c']);
});

test('a will of a deleted virtual host is not published in another one with its name', async () => {
  const b = await openRabbitMq();
  const all = { configure: '.*', write: '.*', read: '.*' };
  b.broker.createVhost('v');
  b.broker.setPermission('bob', 'v', all);
  const will = { topic: 'a', retain: true, properties: { 24: 10 } };
  const client = { version: 5, clientId: 'c', username: 'v:bob', properties: { 17: 900 } } as const;
  (await b.client({ ...client, will })).cut();
  await b.settled();
  b.broker.deleteVhost('v');
  b.broker.createVhost('v');
  b.broker.setPermission('bob', 'v', all);
  const { length } = b.log.rows;
  b.advance(10_000);
  await b.settled();
  assert.deepEqual(b.broker.retained.topicsOf('v'), []);
  assert.equal(b.log.rows.length, length, 'nor is the log told of its end');
});

test('a session can last longer than a queue can be unused', async () => {
  const b = await openRabbitMq({ sessionSecondsMax: null });
  const peer = await b.client({ version: 5, clean: false, properties: { 17: 100 } });
  peer.subscribe({ 'a/b': 1 });
  await b.settled();
  b.sync();
  assert.deepEqual(peer.take()[0]?.codes, [1]);
  peer.disconnect(Buffer.from([0, 5, 17, 0xff, 0xff, 0xff, 0xfe]));
  await b.settled();
  b.sync();
  // What was written can be read again.
  const next = await crashed(b, { sessionSecondsMax: null });
  assert.equal(queueOf(next, kept)?.options.arguments['x-expires'], undefined);
  const again = await next.client({ version: 5, clean: false, properties: { 17: 0xffff_fffe } });
  assert.equal(again.connack?.isPresent, true);
  again.subscribe({ 'a/c': 0 });
  await next.settled();
  next.sync();
  assert.deepEqual(again.take()[0]?.codes, [0]);
});
