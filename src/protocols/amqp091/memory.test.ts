import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AmqpPeer,
  contentFrames,
  frame,
  methodFrame,
  openBroker,
  publishFrames,
} from '../../../tests/support/amqp-peer.ts';
import type { Publication } from '../../broker/publication.ts';
import { methodIds } from './codec/methods.gen.ts';

const get = methodFrame(1, { id: methodIds.basicGet, queue: 'q', noAck: true });
const bodies = (received: unknown[]) => received.filter((x) => typeof x === 'string').length;

test('gets of a peer that does not read are answered in order once it reads', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  const size = 100_000;
  for (let i = 0; i < 20; i++) peer.send(publishFrames(1, 'q', `${i}`.padEnd(size)));
  peer.takesMore = false;
  const gets = Buffer.concat(Array.from({ length: 21 }, () => get));
  const before = bodies(peer.send(gets));
  assert.ok(before < 4, `${before} answers of ${size} bytes to a peer that reads nothing`);
  const received = [];
  for (let i = 0; i < 20; i++) {
    peer.drain();
    received.push(...peer.take());
    peer.takesMore = false;
  }
  assert.equal(before + bodies(received), 20);
  assert.deepEqual(received.at(-1), { id: methodIds.basicGetEmpty });
  const texts = received.flatMap((x) => (typeof x === 'string' ? [Number(x)] : []));
  assert.deepEqual(
    texts,
    [...texts].sort((a, b) => a - b),
  );
});

test('other responses of a channel wait behind a get that waits for the peer', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  for (const body of ['a', 'b']) peer.send(publishFrames(1, 'q', body));
  peer.takesMore = false;
  peer.send(get);
  const qos = { id: methodIds.basicQos, prefetchSize: 0, prefetchCount: 1, global: false } as const;
  assert.deepEqual(peer.send(get, methodFrame(1, qos)), []);
  peer.drain();
  const seen = peer.take().map((x) => (typeof x === 'string' ? x : x.id));
  assert.deepEqual(seen, [methodIds.basicGetOk, 'b', methodIds.basicQosOk]);
});

test('reading from a peer pauses while it does not read its responses', async () => {
  const { broker } = await openBroker({ bodyBytesMax: 100_000, unreadBytesMax: 50_000 });
  const peer = await AmqpPeer.ready(broker);
  peer.takesMore = false;
  const returned = publishFrames(1, 'nobody', 'x'.repeat(50_000), {}, '', true);
  for (let i = 0; i < 3; i++) peer.send(returned);
  assert.equal(peer.isPaused, false);
  peer.send(returned);
  assert.equal(peer.isPaused, true);
  peer.drain();
  assert.equal(peer.isPaused, false);
});

test('a paused peer that reads nothing for two heartbeats is disconnected', async () => {
  const { broker } = await openBroker({ bodyBytesMax: 10_000, unreadBytesMax: 5000 });
  const peer = await AmqpPeer.ready(broker);
  peer.takesMore = false;
  for (let i = 0; i < 4; i++) {
    peer.send(publishFrames(1, 'nobody', 'x'.repeat(5000), {}, '', true));
  }
  assert.equal(peer.isPaused, true);
  for (let second = 1; second <= 30; second++) peer.connection.tick(second * 1000);
  assert.equal(peer.isClosed, true);
});

test('a reply to a peer that is too far behind is returned as unroutable', async () => {
  const { broker } = await openBroker({ unreadBytesMax: 50_000 });
  const [asking, answering] = [await AmqpPeer.ready(broker), await AmqpPeer.ready(broker)];
  asking.consume('amq.rabbitmq.reply-to', { noAck: true });
  asking.consume('q', { noAck: true });
  asking.send(publishFrames(1, 'q', '?', { replyTo: 'amq.rabbitmq.reply-to' }));
  const sent = Buffer.concat(asking.bytes).toString('latin1');
  const [address = ''] = /amq\.rabbitmq\.reply-to\.[\w-]+/.exec(sent) ?? [];
  const reply = publishFrames(1, address, 'x'.repeat(40_000), {}, '', true);
  asking.takesMore = false;
  let returnedCount = 0;
  for (let i = 0; i < 5; i++) {
    returnedCount += bodies(answering.send(reply));
    asking.connection.flush();
  }
  assert.equal(returnedCount, 3, 'two go out before too much waits');
  asking.drain();
  assert.equal(bodies(answering.send(reply)), 0);
});

test('a body received in tiny chunks is stored in large ones and arrives complete', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  const { publish } = broker;
  let partCount = 0;
  broker.publish = (vhost, publication: Publication) => {
    partCount = publication.partCount;
    return publish.call(broker, vhost, publication);
  };
  const body = Buffer.from(Array.from({ length: 150_000 }, (_, i) => 97 + (i % 23)));
  const method = {
    id: methodIds.basicPublish,
    exchange: '',
    mandatory: false,
    immediate: false,
  } as const;
  const header = contentFrames(1, body).subarray(0, 22);
  peer.send(methodFrame(1, { ...method, routingKey: 'q' }), header);
  for (let at = 0; at < body.length; at += 50_000) {
    const bytes = frame(3, 1, body.subarray(at, at + 50_000));
    for (let i = 0; i < bytes.length; i += 7) peer.connection.receive(bytes.subarray(i, i + 7));
  }
  assert.ok(partCount <= 20, `${partCount} parts`);
  assert.ok(peer.send(get).at(-1) === body.toString());
});
