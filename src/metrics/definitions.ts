// The metrics of Amazon MQ, and how they follow from what brokers report.

import { availableParallelism } from 'node:os';
import type { ValueChange } from './broker-values.ts';

/** The namespace of all metrics. */
export const namespace = 'AWS/AmazonMQ';

/** The units of metrics. */
export type Unit = 'Count' | 'Count/Second' | 'Percent' | 'Bytes' | 'Milliseconds';

/** A metric, and its value; undefined if it is unknown. */
export interface Definition {
  readonly name: string;
  readonly unit: Unit;
  readonly of: (change: ValueChange) => number | undefined;
}

const metric = (name: string, unit: Unit, of: Definition['of']): Definition => ({ name, unit, of });
const gauge = (name: string, from: string, unit: Unit = 'Count') =>
  metric(name, unit, (change) => change.value(from));
const growth = (name: string, from: string, unit: Unit = 'Count') =>
  metric(name, unit, (change) => change.growth(from));
const rate = (name: string, from: string) =>
  metric(name, 'Count/Second', (change) => change.rate(from));

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

/** @returns 0 to 100 */
function percent(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole <= 0 ? undefined : (100 * part) / whole;
}

const ready = 'waxwing_messages_ready';
const unsettled = 'waxwing_messages_unsettled';
const syncTime = 'waxwing_log_sync_seconds';

const cpu = (name: string) =>
  metric(name, 'Percent', (change) =>
    percent(change.rate('waxwing_cpu_seconds_total'), availableParallelism()),
  );
const network: readonly Definition[] = [
  growth('NetworkIn', 'waxwing_network_received_bytes_total', 'Bytes'),
  growth('NetworkOut', 'waxwing_network_sent_bytes_total', 'Bytes'),
];

/** The metrics of a node of a RabbitMQ broker, which the broker has too. */
export const rabbitMqNodeMetrics: readonly Definition[] = [
  cpu('SystemCpuUtilization'),
  gauge('RabbitMQMemLimit', 'waxwing_memory_limit_bytes', 'Bytes'),
  gauge('RabbitMQMemUsed', 'waxwing_memory_bytes', 'Bytes'),
  gauge('RabbitMQDiskFreeLimit', 'waxwing_disk_reserve_bytes', 'Bytes'),
  gauge('RabbitMQDiskFree', 'waxwing_disk_free_bytes', 'Bytes'),
  gauge('RabbitMQFdUsed', 'waxwing_open_files'),
];

/** The metrics of a RabbitMQ broker. */
export const rabbitMqMetrics: readonly Definition[] = [
  gauge('ExchangeCount', 'waxwing_exchanges'),
  gauge('QueueCount', 'waxwing_queues'),
  gauge('ConnectionCount', 'waxwing_connections'),
  gauge('ChannelCount', 'waxwing_channels'),
  gauge('ConsumerCount', 'waxwing_consumers'),
  metric('MessageCount', 'Count', (change) => sum(change.value(ready), change.value(unsettled))),
  gauge('MessageReadyCount', ready),
  gauge('MessageUnacknowledgedCount', unsettled),
  rate('PublishRate', 'waxwing_messages_published_total'),
  rate('ConfirmRate', 'waxwing_messages_confirmed_total'),
  rate('AckRate', 'waxwing_messages_settled_total'),
  metric('RabbitMQIOWriteAverageTime', 'Milliseconds', (change) => {
    const [time, count] = [change.growth(`${syncTime}_sum`), change.growth(`${syncTime}_count`)];
    if (time === undefined || count === undefined) return undefined;
    return count === 0 ? 0 : (1000 * time) / count;
  }),
  ...network,
  ...rabbitMqNodeMetrics,
];

const queueReady = 'waxwing_queue_messages_ready';
const queueUnsettled = 'waxwing_queue_messages_unsettled';
const queueSize = (change: ValueChange) =>
  sum(change.value(queueReady), change.value(queueUnsettled));

/** The metrics of a queue of a RabbitMQ broker. */
export const rabbitMqQueueMetrics: readonly Definition[] = [
  gauge('ConsumerCount', 'waxwing_queue_consumers'),
  gauge('MessageReadyCount', queueReady),
  gauge('MessageUnacknowledgedCount', queueUnsettled),
  metric('MessageCount', 'Count', queueSize),
];

/** The name of the metric for the lag of replicas, which the service measures. */
export const replicationLag = 'waxwing_replication_lag_seconds';

/** The metrics of an ActiveMQ broker. Only pairs have a heap and limits of their stores. */
export const activeMqMetrics: readonly Definition[] = [
  cpu('CpuUtilization'),
  gauge('CurrentConnectionsCount', 'waxwing_connections'),
  gauge('EstablishedConnectionsCount', 'waxwing_logins_total'),
  metric(
    'HeapUsage',
    'Percent',
    (change) =>
      percent(change.value('waxwing_heap_bytes'), change.value('waxwing_heap_limit_bytes')) ??
      percent(change.value('waxwing_memory_bytes'), change.value('waxwing_memory_limit_bytes')),
  ),
  metric('StorePercentUsage', 'Percent', (change) => {
    const stored = change.value('waxwing_log_stored_bytes');
    return (
      change.value('waxwing_store_percent') ??
      percent(stored, sum(stored, change.value('waxwing_disk_free_bytes')))
    );
  }),
  gauge('TempPercentUsage', 'waxwing_temporary_store_percent', 'Percent'),
  gauge('TotalConsumerCount', 'waxwing_consumers'),
  gauge('TotalProducerCount', 'waxwing_producers'),
  metric('TotalMessageCount', 'Count', (change) =>
    sum(change.value(ready), change.value(unsettled)),
  ),
  growth('VolumeWriteOps', `${syncTime}_count`),
  metric('TotalReplicationLag', 'Milliseconds', (change) => {
    const seconds = change.value(replicationLag);
    return seconds === undefined ? undefined : 1000 * seconds;
  }),
  ...network,
];

/** The metrics of each queue or topic of an ActiveMQ broker. */
function destinationMetrics(kind: 'queue' | 'topic'): readonly Definition[] {
  const from = (name: string) => `waxwing_${kind}_${name}`;
  return [
    gauge('ConsumerCount', from('consumers')),
    gauge('ProducerCount', from('producers')),
    gauge('MemoryUsage', from('memory_percent'), 'Percent'),
    growth('EnqueueCount', from('messages_published_total')),
    growth('DispatchCount', from('messages_delivered_total')),
    growth('DequeueCount', from('messages_settled_total')),
    growth('ExpiredCount', from('messages_expired_total')),
    gauge('TotalEnqueueCount', from('messages_published_total')),
    gauge('TotalDequeueCount', from('messages_settled_total')),
  ];
}

/** The metrics of a queue of an ActiveMQ broker. */
export const activeMqQueueMetrics: readonly Definition[] = [
  ...destinationMetrics('queue'),
  gauge('InFlightCount', queueUnsettled),
  metric('QueueSize', 'Count', queueSize),
];

/** The metrics of a topic of an ActiveMQ broker. */
export const activeMqTopicMetrics = destinationMetrics('topic');

const units = new Map<string, Unit>(
  [...rabbitMqMetrics, ...rabbitMqQueueMetrics, ...activeMqMetrics, ...activeMqQueueMetrics].map(
    ({ name, unit }) => [name, unit],
  ),
);

/** The unit of a metric; undefined for unknown names. */
export function unitOf(name: string): Unit | undefined {
  return units.get(name);
}
