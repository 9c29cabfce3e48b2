import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricsJson } from '../../base/metrics.ts';
import { brokerValues, destinationValues } from './files/statistics.ts';
import { type MeasuredPair, pairMetrics } from './pair-metrics.ts';
import { processUse, useIn } from './process-use.ts';
import type { DestinationStatistics, InstanceStatistics } from './statistics.ts';

const destination = (
  name: string,
  values: Partial<DestinationStatistics['values']> = {},
): DestinationStatistics => ({
  name,
  values: {
    ...(Object.fromEntries(
      destinationValues.map((each) => [each, 0]),
    ) as DestinationStatistics['values']),
    ...values,
  },
});
const statistics: InstanceStatistics = {
  values: {
    ...(Object.fromEntries(brokerValues.map((each) => [each, 3])) as InstanceStatistics['values']),
    messages: 10,
    inFlight: 4,
  },
  queues: [
    destination('orders', { messages: 5, inFlight: 2, enqueued: 8 }),
    // Both values are not of the same moment.
    destination('a\nb', { messages: 1, inFlight: 3 }),
  ],
  topics: [destination('news', { enqueued: 6 })],
  sums: { enqueued: 14, dispatched: 0, dequeued: 0 },
};
const use = { cpuSeconds: 1.5, memoryBytes: 4096 };
const pair: MeasuredPair = {
  instances: [
    { number: 1, isActive: false, use },
    { number: 2, isActive: true, use },
  ],
  statistics,
  diskFreeBytes: 99,
};

/** The values of a metric, by the labels besides that of the broker. */
function values(metrics: MetricsJson, name: string): Record<string, number> {
  const found = metrics.find((metric) => metric.name === `waxwing_${name}`)?.values ?? [];
  return Object.fromEntries(
    found.map(({ value, labels: { broker, vhost: _, ...labels } }) => {
      assert.equal(broker, 'ledger');
      return [Object.values(labels).join(' '), value];
    }),
  );
}

test('the active instance has the statistics, and both have what their processes use', async () => {
  const metrics = await pairMetrics(pair, 'ledger');
  const of = (name: string) => values(metrics, name);
  assert.deepEqual(of('instance_active'), { 'ledger-1': 0, 'ledger-2': 1 });
  assert.deepEqual(of('cpu_seconds_total'), { 'ledger-1': 1.5, 'ledger-2': 1.5 });
  assert.deepEqual(of('disk_free_bytes'), { '': 99 });
  assert.deepEqual(of('connections'), { 'ledger-2': 3 });
  assert.deepEqual(of('messages_ready'), { 'ledger-2': 6 });
  assert.deepEqual(of('messages_published_total'), { 'ledger-2': 14 });
  const [orders, other] = ['ledger-2 orders', 'ledger-2 a\\x0ab'];
  assert.deepEqual(of('queue_messages_unsettled'), { [orders]: 2, [other]: 1 });
  assert.deepEqual(of('queue_messages_ready'), { [orders]: 3, [other]: 0 });
  assert.deepEqual(of('topic_messages_published_total'), { 'ledger-2 news': 6 });
});

test('what is not known is missing', async () => {
  const standby = pair.instances.slice(0, 1);
  for (const some of [
    { ...pair, statistics: undefined },
    { ...pair, instances: standby },
  ]) {
    const metrics = await pairMetrics(some, 'ledger');
    const names = metrics.map(({ name }) => name.replace('waxwing_', ''));
    const expected = ['instance_active', 'cpu_seconds_total', 'memory_bytes', 'disk_free_bytes'];
    assert.deepEqual(names, expected);
  }
  const incomplete = { ...pair, statistics: { ...statistics, sums: undefined } };
  const metrics = await pairMetrics(incomplete, 'ledger');
  assert.deepEqual(values(metrics, 'messages_published_total'), {});
  assert.deepEqual(values(metrics, 'queues'), { 'ledger-2': 3 });
  const none = { instances: [], statistics, diskFreeBytes: undefined };
  assert.deepEqual(await pairMetrics(none, 'ledger'), []);
});

test('the use of a process is read from the files of the kernel', async () => {
  const stat = `7 (a) b) S ${Array.from({ length: 40 }, (_, at) => at + 1).join(' ')}`;
  assert.deepEqual(useIn(stat, 'Name:\tx\nVmRSS:\t      12 kB\n'), {
    cpuSeconds: 0.23,
    memoryBytes: 12 * 1024,
  });
  assert.equal(useIn(stat, 'Name:\tx\n'), undefined);
  assert.equal(useIn('', ''), undefined);
  const own = await processUse(process.pid);
  assert.ok(own !== undefined && own.memoryBytes > 2 ** 20 && own.cpuSeconds > 0);
  assert.equal(await processUse(2 ** 30), undefined);
});
