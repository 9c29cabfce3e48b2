import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogsMachine } from '../../tests/support/logs-machine.ts';
import { MetricStore } from './metric-store.ts';
import { MetricQueries, statisticOf } from './queries.ts';
import { dimensionsKey, groupsMax, type Sample, SampleJoin, single } from './sample.ts';

const dimensions = [['Broker', 'shop']] as const;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

function sampleOf(value: number): Sample {
  const metrics = new Map([['QueueCount', single(value)]]);
  return new Map([[dimensionsKey(dimensions), { dimensions, metrics }]]);
}

/** A store with a sample for each of some minutes, whose value is the number of the minute. */
async function storeWith(minutes: number) {
  const machine = await LogsMachine.make();
  const logs = await machine.open();
  const store = new MetricStore(logs);
  const startMs = 1000 * hourMs;
  for (let i = 0; i < minutes; i++) {
    const atMs = startMs + i * minuteMs;
    await store.add(atMs, sampleOf(i), atMs + minuteMs);
  }
  return { machine, logs, store, startMs };
}

const query = (period: number) => ({ metricName: 'QueueCount', dimensions, period });

async function read(store: MetricStore, period: number, fromMs: number, toMs: number) {
  const [points = []] = await new MetricQueries(store).values([query(period)], fromMs, toMs);
  return points.map(({ atMs, statistics }) => ({
    atMs,
    maximum: statisticOf('Maximum', statistics),
    average: statisticOf('Average', statistics),
    count: statisticOf('SampleCount', statistics),
  }));
}

test('samples of minutes are joined to five minutes and hours, each once, and survive restarts', async () => {
  const { machine, logs, store, startMs } = await storeWith(125);
  assert.equal(store.endMs(300), startMs + 125 * minuteMs);
  assert.equal(store.endMs(3600), startMs + 120 * minuteMs);
  await logs.close();
  const again = await machine.open();
  const reopened = new MetricStore(again);
  for (let i = 125; i < 180; i++) {
    const atMs = startMs + i * minuteMs;
    await reopened.add(atMs, sampleOf(i), atMs + minuteMs);
  }
  const endMs = startMs + 3 * hourMs;
  assert.deepEqual(await read(reopened, 3600, startMs, endMs), [
    { atMs: startMs, maximum: 59, average: 29.5, count: 60 },
    { atMs: startMs + hourMs, maximum: 119, average: 89.5, count: 60 },
    { atMs: startMs + 2 * hourMs, maximum: 179, average: 149.5, count: 60 },
  ]);
  const minutes = await read(reopened, 60, startMs + 10 * minuteMs, startMs + 13 * minuteMs);
  assert.deepEqual(
    minutes.map(({ maximum }) => maximum),
    [10, 11, 12],
  );
  await again.close();
});

test('the end of a period that is not joined yet is read from minutes', async () => {
  const { logs, store, startMs } = await storeWith(63);
  const found = await read(store, 3600, startMs, startMs + 2 * hourMs);
  assert.deepEqual(
    found.map(({ count }) => count),
    [60, 3],
  );
  await logs.close();
});

test('samples expire by their resolution, so that old times have coarser ones', async () => {
  const { logs, store, startMs } = await storeWith(60);
  const laterMs = startMs + 16 * 24 * hourMs;
  await store.add(laterMs, sampleOf(1), laterMs + minuteMs);
  assert.deepEqual(await read(store, 60, startMs, startMs + hourMs), []);
  assert.equal((await read(store, 300, startMs, startMs + hourMs)).length, 12);
  await logs.close();
});

test('too many readers and invalid periods are refused', async () => {
  const { logs, store, startMs } = await storeWith(2);
  const queries = new MetricQueries(store);
  const reads = Array.from({ length: 5 }, () =>
    queries.values([query(60)], startMs, startMs + hourMs).then(
      () => 'done',
      ({ code }) => code,
    ),
  );
  assert.deepEqual(await Promise.all(reads), ['done', 'done', 'done', 'done', 'busy']);
  const cases: readonly [period: number, fromMs: number, toMs: number, why: RegExp][] = [
    [61, 0, hourMs, /multiple of 60/],
    [60, hourMs, hourMs, /must be less than the parameter EndTime/],
    [60, 0, 100_801 * minuteMs, /100801 periods; at most 100800/],
  ];
  for (const [period, fromMs, toMs, message] of cases) {
    assert.throws(() => queries.values([query(period)], fromMs, toMs), {
      code: 'invalid-value',
      message,
    });
  }
  await logs.close();
});

test('a joined sample has a limited number of groups', () => {
  const whole = new SampleJoin(groupsMax);
  for (let i = 0; i < groupsMax + 10; i++) {
    const own = [['Broker', `b${i}`]] as const;
    const metrics = new Map([['QueueCount', single(i)]]);
    whole.add(new Map([[dimensionsKey(own), { dimensions: own, metrics }]]));
  }
  assert.equal(whole.sample.size, groupsMax);
});
