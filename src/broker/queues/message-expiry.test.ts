import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker, Inbox, owner, plainSubscribe } from '../../../tests/support/bare-broker.ts';

const int = (value: number) => ({ type: 'signedint', value }) as const;
const text = (value: string) => ({ type: 'longstr', value }) as const;

/** Lets time pass and the broker do what is due. */
function pass(b: BareBroker, ms: number): void {
  b.clock.ms += ms;
  b.broker.tick();
}

test('the shorter of the queue TTL and the message TTL applies', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', { 'x-message-ttl': int(100) });
  b.publish('', 'q', 'short', { expirationMs: 50 });
  b.publish('', 'q', 'long', { expirationMs: 1000 });
  b.publish('', 'q', 'none');
  pass(b, 49);
  assert.equal(queue.readyCount, 3);
  pass(b, 1);
  assert.equal(queue.readyCount, 2);
  pass(b, 50);
  assert.equal(queue.readyCount, 0);
});

test('an expired message behind an unexpired one is kept until it reaches the head', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  b.publish('', 'q', 'head');
  b.publish('', 'q', 'expires', { expirationMs: 10 });
  b.publish('', 'q', 'last');
  pass(b, 11);
  assert.equal(queue.readyCount, 3);
  assert.deepEqual(b.drain('q'), ['head', 'last']);
});

test('a message with TTL 0 is delivered only to a waiting consumer', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  const inbox = new Inbox();
  queue.subscribe(inbox, { ...plainSubscribe, prefetch: 1 });
  b.publish('', 'q', 'now', { expirationMs: 0 });
  b.publish('', 'q', 'too many', { expirationMs: 0 });
  b.broker.pump();
  assert.deepEqual([inbox.bodies, queue.readyCount], [['now'], 0]);
});

test('an unsettled message does not expire until it is requeued', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', { 'x-message-ttl': int(100) });
  const subscription = queue.subscribe(new Inbox(), plainSubscribe);
  b.publish('', 'q', 'm');
  b.broker.pump();
  pass(b, 500);
  assert.equal(queue.index.count, 1);
  subscription.stop();
  subscription.close('released');
  b.broker.pump();
  assert.equal(queue.index.count, 0);
});

test('expired messages of a queue without consumers are dead-lettered by the timer', async () => {
  const b = await BareBroker.open();
  const dead = b.queue('dead');
  b.queue('q', {
    'x-message-ttl': int(100),
    'x-dead-letter-exchange': text(''),
    'x-dead-letter-routing-key': text('dead'),
  });
  b.publish('', 'q', 'm');
  pass(b, 99);
  assert.equal(dead.readyCount, 0);
  pass(b, 1);
  assert.equal(dead.readyCount, 1);
  assert.deepEqual(b.drain('dead'), ['m'], 'a dead letter has no time to live of its own');
});

test('TTLs continue across a restart', async () => {
  const b = await BareBroker.open();
  b.queue('q', { 'x-message-ttl': int(100) });
  b.publish('', 'q', 'old');
  pass(b, 60);
  b.publish('', 'q', 'new');
  await b.broker.close();
  const after = await BareBroker.open(b);
  pass(after, 40);
  assert.deepEqual(after.drain('q'), ['new']);
});

test('an unused queue also expires after a restart, counted from the restart', async () => {
  const b = await BareBroker.open();
  b.queue('q', { 'x-expires': int(1000) });
  b.clock.ms += 900;
  await b.broker.close();
  const after = await BareBroker.open(b);
  pass(after, 999);
  assert.equal(after.vhost.queues.has('q'), true);
  pass(after, 1);
  assert.equal(after.vhost.queues.has('q'), false);
  after.log.syncNow();
  const third = await BareBroker.open(after);
  assert.equal(third.vhost.queues.has('q'), false, 'its end is in the log');
});

test('consumers, gets and redeclarations prevent queue expiry; publishes do not', async () => {
  const b = await BareBroker.open();
  const args = { 'x-expires': int(1000) };
  const queue = b.queue('q', args);
  const subscription = queue.subscribe(new Inbox(), plainSubscribe);
  pass(b, 5000);
  subscription.stop();
  pass(b, 999);
  queue.subscribe(undefined, plainSubscribe).get(true, () => {});
  pass(b, 999);
  queue.touch();
  pass(b, 999);
  b.publish('', 'q', 'm');
  assert.equal(b.vhost.queue('q', owner), queue);
  pass(b, 1);
  assert.equal(b.vhost.queues.has('q'), false);
});

test('a message expires behind one that a get holds unacknowledged', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  b.publish('', 'q', 'held');
  b.publish('', 'q', 'expires', { expirationMs: 10 });
  b.broker.pump();
  queue.subscribe(undefined, plainSubscribe).get(false, () => {});
  b.broker.pump();
  assert.equal(queue.readyCount, 1);
  pass(b, 10);
  assert.deepEqual([queue.readyCount, queue.index.count], [0, 1]);
});

test('a message expires behind one of a higher priority, but not behind one of its own', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', { 'x-max-priority': int(5) });
  b.publish('', 'q', 'high', { priority: 5 });
  b.publish('', 'q', 'low', { priority: 1, expirationMs: 10 });
  b.publish('', 'q', 'middle', { priority: 2 });
  b.publish('', 'q', 'behind', { priority: 2, expirationMs: 10 });
  pass(b, 10);
  assert.deepEqual(b.drain('q'), ['high', 'middle']);
  assert.equal(queue.index.count, 0);
});

test('the broker reports when its next timer is due', async () => {
  const asked = new Set<number>();
  const b = await BareBroker.open(undefined, {}, 0, (atMs) => asked.add(atMs - 1_000_000));
  b.queue('q', { 'x-message-ttl': int(70) });
  b.publish('', 'q', 'first');
  b.broker.pump();
  b.clock.ms += 30;
  b.publish('', 'q', 'second');
  b.broker.pump();
  assert.deepEqual([...asked], [70]);
  b.clock.ms += 40;
  b.broker.doDue();
  assert.deepEqual([...asked], [70, 100]);
  b.clock.ms += 30;
  b.broker.doDue();
  assert.deepEqual([...asked], [70, 100]);
  assert.equal(b.queue('q', { 'x-message-ttl': int(70) }).readyCount, 0);
});

test('ticks do not visit queues whose timers are due later', async () => {
  const b = await BareBroker.open();
  for (let i = 0; i < 200; i++) {
    b.queue(`later${i}`, { 'x-message-ttl': int(1000 + i) });
    b.publish('', `later${i}`, 'm');
  }
  const now = b.queue('now', { 'x-message-ttl': int(5) });
  b.publish('', 'now', 'm');
  b.broker.pump();
  let ticks = 0;
  for (const queue of b.vhost.queues.values()) {
    const { tick } = queue;
    queue.tick = (nowMs) => {
      ticks++;
      tick.call(queue, nowMs);
    };
  }
  pass(b, 5);
  assert.deepEqual([now.readyCount, ticks], [0, 1]);
});
