import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  AmqpPeer,
  closes,
  frame,
  methodFrame,
  openBroker,
  publishFrames,
} from '../../../../tests/support/amqp-peer.ts';
import type { Method } from '../codec/methods.gen.ts';
import { backlogBytesMax } from './backlog.ts';

// Methods of a channel take effect, and are answered, in the order in which they came in, whatever
// an earlier one waits for.

const get = (queue: string, noAck = false): Method => ({ id: 0x003c0046, queue, noAck });

const declare = (queue: string, how: { passive?: boolean; durable?: boolean } = {}): Method => ({
  id: 0x0032000a,
  queue,
  passive: false,
  durable: false,
  exclusive: false,
  autoDelete: false,
  noWait: false,
  arguments: {},
  ...how,
});

const consume = (queue: string, consumerTag: string, priority = 0): Method => ({
  id: 0x003c0014,
  queue,
  consumerTag,
  noLocal: false,
  noAck: true,
  exclusive: false,
  noWait: false,
  arguments: { 'x-priority': { type: 'signedint', value: priority } },
});

const closeChannel: Method = {
  id: 0x00140028,
  replyCode: 200,
  replyText: '',
  classId: 0,
  methodId: 0,
};

const closeConnection: Method = { ...closeChannel, id: 0x000a0032 };

/** Class and method of what was received, and the texts of bodies. */
const names = (received: (Method | string)[]) =>
  received.map((x) => (typeof x === 'string' ? x : `${x.id >>> 16}.${x.id & 0xffff}`));

/** A peer, and a queue `cold` whose three messages are in memory or on the disk. */
async function ready(isOnDisk: boolean) {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  peer.declare('cold');
  peer.declare('warm');
  peer.declare('filler');
  for (let i = 0; i < 3; i++) {
    peer.send(publishFrames(1, 'cold', `cold${i}`, { deliveryMode: 2 }));
  }
  if (isOnDisk) {
    for (let i = 0; i < 3; i++) {
      peer.send(publishFrames(1, 'filler', 'x'.repeat(100_000), { deliveryMode: 2 }));
    }
    log.syncNow();
    log.evict();
  }
  for (let i = 0; i < 3; i++) {
    peer.send(publishFrames(1, 'warm', `warm${i}`, { deliveryMode: 2 }));
  }
  log.syncNow();
  peer.take();
  return { broker, log, peer };
}

/** Everything that comes until nothing more does. */
async function settled(peer: AmqpPeer): Promise<(Method | string)[]> {
  const received: (Method | string)[] = [];
  for (let quiet = 0; quiet < 3; quiet++) {
    await new Promise(setImmediate);
    const more = peer.take();
    if (more.length > 0) quiet = 0;
    received.push(...more);
  }
  return received;
}

const steps: Readonly<Record<string, readonly Buffer[]>> = {
  'get cold': [methodFrame(1, get('cold'))],
  'get cold, settled': [methodFrame(1, get('cold', true))],
  'get warm': [methodFrame(1, get('warm'))],
  'get of a queue that is not there': [methodFrame(1, get('nowhere'))],
  declare: [methodFrame(1, declare('new'))],
  'count cold': [methodFrame(1, declare('cold', { passive: true }))],
  'count warm': [methodFrame(1, declare('warm', { passive: true }))],
  purge: [methodFrame(1, { id: 0x0032001e, queue: 'cold', noWait: false })],
  delete: [
    methodFrame(1, {
      id: 0x00320028,
      queue: 'cold',
      ifUnused: false,
      ifEmpty: false,
      noWait: false,
    }),
  ],
  qos: [methodFrame(1, { id: 0x003c000a, prefetchSize: 0, prefetchCount: 5, global: false })],
  consume: [methodFrame(1, consume('warm', 'c'))],
  cancel: [methodFrame(1, { id: 0x003c001e, consumerTag: 'c', noWait: false })],
  publish: [publishFrames(1, 'warm', 'published')],
  'publish that comes back': [publishFrames(1, 'nobody', 'returned', {}, '', true)],
  'publish in pieces': [
    publishFrames(1, 'warm', '').subarray(0, -30),
    publishFrames(1, 'warm', '').subarray(-30),
  ],
  'ack all': [methodFrame(1, { id: 0x003c0050, deliveryTag: 0, multiple: true })],
  'ack of a wrong tag': [methodFrame(1, { id: 0x003c0050, deliveryTag: 99, multiple: false })],
  'reject first': [methodFrame(1, { id: 0x003c005a, deliveryTag: 1, requeue: true })],
  recover: [methodFrame(1, { id: 0x003c006e, requeue: true })],
  'tx.select': [methodFrame(1, { id: 0x005a000a })],
  'tx.commit': [methodFrame(1, { id: 0x005a0014 })],
  'tx.rollback': [methodFrame(1, { id: 0x005a001e })],
  'close channel': [methodFrame(1, closeChannel)],
  'open channel': [methodFrame(1, { id: 0x0014000a })],
  'a frame that is not due': [frame(3, 1, Buffer.from('x'))],
};

/** The broker's answers to some steps. Sends channel.close-ok where the broker closes the channel. */
async function answers(isOnDisk: boolean, names_: readonly string[]): Promise<string[]> {
  const { log, peer } = await ready(isOnDisk);
  peer.connection.receive(Buffer.concat(names_.flatMap((name) => steps[name] ?? [])));
  const received = await settled(peer);
  log.syncNow();
  received.push(...(await settled(peer)));
  const found = received.map((x) => (typeof x === 'string' ? x : JSON.stringify(x)));
  return [...found, `left ${countOf(peer, 'cold')} ${countOf(peer, 'warm')}`];
}

/** Messages that a queue has ready, -1 where it is gone. */
function countOf(peer: AmqpPeer, name: string): number {
  return peer.connection.broker.vhosts.get('/')?.queues.get(name)?.readyCount ?? -1;
}

for (const name of Object.keys(steps)) {
  test(`'${name}' behind a get from disk is answered as if the message were in memory`, async () => {
    const sent = ['get cold', name, 'get warm', name];
    assert.deepEqual(await answers(true, sent), await answers(false, sent));
  });
}

test('any methods around gets from disk are answered as if all messages were in memory', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...Object.keys(steps)), { minLength: 2, maxLength: 12 }),
      async (sent) => {
        const all = ['get cold', ...sent];
        assert.deepEqual(await answers(true, all), await answers(false, all));
      },
    ),
    { numRuns: 100 },
  );
});

test('gets wait for a response that waits for the log, and later methods wait for the gets', async () => {
  const { log, peer } = await ready(false);
  const purge: Method = { id: 0x0032001e, queue: 'warm', noWait: false };
  const sent = [declare('d', { durable: true }), get('warm'), purge, get('warm')];
  peer.connection.receive(Buffer.concat(sent.map((method) => methodFrame(1, method))));
  assert.deepEqual(names(await settled(peer)), []);
  log.syncNow();
  const first = names(await settled(peer));
  log.syncNow();
  const all = [...first, ...names(await settled(peer))];
  assert.deepEqual(all, ['50.11', '60.71', 'warm0', '50.31', '60.72']);
});

test('gets wait for a slow peer, and later methods wait for the gets', async () => {
  const { peer } = await ready(false);
  peer.takesMore = false;
  peer.send(methodFrame(1, declare('warm', { passive: true }))); // the first write that is refused
  peer.send(methodFrame(1, get('warm')), methodFrame(1, declare('warm', { passive: true })));
  assert.deepEqual(names(await settled(peer)), []);
  peer.drain();
  const received = await settled(peer);
  assert.deepEqual(names(received), ['60.71', 'warm0', '50.11']);
  assert.ok(typeof received[2] === 'object' && 'messageCount' in received[2]);
  assert.equal(received[2].messageCount, 2);
});

test('other channels continue while one waits for the disk', async () => {
  const { peer } = await ready(true);
  peer.call(2, { id: 0x0014000a });
  const sent = [methodFrame(1, get('cold')), methodFrame(2, get('warm'))];
  const received = peer.send(Buffer.concat(sent));
  assert.deepEqual(names(received), ['60.71', 'warm0']);
  assert.deepEqual(names(await settled(peer)), ['60.71', 'cold0']);
});

test('reading pauses while too much data waits behind a get, and then resumes', async () => {
  const { peer } = await ready(true);
  peer.send(methodFrame(1, get('cold')));
  const message = publishFrames(1, 'q', 'y'.repeat(8000));
  let count = 0;
  for (; !peer.isPaused; count++) {
    assert.ok(count * message.length < backlogBytesMax * 2, 'is not paused');
    peer.connection.receive(message);
  }
  await settled(peer);
  assert.equal(peer.isPaused, false);
  assert.equal(countOf(peer, 'q'), count);
});

for (const how of ['closes its connection', 'goes away', 'is disconnected'] as const) {
  test(`methods sent before a peer ${how} are executed, except gets`, async () => {
    const { peer } = await ready(true);
    peer.send(
      Buffer.concat([
        methodFrame(1, get('cold')),
        publishFrames(1, 'warm', 'last'),
        methodFrame(1, get('cold')),
        methodFrame(1, { id: 0x0032001e, queue: 'q', noWait: true }),
      ]),
    );
    if (how === 'goes away') peer.connection.ended();
    else if (how === 'is disconnected') peer.connection.shutdown('maintenance');
    else peer.call(0, closeConnection);
    await settled(peer);
    assert.deepEqual([countOf(peer, 'cold'), countOf(peer, 'warm'), countOf(peer, 'q')], [3, 4, 0]);
    const other = await AmqpPeer.ready(peer.connection.broker);
    const [answer] = [...other.call(1, get('cold')), ...(await settled(other))];
    assert.ok(typeof answer === 'object' && 'redelivered' in answer);
    assert.equal(answer.redelivered, false);
  });
}

test('an invalid frame that waited causes the same error as without waiting', async () => {
  const { peer } = await ready(true);
  const wrong = { id: 0x003c000a, prefetchSize: 1, prefetchCount: 0, global: false } as const;
  const sent = [get('cold'), wrong, get('cold')].map((method) => methodFrame(1, method));
  peer.connection.receive(Buffer.concat(sent));
  const received = await settled(peer);
  assert.deepEqual(names(received).slice(0, 2), ['60.71', 'cold0']);
  assert.deepEqual(closes(received), ['connection 540 NOT_IMPLEMENTED - prefetch_size!=0 (1)']);
});

test('messages published before basic.cancel go to the cancelled consumer', async () => {
  const { peer } = await ready(false);
  peer.call(1, consume('q', 'low'));
  peer.call(1, consume('q', 'high', 5));
  const received = peer.send(
    Buffer.concat([
      ...Array.from({ length: 10 }, (_, i) => publishFrames(1, 'q', `${i}`)),
      methodFrame(1, { id: 0x003c001e, consumerTag: 'high', noWait: false }),
      publishFrames(1, 'q', 'later'),
    ]),
  );
  const tags = received.flatMap((x) =>
    typeof x !== 'string' && x.id === 0x003c003c ? [x.consumerTag] : [],
  );
  assert.deepEqual(tags, [...Array.from({ length: 10 }, () => 'high'), 'low']);
  assert.equal(names(received).indexOf('60.31'), 20, 'cancel-ok comes after what was delivered');
});

for (const [what, method] of Object.entries({
  'basic.get': get('q', true),
  'queue.purge': { id: 0x0032001e, queue: 'q', noWait: false } as const,
  'queue.declare': declare('q', { passive: true, durable: true }),
  'basic.consume': consume('q', 'later', 9),
  'channel.close': closeChannel,
})) {
  test(`a message published before ${what} goes to the waiting consumer`, async () => {
    const { peer } = await ready(false);
    const consumer = await AmqpPeer.ready(peer.connection.broker);
    consumer.call(1, consume('q', 'c'));
    const received = peer.send(Buffer.concat([publishFrames(1, 'q', 'x'), methodFrame(1, method)]));
    assert.deepEqual(names(consumer.take()), ['60.60', 'x']);
    const counts = received.flatMap((x) =>
      typeof x !== 'string' && 'messageCount' in x ? [x.messageCount] : [],
    );
    assert.ok(counts.every((count) => count === 0));
    assert.ok(!received.includes('x'));
  });
}

test('a message published before connection.close goes to the consumer of the connection', async () => {
  const { peer } = await ready(false);
  peer.call(1, consume('q', 'c'));
  peer.send(Buffer.concat([publishFrames(1, 'q', 'x'), methodFrame(0, closeConnection)]));
  assert.equal(countOf(peer, 'q'), 0);
});

test('gets from many queues leave no state after settlement', async () => {
  const { peer } = await ready(false);
  for (const queue of ['q', 'warm', 'cold', 'q', 'warm']) {
    peer.send(publishFrames(1, queue, 'x'));
    const received = peer.call(1, get(queue));
    assert.equal(received.length, 2);
    peer.call(1, { id: 0x003c0050, deliveryTag: 0, multiple: true });
  }
  const kept = peer.connection.broker.vhosts.get('/')?.queues.get('q');
  assert.equal(kept?.consumerCount, 0);
});
