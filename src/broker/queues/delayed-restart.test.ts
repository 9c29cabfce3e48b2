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

// Delayed retries over restarts (decision 0127).

const text = (value: string): Argument => ({ type: 'longstr', value });
const int = (value: number): Argument => ({ type: 'signedint', value });
const quorum = { 'x-queue-type': text('quorum') };
const retrying = {
  ...quorum,
  'x-delayed-retry-type': text('all'),
  'x-delayed-retry-min': int(5000),
  'x-delayed-retry-max': int(60_000),
};

class Life {
  readonly clock: ManualClock;
  readonly on: BrokerOnLog;
  private constructor(on: BrokerOnLog, clock: ManualClock) {
    this.on = on;
    this.clock = clock;
  }
  static async start(): Promise<Life> {
    const clock = new ManualClock();
    const options = { segmentBytes: 16 * 1024, cacheBytes: 0 };
    return new Life(await BrokerOnLog.start(options, { clock, engineVersion: '4.3' }), clock);
  }
  declare(name: string, args: Arguments): Queue {
    const options = { durable: true, exclusive: false, autoDelete: false, arguments: args };
    return this.on.broker.vhost('/').declareQueue(name, options, owner);
  }
  queue(name = 'q'): Queue {
    return this.on.broker.vhost('/').queue(name, undefined);
  }
  publish(queue: string, ...bodies: string[]): void {
    const { broker } = this.on;
    for (const body of bodies) broker.publish(broker.vhost('/'), message(broker, '', queue, body));
    broker.pump();
  }
  /** Takes all messages of a queue that are ready, and settles them. */
  async take(outcome: 'accepted' | 'modified' | 'released', queue = 'q'): Promise<string[]> {
    const inbox = new Inbox();
    const subscription = this.queue(queue).subscribe(inbox, plainSubscribe);
    this.on.broker.pump();
    // Blocks that are only on disk are read first.
    while (this.on.broker.store.isLoading) {
      await this.on.broker.store.loaded();
      this.on.broker.pump();
    }
    for (const number of inbox.numbers) subscription.settle(number, number, outcome);
    subscription.close('released');
    this.on.broker.pump();
    return inbox.bodies;
  }
  pass(ms: number): void {
    this.clock.ms += ms;
    this.on.broker.tick();
  }
  /** The numbers of messages that are ready, and that wait. */
  get counts(): readonly [ready: number, delayed: number] {
    const { readyCount, delayed } = this.queue();
    return [readyCount, delayed?.count ?? 0];
  }
}

/** A queue with two messages, of which one waits for five seconds and the other for ten. */
async function waiting(): Promise<Life> {
  const life = await Life.start();
  life.declare('q', retrying);
  life.publish('q', 'twice');
  assert.deepEqual(await life.take('modified'), ['twice']);
  life.pass(5000);
  life.publish('q', 'once');
  assert.deepEqual(await life.take('modified'), ['twice', 'once']);
  assert.deepEqual(life.counts, [0, 2]);
  await life.on.flushed();
  return life;
}

for (const end of ['kill', 'restart'] as const) {
  test(`delayed messages wait on after a ${end}, until their time`, async () => {
    const life = await waiting();
    life.pass(1000);
    await life.on[end]();
    assert.deepEqual(life.counts, [0, 2]);
    life.pass(3999);
    await life.on[end]();
    life.on.broker.tick();
    assert.deepEqual(await life.take('accepted'), []);
    life.pass(1);
    assert.deepEqual(await life.take('accepted'), ['once']);
    await life.on.flushed();
    await life.on[end]();
    assert.deepEqual(life.counts, [0, 1]);
    life.pass(5000);
    assert.deepEqual(await life.take('modified'), ['twice']);
    life.pass(14_999);
    assert.deepEqual(life.counts, [0, 1], 'the third wait is longer');
    life.pass(1);
    assert.deepEqual(await life.take('accepted'), ['twice']);
    await life.on.close();
    await life.on.check();
  });
}

test('times that passed while the broker was down are over', async () => {
  const life = await waiting();
  const { clock } = life;
  const killed = life.on.kill();
  clock.ms += 5000;
  await killed;
  assert.deepEqual(life.counts, [1, 1]);
  assert.deepEqual(await life.take('accepted'), ['once']);
  await life.on.close();
});

test('times outlive the segments in which they were written', async () => {
  const life = await waiting();
  life.declare('other', quorum);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 20; i++) {
      life.publish('other', 'x'.repeat(4000));
      assert.equal((await life.take('accepted', 'other')).length, 1);
      await life.on.synced();
    }
    assert.deepEqual(life.counts, [0, 2]);
    await life.on.kill();
    assert.deepEqual(life.counts, [0, 2]);
  }
  life.pass(10_000);
  assert.deepEqual(await life.take('accepted'), ['twice', 'once']);
  await life.on.close();
  await life.on.check();
});

test('a queue that delays no longer has its messages ready, and a shorter maximum shortens the wait', async () => {
  const life = await Life.start();
  life.declare('q', quorum);
  const set = (definition: Record<string, string | number>) =>
    life.on.broker
      .vhost('/')
      .settings.setPolicy(
        { name: 'p', pattern: '^q$', applyTo: 'all', priority: 0, definition },
        { isOperator: false },
      );
  set({ 'delayed-retry-type': 'all', 'delayed-retry-min': 9000, 'delayed-retry-max': 9000 });
  await life.on.synced();
  life.publish('q', 'm');
  assert.deepEqual(await life.take('released'), ['m']);
  await life.on.synced();
  await life.on.kill();
  assert.deepEqual(life.counts, [0, 1]);
  set({ 'delayed-retry-type': 'all', 'delayed-retry-min': 500, 'delayed-retry-max': 500 });
  await life.on.synced();
  await life.on.kill();
  assert.deepEqual(life.counts, [0, 1]);
  life.pass(500);
  assert.deepEqual(await life.take('released'), ['m']);
  set({ 'max-length': 5 });
  await life.on.synced();
  await life.on.kill();
  assert.deepEqual(life.counts, [1, 0]);
  await life.on.close();
});

test('a clock that was set back does not make messages wait longer than the maximum', async () => {
  const life = await waiting();
  // What is left of a time when the clock is set back by a day.
  const { store } = life.on.broker;
  store.counts.ready.changed(life.queue().index, 0, life.clock.ms + 86_400_000);
  store.writeCounts();
  await life.on.flushed();
  await life.on.kill();
  assert.deepEqual(life.counts, [0, 2]);
  life.pass(59_999);
  assert.deepEqual(life.counts, [1, 1]);
  life.pass(1);
  assert.deepEqual(life.counts, [2, 0]);
  await life.on.close();
});

test('many delayed messages are recovered in steps', async () => {
  const life = await Life.start();
  life.declare('q', retrying);
  life.publish('q', ...Array.from({ length: 600 }, String));
  assert.equal((await life.take('released')).length, 600);
  life.publish('q', 'ready');
  await life.on.flushed();
  await life.on.kill();
  assert.deepEqual(life.counts, [1, 600]);
  const { index } = life.queue();
  const indexes = new Map([[index.number, index]]);
  const record = Buffer.alloc(4 + 600 * 12);
  record.writeUInt32BE(index.number);
  for (let s = 0; s < 600; s++) {
    record.writeUIntBE(s, 4 + s * 12, 6);
    record.writeUIntBE(life.clock.ms + 1 + s, 10 + s * 12, 6);
  }
  const { ready } = life.on.broker.store.counts;
  ready.replay(indexes, record, 0, record.length);
  const steps = life.queue().recover(false)[Symbol.iterator]();
  let count = 0;
  while (steps.next().done !== true) count++;
  assert.ok(count >= 6, `${count} steps`);
  assert.deepEqual(life.counts, [1, 600]);
  life.pass(600);
  assert.equal((await life.take('accepted')).length, 601);
  await life.on.close();
});

test('messages that are purged or deleted while they wait do not come back', async () => {
  const life = await waiting();
  life.queue().purge(() => {});
  await life.on.synced();
  await life.on.kill();
  assert.deepEqual([life.counts, life.queue().index.count], [[0, 0], 0]);
  life.publish('q', 'new');
  assert.deepEqual(await life.take('accepted'), ['new']);
  await life.on.close();
  await life.on.check();
});
