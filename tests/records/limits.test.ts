import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Argument } from '../../src/broker/arguments.ts';
import { type Method, methodIds } from '../../src/protocols/amqp091/codec/methods.gen.ts';
import type { FieldTable } from '../../src/protocols/amqp091/codec/tables.ts';
import { AmqpPeer, closes, openBroker, publishFrames } from '../support/amqp-peer.ts';
import { BareBroker } from '../support/bare-broker.ts';

const text = (value: string): Argument => ({ type: 'longstr', value });
const list = (...keys: string[]): Argument => ({ type: 'array', value: keys.map(text) });
const long = 'k'.repeat(256);
/** 255 characters, and one byte more. */
const longInBytes = `${'k'.repeat(254)}é`;
const bytes = (size: number) => '\udcff'.repeat(size);

/** Returns the answer to the declaration of a queue. */
const queue = (args: FieldTable) => async (peer: AmqpPeer) => peer.declare('new', args);

const exchange = (args: FieldTable) => async (peer: AmqpPeer) =>
  peer.call(1, {
    id: methodIds.exchangeDeclare,
    exchange: 'new',
    type: 'fanout',
    passive: false,
    durable: true,
    autoDelete: false,
    internal: false,
    noWait: true,
    arguments: args,
  });

const binding = (args: FieldTable) => async (peer: AmqpPeer) =>
  peer.call(1, {
    id: methodIds.queueBind,
    queue: 'q',
    exchange: 'amq.headers',
    routingKey: '',
    noWait: true,
    arguments: args,
  });

const publish = (headers: FieldTable) => async (peer: AmqpPeer) =>
  peer.send(publishFrames(1, 'q', 'body', { headers }));

type Act = (peer: AmqpPeer) => Promise<(Method | string)[]>;

const dlx = { 'x-dead-letter-exchange': text('amq.fanout') };
const deadKey = (value: string) => queue({ ...dlx, 'x-dead-letter-routing-key': text(value) });

const refused: Readonly<Record<string, Act>> = {
  'a dead letter key of 256 bytes': deadKey(long),
  'a dead letter key of 255 characters': deadKey(longInBytes),
  'a dead letter key of 256 bytes that are not UTF-8': deadKey(bytes(256)),
  'a dead letter exchange of 256 bytes': queue({ 'x-dead-letter-exchange': text(long) }),
  'an alternate exchange of 256 bytes': exchange({ 'alternate-exchange': text(long) }),
  'a key in CC of 256 bytes': publish({ CC: list('a', long) }),
  'a key in BCC of 256 bytes': publish({ BCC: list(bytes(256)) }),
  'too many keys in CC and BCC': publish({ CC: list('a', 'b'), BCC: list('c', 'd') }),
  'large arguments of a queue': queue({ 'x-other': text('a'.repeat(1001)) }),
  'large arguments of an exchange': exchange({
    other: { type: 'table', value: { a: text(long.repeat(4)) } },
  }),
  'large arguments of a binding': binding({ header: list(long, long, long, long) }),
};

const taken: Readonly<Record<string, Act>> = {
  'a dead letter key of 255 bytes': deadKey(bytes(255)),
  'an alternate exchange of 255 bytes': exchange({ 'alternate-exchange': text(bytes(255)) }),
  'as many keys in CC and BCC as allowed': publish({ CC: list('a', bytes(255)), BCC: list('c') }),
  'arguments as large as allowed': queue({ 'x-other': text('a'.repeat(993)) }),
};

async function closesAfter(act: Act): Promise<string[]> {
  const { broker } = await openBroker({ argumentsBytesMax: 1000, senderKeyCountMax: 3 });
  return closes(await act(await AmqpPeer.ready(broker)));
}

for (const [what, act] of Object.entries(refused)) {
  test(`${what}: the channel is closed with PRECONDITION_FAILED`, async () => {
    const [close, ...more] = await closesAfter(act);
    assert.match(close ?? '', /^channel 406 PRECONDITION_FAILED - .*\d+/);
    assert.deepEqual(more, []);
  });
}

for (const [what, act] of Object.entries(taken)) {
  test(`${what}: it is accepted`, async () => {
    assert.deepEqual(await closesAfter(act), []);
  });
}

test('queues, exchanges and bindings above the limits of a virtual host are refused', async () => {
  const limits = { queueCountMax: 2, exchangeCountMax: 8, bindingCountMax: 1 };
  const { broker } = await openBroker(limits);
  const tooMany: Act[] = [
    async (peer) => [...peer.declare('one'), ...peer.declare('two')],
    async (peer) => [...(await exchange({})(peer)), ...peer.declare('q')],
    async (peer) => [...(await binding({})(peer)), ...(await binding({ a: text('b') })(peer))],
  ];
  const texts: string[] = [];
  for (const act of tooMany) texts.push(...closes(await act(await AmqpPeer.ready(broker))));
  assert.match(texts.join('\n'), /queue limit in vhost '\/' \(2\) is reached/);
  assert.match(texts.join('\n'), /binding limit of exchange 'amq.headers' .*\(1\) is reached/);
});

test('a reply text has at most 255 bytes of valid UTF-8, whatever name it contains', async () => {
  const { broker } = await openBroker();
  for (const name of [bytes(255), 'é'.repeat(127), '\u0001'.repeat(255), '\udce9\u0085']) {
    const peer = await AmqpPeer.ready(broker);
    const [close = ''] = closes(peer.call(1, { id: methodIds.basicGet, queue: name, noAck: true }));
    const shown = close.replace('channel 404 ', '');
    assert.ok(Buffer.byteLength(shown) <= 255 && shown.isWellFormed());
    assert.doesNotMatch(shown, /\p{Cc}/u);
  }
});

test('a queue from an older release with a long dead letter routing key is restored', async () => {
  const bare = await BareBroker.open();
  const args = {
    ...dlx,
    'x-dead-letter-routing-key': text(long),
    'x-max-length': { type: 'byte', value: 0 } as const,
  };
  const options = { durable: true, exclusive: false, autoDelete: false, arguments: args };
  bare.queue('dead');
  bare.vhost.bind(bare.vhost.exchange('amq.fanout'), bare.queue('dead'), '', {});
  bare.broker.define({ kind: 'queue', vhost: '/', name: 'old', number: 77, options });
  bare.log.syncNow();
  const next = await BareBroker.open(bare);
  next.publish('', 'old', 'body');
  next.broker.pump();
  const { delivery, store } = next.broker;
  assert.ok(store.view(next.queue('dead').index, 0, delivery));
  assert.deepEqual([delivery.exchangeName(), delivery.routingKey()], ['amq.fanout', 'old']);
});
