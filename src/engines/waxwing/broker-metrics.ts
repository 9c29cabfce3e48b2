// The metrics of a broker.

import { readdir } from 'node:fs/promises';
import { distinctPrintable } from '../../base/byte-text.ts';
import { type Labels, type Measured, Metrics, type MetricsJson } from '../../base/metrics.ts';
import type { Broker } from '../../broker/broker.ts';
import { loginFailures } from '../../broker/logins/logins.ts';
import {
  type BrokerStatistics,
  type QueueStatistics,
  takeStatistics,
} from '../../broker/statistics.ts';
import { handshakesMetric } from '../../control/engine.ts';
import type { HandshakeCount } from '../../net/handshake-counts.ts';
import type { Listeners } from '../../net/listeners.ts';

/** The buckets of the time for writing and syncing a group, seconds. */
const syncBuckets = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

type BrokerValue = readonly [name: string, help: string, of: (now: BrokerStatistics) => number];
type QueueValue = readonly [name: string, help: string, of: (now: QueueStatistics) => number];

const counters: readonly BrokerValue[] = [
  ['messages_published', 'Messages from clients.', (now) => now.counters.published],
  [
    'messages_unrouted',
    'Messages from clients that no queue took.',
    (now) => now.counters.unrouted,
  ],
  ['messages_refused', 'Messages refused by a full queue.', (now) => now.counters.refused],
  ['messages_confirmed', 'Messages confirmed to publishers.', (now) => now.counters.confirmed],
  ['messages_delivered', 'Deliveries to consumers.', (now) => now.counters.delivered],
  ['messages_settled', 'Deliveries accepted or rejected.', (now) => now.counters.settled],
  ['messages_dead_lettered', 'Messages dead lettered.', (now) => now.counters.deadLettered],
];

const gauges: readonly BrokerValue[] = [
  ['connections', 'Open connections.', (now) => now.connectionCount],
  ['channels', 'Open channels.', (now) => now.channelCount],
  ['consumers', 'Consumers.', (now) => now.consumerCount],
  ['queues', 'Queues.', (now) => now.queueCount],
  [
    'queues_unlisted',
    'Queues without individual metrics because of their number.',
    (now) => now.queueCount - now.queues.length,
  ],
  ['messages_ready', 'Messages ready to be delivered, in all queues.', (now) => now.readyCount],
  [
    'messages_unsettled',
    'Messages delivered and not settled, in all queues.',
    (now) => now.unsettledCount,
  ],
  ['ready_bytes', 'Bytes of the bodies of ready messages, in all queues.', (now) => now.readyBytes],
  ['exchanges', 'Exchanges.', (now) => now.exchangeCount],
  [
    'connections_blocked',
    'Publishing connections that are blocked by memory or disk limits.',
    (now) => now.blockedConnectionCount,
  ],
  ['publishers_paused', 'Whether publishers wait for the log.', (now) => Number(now.isPaused)],
  ['log_pending_bytes', 'Bytes appended to the log and not yet synced.', (now) => now.pendingBytes],
  ['memory_bytes', "Memory that the broker's process uses.", (now) => now.memoryBytes],
];

const queueGauges: readonly QueueValue[] = [
  ['messages_ready', 'Messages ready to be delivered.', (queue) => queue.readyCount],
  ['messages_unsettled', 'Messages delivered and not settled.', (queue) => queue.unsettledCount],
  ['ready_bytes', 'Bytes of the bodies of ready messages.', (queue) => queue.readyBytes],
  ['consumers', 'Consumers of the queue.', (queue) => queue.consumerCount],
];

const queueCounters: readonly QueueValue[] = [
  ['messages_published', 'Messages enqueued.', (queue) => queue.publishedCount],
  ['messages_delivered', 'Deliveries from the queue.', (queue) => queue.deliveredCount],
  ['messages_settled', 'Deliveries accepted or rejected.', (queue) => queue.settledCount],
];

/** The counters of connections. */
type ConnectionCounts = Pick<
  Listeners,
  'unauthenticatedCount' | 'closed' | 'handshakes' | 'networkBytes'
>;

/** One sample for each version and suite: ports count by themselves. */
function handshakeSamples(handshakes: readonly HandshakeCount[]) {
  const sums = new Map<string, readonly [number, { version: string; suite: string }]>();
  for (const { version, suite, count } of handshakes) {
    const key = `${version} ${suite}`;
    sums.set(key, [(sums.get(key)?.[0] ?? 0) + count, { version, suite }]);
  }
  return [...sums.values()];
}

/** The disk of a broker. */
export interface DiskUse {
  freeBytes(): Promise<number>;
  /** See `Room.diskReserveBytes`. */
  readonly reserveBytes: number;
}

/** The metrics of a broker. */
export class BrokerMetrics {
  readonly #broker: Broker;
  readonly #disk: DiskUse;
  readonly #metrics: Metrics;
  readonly #observeSync: (seconds: number) => void;
  #sealedBytes = 0;
  #compactedBytes = 0;
  #compactedSegments = 0;
  /** The current statistics; undefined before the first request. */
  #now: BrokerStatistics | undefined = undefined;
  /** Undefined if they are unknown. */
  #diskFreeBytes: number | undefined = undefined;
  #openFileCount: number | undefined = undefined;
  /** The labels of each queue in the statistics. */
  #labels: readonly Labels[] = [];

  /** @param name the broker's name, a label of every value */
  constructor(broker: Broker, connections: ConnectionCounts, disk: DiskUse, name: string) {
    this.#broker = broker;
    this.#disk = disk;
    this.#metrics = new Metrics({ broker: name });
    this.#observeSync = this.#metrics.histogram(
      'waxwing_log_sync_seconds',
      'Time to write and sync a group of sealed blocks.',
      syncBuckets,
    );
    const sealed = 'Bytes sealed and written to the log.';
    this.#add('counter', 'log_sealed_bytes', sealed, () => this.#sealedBytes);
    const compacted = 'Bytes written by compactions of the log.';
    this.#add('counter', 'log_compacted_bytes', compacted, () => this.#compactedBytes);
    const released = 'Segments of the log released by compactions.';
    this.#add('counter', 'log_compacted_segments', released, () => this.#compactedSegments);
    for (const value of counters) this.#addBroker('counter', ...value);
    for (const value of gauges) this.#addBroker('gauge', ...value);
    for (const value of queueCounters) this.#addQueues('counter', ...value);
    for (const value of queueGauges) this.#addQueues('gauge', ...value);
    this.#addLogins(connections);
    this.#addHandshakes(connections);
    this.#addProcess(connections);
  }

  /** A group of sealed blocks was synced. */
  synced(sizeBytes: number, durationMs: number): void {
    this.#sealedBytes += sizeBytes;
    this.#observeSync(durationMs / 1000);
  }

  /** A compaction wrote bytes and released segments. */
  compacted(writtenBytes: number, segmentCount: number): void {
    this.#compactedBytes += writtenBytes;
    this.#compactedSegments += segmentCount;
  }

  async json(): Promise<MetricsJson> {
    const now = await takeStatistics(this.#broker);
    this.#now = now;
    this.#labels = now.queues.map(labelsOf);
    this.#diskFreeBytes = await this.#disk.freeBytes().catch(() => undefined);
    this.#openFileCount = await openFileCount();
    return this.#metrics.json();
  }

  #addHandshakes(counts: ConnectionCounts): void {
    this.#metrics.add({
      name: handshakesMetric,
      help: 'Completed TLS handshakes, by version and suite; none before the first.',
      type: 'counter',
      measure: () => handshakeSamples(counts.handshakes),
    });
  }

  #addLogins(counts: ConnectionCounts): void {
    const { logins } = this.#broker;
    const succeeded = 'Log-ins that succeeded.';
    this.#add('counter', 'logins', succeeded, () => logins.successCount);
    const unauthenticated = 'Connections that have not logged in.';
    this.#add(
      'gauge',
      'unauthenticated_connections',
      unauthenticated,
      () => counts.unauthenticatedCount,
    );
    this.#addByReason('login_failures', 'Log-ins that failed, by reason.', () =>
      loginFailures.map((reason) => [reason, logins.failureCounts.get(reason) ?? 0]),
    );
    const closed = 'Connections closed before their log-in, by reason.';
    this.#addByReason('unauthenticated_connections_closed', closed, () =>
      Object.entries(counts.closed),
    );
  }

  /** The use of the machine by the broker's process. */
  #addProcess(listeners: ConnectionCounts): void {
    const { limits, store } = this.#broker;
    const limit = 'Memory from which publishers are blocked.';
    this.#add('gauge', 'memory_limit_bytes', limit, () => limits.memoryBytesMax);
    this.#add('counter', 'cpu_seconds', "Processor time of the broker's process.", () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000_000;
    });
    const received = 'Bytes received from clients, including TLS.';
    const sent = 'Bytes sent to clients, including TLS.';
    this.#add('counter', 'network_received_bytes', received, () => listeners.networkBytes.received);
    this.#add('counter', 'network_sent_bytes', sent, () => listeners.networkBytes.sent);
    this.#add(
      'gauge',
      'log_stored_bytes',
      'Size of the log on disk.',
      () => store.log.usage.storedBytes,
    );
    const reserve = 'Free disk space below which publishers are blocked.';
    this.#add('gauge', 'disk_reserve_bytes', reserve, () => this.#disk.reserveBytes);
    this.#addKnown('disk_free_bytes', 'Free disk space.', () => this.#diskFreeBytes);
    this.#addKnown('open_files', 'Open files and sockets.', () => this.#openFileCount);
  }

  /** Adds a gauge that is left out while it is unknown. */
  #addKnown(name: string, help: string, of: () => number | undefined): void {
    const measure = (): Measured[] => {
      const value = of();
      return value === undefined ? [] : [[value, {}]];
    };
    this.#metrics.add({ name: `waxwing_${name}`, help, type: 'gauge', measure });
  }

  #addByReason(name: string, help: string, counts: () => (readonly [string, number])[]): void {
    this.#metrics.add({
      name: `waxwing_${name}_total`,
      help,
      type: 'counter',
      measure: () => counts().map(([reason, count]) => [count, { reason }] as const),
    });
  }

  #addBroker(type: 'counter' | 'gauge', ...[name, help, of]: BrokerValue): void {
    this.#add(type, name, help, () => (this.#now === undefined ? 0 : of(this.#now)));
  }

  #add(type: 'counter' | 'gauge', name: string, help: string, of: () => number): void {
    const measure = (): Measured[] => [[of(), {}]];
    const full = `waxwing_${name}${type === 'counter' ? '_total' : ''}`;
    this.#metrics.add({ name: full, help, type, measure });
  }

  #addQueues(type: 'counter' | 'gauge', ...[name, help, of]: QueueValue): void {
    const measure = (): Measured[] =>
      (this.#now?.queues ?? []).map((queue, i) => [of(queue), this.#labels[i] ?? {}]);
    const full = `waxwing_queue_${name}${type === 'counter' ? '_total' : ''}`;
    this.#metrics.add({ name: full, help, type, measure });
  }
}

/** The number of open files and sockets of this process; undefined where the system does not tell. */
async function openFileCount(): Promise<number | undefined> {
  const names = await readdir('/proc/self/fd').catch(() => undefined);
  return names?.length;
}

/** The labels of a queue. They are valid UTF-8 and unique. */
function labelsOf({ vhost, name }: QueueStatistics): Labels {
  return { vhost: distinctPrintable(vhost), queue: distinctPrintable(name) };
}
