import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AmqpPeer,
  closes,
  methodFrame,
  publishFrames,
} from '../../../../tests/support/amqp-peer.ts';
import { boundQueue, openRabbitMq, queueOf } from '../../../../tests/support/mqtt-rabbitmq.ts';
import { methodIds } from '../../amqp091/codec/methods.gen.ts';
import { toRoutingKey, toTopic } from './topics.ts';

// Messages between MQTT clients and the topic exchange of RabbitMQ.

test('topics are routing keys', () => {
  const pairs = [
    ['a/b', 'a.b'],
    ['a/*', 'a.*'],
    ['/a//', '.a..'],
    ['spBv1/0/x', 'spBv1.0.x'],
  ] as const;
  for (const [topic, key] of pairs) {
    assert.equal(toRoutingKey(topic, false), key);
    assert.equal(toTopic(key, false), topic);
  }
  assert.equal(toRoutingKey('a/+/#', false), 'a.*.#');
  // A dot is a slash for the receiver.
  assert.equal(toTopic(toRoutingKey('a.b/c', false), false), 'a/b/c');
});

test('the namespaces of Sparkplug keep their dot', () => {
  assert.equal(toRoutingKey('spBv1.0/group/x.y', true), 'spBv1___0.group.x.y');
  assert.equal(toTopic('spBv1___0.group.x', true), 'spBv1.0/group/x');
  assert.equal(toRoutingKey('spBv1.0/a', false), 'spBv1.0.a');
  assert.equal(toTopic('a___0.b', true), 'a___0/b');
});

test('quality of service 2 becomes 1 before MQTT 5, and is refused with MQTT 5', async () => {
  const b = await openRabbitMq();
  const old = await b.client({ version: 4 });
  old.subscribe({ 'a/b': 2 });
  await b.settled();
  assert.deepEqual(old.take()[0]?.codes, [1]);
  old.publish('a/b', 'x', { qos: 2, id: 9 });
  b.sync();
  const [first, second] = old.take().sort((one, two) => one.type.localeCompare(two.type));
  assert.deepEqual([first?.type, first?.id], ['puback', 9]);
  assert.deepEqual([second?.type, second?.qos], ['publish', 1]);
  const client = await b.client({ version: 5, clientId: 'five' });
  assert.equal(client.connack?.properties?.[0x24], 1);
  assert.equal(client.connack?.properties?.[0x2a], 0);
  assert.equal(client.connack?.properties?.[0x22], 16);
  assert.equal(client.connack?.properties?.[0x27], 16 * 1024 * 1024);
  client.publish('a/b', 'x', { qos: 2 });
  assert.deepEqual(client.take().at(-1)?.codes, [0x9b]);
  assert.equal(client.isClosed, true);
  const withWill = await b.client({ version: 5, will: { topic: 'w', qos: 2 } });
  assert.deepEqual(withWill.connack?.codes, [0x9b]);
});

test('overlapping subscriptions of both kinds give a message for each queue', async () => {
  const b = await openRabbitMq();
  const peer = await b.client({ version: 5 });
  peer.subscribe({ 'a/#': 0 }, { 11: 7 });
  peer.subscribe({ 'a/b': 1 }, { 11: 8 }, 2);
  peer.subscribe({ 'a/+': 1 }, { 11: 9 }, 3);
  await b.settled();
  peer.take();
  peer.publish('a/b', 'x', { qos: 1 });
  const found = peer.messages().map(({ qos, properties }) => [qos, properties?.[11]]);
  assert.deepEqual(found.sort(), [
    [0, [7]],
    [1, [8, 9]],
  ]);
});

test('a subscription that changes its quality of service changes its queue', async () => {
  const b = await openRabbitMq();
  const peer = await b.client({ version: 4 });
  peer.subscribe({ 'a/b': 0 });
  await b.settled();
  peer.subscribe({ 'a/b': 1 });
  await b.settled();
  peer.take();
  peer.publish('a/b', 'x', { qos: 1 });
  assert.deepEqual(
    peer.messages().map(({ qos }) => qos),
    [1],
  );
  peer.unsubscribe(['a/b']);
  await b.settled();
  peer.take();
  peer.publish('a/b', 'y', { qos: 1 });
  assert.deepEqual(peer.messages(), []);
});

test('noLocal, retain as published and retain handling', async () => {
  const b = await openRabbitMq();
  const peer = await b.client({ version: 5 });
  const other = await b.client({ version: 5, clientId: 'other' });
  peer.subscribe({ 'a/b': 1 | 4 | 8 });
  await b.settled();
  peer.take();
  peer.publish('a/b', 'own', { qos: 1 });
  other.publish('a/b', 'other', { qos: 1, retain: true });
  const got = peer.messages().map(({ payload, retain }) => [payload, retain]);
  assert.deepEqual(got, [['other', true]]);
  b.sync();
  const late = await b.client({ version: 5, clientId: 'late' });
  late.subscribe({ 'a/b': 1 | 32, 'a/+': 1 });
  await b.settled();
  const retained = late.messages().map(({ payload, retain, topic }) => [payload, retain, topic]);
  assert.deepEqual(retained, [['other', true, 'a/b']]);
  other.publish('a/b', '', { retain: true });
  b.sync();
  const later = await b.client({ version: 5, clientId: 'later' });
  later.subscribe({ 'a/b': 1 });
  await b.settled();
  assert.deepEqual(later.messages(), []);
});

test('at most prefetch messages are in flight', async () => {
  const b = await openRabbitMq({ prefetchCount: 2 });
  const peer = await b.client({ version: 4 });
  peer.subscribe({ 'a/b': 1 });
  await b.settled();
  peer.take();
  const sender = await b.client({ clientId: 's' });
  for (let n = 1; n <= 3; n++) sender.publish('a/b', `${n}`, { qos: 1, id: n });
  const [first, second, ...more] = peer.messages();
  assert.deepEqual([first?.payload, second?.payload, more], ['1', '2', []]);
  peer.puback(first?.id ?? 0);
  assert.deepEqual(peer.payloads(), ['3']);
});

test('shared subscriptions are refused, and $ topics are ordinary', async () => {
  const b = await openRabbitMq();
  const peer = await b.client({ version: 5 });
  peer.subscribe({ '$share/g/a': 1, '#': 0 });
  await b.settled();
  assert.deepEqual(peer.take()[0]?.codes, [0x9e, 0]);
  peer.publish('$x/y', 'z');
  assert.deepEqual(
    peer.messages().map(({ topic }) => topic),
    ['$x/y'],
  );
});

test('a will is published after its delay', async () => {
  const b = await openRabbitMq();
  const queue = boundQueue(b, 'q', 'wills.#');
  const will = { topic: 'wills/c', payload: 'gone', qos: 1, properties: { 24: 5 } };
  const peer = await b.client({ version: 5, properties: { 17: 60 }, will });
  peer.cut();
  await b.settled();
  assert.equal(queue.readyCount, 0);
  b.advance(5000);
  assert.equal(queue.readyCount, 1);
});

test('a message that nobody takes has a reason code, and a full queue refuses', async () => {
  const b = await openRabbitMq();
  const peer = await b.client({ version: 5 });
  peer.publish('no/body', 'x', { qos: 1 });
  assert.deepEqual(peer.take()[0]?.codes, [0x10]);
  const args = {
    'x-max-length': { type: 'long', value: 1 },
    'x-overflow': { type: 'longstr', value: 'reject-publish' },
  } as const;
  const options = { durable: true, exclusive: false, autoDelete: false, arguments: args };
  const vhost = b.broker.vhost('/');
  vhost.bind(vhost.exchange('amq.topic'), vhost.declareQueue('full', options, {}), 'f', {});
  peer.publish('f', '1', { qos: 1 });
  peer.publish('f', '2', { qos: 1, id: 2 });
  await b.settled();
  b.sync();
  const answers = peer.take().map(({ id, codes }) => [id, codes?.[0] ?? 0]);
  assert.deepEqual(answers.sort(), [
    [1, 0],
    [2, 0x97],
  ]);
  const old = await b.client({ version: 4, clientId: 'old' });
  old.publish('f', '3', { qos: 1, id: 3 });
  await b.settled();
  b.sync();
  assert.deepEqual(old.take(), []);
});

test('the exchange of the configuration is used, and a missing one ends the connection', async () => {
  const b = await openRabbitMq({ exchange: 'telemetry' });
  const peer = await b.client({ version: 5 });
  peer.publish('a/b', 'x', { qos: 1 });
  assert.deepEqual(peer.take().at(-1)?.codes, [0x83]);
  assert.equal(peer.isClosed, true);
  const options = {
    durable: true,
    autoDelete: false,
    internal: false,
    arguments: {},
  };
  b.broker.vhost('/').declareExchange('telemetry', 'topic', options);
  const again = await b.client({ version: 5 });
  again.subscribe({ 'a/b': 1 });
  await b.settled();
  again.take();
  again.publish('a/b', 'x', { qos: 1 });
  assert.deepEqual(again.payloads(), ['x']);
});

test('AMQP 0-9-1 clients take and send messages of MQTT', async () => {
  const b = await openRabbitMq();
  boundQueue(b, 'q', 'to.amqp');
  b.broker.putUser('guest', 'guest', []);
  b.broker.setPermission('guest', '/', { configure: '.*', write: '.*', read: '.*' });
  const peer = await b.client({ version: 5 });
  peer.subscribe({ 'to/mqtt': 1 });
  await b.settled();
  peer.take();
  const properties = { 3: 'text/plain', 38: [['k', 'v']], 2: 60 } as const;
  peer.publish('to/amqp', 'hello', { qos: 1, properties });
  b.sync();
  const amqp = await AmqpPeer.ready(b.broker);
  const get = { id: methodIds.basicGet, queue: 'q', noAck: true } as const;
  const [ok, body] = amqp.send(methodFrame(1, get));
  assert.deepEqual(closes(amqp.received), []);
  assert.ok(typeof ok === 'object' && ok.id === methodIds.basicGetOk);
  assert.deepEqual([ok.exchange, ok.routingKey, body], ['amq.topic', 'to.amqp', 'hello']);
  const headers = {
    n: { type: 'signedint', value: 5 },
    s: { type: 'longstr', value: 'x' },
  } as const;
  const basic = { deliveryMode: 2, contentType: 'a/b', correlationId: 'id', headers };
  amqp.send(publishFrames(1, 'to.mqtt', 'back', basic, 'amq.topic'));
  b.sync();
  const [message] = peer.messages();
  assert.deepEqual([message?.topic, message?.payload, message?.qos], ['to/mqtt', 'back', 1]);
  assert.deepEqual(message?.properties?.[0x26], [
    ['n', '5'],
    ['s', 'x'],
  ]);
  assert.equal(message?.properties?.[0x03], 'a/b');
  assert.equal(queueOf(b, 'q')?.readyCount, 0);
});

test('a message whose routing key is not a topic name is dropped', async () => {
  const b = await openRabbitMq();
  b.broker.putUser('guest', 'guest', []);
  b.broker.setPermission('guest', '/', { configure: '.*', write: '.*', read: '.*' });
  const peer = await b.client({ version: 4 });
  peer.subscribe({ '#': 1 });
  await b.settled();
  peer.take();
  const sender = await AmqpPeer.ready(b.broker);
  for (const key of ['', 'a.#', 'a.+', 'a\0', 'a\u0001']) {
    sender.send(publishFrames(1, key, 'bad', { deliveryMode: 2 }, 'amq.topic'));
  }
  sender.send(publishFrames(1, 'a.*', 'good', {}, 'amq.topic'));
  await b.settled();
  assert.deepEqual(
    peer.messages().map(({ topic, payload }) => [topic, payload]),
    [['a/*', 'good']],
  );
  assert.equal(peer.isClosed, false);
  assert.equal(queueOf(b, 'mqtt-subscription-cqos1')?.index.count, 0);
});

test('a dead letter with the user properties CC and BCC is not lost', async () => {
  const b = await openRabbitMq();
  const vhost = b.broker.vhost('/');
  const options = { durable: true, exclusive: false, autoDelete: false };
  vhost.declareQueue('dead', { ...options, arguments: {} }, {});
  const args = {
    'x-max-length': { type: 'signedint', value: 0 },
    'x-dead-letter-exchange': { type: 'longstr', value: '' },
    'x-dead-letter-routing-key': { type: 'longstr', value: 'dead' },
  } as const;
  const queue = vhost.declareQueue('full', { ...options, arguments: args }, {});
  vhost.bind(vhost.exchange('amq.topic'), queue, 'a.b', {});
  const sender = await b.client({ version: 5 });
  const pairs = [
    ['CC', 'x'],
    ['BCC', 'y'],
  ] as const;
  sender.publish('a/b', 'm', { qos: 1, id: 1, properties: { 38: pairs } });
  await b.settled();
  assert.equal(queueOf(b, 'dead')?.readyCount, 1);
});
