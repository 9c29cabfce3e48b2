import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricsJson } from '../base/metrics.ts';
import { dimensionsKey, type Sample } from './sample.ts';
import { type SampledBroker, Sampler, samplerLimits } from './sampler.ts';

const rabbit: SampledBroker = {
  name: 'shop',
  engineType: 'RABBITMQ',
  engineVersion: '3.13',
  nodeName: 'rabbit@b-1-1',
};
const active: SampledBroker = { ...rabbit, name: 'bank', engineType: 'ACTIVEMQ' };

/** What a broker reports: values by name, and by queue and name. */
function reported(
  broker: string,
  values: Readonly<Record<string, number>>,
  queues: Readonly<Record<string, Readonly<Record<string, number>>>> = {},
): MetricsJson {
  const of = (labels: Record<string, string>, given: Readonly<Record<string, number>>) =>
    Object.entries(given).map(([name, value]) => ({
      name: `waxwing_${name}`,
      values: [{ value, labels: { broker, ...labels } }],
    }));
  const all = Object.entries(queues).flatMap(([queue, given]) => of({ vhost: '/', queue }, given));
  return [...of({}, values), ...all] as unknown as MetricsJson;
}

/** The values of a group of metrics. */
function valuesOf(sample: Sample, ...dimensions: (readonly [string, string])[]) {
  const group = sample.get(dimensionsKey(dimensions));
  return Object.fromEntries([...(group?.metrics ?? [])].map(([name, [, sum]]) => [name, sum]));
}

test('counters become rates and growth between two samples, and gauges are taken as they are', async () => {
  const sampler = new Sampler();
  const now = (published: number, seconds: number) =>
    sampler.sample(
      [
        reported('shop', {
          messages_published_total: published,
          messages_ready: 3,
          messages_unsettled: 4,
          network_received_bytes_total: published * 10,
        }),
      ],
      [rabbit],
      seconds * 1000,
    );
  const first = valuesOf(await now(100, 0), ['Broker', 'shop']);
  assert.equal(first['MessageCount'], 7);
  assert.equal(first['PublishRate'], undefined);
  const second = valuesOf(await now(160, 60), ['Broker', 'shop']);
  assert.equal(second['PublishRate'], 1);
  assert.equal(second['NetworkIn'], 600);
  // The process started again, and its counters with it.
  const third = valuesOf(await now(30, 120), ['Broker', 'shop']);
  assert.equal(third['PublishRate'], 0.5);
});

test('the nodes of a cluster have metrics of their own, whose sums are those of the broker', async () => {
  const values = (node: string, value: number) => ({ value, labels: { broker: 'shop', node } });
  const used = {
    name: 'waxwing_memory_bytes',
    values: [values('rabbit1', 5), values('rabbit2', 7)],
  };
  const sample = await new Sampler().sample([[used] as unknown as MetricsJson], [rabbit], 0);
  const own = [['Broker', 'shop']] as const;
  assert.equal(valuesOf(sample, ...own)['RabbitMQMemUsed'], 12);
  assert.equal(valuesOf(sample, ...own, ['Node', 'rabbit1'])['RabbitMQMemUsed'], 5);
  assert.equal(valuesOf(sample, ...own, ['Node', 'rabbit2'])['RabbitMQMemUsed'], 7);
  assert.deepEqual(valuesOf(sample, ...own, ['Node', rabbit.nodeName]), {});
});

test('queues have metrics as Amazon MQ gives them', async () => {
  const queues = {
    orders: { queue_messages_ready: 1, queue_messages_unsettled: 2, queue_consumers: 0 },
    'with blank': { queue_messages_ready: 1 },
  };
  const metrics = [reported('shop', {}, queues), reported('bank', {}, queues)];
  const sample = await new Sampler().sample(metrics, [rabbit, active], 0);
  const own = [['Broker', 'shop']] as const;
  const orders = valuesOf(sample, ...own, ['Queue', 'orders'], ['VirtualHost', '/']);
  assert.deepEqual(orders, {
    ConsumerCount: 0,
    MessageReadyCount: 1,
    MessageUnacknowledgedCount: 2,
    MessageCount: 3,
  });
  const unusual = valuesOf(sample, ...own, ['Queue', 'with blank'], ['VirtualHost', '/']);
  assert.deepEqual(unusual, {});
  const bank = valuesOf(sample, ['Broker', 'bank-1'], ['Queue', 'with blank']);
  assert.equal(bank['InFlightCount'], undefined);
  const newer = await new Sampler().sample(metrics, [{ ...rabbit, engineVersion: '4.2' }], 0);
  assert.deepEqual(valuesOf(newer, ...own, ['Queue', 'orders'], ['VirtualHost', '/']), {});
});

test('the queues with most consumers have metrics if there are too many', async () => {
  const { rabbitMqQueuesMax } = samplerLimits;
  const queues = Object.fromEntries(
    Array.from({ length: rabbitMqQueuesMax + 5 }, (_, i) => [`q${i}`, { queue_consumers: i }]),
  );
  const sample = await new Sampler().sample([reported('shop', {}, queues)], [rabbit], 0);
  assert.equal(sample.size, rabbitMqQueuesMax);
  const of = (queue: string) =>
    valuesOf(sample, ['Broker', 'shop'], ['Queue', queue], ['VirtualHost', '/'])['ConsumerCount'];
  assert.equal(of('q0'), undefined);
  assert.equal(of(`q${rabbitMqQueuesMax + 4}`), rabbitMqQueuesMax + 4);
});

test('the instances of a pair have metrics of their own, and a takeover looks like no growth', async () => {
  const sampler = new Sampler();
  const now = (
    seconds: number,
    node: string,
    enqueued: number,
    seen: Readonly<Record<string, number>>,
  ) => {
    const labels = { broker: 'bank', vhost: '/', node };
    const metrics = [
      {
        name: 'waxwing_cpu_seconds_total',
        values: Object.entries(seen).map(([of, value]) => ({
          value,
          labels: { broker: 'bank', node: of },
        })),
      },
      { name: 'waxwing_disk_free_bytes', values: [{ value: 5, labels: { broker: 'bank' } }] },
      {
        name: 'waxwing_replication_lag_seconds',
        values: [{ value: 0.5, labels: { broker: 'bank' } }],
      },
      { name: 'waxwing_heap_bytes', values: [{ value: 1, labels: { broker: 'bank', node } }] },
      {
        name: 'waxwing_heap_limit_bytes',
        values: [{ value: 4, labels: { broker: 'bank', node } }],
      },
      {
        name: 'waxwing_queue_messages_published_total',
        values: [{ value: enqueued, labels: { ...labels, queue: 'orders' } }],
      },
      {
        name: 'waxwing_topic_messages_published_total',
        values: [{ value: enqueued, labels: { ...labels, topic: 'news' } }],
      },
    ];
    return sampler.sample([metrics as unknown as MetricsJson], [active], seconds * 1000);
  };
  const [one, two] = [['Broker', 'bank-1'] as const, ['Broker', 'bank-2'] as const];
  const [queue, topic] = [['Queue', 'orders'] as const, ['Topic', 'news'] as const];
  await now(0, 'bank-1', 10, { 'bank-1': 50, 'bank-2': 1000 });
  const before = await now(60, 'bank-1', 30, { 'bank-1': 56, 'bank-2': 1000 });
  assert.equal(valuesOf(before, one)['HeapUsage'], 25);
  assert.equal(valuesOf(before, one)['TotalReplicationLag'], 500);
  assert.deepEqual(Object.keys(valuesOf(before, two)), ['CpuUtilization']);
  assert.equal(valuesOf(before, two)['CpuUtilization'], 0);
  assert.equal(valuesOf(before, one, queue)['EnqueueCount'], 20);
  assert.equal(valuesOf(before, one, topic)['EnqueueCount'], 20);
  assert.equal(valuesOf(before, one, topic)['QueueSize'], undefined);
  // The second instance takes over. The first one is a new process, of which nothing is known before.
  const after = await now(120, 'bank-2', 5, { 'bank-2': 1006 });
  assert.deepEqual(valuesOf(after, one), { TotalReplicationLag: 500 });
  assert.equal(valuesOf(after, two)['HeapUsage'], 25);
  assert.deepEqual(valuesOf(after, two, queue), { TotalEnqueueCount: 5 });
  const last = await now(180, 'bank-2', 9, { 'bank-1': 3, 'bank-2': 1012 });
  assert.equal(valuesOf(last, one)['CpuUtilization'], undefined);
  assert.equal(valuesOf(last, two, queue)['EnqueueCount'], 4);
});
