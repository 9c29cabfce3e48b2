import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker, owner } from '../../tests/support/bare-broker.ts';
import { plainFormat } from '../../tests/support/plain-format.ts';
import { type Arguments, noArguments } from './arguments.ts';

const text = (value: string) => ({ type: 'longstr', value }) as const;
const int = (value: number) => ({ type: 'signedint', value }) as const;
const gone = { ifUnused: false, ifEmpty: false };
const transient = { durable: false, autoDelete: false, internal: false, arguments: noArguments };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function idle({ broker }: BareBroker): Promise<void> {
  for (let left = 1000; !broker.background.isIdle; left--) {
    assert.ok(left > 0, 'there is always something left');
    await turn();
  }
}

for (const type of ['direct', 'topic', 'fanout', 'headers'] as const) {
  test(`a ${type} exchange stops routing as soon as a queue with many bindings is deleted`, async () => {
    const b = await BareBroker.open();
    const x = b.vhost.declareExchange('x', type, transient);
    const queue = b.queue('q');
    for (let i = 0; i < 3000; i++) b.vhost.bind(x, queue, 'key', { n: text(String(i)) });
    b.vhost.bind(x, queue, 'key', noArguments);
    b.vhost.deleteQueue('q', owner, gone);
    assert.equal(b.broker.background.isIdle, type === 'fanout', 'most of it is done later');
    // Another queue of the same name has none of its bindings.
    b.queue('q');
    const { routed } = b.publish('x', 'key', 'm');
    assert.deepEqual([routed, b.vhost.queue('q', owner).readyCount], [0, 0]);
    await idle(b);
    assert.deepEqual([x.bindingCount, [...x.bindings()]], [0, []]);
  });
}

test('two bindings with one key route a message once, until both are removed', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  for (const name of ['amq.direct', 'amq.topic']) {
    const x = b.vhost.exchange(name);
    b.vhost.bind(x, queue, 'key', noArguments);
    b.vhost.bind(x, queue, 'key', { a: text('1') });
    b.vhost.unbind(x, queue, 'key', noArguments);
    b.publish(name, 'key', name);
    b.vhost.unbind(x, queue, 'key', { a: text('1') });
    b.publish(name, 'key', 'not routed');
  }
  assert.deepEqual(b.drain('q'), ['amq.direct', 'amq.topic']);
});

test('deleting an exchange removes its bindings and any unused auto-delete exchange', async () => {
  const b = await BareBroker.open();
  const first = b.vhost.declareExchange('first', 'topic', { ...transient, autoDelete: true });
  const second = b.vhost.declareExchange('second', 'topic', transient);
  for (let i = 0; i < 2000; i++) b.vhost.bind(first, second, `k.${i}`, noArguments);
  b.vhost.bind(second, b.queue('q'), '#', noArguments);
  b.vhost.deleteExchange('second', { ifUnused: false });
  assert.equal(b.publish('first', 'k.1', 'm').routed, 0);
  await idle(b);
  assert.equal(b.vhost.exchanges.has('first'), false);
  b.vhost.deleteQueue('q', owner, gone);
});

test('exclusive queues of a closed connection are deleted in slices without visiting others', async () => {
  const b = await BareBroker.open();
  const x = b.vhost.exchange('amq.topic');
  const own = { durable: false, exclusive: true, autoDelete: false, arguments: noArguments };
  for (let i = 0; i < 3000; i++) {
    b.vhost.bind(x, b.vhost.declareQueue(`own-${i}`, own, owner), `k.${i}`, noArguments);
  }
  b.queue('other');
  let stepCount = 0;
  function* counted(): Generator<void> {
    for (const _ of b.vhost.release(owner)) {
      stepCount++;
      yield;
    }
  }
  let isDone = false;
  b.broker.background.run(counted(), () => {
    isDone = true;
  });
  assert.equal(isDone, false);
  await idle(b);
  assert.deepEqual([isDone, stepCount], [true, 3000]);
  assert.deepEqual([...b.vhost.queues.keys()], ['other']);
  b.broker.background.run(b.vhost.release({}));
  assert.ok(b.broker.background.isIdle);
});

test('the broker finishes pending background work before it closes', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  const x = b.vhost.exchange('amq.topic');
  for (let i = 0; i < 3000; i++) b.vhost.bind(x, queue, `k.${i}`, noArguments);
  b.vhost.deleteQueue('q', owner, gone);
  await b.broker.close();
  assert.ok(b.broker.background.isIdle);
  const again = await BareBroker.open(b);
  assert.equal(again.vhost.exchange('amq.topic').bindingCount, 0);
});

test('headers are read once per message, regardless of the number of bindings', async (t) => {
  const b = await BareBroker.open();
  const x = b.vhost.exchange('amq.headers');
  for (let i = 0; i < 50; i++) b.vhost.bind(x, b.queue(`q${i}`), '', { n: text(String(i % 2)) });
  const read = t.mock.method(plainFormat, 'headers');
  for (const [n, routed, reads] of [
    ['1', 25, 1],
    ['2', 0, 2],
  ] as const) {
    const found = b.publish('amq.headers', '', 'm', { headers: { n: text(n) } });
    assert.deepEqual([found.routed, read.mock.callCount()], [routed, reads]);
  }
});

test('a message is rejected when routing would visit too many bindings', async () => {
  const b = await BareBroker.open(undefined, { routeStepCountMax: 100 });
  const vhost = b.vhost;
  for (let i = 0; i < 101; i++) {
    // Found by the one header that the message has, and by nothing rarer.
    const wanted = { n: text('x'), m: text('x') };
    vhost.bind(vhost.exchange('amq.headers'), b.queue('q'), `${i}`, wanted);
    vhost.bind(vhost.exchange('amq.topic'), b.queue('q'), `#.a.#.${i}.b`, noArguments);
  }
  const refused = { code: 'precondition-failed', message: /more than 100 words or headers/ };
  const headers = { n: text('x'), m: text('no') };
  assert.throws(() => b.publish('amq.headers', '', 'm', { headers }), refused);
  const words = Array.from({ length: 100 }, (_, i) => `a.${i}`).join('.');
  assert.throws(() => b.publish('amq.topic', `${words}.b`, 'm'), refused);
  b.publish('amq.topic', 'a.7.b', 'm');
  assert.deepEqual(b.drain('q'), ['m']);
});

test('a headers exchange visits only the bindings that may match a message', async () => {
  const b = await BareBroker.open(undefined, { routeStepCountMax: 20 });
  const x = b.vhost.exchange('amq.headers');
  for (let i = 0; i < 2000; i++) {
    const args = {
      kind: text('order'),
      customer: text(`${i}`),
      any: { type: 'void', value: null },
    };
    b.vhost.bind(x, b.queue(`q${i % 10}`), '', args as Arguments);
    const either = { 'x-match': text('any'), id: int(i), alias: text(`a${i}`) };
    b.vhost.bind(x, b.queue(`q${i % 10}`), '', either);
  }
  const publish = (headers: Arguments) => b.publish('amq.headers', '', 'm', { headers }).routed;
  assert.equal(publish({ kind: text('order'), customer: text('1234'), any: int(1) }), 1);
  assert.equal(publish({ kind: text('order'), customer: text('1234') }), 0);
  assert.equal(publish({ id: int(17), alias: text('a18') }), 2);
  assert.equal(publish({ id: int(2000) }), 0);
});

test('a headers exchange rejects a message with too many headers', async (t) => {
  const b = await BareBroker.open(undefined, { routedHeaderCountMax: 3 });
  const headers = { a: text('1'), b: text('1'), c: text('1') };
  const publish = (more: Arguments) =>
    b.publish('amq.headers', '', 'm', { headers: { ...headers, ...more } });
  publish({ d: text('1') }); // no binding asks for them
  b.vhost.bind(b.vhost.exchange('amq.headers'), b.queue('q'), '', { a: text('1') });
  publish({});
  const read = t.mock.method(plainFormat, 'headers');
  const message = 'message has 4 headers; a headers exchange routes at most 3';
  assert.throws(() => publish({ d: text('1') }), { code: 'precondition-failed', message });
  assert.equal(read.mock.callCount(), 0);
  assert.deepEqual(b.drain('q'), ['m']);
});

test('cached routes hold a limited number of queues', async () => {
  const b = await BareBroker.open(undefined, { routeCacheQueueCountMax: 10 });
  const x = b.vhost.exchange('amq.fanout');
  for (let i = 0; i < 8; i++) b.vhost.bind(x, b.queue(`q${i}`), '', noArguments);
  for (let i = 0; i < 5; i++) assert.equal(b.publish('amq.fanout', `key-${i}`, 'm').routed, 8);
  assert.equal(b.drain('q3').length, 5);
});
