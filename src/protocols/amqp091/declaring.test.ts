import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AmqpPeer,
  closes,
  methodFrame,
  openBroker,
  publishFrames,
} from '../../../tests/support/amqp-peer.ts';
import { type Method, methodIds } from './codec/methods.gen.ts';
import type { FieldTable } from './codec/tables.ts';

const text = (value: string) => ({ type: 'longstr', value }) as const;
const int = (value: number) => ({ type: 'signedint', value }) as const;

async function ready(): Promise<AmqpPeer> {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  log.syncNow();
  return peer;
}

const exchange = (name: string, how: object = {}): Method => ({
  id: methodIds.exchangeDeclare,
  exchange: name,
  type: 'direct',
  passive: false,
  durable: false,
  autoDelete: false,
  internal: false,
  noWait: false,
  arguments: {},
  ...how,
});

const refusedArguments: readonly (readonly [string, FieldTable, string])[] = [
  ['a negative ttl', { 'x-message-ttl': int(-1) }, "'x-message-ttl' for Q: {value_negative,-1}"],
  [
    'a ttl above ten years',
    { 'x-message-ttl': { type: 'long', value: 315_360_000_001 } },
    "'x-message-ttl' for Q: {value_too_large,315360000001}",
  ],
  ['an expiry of nothing', { 'x-expires': int(0) }, "'x-expires' for Q: {value_zero,0}"],
  [
    'a length that is text',
    { 'x-max-length': text('5') },
    `'x-max-length' for Q: "expected integer, got longstr"`,
  ],
  [
    'a priority above 255',
    { 'x-max-priority': int(256) },
    "'x-max-priority' for Q: {max_value_exceeded,256}",
  ],
  ['an unknown overflow', { 'x-overflow': text('x') }, "'x-overflow' for Q: invalid_overflow"],
  [
    'a dead letter key without an exchange',
    { 'x-dead-letter-routing-key': text('k') },
    "'x-dead-letter-routing-key' for Q: routing_key_but_no_dlx_defined",
  ],
  [
    'an unknown type of queue',
    { 'x-queue-type': text('log') },
    `'x-queue-type' for Q: "unsupported queue type 'log'"`,
  ],
  [
    'an argument of another type of queue',
    { 'x-delivery-limit': int(3) },
    "'x-delivery-limit' for Q of queue type rabbit_classic_queue",
  ],
  [
    'single active that is no boolean',
    { 'x-single-active-consumer': int(1) },
    "'x-single-active-consumer' for Q: {unacceptable_type,signedint}",
  ],
];

for (const [what, args, why] of refusedArguments) {
  test(`queue.declare with ${what} closes the channel with RabbitMQ’s error text`, async () => {
    const peer = await ready();
    const expected = `invalid arg ${why.replace('Q', "queue 'new' in vhost '/'")}`;
    assert.deepEqual(closes(peer.declare('new', args)), [
      `channel 406 PRECONDITION_FAILED - ${expected}`,
    ]);
  });
}

test('an exchange of an unknown or internal type cannot be declared', async () => {
  for (const type of ['x-odd', 'x-activemq-topic', 'x-mqtt-topic']) {
    const peer = await ready();
    assert.deepEqual(closes(peer.call(1, exchange('e', { type }))), [
      `channel 406 PRECONDITION_FAILED - unknown exchange type '${type}'`,
    ]);
  }
});

test('an exchange argument that is not a string is rejected', async () => {
  const peer = await ready();
  assert.deepEqual(closes(peer.declare('n', { 'x-dead-letter-exchange': int(1) })), [
    "channel 406 PRECONDITION_FAILED - invalid type 'signedint' for arg " +
      "'x-dead-letter-exchange' in queue 'n' in vhost '/'",
  ]);
  const other = await ready();
  const args = { arguments: { 'alternate-exchange': int(1) } };
  assert.deepEqual(closes(other.call(1, exchange('x', args))), [
    "channel 406 PRECONDITION_FAILED - invalid type 'signedint' for arg " +
      "'alternate-exchange' in exchange 'x' in vhost '/'",
  ]);
});

test('a redeclaration is equivalent if it differs only in arguments RabbitMQ ignores', async () => {
  const peer = await ready();
  assert.deepEqual(closes(peer.declare('q', { 'x-mine': text('y') })), []);
  assert.deepEqual(closes(peer.declare('q', { 'x-queue-type': text('classic') })), []);
  assert.deepEqual(closes(peer.declare('q', { 'x-queue-mode': text('lazy') })), []);
});

const differing: readonly (readonly [string, FieldTable, object, string])[] = [
  [
    'durable',
    {},
    { durable: false },
    "arg 'durable' for Q: received 'false' but current is 'true'",
  ],
  [
    'auto-delete',
    {},
    { autoDelete: true },
    "arg 'auto_delete' for Q: received 'true' but current is 'false'",
  ],
  [
    'an argument',
    { 'x-message-ttl': int(5) },
    {},
    "arg 'x-message-ttl' for Q: received the value '5' of type 'signedint' but current is none",
  ],
];

for (const [what, args, how, why] of differing) {
  test(`a queue redeclared with another ${what} is rejected`, async () => {
    const peer = await ready();
    const expected = `inequivalent ${why.replace('Q', "queue 'q' in vhost '/'")}`;
    assert.deepEqual(closes(peer.declare('q', args, how)), [
      `channel 406 PRECONDITION_FAILED - ${expected}`,
    ]);
  });
}

test('a passive declare returns counts for an existing queue and not-found for a missing one', async () => {
  const peer = await ready();
  peer.send(publishFrames(1, 'q', 'a'), publishFrames(1, 'q', 'b'));
  const passive = { passive: true, noWait: false, durable: false };
  assert.deepEqual(peer.declare('q', { 'x-max-length': int(1) }, passive), [
    { id: methodIds.queueDeclareOk, queue: 'q', messageCount: 2, consumerCount: 0 },
  ]);
  assert.deepEqual(peer.call(1, exchange('amq.topic', { passive: true })), [
    { id: methodIds.exchangeDeclareOk },
  ]);
  assert.deepEqual(closes(peer.declare('nope', {}, passive)), [
    "channel 404 NOT_FOUND - no queue 'nope' in vhost '/'",
  ]);
  const other = await ready();
  assert.deepEqual(closes(other.call(1, exchange('nope', { passive: true }))), [
    "channel 404 NOT_FOUND - no exchange 'nope' in vhost '/'",
  ]);
});

test('a queue declared without a name gets a generated name, and an empty name refers to it', async () => {
  const peer = await ready();
  const [ok] = peer.declare('', {}, { noWait: false, durable: false });
  assert.ok(typeof ok === 'object' && ok.id === methodIds.queueDeclareOk);
  assert.match(ok.queue, /^amq\.gen-[\w-]{22}$/);
  peer.send(publishFrames(1, ok.queue, 'm'));
  assert.deepEqual(peer.call(1, { id: methodIds.basicGet, queue: '', noAck: true }).at(-1), 'm');
  peer.call(1, {
    id: methodIds.channelClose,
    replyCode: 200,
    replyText: '',
    classId: 0,
    methodId: 0,
  });
  peer.call(1, { id: methodIds.channelOpen });
  assert.deepEqual(closes(peer.consume('', { consumerTag: 't' })), [
    'channel 404 NOT_FOUND - no previously declared queue',
  ]);
});

test('an exclusive queue is locked to other connections and ends with its own', async () => {
  const { broker } = await openBroker();
  const [own, other] = [await AmqpPeer.ready(broker), await AmqpPeer.ready(broker)];
  own.declare('mine', {}, { exclusive: true, durable: false });
  const locked =
    "channel 405 RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'mine' in " +
    "vhost '/'. It could be originally declared on another connection or the exclusive property " +
    'value does not match that of the original declaration.';
  assert.deepEqual(closes(other.declare('mine', {}, { passive: true })), [locked]);
  own.connection.ended();
  assert.equal(broker.vhost('/').queues.has('mine'), false);
});

test('basic.get returns the remaining count, and get-empty on an empty queue', async () => {
  const peer = await ready();
  for (const body of ['a', 'b', 'c']) peer.send(publishFrames(1, 'q', body));
  const left = [];
  for (let i = 0; i < 4; i++) {
    const [ok] = peer.call(1, { id: methodIds.basicGet, queue: 'q', noAck: false });
    left.push(typeof ok === 'object' && ok.id === methodIds.basicGetOk ? ok.messageCount : ok);
  }
  assert.deepEqual(left, [2, 1, 0, { id: methodIds.basicGetEmpty }]);
});

test('basic.recover requeues all unsettled messages at the head, marked as redelivered', async () => {
  const peer = await ready();
  for (const body of ['a', 'b', 'c']) peer.send(publishFrames(1, 'q', body));
  peer.call(1, { id: methodIds.basicQos, prefetchSize: 0, prefetchCount: 2, global: false });
  peer.consume('q');
  const again = peer.call(1, { id: methodIds.basicRecover, requeue: true });
  const seen = again.map((x) => {
    if (typeof x === 'string') return x;
    return x.id === methodIds.basicDeliver ? `redelivered ${x.redelivered}` : x.id;
  });
  assert.deepEqual(seen, [
    methodIds.basicRecoverOk,
    'redelivered true',
    'a',
    'redelivered true',
    'b',
  ]);
  assert.deepEqual(closes(peer.call(1, { id: methodIds.basicRecover, requeue: false })), [
    'connection 540 NOT_IMPLEMENTED - requeue=false',
  ]);
});

test('basic.return precedes the confirms of later messages, and each message is confirmed once', async () => {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  peer.call(1, { id: methodIds.confirmSelect, noWait: true });
  const publish = (key: string, body: string) =>
    publishFrames(1, key, body, { deliveryMode: 2 }, '', true);
  const received = peer.send(publish('q', '1'), publish('no', '2'), publish('q', '3'));
  assert.deepEqual(received.slice(-1), ['2'], 'a return waits for nothing');
  log.syncNow();
  assert.deepEqual(peer.take(), [{ id: methodIds.basicAck, deliveryTag: 3, multiple: true }]);
});

test('rejects in a transaction are dead-lettered on commit', async () => {
  const peer = await ready();
  peer.declare('dead');
  peer.declare('t', {
    'x-dead-letter-exchange': text(''),
    'x-dead-letter-routing-key': text('dead'),
  });
  peer.send(publishFrames(1, 't', 'm'));
  peer.call(1, { id: methodIds.txSelect });
  peer.consume('t');
  const dead = peer.connection.broker.vhost('/').queue('dead', undefined);
  peer.call(1, { id: methodIds.basicReject, deliveryTag: 1, requeue: false });
  assert.equal(dead.readyCount, 0);
  peer.send(methodFrame(1, { id: methodIds.txRollback }));
  peer.call(1, { id: methodIds.txCommit });
  assert.equal(dead.readyCount, 0, 'a rollback takes it back');
  peer.call(1, { id: methodIds.basicReject, deliveryTag: 1, requeue: false });
  peer.call(1, { id: methodIds.txCommit });
  assert.equal(dead.readyCount, 1);
});

test('an unknown x-match or a non-numeric priority is rejected', async () => {
  const bind = (args: FieldTable) =>
    methodFrame(1, {
      id: methodIds.queueBind,
      queue: 'q',
      exchange: 'amq.headers',
      routingKey: '',
      noWait: false,
      arguments: args,
    });
  assert.deepEqual(closes((await ready()).send(bind({ 'x-match': text('some') }))), [
    'channel 406 PRECONDITION_FAILED - Invalid x-match field value <<"some">>; ' +
      'expected all, any, all-with-x, or any-with-x',
  ]);
  assert.deepEqual(closes((await ready()).send(bind({ 'x-match': int(1) }))), [
    'channel 406 PRECONDITION_FAILED - Invalid x-match field type signedint (value 1); ' +
      'expected longstr',
  ]);
  const peer = await ready();
  assert.deepEqual(closes(peer.consume('q', { arguments: { 'x-priority': text('1') } })), [
    "channel 406 PRECONDITION_FAILED - invalid arg 'x-priority' for queue 'q' in vhost '/': " +
      '"expected integer, got longstr"',
  ]);
});
