import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AmqpPeer,
  closes,
  methodFrame,
  openBroker,
  publishFrames,
} from '../../../tests/support/amqp-peer.ts';
import type { Broker } from '../../broker/broker.ts';
import { Administration } from '../../broker/rabbitmq/administration.ts';
import { everything } from '../../broker/users.ts';
import { methodIds } from './codec/methods.gen.ts';

const administration = (broker: Broker) =>
  new Administration(broker, { hashPassword: async (password) => password });

/** A connection of a user whose password is its name; what came in answer. */
async function connected(broker: Broker, user: string, virtualHost = '/', port = 1) {
  const peer = new AmqpPeer(broker, `127.0.0.1:${port}`);
  const answer = await peer.open(user, 10, { user, virtualHost });
  return { peer, refused: closes(answer) };
}

/** A broker with a user `ann` that has all permissions on `/` and on `v`. */
async function furnished(tags: readonly string[] = []) {
  const { broker } = await openBroker();
  broker.createVhost('v');
  broker.putUser('ann', 'ann', tags);
  for (const vhost of ['/', 'v']) broker.setPermission('ann', vhost, everything);
  return broker;
}

async function withChannel(broker: Broker): Promise<AmqpPeer> {
  const { peer } = await connected(broker, 'ann');
  peer.call(1, { id: methodIds.channelOpen });
  return peer;
}

const openings: readonly (readonly [string, (broker: Broker) => void, string])[] = [
  ['to an unknown virtual host', (b) => b.deleteVhost('v'), 'NOT_ALLOWED - vhost v not found'],
  [
    'without permissions in the virtual host',
    (b) => b.clearPermission('ann', 'v'),
    "NOT_ALLOWED - access to vhost 'v' refused for user 'ann'",
  ],
  [
    'above the limit of the virtual host',
    (b) => b.vhost('v').settings.setLimit('max-connections', 0),
    "NOT_ALLOWED - access to vhost 'v' refused for user 'ann': connection limit (0) is reached",
  ],
  [
    'above the limit of the user',
    (b) => b.accounts.setUserLimit('ann', 'max-connections', 0),
    "NOT_ALLOWED - connection refused for user 'ann': user connection limit (0) is reached",
  ],
];

for (const [what, change, text] of openings) {
  test(`a connection ${what} is refused with RabbitMQ’s text`, async () => {
    const broker = await furnished();
    change(broker);
    const { refused } = await connected(broker, 'ann', 'v');
    assert.deepEqual(refused, [`connection 530 ${text}`]);
  });
}

test('limits of connections count those of the user and of the virtual host, until they end', async () => {
  const broker = await furnished();
  broker.accounts.setUserLimit('ann', 'max-connections', 2);
  broker.vhost('v').settings.setLimit('max-connections', 1);
  const first = await connected(broker, 'ann', 'v');
  assert.deepEqual(first.refused, []);
  assert.match((await connected(broker, 'ann', 'v')).refused[0] ?? '', /limit \(1\) is reached/);
  assert.deepEqual((await connected(broker, 'ann')).refused, []);
  assert.match((await connected(broker, 'ann')).refused[0] ?? '', /user connection limit \(2\)/);
  first.peer.connection.ended();
  assert.deepEqual((await connected(broker, 'ann')).refused, []);
});

test('channels above the limit of the user are refused; closed channels do not count', async () => {
  const broker = await furnished();
  broker.accounts.setUserLimit('ann', 'max-channels', 2);
  const { peer } = await connected(broker, 'ann');
  const open = (number: number) => closes(peer.call(number, { id: methodIds.channelOpen }));
  const close = { replyCode: 200, replyText: '', classId: 0, methodId: 0 };
  assert.deepEqual([open(1), open(2)], [[], []]);
  peer.call(2, { id: methodIds.channelClose, ...close });
  assert.deepEqual(open(2), []);
  const other = await connected(broker, 'ann');
  const why = "number of channels opened for user 'ann' has reached the maximum allowed user limit";
  assert.deepEqual(closes(other.peer.call(1, { id: methodIds.channelOpen })), [
    `connection 530 NOT_ALLOWED - ${why} of (2)`,
  ]);
  peer.connection.ended();
  assert.equal(broker.clientConnections.channelCountOf('ann'), 0);
});

test('publishing to a topic exchange requires the topic permission on every routing key', async () => {
  const broker = await furnished();
  broker.accounts.setTopicPermission('ann', '/', 'amq.topic', { write: '^ok', read: '^ok' });
  const refusal = (key: string) =>
    `channel 403 ACCESS_REFUSED - write access to topic '${key}' in exchange 'amq.topic' ` +
    "in vhost '/' refused for user 'ann'";
  const publish = (peer: AmqpPeer, key: string, cc: string[] = [], exchange = 'amq.topic') => {
    const value = cc.map((each) => ({ type: 'longstr', value: each }) as const);
    const headers = { CC: { type: 'array', value } } as const;
    return closes(peer.send(publishFrames(1, key, 'm', { headers }, exchange)));
  };
  const peer = await withChannel(broker);
  assert.deepEqual(publish(peer, 'ok.1', ['ok.2']), []);
  assert.deepEqual(publish(peer, 'no', [], 'amq.direct'), [], 'only topic exchanges are checked');
  assert.deepEqual(publish(peer, 'no'), [refusal('no')]);
  assert.deepEqual(publish(await withChannel(broker), 'ok', ['no']), [refusal('no')]);
  const later = await withChannel(broker);
  assert.deepEqual(publish(later, 'ok'), []);
  broker.accounts.setTopicPermission('ann', '/', 'amq.topic', { write: '^x', read: '' });
  assert.deepEqual(publish(later, 'ok'), [refusal('ok')], 'a change takes effect at once');
});

test('binding to a topic exchange requires the topic permission to read the binding key', async () => {
  const broker = await furnished();
  broker.accounts.setTopicPermission('ann', '/', 'amq.topic', { write: '', read: '^ok' });
  const peer = await withChannel(broker);
  peer.declare('q', {}, { durable: false });
  const fields = { queue: 'q', exchange: 'amq.topic', noWait: false, arguments: {} };
  const bind = (routingKey: string) =>
    closes(peer.call(1, { id: methodIds.queueBind, ...fields, routingKey }));
  assert.deepEqual(bind('ok.#'), []);
  assert.deepEqual(bind('#'), [
    "channel 403 ACCESS_REFUSED - read access to topic '#' in exchange 'amq.topic' in vhost '/' " +
      "refused for user 'ann'",
  ]);
});

test('only a user with the tag impersonator may publish with the user id of another', async () => {
  const publish = async (tags: readonly string[]) => {
    const peer = await withChannel(await furnished(tags));
    return closes(peer.send(publishFrames(1, 'k', 'm', { userId: 'bob' })));
  };
  assert.deepEqual(await publish(['administrator']), [
    "channel 406 PRECONDITION_FAILED - user_id property set to 'bob' but authenticated user was 'ann'",
  ]);
  assert.deepEqual(await publish(['impersonator']), []);
});

test('deleting a user or a virtual host disconnects many clients in the background', async () => {
  const broker = await furnished();
  const peers: AmqpPeer[] = [];
  for (let i = 0; i < 100; i++) peers.push((await connected(broker, 'ann', 'v', i)).peer);
  broker.deleteUser('ann');
  const done = () => peers.filter((peer) => closes(peer.received).length > 0).length;
  for (const peer of peers) peer.connection.flush();
  assert.ok(done() > 0 && done() < 100, `${done()} were disconnected at once`);
  while (!broker.background.isIdle) await new Promise(setImmediate);
  for (const peer of peers) peer.connection.flush();
  assert.equal(done(), 100);
  const [text] = closes(peers[99]?.received ?? []);
  assert.equal(text, "connection 320 CONNECTION_FORCED - user 'ann' is deleted");
});

test('a client of a deleted virtual host cannot add to a new one with its name', async () => {
  const broker = await furnished();
  const peer = await withChannel(broker);
  const { vhost } = peer.connection;
  const options = { durable: true, exclusive: false, autoDelete: false, arguments: {} };
  broker.deleteVhost('/');
  broker.createVhost('/');
  assert.throws(() => vhost.declareQueue('q', options, {}), { code: 'not-allowed' });
  assert.throws(() => vhost.declareExchange('x', 'fanout', { ...options, internal: false }), {
    code: 'not-allowed',
  });
  assert.equal(broker.vhost('/').queues.size, 0);
});

test('connections, channels and consumers are described, and can be closed', async () => {
  const broker = await furnished();
  const { inspection } = administration(broker);
  const peer = new AmqpPeer(broker, '[::1]:7');
  const clientProperties = {
    connection_name: { type: 'longstr', value: 'mine' },
    product: { type: 'longstr', value: 'p' },
  } as const;
  await peer.open('ann', 30, { user: 'ann', virtualHost: 'v', clientProperties });
  await connected(broker, 'ann', '/', 8);
  peer.call(3, { id: methodIds.channelOpen });
  const args = { 'x-priority': { type: 'signedint', value: 2 } } as const;
  peer.send(
    methodFrame(3, { id: methodIds.basicQos, prefetchSize: 0, prefetchCount: 5, global: false }),
    methodFrame(3, { id: methodIds.confirmSelect, noWait: true }),
    methodFrame(3, {
      ...{ id: methodIds.queueDeclare, queue: 'q', passive: false, durable: false },
      ...{ exclusive: true, autoDelete: false, noWait: true, arguments: {} },
    }),
    methodFrame(3, {
      ...{ id: methodIds.basicConsume, queue: 'q', consumerTag: 'c', noLocal: false },
      ...{ noAck: false, exclusive: false, noWait: true, arguments: args },
    }),
    publishFrames(3, 'q', 'm'),
  );
  const name = '[::1]:7 -> 127.0.0.1:2';
  const [found, ...others] = inspection.connections({ vhost: 'v' });
  assert.equal(others.length, 0);
  assert.deepEqual(
    [found?.name, found?.userProvidedName, found?.user, found?.vhost, found?.protocol],
    [name, 'mine', 'ann', 'v', 'AMQP 0-9-1'],
  );
  assert.deepEqual(
    [found?.peerHost, found?.peerPort, found?.port, found?.heartbeatSeconds, found?.frameMax],
    ['[::1]', 7, 2, 30, 131_072],
  );
  assert.deepEqual(found?.clientProperties, { product: 'p', connection_name: 'mine' });
  assert.ok((found?.receivedBytes ?? 0) > 100);
  const channel = inspection.channel(`${name} (3)`);
  assert.deepEqual(
    [channel?.number, channel?.prefetchCount, channel?.isConfirming, channel?.consumerCount],
    [3, 5, true, 1],
  );
  assert.deepEqual(
    [channel?.publishedCount, channel?.deliveredCount, channel?.unacknowledgedCount],
    [1, 1, 1],
  );
  assert.equal(channel?.acknowledgedCount, 0);
  const [consumer] = inspection.consumers({ user: 'ann' });
  assert.deepEqual(
    [consumer?.tag, consumer?.queue, consumer?.channelName, consumer?.isActive],
    ['c', 'q', `${name} (3)`, true],
  );
  assert.deepEqual([consumer?.prefetchCount, consumer?.arguments], [5, { 'x-priority': 2 }]);
  inspection.close(name, 'Closed via management plugin');
  assert.deepEqual(closes(peer.take()), [
    'connection 320 CONNECTION_FORCED - Closed via management plugin',
  ]);
  assert.equal(inspection.connection(name), undefined);
});

test('a consumer that waits for the single active one is not active', async () => {
  const broker = await furnished();
  const peer = await withChannel(broker);
  peer.declare('q', { 'x-single-active-consumer': { type: 'bool', value: true } });
  for (const consumerTag of ['first', 'second']) peer.consume('q', { consumerTag });
  const active = () =>
    [...administration(broker).inspection.consumers()].map(({ tag, isActive }) => [tag, isActive]);
  assert.deepEqual(active(), [
    ['first', true],
    ['second', false],
  ]);
  peer.call(1, { id: methodIds.basicCancel, consumerTag: 'first', noWait: true });
  assert.deepEqual(active(), [['second', true]]);
});

test('a queue without a type gets the default type of its virtual host if it can have it', async () => {
  const broker = await furnished();
  broker.accounts.putVhost('/', { defaultQueueType: 'quorum' });
  const peer = await withChannel(broker);
  peer.declare('plain');
  peer.declare('exclusive', {}, { exclusive: true });
  peer.declare('stated', { 'x-queue-type': { type: 'longstr', value: 'classic' } });
  const types = ['plain', 'exclusive', 'stated'].map(
    (name) => broker.vhost('/').queues.get(name)?.settings.type,
  );
  assert.deepEqual(types, ['quorum', 'classic', 'classic']);
  assert.deepEqual(closes(peer.declare('plain')), [], 'a repeated declaration fits');
  assert.deepEqual(closes(peer.declare('stated')), [], 'of a queue of another type too');
  const unnamed = closes(peer.declare('', {}, { noWait: false }));
  assert.deepEqual(unnamed, [
    'channel 406 PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue',
  ]);
});
