import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker, message } from '../../../../tests/support/bare-broker.ts';
import type { Arguments } from '../../arguments.ts';

const length = (value: number) => ({ 'x-recent-history-length': { type: 'long', value } }) as const;

/** A broker with an exchange `x`. */
async function opened(args: Arguments = {}) {
  const b = await BareBroker.open();
  const options = { durable: true, autoDelete: false, internal: false, arguments: args };
  const exchange = b.vhost.declareExchange('x', 'x-recent-history', options);
  return { b, exchange, options };
}

test('a new binding gets the latest messages in their order, and later ones follow', async () => {
  const { b, exchange } = await opened(length(2));
  for (const body of ['a', 'b', 'c']) b.publish('x', 'key', body);
  b.vhost.bind(exchange, b.queue('late'), '', {});
  b.publish('x', 'key', 'd');
  assert.deepEqual(b.drain('late'), ['b', 'c', 'd']);
  b.vhost.bind(exchange, b.queue('late'), '', {});
  assert.deepEqual(b.drain('late'), [], 'a binding that exists gets nothing');
});

test('20 messages are kept by default', async () => {
  const { b, exchange } = await opened();
  for (let i = 0; i < 30; i++) b.publish('x', '', String(i));
  b.vhost.bind(exchange, b.queue('late'), '', {});
  assert.deepEqual(
    b.drain('late'),
    Array.from({ length: 20 }, (_, i) => String(i + 10)),
  );
});

test('a message with the header x-recent-history-no-store is not kept', async () => {
  const { b, exchange } = await opened();
  const noStore = (value: boolean) => ({
    headers: { 'x-recent-history-no-store': { type: 'bool', value } } as const,
  });
  b.publish('x', '', 'kept', noStore(false));
  b.publish('x', '', 'not kept', noStore(true));
  b.vhost.bind(exchange, b.queue('late'), '', {});
  assert.deepEqual(b.drain('late'), ['kept']);
});

test('a bound exchange routes the latest messages on', async () => {
  const { b, exchange } = await opened();
  b.publish('x', 'red', 'r');
  b.publish('x', 'blue', 'b');
  const direct = b.vhost.exchange('amq.direct');
  b.vhost.bind(direct, b.queue('reds'), 'red', {});
  b.vhost.bind(exchange, direct, '', {});
  assert.deepEqual(b.drain('reds'), ['r']);
});

test('messages are kept up to a size, the latest ones first', async () => {
  const { b, exchange } = await opened(length(1000));
  const body = 'x'.repeat(1024 * 1024);
  for (let i = 0; i < 6; i++) b.publish('x', '', `${i}${body}`);
  b.publish('x', '', 'x'.repeat(5 * 1024 * 1024));
  const { messages } = exchange.history ?? { messages: [] };
  const bytes = messages.reduce((sum, { bodyLength }) => sum + bodyLength, 0);
  assert.ok(messages.length === 3 && bytes <= 4 * 1024 * 1024, `${messages.length}: ${bytes}`);
  b.vhost.deleteExchange('x', { ifUnused: false });
  assert.equal(exchange.history?.messages.length, 0, 'they are released with the exchange');
});

test('only a positive length up to the limit is accepted, and it must be repeated', async () => {
  const { b, options } = await opened(length(2));
  const declare = (name: string, args: Arguments) => () =>
    b.vhost.declareExchange(name, 'x-recent-history', { ...options, arguments: args });
  for (const value of [0, -1, 1001, 1.5]) {
    assert.throws(declare('y', length(value)), {
      code: 'precondition-failed',
      message: /'x-recent-history-length' must be a positive integer of at most 1000, got: /,
    });
  }
  const text = { 'x-recent-history-length': { type: 'longstr', value: '2' } } as const;
  assert.throws(declare('y', text), { code: 'precondition-failed' });
  assert.throws(declare('x', length(3)), { code: 'precondition-failed', message: /inequivalent/ });
  declare('x', length(2))();
});

test('the latest messages are gone after a restart, and the exchange remains', async () => {
  const { b } = await opened();
  b.publish('x', '', 'before');
  b.log.syncNow();
  const again = await BareBroker.open(b);
  again.vhost.bind(again.vhost.exchange('x'), again.queue('late'), '', {});
  assert.deepEqual(again.drain('late'), []);
});

test('a virtual host that fills the room for histories loses its own messages, and no other one', async () => {
  const { b, exchange } = await opened();
  b.publish('x', '', 'of another tenant');
  const greedy = b.broker.createVhost('greedy');
  const options = { durable: true, autoDelete: false, internal: false, arguments: length(1000) };
  const body = Buffer.alloc(256 * 1024);
  const fill = (name: string, count: number) => {
    const full = greedy.declareExchange(name, 'x-recent-history', options);
    for (let i = 0; i < count; i++) {
      const publication = message(b.broker, '', '', '');
      publication.exchange = full;
      publication.clearBody();
      publication.addPart(body, 0, body.length);
      b.broker.publish(greedy, publication);
    }
    return full;
  };
  const all = Array.from({ length: 20 }, (_, i) => fill(`full-${i}`, 16));
  fill('small', 1);
  const kept = all.map((each) => each.history?.messages.length ?? 0);
  const sum = kept.reduce((a, c) => a + c, 0);
  assert.ok(sum > 200 && sum < 256, `${sum} messages of 256 KiB are kept`);
  assert.equal(greedy.exchange('small').history?.messages.length, 1, 'the larger ones lose theirs');
  b.publish('x', '', 'and one more');
  b.vhost.bind(exchange, b.queue('late'), '', {});
  assert.deepEqual(b.drain('late'), ['of another tenant', 'and one more']);
  b.broker.deleteVhost('greedy');
});
