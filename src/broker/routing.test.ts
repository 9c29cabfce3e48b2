import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker } from '../../tests/support/bare-broker.ts';
import type { Arguments } from './arguments.ts';

const int = (value: number) => ({ type: 'signedint', value }) as const;
const text = (value: string) => ({ type: 'longstr', value }) as const;
const none = { type: 'void', value: null } as const;
const plain = { durable: true, autoDelete: false, internal: false, arguments: {} };

/** Whether a headers exchange with this binding routes a message with these headers. */
async function matches(binding: Arguments, headers: Arguments): Promise<boolean> {
  const b = await BareBroker.open();
  b.vhost.bind(b.vhost.exchange('amq.headers'), b.queue('q'), '', binding);
  b.publish('amq.headers', '', 'm', { headers });
  return b.drain('q').length === 1;
}

const cases: readonly (readonly [string, Arguments, Arguments, boolean])[] = [
  ['all is what no x-match means', { a: int(1), b: int(2) }, { a: int(1) }, false],
  ['all: both there', { a: int(1), b: int(2) }, { a: int(1), b: int(2), c: int(3) }, true],
  ['all of nothing', {}, {}, true],
  ['any of nothing', { 'x-match': text('any') }, { a: int(1) }, false],
  ['any: one is enough', { 'x-match': text('any'), a: int(1), b: int(2) }, { b: int(2) }, true],
  ['any: none there', { 'x-match': text('any'), a: int(1) }, { a: int(2) }, false],
  ['any skips x- headers', { 'x-match': text('any'), 'x-a': int(1) }, { 'x-a': int(1) }, false],
  ['all skips x- headers', { 'x-a': int(1), b: int(2) }, { b: int(2) }, true],
  [
    'any-with-x looks at them',
    { 'x-match': text('any-with-x'), 'x-a': int(1), b: int(2) },
    { 'x-a': int(1) },
    true,
  ],
  [
    'all-with-x wants them',
    { 'x-match': text('all-with-x'), 'x-a': int(1), b: int(2) },
    { b: int(2) },
    false,
  ],
  ['a void argument wants the header only', { a: none }, { a: text('anything') }, true],
  ['a void argument still wants the header', { a: none }, { b: int(1) }, false],
  ['numbers of another width are the same', { a: int(1) }, { a: { type: 'long', value: 1 } }, true],
  ['a number is not its text', { a: int(1) }, { a: text('1') }, false],
];

for (const [what, binding, headers, expected] of cases) {
  test(`headers exchange: ${what}`, async () => {
    assert.equal(await matches(binding, headers), expected);
  });
}

test('an alternate exchange gets messages that no binding takes, through any chain length', async () => {
  const b = await BareBroker.open();
  const declare = (name: string, type: string, alternate: string) =>
    b.vhost.declareExchange(name, type, {
      ...plain,
      arguments: { 'alternate-exchange': text(alternate) },
    });
  const first = declare('first', 'direct', 'second');
  declare('second', 'direct', 'third');
  const third = declare('third', 'fanout', 'first');
  b.vhost.bind(first, b.queue('known'), 'k', {});
  b.vhost.bind(third, b.queue('rest'), '', {});
  b.publish('first', 'k', 'taken');
  b.publish('first', 'other', 'passed on');
  assert.deepEqual([b.drain('known'), b.drain('rest')], [['taken'], ['passed on']]);
  b.vhost.unbind(third, b.queue('rest'), '', {});
  assert.equal(b.publish('first', 'other', 'in a circle').routed, 0);
});

test('a missing or later declared alternate exchange is not an error', async () => {
  const b = await BareBroker.open();
  const args = { 'alternate-exchange': text('later') };
  b.vhost.declareExchange('x', 'direct', { ...plain, arguments: args });
  assert.equal(b.publish('x', 'k', 'lost').routed, 0);
  b.vhost.bind(b.vhost.declareExchange('later', 'fanout', plain), b.queue('q'), '', {});
  b.publish('x', 'k', 'kept');
  assert.deepEqual(b.drain('q'), ['kept']);
});

test('the alternate exchange is not used if a binding leads to an exchange that routes nowhere', async () => {
  const b = await BareBroker.open();
  const args = { 'alternate-exchange': text('amq.fanout') };
  const x = b.vhost.declareExchange('x', 'fanout', { ...plain, arguments: args });
  b.vhost.bind(x, b.vhost.declareExchange('blind', 'fanout', plain), '', {});
  b.vhost.bind(b.vhost.exchange('amq.fanout'), b.queue('q'), '', {});
  assert.equal(b.publish('x', '', 'm').routed, 0);
});

test('bound exchanges route by their own types, and binding cycles terminate', async () => {
  const b = await BareBroker.open();
  const topic = b.vhost.declareExchange('t', 'topic', plain);
  const direct = b.vhost.declareExchange('d', 'direct', plain);
  b.vhost.bind(topic, direct, 'log.#', {});
  b.vhost.bind(direct, topic, 'log.back', {});
  b.vhost.bind(direct, b.queue('q'), 'log.db', {});
  b.vhost.bind(topic, b.queue('all'), '#', {});
  for (const key of ['log.db', 'log.web', 'log.back', 'other']) b.publish('t', key, key);
  b.publish('d', 'log.back', 'by way of d');
  assert.deepEqual(b.drain('q'), ['log.db']);
  assert.deepEqual(b.drain('all'), ['log.db', 'log.web', 'log.back', 'other', 'by way of d']);
});

test('deleting an exchange removes its bindings on both sides and empties auto-delete exchanges', async () => {
  const b = await BareBroker.open();
  const source = b.vhost.declareExchange('s', 'fanout', { ...plain, autoDelete: true });
  const middle = b.vhost.declareExchange('m', 'fanout', plain);
  b.vhost.bind(source, middle, '', {});
  b.vhost.bind(middle, b.queue('q'), '', {});
  b.vhost.deleteExchange('m', { ifUnused: false });
  assert.equal(b.vhost.exchanges.has('s'), false, 'its last binding has gone');
  assert.equal(b.vhost.queues.has('q'), true);
});

test('a cached route is invalidated by every change that can affect it', async () => {
  const b = await BareBroker.open();
  const x = b.vhost.declareExchange('x', 'direct', plain);
  const routed = () => {
    return b.publish('x', 'k', 'm').routed;
  };
  assert.equal(routed(), 0);
  b.vhost.bind(x, b.queue('q'), 'k', {});
  assert.equal(routed(), 1);
  b.vhost.unbind(x, b.queue('q'), 'k', {});
  assert.equal(routed(), 0);
  b.vhost.bind(x, b.queue('q'), 'k', {});
  b.vhost.removeQueue(b.queue('q'));
  assert.equal(routed(), 0);
});
