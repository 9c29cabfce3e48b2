import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AmqpPeer, openBroker, publishFrames } from '../../../tests/support/amqp-peer.ts';
import { RoutingKeyCache } from './routing-key-cache.ts';

const bytesOf = (exchange: string, routingKey: string) =>
  Buffer.from([exchange, routingKey].flatMap((x) => [x.length, ...Buffer.from(x)]));

function find(known: RoutingKeyCache, exchange: string, routingKey: string) {
  const bytes = bytesOf(exchange, routingKey);
  return known.find(bytes, 0, exchange.length + 1, bytes.length);
}

const options = { durable: false, exclusive: false, autoDelete: false, arguments: {} };

/** A peer, and what its messages added to each queue since the last question. */
async function routing(...queues: string[]) {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  const vhost = broker.vhost('/');
  for (const queue of queues) vhost.declareQueue(queue, options, peer.connection);
  const taken = () =>
    queues.filter((name) => {
      const queue = vhost.queues.get(name);
      let purged = 0;
      queue?.purge((count) => {
        purged = count;
      });
      return purged > 0;
    });
  const publish = (key: string, exchange = '') => {
    peer.send(publishFrames(1, key, 'x', {}, exchange));
    return taken();
  };
  return { peer, vhost, publish };
}

test('a repeated key returns the cached object, and other keys do not', () => {
  const known = new RoutingKeyCache();
  const keys = find(known, 'amq.topic', 'a.b');
  assert.deepEqual([keys.exchange, keys.routingKey], ['amq.topic', 'a.b']);
  assert.equal(find(known, 'amq.topic', 'a.b'), keys);
  assert.notEqual(find(known, 'amq.topic', 'a.c'), keys);
  // The same bytes one after the other, cut elsewhere.
  assert.deepEqual(find(known, 'amq.topic\u0003', 'b').routingKey, 'b');
});

test('keys with the same hash are distinguished', () => {
  const known = new RoutingKeyCache();
  for (let round = 0; round < 3; round++) {
    assert.equal(find(known, '', 'k2h0x').routingKey, 'k2h0x');
    assert.equal(find(known, '', 'k3km7').routingKey, 'k3km7');
  }
});

test('keys are found in any order', () => {
  const known = new RoutingKeyCache();
  const names = Array.from({ length: 50 }, (_, i) => `key-${i}`);
  const first = names.map((name) => find(known, '', name));
  const orders = [names, names, [...names].reverse(), names.filter((_, i) => i % 3 === 0), names];
  for (const order of orders) {
    const found = order.map((name) => find(known, '', name));
    assert.deepEqual(
      found.map(({ routingKey }) => routingKey),
      order,
    );
    assert.ok(found.every((keys) => first.includes(keys)));
  }
});

test('evicted keys are looked up again', () => {
  const known = new RoutingKeyCache();
  const first = find(known, '', 'key-0');
  for (let i = 1; i < 20_000; i++) assert.equal(find(known, '', `key-${i}`).routingKey, `key-${i}`);
  assert.notEqual(find(known, '', 'key-0'), first);
  assert.equal(find(known, '', 'key-0').routingKey, 'key-0');
});

test('a message is routed by the current bindings, whatever was cached', async () => {
  const { peer, vhost, publish } = await routing('one', 'two', 's');
  const direct = vhost.exchange('amq.direct');
  const [one, two] = ['one', 'two'].map((name) => vhost.queue(name, peer.connection));
  assert.ok(one && two);
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(publish('k', 'amq.direct'), []);
    vhost.bind(direct, one, 'k', {});
    for (let i = 0; i < 2; i++) assert.deepEqual(publish('k', 'amq.direct'), ['one']);
    vhost.bind(direct, two, 'k', {});
    for (let i = 0; i < 2; i++) assert.deepEqual(publish('k', 'amq.direct'), ['one', 'two']);
    assert.deepEqual(publish('k', 'amq.fanout'), []);
    vhost.unbind(direct, one, 'k', {});
    vhost.unbind(direct, two, 'k', {});
  }
  for (let i = 0; i < 2; i++) assert.deepEqual(publish('s'), ['s']);
  vhost.deleteQueue('s', undefined, { ifUnused: false, ifEmpty: false });
  assert.deepEqual(publish('s'), []);
  vhost.declareQueue('s', options, peer.connection);
  assert.deepEqual(publish('s'), ['s']);
});

test('a channel that alternates between exchanges routes to each correctly', async () => {
  const { peer, vhost, publish } = await routing('k', 'f');
  vhost.bind(vhost.exchange('amq.fanout'), vhost.queue('f', peer.connection), '', {});
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(publish('k'), ['k']);
    assert.deepEqual(publish('k', 'amq.fanout'), ['f']);
  }
});
