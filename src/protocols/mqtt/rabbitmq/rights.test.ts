import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { type MqttBroker, MqttPeer } from '../../../../tests/support/mqtt-peer.ts';
import { boundQueue, openRabbitMq, queueOf } from '../../../../tests/support/mqtt-rabbitmq.ts';

// Log-ins and permissions on brokers of RabbitMQ's type.

/** CONNACK of a client. */
async function connackOf(b: MqttBroker, options: Parameters<MqttPeer['connect']>[0]) {
  const peer = await b.client(options);
  return peer.connack?.codes?.[0];
}

const nothing = { configure: '', write: '', read: '' };

test('user name and password are required', async () => {
  const b = await openRabbitMq();
  for (const [version, code] of [
    [3, 4],
    [4, 4],
    [5, 0x86],
  ] as const) {
    const none = { version, username: undefined, password: undefined };
    assert.equal(await connackOf(b, none), code);
    assert.equal(await connackOf(b, { version, password: '' }), code);
    assert.equal(await connackOf(b, { version, password: 'wrong' }), code);
    assert.equal(await connackOf(b, { version, username: 'nobody' }), code);
    assert.equal(await connackOf(b, { version }), 0);
  }
});

test('the user name can name the virtual host', async () => {
  const b = await openRabbitMq({ vhost: 'usual' });
  b.broker.createVhost('a:b');
  b.broker.createVhost('usual');
  const all = { configure: '.*', write: '.*', read: '.*' };
  b.broker.setPermission('bob', 'a:b', all);
  assert.equal(await connackOf(b, { version: 5, username: 'a:b:bob' }), 0);
  // Without a virtual host, that of the configuration.
  assert.equal(await connackOf(b, { version: 5 }), 0x87);
  b.broker.setPermission('bob', 'usual', all);
  assert.equal(await connackOf(b, { version: 5 }), 0);
  assert.equal(await connackOf(b, { version: 5, username: 'none:bob' }), 0x86);
  assert.equal(await connackOf(b, { version: 4, username: 'none:bob' }), 4);
});

test('limits of connections have a reason code', async () => {
  const b = await openRabbitMq();
  b.broker.accounts.setUserLimit('bob', 'max-connections', 1);
  const one = await b.client({ version: 5, clientId: 'one' });
  assert.equal(await connackOf(b, { version: 5, clientId: 'two' }), 0x97);
  assert.equal(await connackOf(b, { version: 4, clientId: 'two' }), 5);
  one.disconnect();
  await b.settled();
  assert.equal(await connackOf(b, { version: 5, clientId: 'two' }), 0);
});

test('a client id that is too long for the name of a queue is refused', async () => {
  const b = await openRabbitMq();
  assert.equal(await connackOf(b, { version: 5, clientId: 'c'.repeat(233) }), 0);
  assert.equal(await connackOf(b, { version: 5, clientId: 'c'.repeat(234) }), 0x85);
});

test('publishing needs permission on the exchange and the routing key', async () => {
  const b = await openRabbitMq();
  const queue = boundQueue(b, 'q', '#');
  b.broker.setPermission('bob', '/', { ...nothing, write: '^amq\\.topic$' });
  const topics = { write: '^dev\\.{client_id}\\.', read: '^$' };
  b.broker.accounts.setTopicPermission('bob', '/', 'amq.topic', topics);
  const peer = await b.client({ version: 5, clientId: 'c.1' });
  peer.publish('dev/c.1/x', 'yes', { qos: 1 });
  b.sync();
  assert.deepEqual(peer.take()[0]?.codes, [0]);
  // The name of a client is text, not a pattern.
  peer.publish('dev/cx1/x', 'no', { qos: 1, id: 2 });
  assert.deepEqual(peer.take().at(-1)?.codes, [0x87]);
  assert.equal(peer.isClosed, true);
  const old = await b.client({ version: 4, clientId: 'c' });
  old.publish('dev/other/x', 'no', { qos: 1 });
  assert.deepEqual([old.take(), old.isClosed], [[], true]);
  assert.equal(queue.readyCount, 1);
});

test('without disconnect_on_unauthorized, a client stays connected', async () => {
  const b = await openRabbitMq({ endsUnauthorised: false });
  b.broker.setPermission('bob', '/', nothing);
  const peer = await b.client({ version: 5 });
  peer.publish('a/b', 'no', { qos: 1 });
  peer.subscribe({ 'a/b': 1 });
  await b.settled();
  assert.deepEqual(
    peer.take().map(({ codes }) => codes?.[0]),
    [0x87, 0x87],
  );
  assert.equal(peer.isClosed, false);
});

const subscribing: readonly (readonly [what: string, permission: Partial<typeof nothing>])[] = [
  ['configure on the queue', { configure: '' }],
  ['write on the queue', { write: '^amq\\.topic$' }],
  ['read on the exchange', { read: '^mqtt-subscription-' }],
  ['read on the queue', { read: '^amq\\.topic$' }],
];

for (const [what, permission] of subscribing) {
  test(`subscribing needs ${what}`, async () => {
    const b = await openRabbitMq();
    const all = {
      configure: '^mqtt-',
      write: '^(mqtt-|amq\\.topic)',
      read: '^(mqtt-|amq\\.topic)',
    };
    b.broker.setPermission('bob', '/', all);
    const able = await b.client({ version: 5, clientId: 'able' });
    able.subscribe({ 'a/b': 1 });
    await b.settled();
    assert.deepEqual(able.take()[0]?.codes, [1]);
    b.broker.setPermission('bob', '/', { ...all, ...permission });
    const peer = await b.client({ version: 5 });
    peer.subscribe({ 'a/b': 1 });
    await b.settled();
    const [suback, disconnect] = peer.take();
    assert.deepEqual([suback?.codes, disconnect?.codes], [[0x87], [0x87]]);
    assert.equal(peer.isClosed, true);
    assert.equal(queueOf(b, 'mqtt-subscription-cqos1'), undefined);
  });
}

test('a session stops receiving what its user may no longer read', async () => {
  const b = await openRabbitMq();
  const lasting = { version: 5, clean: false, properties: { 17: 60 } } as const;
  const peer = await b.client(lasting);
  peer.subscribe({ 'a/b': 1, 'c/d': 1 });
  await b.settled();
  peer.disconnect();
  await b.settled();
  const topics = { write: '.*', read: '^a\\.' };
  b.broker.accounts.setTopicPermission('bob', '/', 'amq.topic', topics);
  const again = await b.client(lasting);
  again.publish('c/d', 'no', { qos: 1, id: 1 });
  again.publish('a/b', 'yes', { qos: 1, id: 2 });
  assert.deepEqual(again.payloads(), ['yes']);
});

test('the session of another user needs permissions on its queues and topics', async () => {
  const b = await openRabbitMq();
  const lasting = { version: 5, clean: false, properties: { 17: 60 } } as const;
  const peer = await b.client(lasting);
  peer.subscribe({ 'a/b': 1 });
  await b.settled();
  const write = '.*';
  b.broker.setPermission('eve', '/', { configure: '', write, read: '^amq\\.topic$' });
  const eve = { ...lasting, username: 'eve' };
  // While bob is connected, and afterwards.
  assert.equal(await connackOf(b, eve), 0x87);
  assert.equal(peer.isClosed, false);
  peer.disconnect();
  await b.settled();
  assert.equal(await connackOf(b, eve), 0x87);
  assert.equal(await connackOf(b, { ...eve, clean: true }), 0x87);
  b.broker.setPermission('eve', '/', { configure: '^mqtt-', write, read: '.*' });
  const taken = await b.client(eve);
  assert.deepEqual([taken.connack?.codes, taken.connack?.isPresent], [[0], true]);
});

test('a client can log in with its certificate', async () => {
  const certificateName = async () => 'bob';
  const none = { version: 5, username: undefined, password: undefined } as const;
  const connect = async (takesCertificates: boolean, hasCertificate: boolean) => {
    const b = await openRabbitMq({ takesCertificates }, { certificateName });
    const peer = new MqttPeer(b);
    const certificate = hasCertificate ? ({} as X509Certificate) : undefined;
    Object.assign(peer, { peerCertificate: certificate });
    await peer.connect(none);
    peer.takeConnack();
    return peer.connack?.codes?.[0];
  };
  assert.equal(await connect(true, true), 0);
  assert.equal(await connect(true, false), 0x86);
  assert.equal(await connect(false, true), 0x86);
});

test('administration sees connections and their consumers', async () => {
  const b = await openRabbitMq();
  const peer = await b.client({ version: 5, clientId: 'id', keepAlive: 30 });
  peer.subscribe({ 'a/b': 1, 'c/d': 0 });
  await b.settled();
  const [connection] = b.broker.clientConnections;
  const info = connection?.inspector?.info();
  assert.deepEqual(
    [info?.protocol, info?.user, info?.vhost, info?.clientProperties, info?.heartbeatSeconds],
    ['MQTT 5-0', 'bob', '/', { client_id: 'id' }, 30],
  );
  assert.ok((info?.receivedBytes ?? 0) > 0 && (info?.sentBytes ?? 0) > 0);
  const consumers = [...(connection?.inspector?.consumers() ?? [])];
  assert.deepEqual(
    consumers.map(({ queue, isAcknowledged }) => [queue, isAcknowledged]),
    [
      ['mqtt-subscription-idqos1', true],
      ['mqtt-subscription-idqos0', false],
    ],
  );
  assert.equal(connection?.channelCount, 0);
});

/** A client whose log-in is checked, and which waits for its session. */
async function waiting(b: MqttBroker, clientId: string, username = 'bob') {
  // Jobs do not start in this turn.
  b.broker.background.spend(1_000_000);
  const peer = new MqttPeer(b);
  const connected = peer.connect({ version: 5, clientId, username });
  for (let count = 0; count < 10; count++) await Promise.resolve();
  const code = async () => {
    await connected;
    await b.settled();
    peer.takeConnack();
    return peer.connack?.codes?.[0];
  };
  return { peer, code };
}

test('what changes while a client waits for its session counts', async () => {
  const b = await openRabbitMq();
  b.broker.accounts.setUserLimit('bob', 'max-connections', 1);
  const two = [await waiting(b, 'one'), await waiting(b, 'two')];
  assert.deepEqual(await Promise.all(two.map(({ code }) => code())), [0, 0x97]);
  for (const { peer } of two) peer.cut();
  await b.settled();
  b.broker.createVhost('v');
  b.broker.setPermission('bob', 'v', { configure: '.*', write: '.*', read: '.*' });
  const inVhost = await waiting(b, 'three', 'v:bob');
  b.broker.deleteVhost('v');
  b.broker.createVhost('v');
  b.broker.setPermission('bob', 'v', { configure: '.*', write: '.*', read: '.*' });
  assert.equal(await inVhost.code(), 0x83);
  const deleted = await waiting(b, 'four');
  b.broker.accounts.deleteUser('bob');
  assert.equal(await deleted.code(), 0x87);
});

/** A broker, and a client of `eve` whose connection takes several turns to end. */
async function slowToEnd() {
  const limits = { memoryBytesMax: Infinity, workUnitsMax: 64 };
  const b = await openRabbitMq({ prefetchCount: 1000 }, { limits });
  b.broker.setPermission('eve', '/', { configure: '.*', write: '.*', read: '.*' });
  const first = await b.client({ version: 5, username: 'eve' });
  first.subscribe({ '#': 1 });
  await b.settled();
  for (let n = 0; n < 990; n++) {
    first.publish('a', 'x', { qos: 1, id: n + 1 });
    b.sync();
  }
  await b.settled();
  return { b, first };
}

test('a client that waits for a session is replaced by its own user only', async () => {
  const { b, first } = await slowToEnd();
  b.broker.setPermission('eve', '/', { configure: '', write: '.*', read: '.*' });
  const bob = new MqttPeer(b);
  await bob.connect({ version: 5 });
  assert.deepEqual([first.isClosed, bob.take()], [true, []], 'the first one ends, bob waits');
  const eve = new MqttPeer(b);
  await eve.connect({ version: 5, username: 'eve', clean: false });
  await b.settled();
  b.sync();
  for (const peer of [bob, eve]) peer.takeConnack();
  assert.deepEqual([bob.connack?.codes?.[0], eve.connack?.codes?.[0]], [0, 0x87]);
});

test('a queue that is declared while a client waits for its session needs permission', async () => {
  const { b, first } = await slowToEnd();
  const read = '^(amq|mqtt-subscription-cqos1)';
  b.broker.setPermission('bob', '/', { configure: '.*', write: '.*', read });
  const bob = new MqttPeer(b);
  await bob.connect({ version: 5, clean: false });
  assert.deepEqual([first.isClosed, bob.take()], [true, []], 'the first one ends, bob waits');
  boundQueue(b, 'mqtt-subscription-cqos0', 'secret');
  await b.settled();
  b.sync();
  bob.takeConnack();
  assert.equal(bob.connack?.codes?.[0], 0x87);
});
