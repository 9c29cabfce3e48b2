import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  AmqpPeer,
  capabilities,
  contentFrames,
  frame,
  methodFrame,
  openBroker,
  publishFrames,
} from '../../../tests/support/amqp-peer.ts';
import { type Method, methodIds } from './codec/methods.gen.ts';
import { protocolHeader } from './handshake.ts';

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

const ack = (deliveryTag: number, multiple = false): Method => ({
  id: methodIds.basicAck,
  deliveryTag,
  multiple,
});

const texts = (received: (Method | string)[]) => received.filter((x) => typeof x === 'string');

/** Reply code and text of the one close among what was received. */
const closing = (received: (Method | string)[]) => {
  const close = received.find(
    (x) =>
      typeof x !== 'string' &&
      (x.id === methodIds.connectionClose || x.id === methodIds.channelClose),
  );
  assert.ok(typeof close === 'object' && 'replyText' in close && 'replyCode' in close);
  const scope = close.id === methodIds.channelClose ? 'channel' : 'connection';
  return `${scope} ${close.replyCode} ${close.replyText}`;
};

test('a stream of publishes split at any point stores the same messages', async () => {
  const stream = Buffer.concat([
    publishFrames(1, 'q', 'first', { deliveryMode: 2 }),
    publishFrames(1, 'q', '', { priority: 1 }),
    publishFrames(1, 'q', 'third message', { headers: { a: { type: 'void', value: null } } }),
  ]);
  for (let cut = 0; cut <= stream.length; cut++) {
    const { broker } = await openBroker();
    const peer = await AmqpPeer.ready(broker);
    peer.send(stream.subarray(0, cut), stream.subarray(cut));
    const bodies = texts(peer.call(1, consume));
    assert.deepEqual(bodies, ['first', '', 'third message'], `cut at ${cut}`);
  }
});

test('a body split over many frames and chunks arrives complete', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  const header = contentFrames(1, Buffer.from('abcdef')).subarray(0, 22);
  assert.equal(header[header.length - 1], 0xce);
  const parts = ['ab', '', 'cde', 'f'].map((part) => frame(3, 1, Buffer.from(part)));
  const stream = Buffer.concat([publish(''), header, ...parts]);
  for (let at = 0; at < stream.length; at++) peer.send(stream.subarray(at, at + 1));
  assert.deepEqual(texts(peer.call(1, consume)), ['abcdef']);
});

test('another protocol is answered with the AMQP 0-9-1 header, and the connection is closed', async () => {
  const { broker } = await openBroker();
  for (const header of ['AMQP\x00\x01\x00\x00', 'AMQP\x03\x01\x00\x00', 'GET / HTTP/1.1\r\n']) {
    const peer = new AmqpPeer(broker);
    peer.send(Buffer.from(header, 'latin1'));
    assert.deepEqual(Buffer.concat(peer.bytes), protocolHeader);
    assert.equal(peer.isClosed, true);
  }
});

test('a refused login does not reveal whether the user name or the password is wrong', async () => {
  const { broker } = await openBroker();
  const peer = new AmqpPeer(broker);
  await peer.open('wrong');
  const sent = Buffer.concat(peer.bytes).toString('latin1');
  assert.match(
    sent,
    /ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN\. For details/,
  );
});

test('confirms of one group are merged and sent only once the group is durable', async () => {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  peer.call(1, { id: methodIds.confirmSelect, noWait: false });
  const message = publishFrames(1, 'q', 'x', { deliveryMode: 2 });
  assert.deepEqual(peer.send(Buffer.concat([message, message, message])), []);
  log.syncNow();
  assert.deepEqual(peer.take(), [ack(3, true)]);
});

test('a full reject-publish queue sends a basic.nack', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  peer.call(1, {
    id: methodIds.queueDeclare,
    queue: 'full',
    passive: false,
    durable: false,
    exclusive: false,
    autoDelete: false,
    noWait: true,
    arguments: {
      'x-max-length': { type: 'signedint', value: 1 },
      'x-overflow': { type: 'longstr', value: 'reject-publish' },
    },
  });
  peer.call(1, { id: methodIds.confirmSelect, noWait: true });
  const message = publishFrames(1, 'full', 'x');
  assert.deepEqual(peer.send(Buffer.concat([message, message])), [
    ack(1),
    { id: methodIds.basicNack, deliveryTag: 2, multiple: false, requeue: false },
  ]);
});

test('an unknown or already settled delivery tag closes the channel', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  peer.send(publishFrames(1, 'q', 'a'), publishFrames(1, 'q', 'b'));
  peer.call(1, consume);
  assert.deepEqual(peer.call(1, ack(1)), []);
  assert.equal(
    closing(peer.call(1, ack(1))),
    'channel 406 PRECONDITION_FAILED - unknown delivery tag 1',
  );
  assert.equal(broker.vhost('/').queue('q', undefined).readyCount, 1);
});

test('a transaction publishes and settles on commit, and does neither after a rollback', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  const queue = broker.vhost('/').queue('q', undefined);
  peer.call(1, { id: methodIds.txSelect });
  peer.send(publishFrames(1, 'q', 'gone'));
  peer.call(1, { id: methodIds.txRollback });
  assert.equal(queue.readyCount, 0);
  peer.send(publishFrames(1, 'q', 'kept'));
  assert.equal(queue.readyCount, 0);
  peer.call(1, { id: methodIds.txCommit });
  assert.deepEqual(texts(peer.call(1, consume)), ['kept']);
  peer.call(1, ack(1));
  peer.call(1, { id: methodIds.txRollback });
  peer.call(1, ack(1));
  peer.call(1, { id: methodIds.txCommit });
  assert.equal(queue.index.count, 0);
});

test('deliveries pause while the transport is blocked and resume afterwards', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  const size = 30_000;
  for (let i = 0; i < 100; i++) peer.send(publishFrames(1, 'q', 'x'.repeat(size)));
  peer.takesMore = false;
  const before = texts(peer.call(1, consume)).length;
  assert.ok(before < 20, `${before} messages of ${size} bytes for a peer that takes none`);
  peer.drain();
  assert.equal(before + texts(peer.take()).length, 100);
});

test('a silent peer gets heartbeats and is disconnected after two intervals', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  for (let second = 1; second <= 8; second++) peer.connection.tick(second * 1000);
  assert.ok(peer.take().includes('heartbeat'));
  for (let second = 9; second <= 40; second++) peer.connection.tick(second * 1000);
  assert.equal(peer.isClosed, true);
});

test('publishers are sent connection.blocked and connection.unblocked', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  peer.send(publishFrames(1, 'q', 'x'));
  broker.flow.block('low on memory');
  assert.deepEqual(peer.take(), [{ id: methodIds.connectionBlocked, reason: 'low on memory' }]);
  assert.equal(peer.isPaused, true);
  broker.flow.unblock('low on memory');
  assert.deepEqual(peer.take(), [{ id: methodIds.connectionUnblocked }]);
  assert.equal(peer.isPaused, false);
});

const publish = (exchange: string, immediate = false) =>
  methodFrame(1, {
    id: methodIds.basicPublish,
    exchange,
    routingKey: 'q',
    mandatory: false,
    immediate,
  });

const misuses: readonly (readonly [string, Buffer, RegExp])[] = [
  [
    'a channel opened twice',
    methodFrame(1, { id: methodIds.channelOpen }),
    /^connection 504 CHANNEL_ERROR/,
  ],
  ['a method on a channel not open', methodFrame(7, consume), /^connection 504 CHANNEL_ERROR/],
  [
    'a channel above channel-max',
    methodFrame(101, { id: methodIds.channelOpen }),
    /^connection 530 NOT_ALLO/,
  ],
  ['an unknown method', frame(1, 1, Buffer.from('003c03e7', 'hex')), /^connection 503 COMMAND_INV/],
  ['a method cut short', frame(1, 1, Buffer.from('003c', 'hex')), /^connection 502 SYNTAX_ERROR/],
  ['fields cut short', frame(1, 1, Buffer.from('0032000a0000', 'hex')), /^connection 502 SYNTAX/],
  ['a body out of turn', frame(3, 1, Buffer.from('x')), /^connection 505 UNEXPECTED_FRAME/],
  [
    'a method in place of a header',
    Buffer.concat([publish(''), publish('')]),
    /^connection 505 UNEXPECTED_FRAME - expected content header for class 60, got non content hea/,
  ],
  [
    'a body longer than announced',
    Buffer.concat([
      publish(''),
      contentFrames(1, Buffer.from('ab')).subarray(0, 22),
      frame(3, 1, Buffer.from('abc')),
    ]),
    /^connection 505 UNEXPECTED_FRAME/,
  ],
  ['immediate', publish('', true), /^connection 540 NOT_IMPLEMENTED - immediate=true$/],
  ['a frame too large', Buffer.from('0100010002000100', 'hex'), /^connection 501 FRAME_ERROR/],
  [
    'an exchange that does not exist',
    publishFrames(1, 'q', 'x', {}, 'nope'),
    /^channel 404 NOT_FOUND - no exchange 'nope' in vhost '\/'$/,
  ],
  [
    'an internal exchange',
    publishFrames(1, 'q', 'x', {}, 'amq.rabbitmq.trace'),
    /^channel 403 ACCESS_REFUSED - cannot publish to internal exchange/,
  ],
  [
    'the user-id of another',
    publishFrames(1, 'q', 'x', { userId: 'root' }),
    /^channel 406 PRECONDITION_FAILED - user_id property set to 'root' but authenticated user was 'g/,
  ],
  [
    'an expiration that is not a number',
    publishFrames(1, 'q', 'x', { expiration: '1s' }),
    /^channel 406 PRECONDITION_FAILED - invalid expiration '1s'/,
  ],
  [
    'a second consumer of one tag',
    Buffer.concat([methodFrame(1, consume), methodFrame(1, consume)]),
    /^connection 530 NOT_ALLOWED - attempt to reuse consumer tag 'c'$/,
  ],
  [
    'prefetch by size',
    methodFrame(1, { id: methodIds.basicQos, prefetchSize: 9, prefetchCount: 0, global: false }),
    /^connection 540 NOT_IMPLEMENTED - prefetch_size!=0 \(9\)$/,
  ],
  [
    'a queue that does not exist',
    methodFrame(1, { ...consume, queue: 'nope' }),
    /^channel 404 NOT_FOUND - no queue 'nope' in vhost '\/'$/,
  ],
];

for (const [what, bytes, expected] of misuses) {
  test(`${what} is answered with ${expected.source.slice(1, 20)}`, async () => {
    const { broker } = await openBroker();
    const peer = await AmqpPeer.ready(broker);
    assert.match(closing(peer.send(bytes)), expected);
  });
}

test('after an error, close-ok is found wherever the remaining stream is split', async () => {
  const rest = Buffer.concat([
    publishFrames(1, 'q', 'too late'),
    methodFrame(1, consume),
    methodFrame(0, { id: methodIds.connectionCloseOk }),
  ]);
  for (let cut = 0; cut < rest.length; cut++) {
    const { broker } = await openBroker();
    const peer = await AmqpPeer.ready(broker);
    const first = Buffer.concat([
      methodFrame(1, { id: methodIds.channelOpen }),
      rest.subarray(0, cut),
    ]);
    assert.match(closing(peer.send(first)), /^connection 504/);
    assert.equal(peer.isClosed, false);
    assert.deepEqual(peer.send(rest.subarray(cut)), []);
    assert.equal(peer.isClosed, true, `cut at ${cut}`);
    assert.equal(broker.vhost('/').queue('q', undefined).readyCount, 0);
  }
});

test('garbage after any valid start causes no exception and no internal error', async () => {
  const { broker } = await openBroker();
  const start = Buffer.concat([methodFrame(1, consume), publishFrames(1, 'q', 'body')]);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(start.length),
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.tuple(fc.constantFrom(1, 2, 3, 8), fc.nat(2), fc.uint8Array({ maxLength: 60 }))),
      async (cut, noise, frames) => {
        const peer = await AmqpPeer.ready(broker);
        const framed = frames.map(([type, channel, p]) => frame(type, channel, Buffer.from(p)));
        peer.send(start.subarray(0, cut), ...framed, Buffer.from(noise));
        const sent = Buffer.concat(peer.bytes).toString('latin1');
        assert.ok(!sent.includes('INTERNAL_ERROR'), sent);
        peer.connection.ended();
      },
    ),
    { numRuns: 300 },
  );
});

test('a peer whose login is refused gets the reason, and its connection ends without close-ok', async () => {
  const { broker } = await openBroker();
  const peer = new AmqpPeer(broker);
  peer.send(protocolHeader);
  peer.call(0, {
    id: methodIds.connectionStartOk,
    clientProperties: capabilities,
    mechanism: 'PLAIN',
    response: Buffer.from('\0guest\0a wrong password'),
    locale: 'en_US',
  });
  await new Promise(setImmediate);
  assert.match(closing(peer.take()), /^connection 403 ACCESS_REFUSED/);
  assert.equal(peer.isClosed, true);
});
