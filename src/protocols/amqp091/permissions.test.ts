import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AmqpPeer,
  methodFrame,
  openBroker,
  publishFrames,
} from '../../../tests/support/amqp-peer.ts';
import { type Method, methodIds } from './codec/methods.gen.ts';

const text = (value: string) => ({ type: 'longstr', value }) as const;

const queueDeclare = (queue: string, args = {}): Buffer =>
  methodFrame(1, {
    id: methodIds.queueDeclare,
    queue,
    passive: false,
    durable: false,
    exclusive: false,
    autoDelete: false,
    noWait: false,
    arguments: args,
  });

const exchangeDeclare = (exchange: string, args = {}): Buffer =>
  methodFrame(1, {
    id: methodIds.exchangeDeclare,
    exchange,
    type: 'fanout',
    passive: false,
    durable: false,
    autoDelete: false,
    internal: false,
    noWait: false,
    arguments: args,
  });

const queueBind = (queue: string, exchange: string): Buffer =>
  methodFrame(1, {
    id: methodIds.queueBind,
    queue,
    exchange,
    routingKey: '',
    noWait: false,
    arguments: {},
  });

const queueUnbind = (queue: string, exchange: string): Buffer =>
  methodFrame(1, { id: methodIds.queueUnbind, queue, exchange, routingKey: '', arguments: {} });

const exchangeBind = (destination: string, source: string): Buffer => {
  const fields = { destination, source, routingKey: '', noWait: false, arguments: {} };
  return methodFrame(1, { id: methodIds.exchangeBind, ...fields });
};

const consume = (queue: string): Buffer =>
  methodFrame(1, {
    id: methodIds.basicConsume,
    queue,
    consumerTag: 'c',
    noLocal: false,
    noAck: false,
    exclusive: false,
    noWait: false,
    arguments: {},
  });

const get = (queue: string) => methodFrame(1, { id: methodIds.basicGet, queue, noAck: true });
const purge = (queue: string) => methodFrame(1, { id: methodIds.queuePurge, queue, noWait: false });
const queueDelete = (queue: string) =>
  methodFrame(1, {
    id: methodIds.queueDelete,
    queue,
    ifUnused: false,
    ifEmpty: false,
    noWait: false,
  });
const exchangeDelete = (exchange: string) =>
  methodFrame(1, { id: methodIds.exchangeDelete, exchange, ifUnused: false, noWait: false });

/** A peer that may configure, write and read what begins with these letters and `all`. */
async function restricted(): Promise<AmqpPeer> {
  const { broker } = await openBroker();
  const plain = { durable: false, autoDelete: false, internal: false, arguments: {} };
  const vhost = broker.vhost('/');
  for (const name of ['c', 'w', 'r', 'all']) {
    vhost.declareExchange(name, 'fanout', plain);
    vhost.declareQueue(name, { ...plain, exclusive: false }, {});
  }
  const rights = { configure: '^(c|all)', write: '^(w|all)', read: '^(r|all)' };
  broker.setPermission('guest', '/', rights);
  const peer = new AmqpPeer(broker);
  await peer.open();
  peer.call(1, { id: methodIds.channelOpen });
  return peer;
}

const refused: readonly (readonly [string, Buffer, string])[] = [
  ['queue.declare', queueDeclare('x'), "configure access to queue 'x'"],
  [
    'queue.declare with a dead letter exchange, of the queue',
    queueDeclare('c-new', { 'x-dead-letter-exchange': text('w') }),
    "read access to queue 'c-new'",
  ],
  [
    'queue.declare with a dead letter exchange, of the exchange',
    queueDeclare('all-new', { 'x-dead-letter-exchange': text('r') }),
    "write access to exchange 'r'",
  ],
  ['queue.delete', queueDelete('w'), "configure access to queue 'w'"],
  ['queue.purge', purge('w'), "read access to queue 'w'"],
  ['queue.bind, of the queue', queueBind('r', 'r'), "write access to queue 'r'"],
  ['queue.bind, of the exchange', queueBind('w', 'w'), "read access to exchange 'w'"],
  ['queue.bind, of a queue that is not there', queueBind('x', 'r'), "write access to queue 'x'"],
  ['queue.unbind, of the queue', queueUnbind('r', 'r'), "write access to queue 'r'"],
  ['queue.unbind, of the exchange', queueUnbind('w', 'w'), "read access to exchange 'w'"],
  ['exchange.declare', exchangeDeclare('w'), "configure access to exchange 'w'"],
  [
    'exchange.declare with an alternate, of the exchange',
    exchangeDeclare('c', { 'alternate-exchange': text('w') }),
    "read access to exchange 'c'",
  ],
  [
    'exchange.declare with an alternate, of the alternate',
    exchangeDeclare('all', { 'alternate-exchange': text('r') }),
    "write access to exchange 'r'",
  ],
  ['exchange.delete', exchangeDelete('r'), "configure access to exchange 'r'"],
  ['exchange.bind, of the destination', exchangeBind('r', 'r'), "write access to exchange 'r'"],
  ['exchange.bind, of the source', exchangeBind('w', 'w'), "read access to exchange 'w'"],
  ['basic.publish', publishFrames(1, 'k', 'x', {}, 'r'), "write access to exchange 'r'"],
  [
    'basic.publish to an exchange that is not there',
    publishFrames(1, 'k', 'x', {}, 'nope'),
    "write access to exchange 'nope'",
  ],
  [
    'basic.publish to the default exchange',
    publishFrames(1, 'all', 'x'),
    "write access to exchange 'amq.default'",
  ],
  ['basic.consume', consume('w'), "read access to queue 'w'"],
  ['basic.get', get('w'), "read access to queue 'w'"],
];

const closes = (received: (Method | string)[]) =>
  received.flatMap((x) =>
    typeof x !== 'string' && x.id === methodIds.channelClose
      ? [`${x.replyCode} ${x.replyText}`]
      : [],
  );

for (const [what, bytes, why] of refused) {
  test(`${what}: refused without the required permission`, async () => {
    const peer = await restricted();
    assert.deepEqual(closes(peer.send(bytes)), [
      `403 ACCESS_REFUSED - ${why} in vhost '/' refused for user 'guest'`,
    ]);
  });
}

test('declaring a queue without a name needs permission on the generated name', async () => {
  const peer = await restricted();
  const [refusal] = closes(peer.send(queueDeclare('')));
  assert.match(refusal ?? '', /^403 .*configure access to queue 'amq\.gen-[\w-]{22}' in vhost/);
});

test('every operation is allowed with the permission for it', async () => {
  const allowed = [
    queueDeclare('all', {}),
    queueBind('w', 'r'),
    queueUnbind('w', 'r'),
    exchangeBind('w', 'r'),
    publishFrames(1, 'k', 'x', {}, 'w'),
    consume('r'),
    get('r'),
    purge('r'),
    queueDelete('c'),
    exchangeDelete('c'),
  ];
  const peer = await restricted();
  for (const bytes of allowed) assert.deepEqual(closes(peer.send(bytes)), []);
});

test('revoking the write permission takes effect on the next publish', async () => {
  const peer = await restricted();
  assert.deepEqual(closes(peer.send(publishFrames(1, 'k', 'x', {}, 'w'))), []);
  peer.connection.broker.setPermission('guest', '/', { configure: '', write: '', read: '' });
  assert.equal(closes(peer.send(publishFrames(1, 'k', 'x', {}, 'w'))).length, 1);
});

test('deleting a virtual host disconnects its clients with the reason', async () => {
  const peer = await restricted();
  peer.connection.broker.deleteVhost('/');
  const [close] = peer.take();
  assert.ok(typeof close === 'object' && close.id === methodIds.connectionClose);
  assert.equal(close.replyText, "CONNECTION_FORCED - vhost '/' is deleted");
});
