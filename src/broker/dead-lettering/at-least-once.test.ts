import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BareBroker,
  Inbox,
  ManualClock,
  message,
  owner,
  plainSubscribe,
} from '../../../tests/support/bare-broker.ts';
import { BrokerOnLog } from '../../../tests/support/broker-on-log.ts';
import type { Argument, Arguments } from '../arguments.ts';
import type { Broker } from '../broker.ts';
import type { Queue } from '../queue.ts';
import { heldCountMax } from './held-letters.ts';

// Quorum queues with the dead letter strategy at-least-once.

const text = (value: string): Argument => ({ type: 'longstr', value });
const int = (value: number): Argument => ({ type: 'signedint', value });
const turn = () => new Promise((resolve) => setImmediate(resolve));
const longMs = 120_000;

const safe: Arguments = {
  'x-queue-type': text('quorum'),
  'x-overflow': text('reject-publish'),
  'x-dead-letter-exchange': text('dlx'),
  'x-dead-letter-strategy': text('at-least-once'),
};
const plain = { durable: true, autoDelete: false, internal: false, arguments: {} };

async function turns(): Promise<void> {
  for (let left = 20; left > 0; left--) await turn();
}

/** Rejects all that is ready. */
async function rejectAll(broker: Broker, queue: Queue): Promise<void> {
  const inbox = new Inbox();
  const subscription = queue.subscribe(inbox, plainSubscribe);
  broker.pump();
  const last = inbox.numbers.at(-1);
  if (last !== undefined) subscription.settle(0, last, 'rejected');
  subscription.stop();
  broker.pump();
  await turns();
}

async function later(b: BareBroker): Promise<void> {
  b.clock.ms += longMs;
  b.broker.tick();
  await turns();
}

test('a dead letter without an exchange or a queue is held until there is one', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', safe);
  b.publish('', 'q', 'm');
  await rejectAll(b.broker, queue);
  assert.deepEqual([queue.readyCount, queue.disposal?.count ?? 0, queue.index.count], [0, 1, 1]);
  b.vhost.declareExchange('dlx', 'fanout', plain);
  await later(b);
  assert.equal(queue.index.count, 1, 'no queue is bound');
  const dead = b.queue('dead');
  b.vhost.bind(b.vhost.exchange('dlx'), dead, '', {});
  await later(b);
  assert.deepEqual([queue.index.count, queue.disposal?.count ?? 0], [0, 0]);
  assert.deepEqual(b.drain('dead'), ['m']);
});

test('a full queue gets its dead letter later, and the others get it once', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', safe);
  const dlx = b.vhost.declareExchange('dlx', 'fanout', plain);
  const full = b.queue('full', { 'x-max-length': int(1), 'x-overflow': text('reject-publish') });
  for (const dead of [full, b.queue('other')]) b.vhost.bind(dlx, dead, '', {});
  b.publish('', 'full', 'in the way');
  b.publish('', 'q', 'm');
  await rejectAll(b.broker, queue);
  await later(b);
  assert.deepEqual([queue.index.count, full.readyCount], [1, 1]);
  assert.deepEqual(b.drain('other'), ['m']);
  assert.deepEqual(b.drain('full'), ['in the way']);
  await later(b);
  assert.deepEqual([b.drain('full'), b.drain('other'), queue.index.count], [['m'], [], 0]);
});

test('held dead letters do not block others, up to a number, and count as messages of the queue', async () => {
  const b = await BareBroker.open();
  const count = heldCountMax + 8;
  const queue = b.queue('q', { ...safe, 'x-max-length': int(count) });
  const dlx = b.vhost.declareExchange('dlx', 'headers', plain);
  const dead = b.queue('dead');
  b.vhost.bind(dlx, dead, '', { to: text('dead') });
  const publish = (body: string, to: string) =>
    b.publish('', 'q', body, { headers: { to: text(to) } });
  for (let i = 0; i < heldCountMax - 1; i++) publish(`held ${i}`, 'nowhere');
  publish('passes', 'dead');
  await rejectAll(b.broker, queue);
  assert.deepEqual(b.drain('dead'), ['passes']);
  for (let i = queue.disposal?.count ?? 0; i < count; i++) publish(`more ${i}`, 'nowhere');
  assert.equal(publish('one more', 'dead').isRefused, true);
  await rejectAll(b.broker, queue);
  assert.equal(publish('one more', 'dead').isRefused, true);
  assert.equal(queue.disposal?.count ?? 0, count);
  b.vhost.bind(dlx, dead, '', { to: text('nowhere') });
  await later(b);
  assert.equal(b.drain('dead').length, count);
  assert.equal(publish('one more', 'dead').isRefused, false);
});

test('dead letters go to very many queues, once none of them is full', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', safe);
  const dlx = b.vhost.declareExchange('dlx', 'fanout', plain);
  const names = Array.from({ length: 300 }, (_, i) => `d${i}`);
  const full = { 'x-max-length': int(1), 'x-overflow': text('reject-publish') };
  for (const name of names) b.vhost.bind(dlx, b.queue(name, full), '', {});
  b.publish('', 'd299', 'in the way');
  for (const body of ['a', 'b']) b.publish('', 'q', body);
  await rejectAll(b.broker, queue);
  assert.equal(queue.index.count, 2);
  assert.equal(b.vhost.queue('d0', owner).readyCount, 0);
  b.drain('d299');
  await later(b);
  for (const name of names) assert.deepEqual(b.drain(name), ['a'], name);
  await later(b);
  for (const name of names) assert.deepEqual(b.drain(name), ['b'], name);
  assert.equal(queue.index.count, 0);
});

test('a purge and a deletion end held dead letters', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', safe);
  for (let i = 0; i < heldCountMax + 5; i++) b.publish('', 'q', 'm');
  await rejectAll(b.broker, queue);
  b.publish('', 'q', 'ready');
  const counts: number[] = [];
  queue.purge((count) => counts.push(count));
  await turns();
  assert.deepEqual([counts, queue.index.count], [[heldCountMax + 6], 0]);
  assert.equal(queue.disposal?.count ?? 0, 0);
  b.publish('', 'q', 'm');
  await rejectAll(b.broker, queue);
  b.vhost.removeQueue(queue);
  await later(b);
  assert.equal(b.broker.store.indexes.size, 0);
});

test('with another overflow or strategy, dead letters without a queue are dropped as before', async () => {
  const b = await BareBroker.open();
  const { 'x-overflow': _, ...dropping } = safe;
  for (const [name, args] of [
    ['a', dropping],
    ['b', { ...safe, 'x-dead-letter-strategy': text('at-most-once') }],
  ] as const) {
    const queue = b.queue(name, args);
    b.publish('', name, 'm');
    await rejectAll(b.broker, queue);
    assert.equal(queue.index.count, 0);
  }
  const queue = b.queue('c', { 'x-queue-type': text('quorum') });
  const definition = {
    'dead-letter-exchange': 'dlx',
    'dead-letter-strategy': 'at-least-once',
    overflow: 'reject-publish',
  };
  const policy = { name: 'p', pattern: '^c$', applyTo: 'all', priority: 0, definition } as const;
  b.vhost.settings.setPolicy(policy, { isOperator: false });
  await turns();
  b.publish('', 'c', 'm');
  await rejectAll(b.broker, queue);
  assert.equal(queue.disposal?.count ?? 0, 1);
  b.vhost.settings.deletePolicy('p', { isOperator: false });
  await turns();
  assert.equal(queue.index.count, 0);
});

test('held dead letters survive kills and restarts as such, with their reasons', async () => {
  const clock = new ManualClock();
  const life = await BrokerOnLog.start({ segmentBytes: 16 * 1024, cacheBytes: 0 }, { clock });
  const queueOf = () => life.broker.vhost('/').queue('q', undefined);
  const options = { durable: true, exclusive: false, autoDelete: false };
  life.broker.vhost('/').declareQueue('q', { ...options, arguments: safe }, owner);
  for (let i = 0; i < heldCountMax + 20; i++) {
    const { broker } = life;
    const made = message(broker, '', 'q', `m${i} `.padEnd(900, '.'));
    made.isPersistent = true;
    broker.publish(broker.vhost('/'), made);
  }
  await rejectAll(life.broker, queueOf());
  await life.flushed();
  await life.kill();
  assert.deepEqual([queueOf().readyCount, queueOf().index.count], [0, heldCountMax + 20]);
  await life.restart();
  const { broker } = life;
  const vhost = broker.vhost('/');
  const dlx = vhost.declareExchange('dlx', 'fanout', plain);
  const dead = vhost.declareQueue('dead', { ...options, arguments: {} }, owner);
  vhost.bind(dlx, dead, '', {});
  for (let left = 30; left > 0; left--) {
    clock.ms += longMs;
    broker.tick();
    await turns();
  }
  assert.deepEqual([queueOf().index.count, dead.readyCount], [0, heldCountMax + 20]);
  const inbox = new Inbox();
  dead.subscribe(inbox, plainSubscribe);
  broker.pump();
  await turns();
  assert.equal(inbox.headers[0]?.['x-first-death-reason']?.value, 'rejected');
  await life.flushed();
  await life.kill();
  const { queues } = life.broker.vhost('/');
  assert.deepEqual(
    [queues.get('q')?.index.count, queues.get('dead')?.index.count],
    [0, heldCountMax + 20],
  );
  await life.close();
  await life.check();
});
