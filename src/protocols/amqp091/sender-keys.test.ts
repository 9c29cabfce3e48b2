import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AmqpPeer,
  methodFrame,
  openBroker,
  publishFrames,
} from '../../../tests/support/amqp-peer.ts';
import type { Broker } from '../../broker/broker.ts';
import { methodIds } from './codec/methods.gen.ts';
import type { FieldTable } from './codec/tables.ts';
import { amqp091Format } from './format.ts';

const text = (value: string) => ({ type: 'longstr', value }) as const;
const list = (...values: string[]) => ({ type: 'array', value: values.map(text) }) as const;

async function withQueues(...names: string[]) {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  for (const name of names) declare(broker, name);
  return { broker, peer };
}

function declare(broker: Broker, name: string, args: FieldTable = {}): void {
  const options = { durable: false, exclusive: false, autoDelete: false, arguments: args };
  broker.vhost('/').declareQueue(name, options, {});
}

/** The next message of a queue: body, key, and headers as a receiver gets them. */
function next(peer: AmqpPeer, queue: string) {
  const before = peer.bytes.length;
  const [ok, body] = peer.send(methodFrame(1, { id: methodIds.basicGet, queue, noAck: true }));
  if (typeof ok !== 'object' || ok.id !== methodIds.basicGetOk) return undefined;
  const sent = Buffer.concat(peer.bytes.slice(before));
  const at = sent.readUInt32BE(3) + 8; // the header frame follows the method's
  const head = sent.subarray(at + 7 + 12, at + 7 + sent.readUInt32BE(at + 3));
  const headers = amqp091Format.headers(head, 0, head.length);
  return { body, key: ok.routingKey, headers };
}

test('CC and BCC are used as routing keys, and only CC is delivered', async () => {
  const { peer } = await withQueues('a', 'b', 'c');
  const headers = { CC: list('b', 'a'), BCC: list('c'), kept: text('yes') };
  peer.send(publishFrames(1, 'a', 'm', { headers, deliveryMode: 1 }));
  for (const queue of ['a', 'b', 'c']) {
    const got = next(peer, queue);
    assert.deepEqual([got?.body, got?.key], ['m', 'a'], queue);
    assert.deepEqual({ ...got?.headers }, { CC: list('b', 'a'), kept: text('yes') }, queue);
    assert.equal(next(peer, queue), undefined, 'each queue gets it once');
  }
});

test('BCC is not delivered to a consumer', async () => {
  const { peer } = await withQueues('c');
  const consume = { queue: 'c', consumerTag: 't', noLocal: false, noAck: true } as const;
  const how = { exclusive: false, noWait: true, arguments: {} };
  peer.send(methodFrame(1, { id: methodIds.basicConsume, ...consume, ...how }));
  peer.send(publishFrames(1, 'nobody', 'm', { headers: { BCC: list('c') } }));
  const sent = Buffer.concat(peer.bytes).toString('latin1');
  assert.ok(sent.includes('nobody'));
  assert.ok(!sent.includes('BCC'), sent);
});

test('every CC key is matched at each exchange on the route', async () => {
  const { broker, peer } = await withQueues('a', 'rest');
  const vhost = broker.vhost('/');
  const options = { durable: false, autoDelete: false, internal: false };
  vhost.declareExchange('alternate', 'fanout', { ...options, arguments: {} });
  const args = { 'alternate-exchange': text('alternate') };
  const topic = vhost.declareExchange('x', 'topic', { ...options, arguments: args });
  vhost.bind(topic, vhost.queue('a', undefined), 'log.#', {});
  vhost.bind(vhost.exchange('alternate'), vhost.queue('rest', undefined), '', {});
  peer.send(publishFrames(1, 'other', 'm', { headers: { CC: list('log.x') } }, 'x'));
  assert.equal(next(peer, 'a')?.body, 'm');
  assert.equal(next(peer, 'rest'), undefined, 'the alternate is for what no key of any matches');
  peer.send(publishFrames(1, 'other', 'm', { headers: { CC: list('another') } }, 'x'));
  assert.equal(next(peer, 'rest')?.body, 'm');
});

test('a mandatory message routed only by CC is not returned; returned messages contain no BCC', async () => {
  const { peer } = await withQueues('a');
  const routed = publishFrames(1, 'nobody', 'm', { headers: { CC: list('a') } }, '', true);
  assert.deepEqual(peer.send(routed), []);
  const lost = publishFrames(1, 'nobody', 'm', { headers: { BCC: list('no one') } }, '', true);
  const [back, body] = peer.send(lost);
  assert.ok(typeof back === 'object' && back.id === methodIds.basicReturn);
  assert.equal(body, 'm');
  assert.ok(!Buffer.concat(peer.bytes).toString('latin1').includes('no one'));
});

for (const name of ['CC', 'BCC']) {
  test(`${name} that is not a list closes the channel with RabbitMQ’s error text`, async () => {
    const { peer } = await withQueues('a');
    const [close] = peer.send(publishFrames(1, 'a', 'm', { headers: { [name]: text('a') } }));
    assert.ok(typeof close === 'object' && close.id === methodIds.channelClose);
    const why = `invalid message: {unacceptable_type_in_header,"${name}",longstr}`;
    assert.equal(close.replyText, `PRECONDITION_FAILED - ${why}`);
  });
}

test('a dead letter is routed by all its original keys, and x-death omits BCC keys', async () => {
  const { broker, peer } = await withQueues('a', 'b');
  const vhost = broker.vhost('/');
  const dlx = vhost.exchange('amq.direct');
  for (const name of ['own', 'cc', 'bcc']) {
    declare(broker, `dead.${name}`);
    vhost.bind(dlx, vhost.queue(`dead.${name}`, undefined), name, {});
  }
  const args = { 'x-dead-letter-exchange': text('amq.direct'), 'x-max-length': int(0) };
  declare(broker, 'own', args);
  peer.send(publishFrames(1, 'own', 'm', { headers: { CC: list('cc'), BCC: list('bcc') } }));
  for (const name of ['own', 'cc', 'bcc']) {
    const got = next(peer, `dead.${name}`);
    assert.equal(got?.body, 'm', name);
    assert.deepEqual(got?.headers['CC'], list('cc'));
    assert.equal(got?.headers['BCC'], undefined);
    const deaths = JSON.stringify(got?.headers['x-death']);
    assert.ok(deaths.includes(`"routing-keys":${JSON.stringify(list('own', 'cc'))}`), deaths);
  }
});

test('a dead letter with x-dead-letter-routing-key is routed by that key only, and keeps CC', async () => {
  const { broker, peer } = await withQueues('grave', 'cc', 'bcc');
  const args = {
    'x-dead-letter-exchange': text(''),
    'x-dead-letter-routing-key': text('grave'),
    'x-max-length': int(0),
  };
  declare(broker, 'q0', args);
  const headers = { CC: list('cc'), BCC: list('bcc') };
  peer.send(publishFrames(1, 'q0', 'm', { headers }));
  for (const name of ['cc', 'bcc']) {
    assert.equal(next(peer, name)?.body, 'm');
    assert.equal(next(peer, name), undefined);
  }
  const got = next(peer, 'grave');
  assert.deepEqual([got?.body, got?.key], ['m', 'grave']);
  assert.deepEqual([got?.headers['CC'], got?.headers['BCC']], [list('cc'), undefined]);
});

test('CC of such a dead letter does not name routing keys when it becomes a dead letter again', async () => {
  const { broker, peer } = await withQueues('grave', 'other');
  const vhost = broker.vhost('/');
  const [empty, direct] = [{ 'x-max-length': int(0) }, text('amq.direct')];
  declare(broker, 'again', { ...empty, 'x-dead-letter-exchange': direct });
  declare(broker, 'q0', {
    ...empty,
    'x-dead-letter-exchange': text(''),
    'x-dead-letter-routing-key': text('again'),
  });
  for (const [queue, key] of [
    ['grave', 'again'],
    ['other', 'cc'],
  ] as const) {
    vhost.bind(vhost.exchange('amq.direct'), vhost.queue(queue, undefined), key, {});
  }
  peer.send(publishFrames(1, 'q0', 'm', { headers: { CC: list('cc') } }));
  const got = next(peer, 'grave');
  assert.deepEqual(got?.headers['CC'], list('cc'));
  const keys = JSON.stringify(got?.headers['x-death']).match(/"routing-keys":{[^}]*\[{[^\]]*\]/g);
  assert.deepEqual(
    keys,
    [list('again'), list('q0', 'cc')].map((of) =>
      `"routing-keys":${JSON.stringify(of)}`.slice(0, -1),
    ),
  );
  assert.equal(next(peer, 'other'), undefined);
});

test('malformed headers are rejected on receipt', async () => {
  const { peer } = await withQueues('a');
  const good = publishFrames(1, 'a', 'm', { headers: { name: text('x') } });
  const at = good.indexOf('name');
  good.write('?', at + 4, 'latin1'); // the type letter of its value
  const [close] = peer.send(good);
  assert.ok(typeof close === 'object' && close.id === methodIds.connectionClose);
  assert.equal(close.replyText, 'SYNTAX_ERROR - unknown type letter 0x3f in a field table');
});

function int(value: number) {
  return { type: 'signedint', value } as const;
}
