import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Inbox,
  ManualClock,
  message,
  owner,
  plainSubscribe,
} from '../../../tests/support/bare-broker.ts';
import { BrokerOnLog } from '../../../tests/support/broker-on-log.ts';
import type { Argument, Arguments } from '../arguments.ts';
import type { Queue } from '../queue.ts';
import type { Outcome, Subscription } from '../subscription.ts';
import { retryDelayMs } from './delayed-retry.ts';

// Delayed retries of quorum queues (RabbitMQ 4.3).

const text = (value: string): Argument => ({ type: 'longstr', value });
const int = (value: number): Argument => ({ type: 'signedint', value });
const options = { durable: true, exclusive: false, autoDelete: false };
const retrying = (type: string, more: Arguments = {}): Arguments => ({
  'x-queue-type': text('quorum'),
  'x-delayed-retry-type': text(type),
  'x-delayed-retry-min': int(1000),
  'x-delayed-retry-max': int(2500),
  ...more,
});

class Life {
  readonly clock = new ManualClock();
  readonly on: BrokerOnLog;
  private constructor(on: BrokerOnLog, clock: ManualClock) {
    this.on = on;
    this.clock = clock;
  }
  static async start(engineVersion = '4.3'): Promise<Life> {
    const clock = new ManualClock();
    return new Life(await BrokerOnLog.start({}, { clock, engineVersion }), clock);
  }
  queue(args: Arguments): Queue {
    return this.on.broker.vhost('/').declareQueue('q', { ...options, arguments: args }, owner);
  }
  publish(...bodies: string[]): void {
    const { broker } = this.on;
    for (const body of bodies) {
      const made = message(broker, '', 'q', body);
      made.isPersistent = true;
      broker.publish(broker.vhost('/'), made);
    }
    broker.pump();
  }
  pass(ms: number): void {
    this.clock.ms += ms;
    this.on.broker.tick();
  }
}

function settleLast(subscription: Subscription, inbox: Inbox, outcome: Outcome): void {
  const number = inbox.numbers.at(-1) ?? -1;
  subscription.settle(number, number, outcome);
}

test('failed deliveries are delayed longer each time, up to the maximum', async () => {
  const life = await Life.start();
  const queue = life.queue(retrying('failed'));
  const inbox = new Inbox();
  const subscription = queue.subscribe(inbox, plainSubscribe);
  life.publish('m');
  for (const delayMs of [1000, 2000, 2500, 2500]) {
    const { length } = inbox.bodies;
    settleLast(subscription, inbox, 'modified');
    life.on.broker.pump();
    assert.deepEqual([queue.readyCount, queue.delayed?.count], [0, 1]);
    life.pass(delayMs - 1);
    assert.equal(inbox.bodies.length, length);
    life.pass(1);
    assert.equal(inbox.bodies.length, length + 1);
  }
  settleLast(subscription, inbox, 'released');
  life.on.broker.pump();
  assert.equal(inbox.bodies.length, 6, 'it did not fail');
  settleLast(subscription, inbox, 'accepted');
  assert.equal(queue.index.count, 0);
  await life.on.close();
});

test('the type decides which deliveries are delayed', () => {
  const delays = (['failed', 'returned', 'all'] as const).map((type) => {
    const retry = { type, minMs: 10, maxMs: 25 };
    return [retryDelayMs(retry, true, 2), retryDelayMs(retry, false, 0)];
  });
  assert.deepEqual(delays, [
    [20, 0],
    [0, 10],
    [20, 10],
  ]);
  assert.equal(retryDelayMs(undefined, true, 1), 0);
});

test('a delayed message counts, keeps its place, can be purged, and waits on after a restart', async () => {
  const life = await Life.start();
  const limit = { 'x-max-length': int(2), 'x-overflow': text('reject-publish') };
  const queue = life.queue(retrying('all', limit));
  life.publish('a', 'b');
  const inbox = new Inbox();
  const subscription = queue.subscribe(inbox, plainSubscribe);
  life.on.broker.pump();
  subscription.settle(0, 1, 'released');
  subscription.stop();
  life.publish('refused');
  assert.deepEqual([queue.readyCount, queue.delayed?.count, queue.index.count], [0, 2, 2]);
  life.pass(1000);
  assert.deepEqual([queue.readyCount, queue.delayed?.count], [2, 0]);
  const again = new Inbox();
  const other = queue.subscribe(again, plainSubscribe);
  life.on.broker.pump();
  assert.deepEqual(again.bodies, ['a', 'b']);
  other.settle(0, 1, 'modified');
  other.stop();
  assert.equal(queue.delayed?.count, 2);
  await life.on.flushed();
  await life.on.kill();
  const after = life.on.broker.vhost('/').queue('q', undefined);
  assert.deepEqual([after.delayed?.count, after.index.deliveryCount(0)], [2, 1]);
  life.pass(1000);
  assert.equal(after.readyCount, 2);
  const last = after.subscribe(new Inbox(), plainSubscribe);
  life.on.broker.pump();
  last.settle(0, 1, 'modified');
  last.stop();
  const counts: number[] = [];
  after.purge((count) => counts.push(count));
  assert.deepEqual([counts, after.index.count, after.delayed?.count], [[2], 0, 0]);
  life.pass(10_000);
  await life.on.close();
  await life.on.check();
});

test('the bodies of delayed messages count for the maximum size, after a restart too', async () => {
  const life = await Life.start();
  const limit = { 'x-max-length-bytes': int(10), 'x-overflow': text('reject-publish') };
  const queue = life.queue(retrying('all', limit));
  life.publish('12345678');
  const inbox = new Inbox();
  const subscription = queue.subscribe(inbox, plainSubscribe);
  life.on.broker.pump();
  settleLast(subscription, inbox, 'released');
  subscription.stop();
  life.publish('refused', '9');
  assert.deepEqual([queue.readyCount, queue.delayed?.count, queue.delayed?.bytes], [1, 1, 8]);
  await life.on.flushed();
  await life.on.kill();
  const after = life.on.broker.vhost('/').queue('q', undefined);
  life.publish('10');
  assert.deepEqual([after.readyBytes, after.delayed?.bytes], [1, 8]);
  life.pass(1000);
  assert.deepEqual([after.readyBytes, after.delayed?.bytes], [9, 0]);
  await life.on.close();
});

test('delayed messages count for the limits of a queue that drops its first messages', async () => {
  for (const limit of [{ 'x-max-length': int(3) }, { 'x-max-length-bytes': int(30) }]) {
    const life = await Life.start();
    const queue = life.queue(retrying('all', limit));
    const inbox = new Inbox();
    const subscription = queue.subscribe(inbox, plainSubscribe);
    for (let i = 0; i < 20; i++) {
      life.publish(`message ${String(i).padStart(2, '0')}`);
      settleLast(subscription, inbox, 'modified');
      life.on.broker.pump();
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(queue.index.count <= 3, `${queue.index.count} messages`);
    }
    assert.deepEqual([queue.readyCount, queue.delayed?.count], [0, 3]);
    // Deliveries do not count: all of these come back at once.
    life.pass(1000);
    assert.equal(queue.delayed?.count, 0);
    life.publish('message 20', 'message 21');
    subscription.settle(inbox.numbers.at(-5) ?? -1, inbox.numbers.at(-1) ?? -1, 'released');
    life.on.broker.pump();
    await new Promise((resolve) => setImmediate(resolve));
    life.on.broker.pump();
    assert.deepEqual([queue.readyCount, queue.delayed?.count], [0, 3]);
    life.pass(2500);
    const last = inbox.bodies.slice(-3).sort();
    assert.deepEqual(
      last,
      ['message 19', 'message 20', 'message 21'],
      'the first ones are dropped',
    );
    await life.on.close();
  }
});

test('messages that come back to a full queue are dropped at once', async () => {
  const life = await Life.start();
  const queue = life.queue({ 'x-max-length': int(1) });
  const inbox = new Inbox();
  const subscription = queue.subscribe(inbox, plainSubscribe);
  life.publish('a', 'b', 'c');
  assert.equal(queue.index.count, 3);
  subscription.stop();
  subscription.settle(0, 2, 'released');
  life.on.broker.pump();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([queue.readyCount, queue.index.count], [1, 1]);
  await life.on.close();
});

test('a policy sets the delays of version 4.3; older versions ignore the arguments', async () => {
  const life = await Life.start();
  const queue = life.queue({ 'x-queue-type': text('quorum'), 'x-delayed-retry-max': int(900) });
  const { settings } = life.on.broker.vhost('/');
  const set = (definition: Record<string, string | number>, isOperator = false) =>
    settings.setPolicy(
      { name: 'p', pattern: '^q$', applyTo: 'all', priority: 0, definition },
      { isOperator },
    );
  assert.throws(() => set({ 'delayed-retry-type': 'sometimes' }), /not a valid delayed retry type/);
  assert.throws(
    () => set({ 'delayed-retry-type': 'all' }),
    /delayed-retry-min is required when delayed-retry-type is all/,
  );
  assert.throws(
    () => set({ 'delayed-retry-min': 5, 'delayed-retry-max': 4 }),
    /delayed-retry-max \(4\) must not be smaller than delayed-retry-min \(5\)/,
  );
  set({ 'delayed-retry-type': 'all', 'delayed-retry-min': 500, 'delayed-retry-max': 5000 });
  set({ 'delayed-retry-min': 700 }, true);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(queue.settings.delayedRetry, { type: 'all', minMs: 700, maxMs: 900 });
  await life.on.close();
  const older = await Life.start('4.2');
  assert.throws(
    () =>
      older.on.broker.vhost('/').settings.setPolicy(
        {
          name: 'p',
          pattern: '',
          applyTo: 'all',
          priority: 0,
          definition: { 'delayed-retry-min': 1 },
        },
        { isOperator: false },
      ),
    /'delayed-retry-min' is not a recognised policy setting/,
  );
  const ignoring = older.queue(retrying('all'));
  older.publish('m');
  const inbox = new Inbox();
  const subscription = ignoring.subscribe(inbox, plainSubscribe);
  older.on.broker.pump();
  subscription.settle(0, 0, 'modified');
  older.on.broker.pump();
  assert.deepEqual(inbox.bodies, ['m', 'm']);
  await older.on.close();
});

test('a quorum queue keeps messages that are not persistent', async () => {
  const life = await Life.start('4.2');
  life.queue({ 'x-queue-type': text('quorum') });
  const { broker } = life.on;
  const made = message(broker, '', 'q', 'not persistent');
  made.isPersistent = false;
  assert.ok(broker.publish(broker.vhost('/'), made).group > 0);
  await life.on.flushed();
  await life.on.kill();
  const inbox = new Inbox();
  life.on.broker.vhost('/').queue('q', undefined).subscribe(inbox, plainSubscribe);
  life.on.broker.pump();
  assert.deepEqual(inbox.bodies, ['not persistent']);
  await life.on.close();
});
