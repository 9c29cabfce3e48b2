import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AmqpPeer,
  closes,
  methodFrame,
  openBroker,
  publishFrames,
} from '../../../../tests/support/amqp-peer.ts';
import { SeededRandom } from '../../../../tests/support/seeded-random.ts';
import type { Broker } from '../../../broker/broker.ts';
import type { Limits } from '../../../broker/limits.ts';
import { Publication } from '../../../broker/publication.ts';
import { type Method, methodIds } from '../codec/methods.gen.ts';

const plain = { durable: false, autoDelete: false, arguments: {} };

/** A topic exchange `t` with so many patterns that a key of many words takes several turns. */
async function opened(limits: Partial<Limits> = {}, patternCount = 1500) {
  const { broker } = await openBroker(limits);
  const vhost = broker.vhost('/');
  for (const name of ['sink', 'other'])
    vhost.declareQueue(name, { ...plain, exclusive: false }, {});
  const queue = vhost.queue('sink', undefined);
  const exchange = vhost.declareExchange('t', 'topic', { ...plain, internal: false });
  vhost.bind(exchange, queue, '#', {});
  const random = new SeededRandom(1);
  for (let i = 0; i < patternCount; i++) {
    const words = Array.from({ length: 127 }, () => ['a', '*', '#'][random.below(3)]);
    vhost.bind(exchange, queue, words.join('.'), {});
  }
  return { broker, vhost, queue, exchange, peer: await AmqpPeer.ready(broker) };
}

const costlyKey = Array(126).fill('a').join('.');
const costly = (body: string, mandatory = false) =>
  publishFrames(1, costlyKey, body, {}, 't', mandatory);

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Returns in how many turns everything was done. */
async function settled(broker: Broker): Promise<number> {
  let turnCount = 0;
  for (; !broker.background.isIdle; turnCount++) await turn();
  return turnCount;
}

function readyCount(broker: Broker, queue = 'sink'): number {
  return broker.vhost('/').queue(queue, undefined).readyCount;
}

function takeAll(peer: AmqpPeer, queue: string): (Method | string | undefined)[] {
  const found: (Method | string | undefined)[] = [];
  for (;;) {
    const got = peer.send(methodFrame(1, { id: methodIds.basicGet, queue, noAck: true }));
    if (got.length < 2) return found;
    found.push(got[1]);
  }
}

test('messages keep their order behind one that takes many turns to route', async () => {
  const { broker, peer } = await opened();
  peer.send(
    Buffer.concat([
      costly('first'),
      publishFrames(1, 'sink', 'second'),
      costly('third'),
      publishFrames(1, 'other', 'elsewhere'),
      publishFrames(1, 'sink', 'fourth'),
    ]),
  );
  assert.deepEqual([readyCount(broker), readyCount(broker, 'other')], [0, 0], 'those behind wait');
  assert.ok((await settled(broker)) > 2);
  assert.deepEqual(takeAll(peer, 'sink'), ['first', 'second', 'third', 'fourth']);
  assert.deepEqual(takeAll(peer, 'other'), ['elsewhere']);
});

test('confirms and returns of messages with slow routing are sent in order', async () => {
  const { broker, peer } = await opened();
  peer.send(methodFrame(1, { id: methodIds.confirmSelect, noWait: true }));
  const unrouted = publishFrames(1, 'nowhere', '2', {}, '', true);
  peer.send(Buffer.concat([costly('1', true), unrouted, costly('3')]));
  await settled(broker);
  const got = peer.take();
  const returned = got.filter((x) => typeof x !== 'string' && x.id === methodIds.basicReturn);
  const tags = got.flatMap((x) =>
    typeof x !== 'string' && x.id === methodIds.basicAck ? [x.deliveryTag] : [],
  );
  assert.deepEqual([returned.length, tags.at(-1)], [1, 3]);
  assert.deepEqual(tags, [...tags].sort());
});

test('messages with slow routing are published even if the sender disconnects', async () => {
  const { broker, peer } = await opened();
  peer.send(Buffer.concat([costly('1'), costly('2'), publishFrames(1, 'sink', '3')]));
  peer.connection.ended();
  await settled(broker);
  assert.equal(readyCount(broker), 3);
  assert.equal(broker.clientConnections.size, 0);
});

test('a transaction includes a message with slow routing before later commands', async () => {
  const { broker, peer } = await opened();
  peer.send(methodFrame(1, { id: methodIds.txSelect }));
  peer.send(
    Buffer.concat([
      costly('1'),
      publishFrames(1, 'sink', '2'),
      methodFrame(1, { id: methodIds.txCommit }),
      costly('rolled back'),
      methodFrame(1, { id: methodIds.txRollback }),
    ]),
  );
  assert.equal(readyCount(broker), 0);
  await settled(broker);
  peer.take();
  assert.deepEqual(takeAll(peer, 'sink'), ['1', '2']);
});

test('a message that exceeds the routing step limit closes its channel in any turn', async () => {
  const { broker, peer } = await opened({ routeStepCountMax: 60_000 });
  peer.send(Buffer.concat([costly('1'), publishFrames(1, 'sink', 'after the error')]));
  await settled(broker);
  const [close, ...others] = closes(peer.take());
  assert.match(
    close ?? '',
    /^channel 406 PRECONDITION_FAILED - .*more than 60000 words or headers/,
  );
  assert.deepEqual([others, readyCount(broker)], [[], 0]);
});

test('queues and bindings can be deleted while a message is routed', async () => {
  const { broker, vhost, exchange, peer } = await opened();
  const other = vhost.queue('other', undefined);
  vhost.bind(exchange, other, '#', {});
  peer.send(costly('1'));
  vhost.removeQueue(vhost.queue('sink', undefined));
  await settled(broker);
  assert.deepEqual(takeAll(peer, 'other'), ['1']);
});

test('a turn limits the routing work per peer', async () => {
  const { broker, peer } = await opened({}, 20);
  const some = Array.from({ length: 20 }, (_, i) =>
    publishFrames(1, costlyKey.slice(2 * i), String(i), {}, 't'),
  );
  peer.send(Buffer.concat(some));
  const before = readyCount(broker);
  assert.ok(before > 0 && before < 20, `${before} in the first turn`);
  await settled(broker);
  assert.deepEqual(
    takeAll(peer, 'sink'),
    some.map((_, i) => String(i)),
  );
});

test('a turn limits the number of queues that messages are routed to', async () => {
  const { broker, vhost, peer } = await opened({}, 0);
  const fanout = vhost.exchange('amq.fanout');
  for (let i = 0; i < 1000; i++) {
    const queue = vhost.declareQueue(`f${i}`, { ...plain, exclusive: false }, {});
    vhost.bind(fanout, queue, '', {});
  }
  peer.send(Buffer.concat(Array(10).fill(publishFrames(1, '', 'm', {}, 'amq.fanout'))));
  const before = readyCount(broker, 'f0');
  assert.ok(before > 0 && before < 10, `${before} in the first turn`);
  await settled(broker);
  assert.equal(readyCount(broker, 'f0'), 10);
});

test('a routing key that is too long for AMQP 0-9-1 is truncated for the consumer', async () => {
  const { broker, vhost, peer } = await opened({}, 0);
  const publication = new Publication();
  publication.exchange = vhost.exchange('amq.fanout');
  publication.setAddress('amq.fanout', `${'k'.repeat(254)}é and more`);
  publication.head = Buffer.of(0, 0);
  publication.headEnd = 2;
  vhost.bind(vhost.exchange('amq.fanout'), vhost.queue('sink', undefined), '', {});
  broker.publish(vhost, publication);
  broker.publish(vhost, publication);
  const [got] = peer.send(methodFrame(1, { id: 0x003c0046, queue: 'sink', noAck: true }));
  const isGet = typeof got === 'object' && got.id === 0x003c0047;
  assert.equal(isGet && got.routingKey, 'k'.repeat(254));
  const delivered = peer
    .consume('sink', { noAck: true })
    .find((x) => typeof x === 'object' && x.id === 0x003c003c);
  const isDelivery = typeof delivered === 'object' && delivered.id === 0x003c003c;
  assert.equal(isDelivery && delivered.routingKey, 'k'.repeat(254));
});
