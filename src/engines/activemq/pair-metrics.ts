// The metrics of a pair, with the names of those of our own brokers where they mean the same.

import { distinctPrintable } from '../../base/byte-text.ts';
import { type Measured, Metrics, type MetricsJson } from '../../base/metrics.ts';
import type { BrokerValue, DestinationValue } from './files/statistics.ts';
import type { ProcessUse } from './process-use.ts';
import type { DestinationStatistics, InstanceStatistics, SumValue } from './statistics.ts';

/** The measurements from which the metrics of a pair are formed. */
export interface MeasuredPair {
  /** The processes that run. */
  readonly instances: readonly {
    /** 1 or 2. */
    readonly number: number;
    readonly isActive: boolean;
    /** Undefined if it has just ended. */
    readonly use: ProcessUse | undefined;
  }[];
  /** What the active instance stated last; undefined if that is not recent. */
  readonly statistics: InstanceStatistics | undefined;
  /** Of the file system with the volume; undefined if it is unknown. */
  readonly diskFreeBytes: number | undefined;
}

type Values = Readonly<Record<BrokerValue, number>>;

const ofBroker = [
  ['gauge', 'connections', 'Open connections.', 'connections'],
  ['gauge', 'consumers', 'Consumers.', 'consumers'],
  ['gauge', 'producers', 'Producers with a destination.', 'producers'],
  ['gauge', 'queues', 'Queues.', 'queues'],
  ['gauge', 'store_percent', 'Used part of the limit of the store.', 'storePercent'],
  [
    'gauge',
    'temporary_store_percent',
    'Used part of the limit of the store of messages that are not persistent.',
    'temporaryPercent',
  ],
  ['gauge', 'heap_bytes', 'Used memory of the heap.', 'heapBytes'],
  ['gauge', 'heap_limit_bytes', 'Limit of the heap.', 'heapLimitBytes'],
] as const satisfies readonly (readonly [string, string, string, BrokerValue])[];

/** Sums of all queues and topics. */
const ofSums = [
  ['messages_published', 'Messages from clients.', 'enqueued'],
  ['messages_delivered', 'Deliveries to consumers.', 'dispatched'],
  ['messages_settled', 'Deliveries accepted or rejected.', 'dequeued'],
] as const satisfies readonly (readonly [string, string, SumValue])[];

const ofDestinations = [
  ['gauge', 'consumers', 'Consumers.', 'consumers'],
  ['gauge', 'producers', 'Producers.', 'producers'],
  ['gauge', 'memory_percent', 'Used part of the limit of memory.', 'memoryPercent'],
  ['counter', 'messages_published', 'Messages enqueued.', 'enqueued'],
  ['counter', 'messages_delivered', 'Deliveries.', 'dispatched'],
  ['counter', 'messages_settled', 'Deliveries accepted or rejected.', 'dequeued'],
  ['counter', 'messages_expired', 'Messages that expired.', 'expired'],
] as const satisfies readonly (readonly [string, string, string, DestinationValue])[];

/**
 * Forms the metrics of a pair. Those of an instance have the label `node` with the name that Amazon MQ gives
 * it, `NAME-1` or `NAME-2`. What only the active instance knows is missing while none is known to be active.
 */
export function pairMetrics(pair: MeasuredPair, name: string): Promise<MetricsJson> {
  const metrics = new Metrics({ broker: name });
  const nodeOf = (number: number) => ({ node: `${name}-${number}` });
  addInstances(metrics, pair, nodeOf);
  if (pair.diskFreeBytes !== undefined) {
    metrics.addValues('gauge', 'disk_free_bytes', 'Free disk space.', [[pair.diskFreeBytes, {}]]);
  }
  const active = pair.instances.find(({ isActive }) => isActive);
  if (active !== undefined && pair.statistics !== undefined) {
    addStatistics(metrics, pair.statistics, nodeOf(active.number));
  }
  return metrics.json();
}

function addInstances(
  metrics: Metrics,
  { instances }: MeasuredPair,
  nodeOf: (number: number) => { readonly node: string },
): void {
  const states = instances.map(
    ({ number, isActive }): Measured => [Number(isActive), nodeOf(number)],
  );
  metrics.addValues('gauge', 'instance_active', 'Whether the instance is the active one.', states);
  const used = (of: (use: ProcessUse) => number) =>
    instances.flatMap(({ number, use }): Measured[] =>
      use === undefined ? [] : [[of(use), nodeOf(number)]],
    );
  const cpu = used(({ cpuSeconds }) => cpuSeconds);
  metrics.addValues('counter', 'cpu_seconds', "Processor time of the broker's process.", cpu);
  const memory = used(({ memoryBytes }) => memoryBytes);
  metrics.addValues('gauge', 'memory_bytes', "Memory that the broker's process uses.", memory);
}

function addStatistics(
  metrics: Metrics,
  { values, queues, topics, sums }: InstanceStatistics,
  node: { readonly node: string },
): void {
  for (const [type, name, help, value] of ofBroker) {
    metrics.addValues(type, name, help, [[values[value], node]]);
  }
  addWaiting(metrics, '', [[values, node]]);
  if (sums !== undefined) {
    for (const [name, help, sum] of ofSums) {
      metrics.addValues('counter', name, help, [[sums[sum], node]]);
    }
  }
  addDestinations(metrics, 'queue', queues, node);
  addDestinations(metrics, 'topic', topics, node);
}

function addDestinations(
  metrics: Metrics,
  kind: 'queue' | 'topic',
  destinations: readonly DestinationStatistics[],
  node: { readonly node: string },
): void {
  const labels = destinations.map(({ name }) => ({
    ...node,
    vhost: '/',
    [kind]: distinctPrintable(name),
  }));
  for (const [type, name, help, value] of ofDestinations) {
    const measured = destinations.map(
      ({ values }, at): Measured => [values[value], labels[at] ?? {}],
    );
    metrics.addValues(type, `${kind}_${name}`, help, measured);
  }
  const all = destinations.map(({ values }, at) => [values, labels[at] ?? {}] as const);
  if (kind === 'queue') addWaiting(metrics, 'queue_', all);
}

/** ActiveMQ counts messages in flight among all, and not at the same moment. */
function addWaiting(
  metrics: Metrics,
  prefix: string,
  all: readonly (readonly [Pick<Values, 'messages' | 'inFlight'>, Measured[1]])[],
): void {
  const unsettled = all.map(([{ messages, inFlight }]) => Math.min(messages, inFlight));
  const ready = all.map(
    ([{ messages }, labels], at): Measured => [messages - (unsettled[at] ?? 0), labels],
  );
  metrics.addValues('gauge', `${prefix}messages_ready`, 'Messages ready to be delivered.', ready);
  const measured = all.map(([, labels], at): Measured => [unsettled[at] ?? 0, labels]);
  const help = 'Messages delivered and not settled.';
  metrics.addValues('gauge', `${prefix}messages_unsettled`, help, measured);
}
