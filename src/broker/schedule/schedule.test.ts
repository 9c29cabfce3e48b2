import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BareBroker,
  Inbox,
  ManualClock,
  message,
  plainSubscribe,
} from '../../../tests/support/bare-broker.ts';
import { BrokerOnLog } from '../../../tests/support/broker-on-log.ts';
import type { Broker } from '../broker.ts';
import type { Timing } from './job.ts';

const once = { periodMs: 0, repeatCount: 0 };
const text = (value: string) => ({ type: 'longstr', value }) as const;
const int = (value: number) => ({ type: 'signedint', value }) as const;
async function turn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

function schedule(broker: Broker, key: string, body: string, timing: Partial<Timing>): number {
  return broker.schedules
    .of('/')
    .add(message(broker, '', key, body), { delayMs: 0, ...once, ...timing });
}

/** Lets time pass and the broker do what is due. */
function pass(b: BareBroker, ms: number): void {
  b.clock.ms += ms;
  b.broker.tick();
}

test('delayed messages are delivered when due and in the order of their due times', async () => {
  const woken: number[] = [];
  const b = await BareBroker.open(undefined, {}, 0, (atMs) => woken.push(atMs));
  b.queue('q');
  schedule(b.broker, 'q', 'late', { delayMs: 5000 });
  schedule(b.broker, 'q', 'early', { delayMs: 30 });
  schedule(b.broker, 'q', 'early too', { delayMs: 30 });
  assert.equal(woken.at(-1), b.clock.ms + 30);
  pass(b, 29);
  assert.deepEqual(b.drain('q'), []);
  pass(b, 1);
  assert.deepEqual(b.drain('q'), ['early', 'early too']);
  assert.equal(b.broker.schedules.of('/').count, 1);
  pass(b, 4970);
  assert.deepEqual(b.drain('q'), ['late']);
  assert.equal(b.broker.schedules.of('/').count, 0);
});

test('a repeated message is delivered once plus the repeat count, one period apart', async () => {
  const b = await BareBroker.open();
  b.queue('q');
  schedule(b.broker, 'q', 'm', { delayMs: 10, periodMs: 100, repeatCount: 2 });
  const counts: number[] = [];
  for (const ms of [9, 1, 99, 1, 100, 1000]) {
    pass(b, ms);
    counts.push(b.drain('q').length);
  }
  assert.deepEqual(counts, [0, 1, 0, 1, 1, 0]);
  assert.equal(b.broker.schedules.of('/').jobCount, 0);
});

test('a message with a cron entry is delivered at each match, with its repeats after each match', async () => {
  const b = await BareBroker.open();
  b.queue('q');
  b.clock.ms = Date.parse('2026-01-01T10:00:30Z');
  b.broker.tick();
  const id = schedule(b.broker, 'q', 'plain', { cron: '*/10 * * * *' });
  schedule(b.broker, 'q', 'run', {
    cron: '0 * * * *',
    delayMs: 1000,
    periodMs: 5000,
    repeatCount: 1,
  });
  const seen: string[] = [];
  for (let second = 0; second < 3600 + 30; second++) {
    pass(b, 1000);
    for (const body of b.drain('q')) {
      seen.push(`${body} ${new Date(b.clock.ms).toISOString().slice(11, 19)}`);
    }
  }
  const matches = ['10:10', '10:20', '10:30', '10:40', '10:50', '11:00'];
  const expected = matches.map((time) => `plain ${time}:00`);
  assert.deepEqual(seen, [...expected, 'run 11:00:01', 'run 11:00:06']);
  assert.equal(b.broker.schedules.of('/').remove(id), true);
  pass(b, 600_000);
  assert.deepEqual(b.drain('q'), []);
});

test('invalid timings and excess entries are rejected with the allowed values', async () => {
  const b = await BareBroker.open(undefined, { scheduledCountMax: 3, scheduledJobCountMax: 1 });
  const refused = (timing: Partial<Timing>, why: RegExp) =>
    assert.throws(() => schedule(b.broker, 'q', 'm', timing), {
      code: 'precondition-failed',
      message: why,
    });
  refused({ delayMs: -1 }, /delay of -1 ms: 0 to 315360000000 are allowed/);
  refused({ delayMs: 1.5 }, /delay of 1.5 ms/);
  refused({ periodMs: 315_360_000_001 }, /period of 315360000001 ms/);
  refused(
    { delayMs: 1, periodMs: 1, repeatCount: 1_000_001 },
    /repeat count 1000001: 0 to 1000000/,
  );
  refused({ repeatCount: 1 }, /1 repeats need a period/);
  refused({ cron: 'x' }, /Not a valid cron entry/);
  schedule(b.broker, 'q', 'm', { periodMs: 10, repeatCount: 1 });
  refused({ periodMs: 10, repeatCount: 1 }, /limit of repeated messages in vhost '\/' \(1\)/);
  schedule(b.broker, 'q', 'm', { delayMs: 10 });
  schedule(b.broker, 'q', 'm', { delayMs: 10 });
  refused({ delayMs: 10 }, /limit of scheduled messages in vhost '\/' \(3\)/);
});

test('schedule entries can be paged, read and removed; removed entries are not delivered', async () => {
  const b = await BareBroker.open();
  b.queue('q');
  const { schedules } = b.broker;
  const ids = Array.from({ length: 20 }, (_, i) =>
    schedule(b.broker, 'q', `m${i}`, { delayMs: (i + 1) * 60_000 }),
  );
  const range = { fromMs: b.clock.ms + 300_000, toMs: b.clock.ms + 900_000 };
  const found: number[] = [];
  for (let after: number | undefined = -1, pages = 0; after !== undefined && pages < 20; pages++) {
    const page = schedules.of('/').page({ ...range, after, countMax: 3 });
    assert.ok(page.entries.length <= 3);
    for (const { id, dueMs } of page.entries) {
      assert.equal(dueMs, b.clock.ms + (ids.indexOf(id) + 1) * 60_000);
      found.push(ids.indexOf(id));
    }
    after = page.after;
  }
  assert.deepEqual(
    found.sort((x, y) => x - y),
    [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
  );
  const read = await schedules.of('/').read(ids[3] ?? -1);
  assert.equal(read?.parts[0]?.toString(), 'm3');
  assert.equal(schedules.of('/').remove(ids[3] ?? -1), true);
  assert.equal(schedules.of('/').remove(ids[3] ?? -1), false);
  assert.equal(await schedules.of('/').read(ids[3] ?? -1), undefined);
  for (const id of ids.slice(4)) schedules.of('/').remove(id);
  pass(b, 24 * 3_600_000);
  assert.deepEqual(b.drain('q'), ['m0', 'm1', 'm2']);
});

test('removed entries are freed from memory, and rebuilding the heap loses nothing', async () => {
  const b = await BareBroker.open();
  b.queue('q');
  const entries = b.broker.schedules.of('/');
  for (let round = 0; round < 4; round++) {
    const ids = Array.from({ length: 6000 }, () => schedule(b.broker, 'q', 'x', { delayMs: 9e6 }));
    for (const id of ids) entries.remove(id);
    schedule(b.broker, 'q', `kept ${round}`, { delayMs: 1000 + round });
    for (let turns = 0; turns < 20; turns++) await turn();
  }
  assert.ok(entries.heapSize < 12_100, `${entries.heapSize} entries in the heap`);
  assert.equal(entries.count, 4);
  pass(b, 2000);
  assert.deepEqual(b.drain('q'), ['kept 0', 'kept 1', 'kept 2', 'kept 3']);
});

test('a large number of due messages is delivered in order over several turns', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  const entryCount = 5000;
  for (let i = 0; i < entryCount; i++) schedule(b.broker, 'q', `${i}`, { delayMs: 1000 });
  pass(b, 1000);
  const counts: number[] = [];
  for (let last = -1; queue.readyCount > last; await turn()) {
    counts.push(queue.readyCount - Math.max(last, 0));
    last = queue.readyCount;
  }
  const mostPerTurn = Math.ceil(b.broker.limits.workUnitsMax / 25);
  assert.ok(
    counts.every((count) => count <= mostPerTurn),
    `${counts} in each turn`,
  );
  assert.deepEqual(
    b.drain('q'),
    Array.from({ length: entryCount }, (_, i) => `${i}`),
  );
});

test('a scheduled message keeps its properties, and its TTL starts when it is due', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', { 'x-max-priority': int(5) });
  const publication = message(b.broker, '', 'q', 'body', { a: text('b') });
  publication.priority = 3;
  publication.head = Buffer.from(JSON.stringify({ headers: { a: text('b') }, expiration: '50' }));
  publication.headEnd = publication.head.length;
  for (const isPersistent of [true, false]) {
    publication.isPersistent = isPersistent;
    b.broker.schedules.of('/').add(publication, { delayMs: 1000, ...once });
  }
  pass(b, 1000);
  const inbox = new Inbox();
  const persistence: boolean[] = [];
  const deliver = inbox.deliver.bind(inbox);
  inbox.deliver = (delivery) => {
    persistence.push(delivery.isPersistent);
    assert.equal(delivery.priority, 3);
    assert.equal(delivery.expiresAtMs, b.clock.ms + 50);
    deliver(delivery);
  };
  queue.subscribe(inbox, plainSubscribe);
  b.broker.pump();
  assert.deepEqual(
    [persistence, inbox.headers],
    [
      [true, false],
      [{ a: text('b') }, { a: text('b') }],
    ],
  );
});

test('scheduled messages survive a restart and a kill in any delivery mode', async () => {
  const clock = new ManualClock();
  const life = await BrokerOnLog.start({ segmentBytes: 16 * 1024, cacheBytes: 0 }, { clock });
  const options = { durable: true, exclusive: false, autoDelete: false, arguments: {} };
  life.broker.vhost('/').declareQueue('q', options, {});
  const transient = message(life.broker, '', 'q', 'transient');
  life.broker.schedules.of('/').add(transient, { delayMs: 700, ...once });
  for (let i = 0; i < 100; i++) {
    schedule(life.broker, 'q', `m${i} `.padEnd(2000, '.'), { delayMs: 100 + ((i * 37) % 100) });
  }
  schedule(life.broker, 'q', 'again', { periodMs: 300, repeatCount: 5 });
  const id = schedule(life.broker, 'q', 'never', { delayMs: 10 });
  life.broker.schedules.of('/').remove(id);
  await life.flushed();
  await life.kill();
  assert.deepEqual(await due(life, clock, 99), []);
  const some = await due(life, clock, 50);
  assert.ok(some.length > 30 && some.length < 70, `${some.length} of them`);
  await life.restart();
  const rest = await due(life, clock, 1000);
  // It missed the times at 300, 600 and 900 ms, for which it comes once.
  assert.deepEqual(
    rest.filter((body) => !body.startsWith('m')),
    ['again', 'transient'],
  );
  const all = [...some, ...rest].filter((body) => body.startsWith('m'));
  assert.deepEqual([all.length, new Set(all).size], [100, 100]);
  await life.kill();
  assert.deepEqual(await due(life, clock, 2000), ['again']);
  await life.close();
  await life.check();
});

/** Lets time pass; what has come to the queue by then. */
async function due(life: BrokerOnLog, clock: ManualClock, ms: number): Promise<string[]> {
  clock.ms += ms;
  const { broker } = life;
  const queue = broker.vhost('/').queue('q', undefined);
  const inbox = new Inbox();
  const subscription = queue.subscribe(inbox, { ...plainSubscribe, settled: true });
  for (let left = 400; left > 0; left--) {
    broker.tick();
    await turn();
  }
  subscription.stop();
  await life.flushed();
  return inbox.bodies.map((body) => body.replace(/ \.*$/, ''));
}

test('deleting a virtual host deletes its scheduled messages', async () => {
  const life = await BrokerOnLog.start({ segmentBytes: 16 * 1024 });
  life.broker.createVhost('other');
  const other = life.broker.vhost('other');
  for (let i = 0; i < 1000; i++) {
    const publication = message(life.broker, '', 'q', 'm');
    publication.exchange = other.exchange('');
    life.broker.schedules.of('other').add(publication, { delayMs: i * 1000, ...once });
  }
  assert.equal(life.broker.store.indexes.size > 0, true);
  life.broker.deleteVhost('other');
  for (let turns = 0; turns < 20; turns++) await turn();
  assert.equal(life.broker.store.indexes.size, 0);
  await life.flushed();
  await life.kill();
  assert.equal(life.broker.store.indexes.size, 0);
  assert.equal(life.broker.schedules.of('other').count, 0);
  await life.close();
  await life.check();
});

test('a retry policy redelivers rejected messages with growing delays, then dead-letters them', async () => {
  const b = await BareBroker.open();
  const dead = b.queue('dead');
  const queue = b.queue('q', {
    'x-queue-type': text('quorum'),
    'x-dead-letter-exchange': text(''),
    'x-dead-letter-routing-key': text('dead'),
  });
  queue.retry = {
    retryCountMax: 3,
    delayMs: 1000,
    delayMsMax: 3000,
    backOff: { kind: 'factor', by: 2 },
  };
  const inbox = new Inbox();
  const counts: number[] = [];
  const deliver = inbox.deliver.bind(inbox);
  inbox.deliver = (delivery) => {
    counts.push(delivery.deliveryCount);
    deliver(delivery);
  };
  const subscription = queue.subscribe(inbox, plainSubscribe);
  b.publish('', 'q', 'poison');
  b.broker.pump();
  for (const delayMs of [1000, 2000, 3000]) {
    const number = inbox.numbers.at(-1) ?? -1;
    subscription.settle(number, number, 'rejected');
    b.broker.pump();
    const { length } = inbox.bodies;
    pass(b, delayMs - 1);
    assert.equal(inbox.bodies.length, length);
    pass(b, 1);
    assert.equal(inbox.bodies.length, length + 1);
  }
  const number = inbox.numbers.at(-1) ?? -1;
  subscription.settle(number, number, 'rejected');
  pass(b, 10_000);
  assert.deepEqual(counts, [0, 1, 2, 3]);
  assert.deepEqual([queue.index.count, dead.readyCount], [0, 1]);
});

test('a retry survives a restart with its count, and is dropped if its queue is gone', async () => {
  const first = await BareBroker.open();
  const retry = {
    retryCountMax: 9,
    delayMs: 1000,
    delayMsMax: 9000,
    backOff: { kind: 'linear' },
  } as const;
  for (const name of ['q', 'gone']) {
    const queue = first.queue(name, { 'x-queue-type': text('quorum') });
    queue.retry = retry;
    const inbox = new Inbox();
    const subscription = queue.subscribe(inbox, plainSubscribe);
    first.publish('', name, 'm');
    first.broker.pump();
    subscription.settle(0, 0, 'rejected');
    first.broker.pump();
    assert.equal(queue.index.count, 0);
  }
  first.vhost.removeQueue(first.vhost.queue('gone', undefined));
  first.broker.pump();
  first.log.syncNow();
  const b = await BareBroker.open(first);
  pass(b, 1000);
  const queue = b.vhost.queue('q', undefined);
  assert.equal(queue.readyCount, 1);
  assert.equal(queue.index.deliveryCount(queue.index.next - 1), 1);
  assert.equal(b.broker.schedules.of('/').count, 0);
});
