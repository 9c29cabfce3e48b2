import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker } from '../../../../tests/support/bare-broker.ts';
import type { Arguments } from '../../arguments.ts';
import { jumpHash, textHash } from './text-hash.ts';

const text = (value: string) => ({ type: 'longstr', value }) as const;

/** An exchange `x` with queues that are bound with these keys. */
async function bound(type: string, keys: Readonly<Record<string, string>>, args: Arguments = {}) {
  const b = await BareBroker.open();
  const options = { durable: true, autoDelete: false, internal: false, arguments: args };
  const exchange = b.vhost.declareExchange('x', type, options);
  for (const [queue, key] of Object.entries(keys)) b.vhost.bind(exchange, b.queue(queue), key, {});
  /** The queue of each message; each goes to exactly one. */
  const routed = (routingKeys: readonly string[], headers?: (key: string) => Arguments) => {
    const found = new Map<string, string>();
    for (const key of routingKeys) b.publish('x', key, key, { headers: headers?.(key) ?? {} });
    for (const queue of b.vhost.queues.keys()) {
      for (const body of b.drain(queue)) {
        assert.equal(found.has(body), false, `${body} is in two queues`);
        found.set(body, queue);
      }
    }
    return found;
  };
  return { b, exchange, routed };
}

const keys = Array.from({ length: 3000 }, (_, i) => `key ${i}`);
const countOf = (found: ReadonlyMap<string, string>, queue: string) =>
  [...found.values()].filter((each) => each === queue).length;

test('a jump hash is even, and moves only what must move', () => {
  const counts = new Array<number>(10).fill(0);
  let moved = 0;
  for (const key of keys) {
    const before = jumpHash(textHash(key), 10);
    counts[before] = (counts[before] ?? 0) + 1;
    const after = jumpHash(textHash(key), 11);
    if (before === after) continue;
    moved++;
    assert.equal(after, 10, 'only to the new bucket');
  }
  for (const count of counts) assert.ok(count > 220 && count < 380, String(counts));
  assert.ok(moved > 200 && moved < 350, `${moved} moved`);
});

test('x-consistent-hash distributes by weight, and equal keys go to the same queue', async () => {
  const { routed } = await bound('x-consistent-hash', { a: '1', b: '3' });
  const first = routed(keys);
  assert.equal(first.size, keys.length);
  const share = countOf(first, 'b') / keys.length;
  assert.ok(share > 0.7 && share < 0.8, `${share} went to the queue with three quarters`);
  assert.deepEqual([...routed(keys)].sort(), [...first].sort());
});

test('x-consistent-hash keeps most routes when a queue is added and when it is unbound', async () => {
  const { b, exchange, routed } = await bound('x-consistent-hash', { a: '10', b: '10' });
  const before = routed(keys);
  const third = b.queue('c');
  b.vhost.bind(exchange, third, '10', {});
  const during = routed(keys);
  for (const [key, queue] of during) {
    if (queue !== 'c') assert.equal(queue, before.get(key), 'only messages for the new queue move');
  }
  assert.ok(countOf(during, 'c') > 800);
  b.vhost.unbind(exchange, third, '10', {});
  assert.deepEqual([...routed(keys)].sort(), [...before].sort());
});

test('x-consistent-hash hashes a header instead of the key if it is declared so', async () => {
  const args = { 'hash-header': text('customer') };
  const { routed } = await bound('x-consistent-hash', { a: '1', b: '1' }, args);
  const byHeader = (customer: string) =>
    new Set(routed(keys.slice(0, 50), () => ({ customer: text(customer) })).values());
  const queues = new Set<string>();
  for (let i = 0; i < 20; i++) {
    const [queue = '', ...others] = byHeader(`customer ${i}`);
    assert.equal(others.length, 0, 'all of them in one queue');
    queues.add(queue);
  }
  assert.equal(queues.size, 2);
});

test('x-consistent-hash refuses binding keys that are no weight, and arguments it does not know', async () => {
  const { b, exchange } = await bound('x-consistent-hash', {});
  const queue = b.queue('q');
  for (const key of ['', 'a', '0', '-1', '1.5', '1001', '99999999999']) {
    assert.throws(() => b.vhost.bind(exchange, queue, key, {}), {
      code: 'precondition-failed',
      message: `The binding key must be an integer from 1 to 1000: '${key}'`,
    });
  }
  const options = { durable: true, autoDelete: false, internal: false };
  const declare = (args: Arguments) => () =>
    b.vhost.declareExchange('y', 'x-consistent-hash', { ...options, arguments: args });
  assert.throws(
    declare({ 'hash-property': text('app_id') }),
    /^BrokerError: Unsupported property: app_id$/,
  );
  assert.throws(declare({ 'hash-property': { type: 'bool', value: true } }), /Unsupported hash-p/);
  const both = { 'hash-property': text('message_id'), 'hash-header': text('h') };
  assert.throws(declare(both), /mutually exclusive/);
  assert.throws(declare({ 'hash-header': { type: 'signedint', value: 1 } }), /Unsupported hash-h/);
});

test('many bindings with large weights take bounded memory, and messages are still routed', async () => {
  const { b, exchange, routed } = await bound('x-consistent-hash', {});
  for (let i = 0; i < 80; i++) b.vhost.bind(exchange, b.queue(`q${i}`), '1000', {});
  assert.equal(routed(keys).size, keys.length);
  for (let i = 0; i < 79; i++) b.vhost.unbind(exchange, b.vhost.queue(`q${i}`, {}), '1000', {});
  assert.deepEqual([...routed(['k']).values()], ['q79'], 'the last one has room again');
});

test('x-modulus-hash uses all queues, and equal keys go to the same one', async () => {
  const { b, exchange, routed } = await bound('x-modulus-hash', { a: '', b: '', c: '' });
  const first = routed(keys);
  for (const queue of ['a', 'b', 'c']) assert.ok(countOf(first, queue) > 800);
  assert.deepEqual([...routed(keys)].sort(), [...first].sort());
  b.vhost.unbind(exchange, b.vhost.queue('a', {}), '', {});
  assert.equal(countOf(routed(keys), 'a'), 0);
});

for (const type of ['x-random', 'x-local-random']) {
  test(`${type} sends each message to one queue by chance, and to none without a binding`, async () => {
    const { b, exchange, routed } = await bound(type, { a: '', b: '' });
    const found = routed(keys);
    assert.equal(found.size, keys.length);
    assert.ok(countOf(found, 'a') > 1000 && countOf(found, 'b') > 1000);
    for (const queue of ['a', 'b']) b.vhost.unbind(exchange, b.vhost.queue(queue, {}), '', {});
    assert.equal(routed(['k']).size, 0);
  });
}
