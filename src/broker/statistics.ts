// Statistics of a broker.

import type { Broker } from './broker.ts';
import type { Queue } from './queue.ts';

/** Maximum number of queues with individual statistics. Further queues are only in the totals. */
export const listedCountMax = 1000;

/** Number of queues examined in one turn of the event loop. */
const sliceCount = 2000;

/** Counters since the process started. */
export class Counters {
  /** Messages from clients, without dead letters. */
  published = 0;
  /** Messages among them that no queue stored. */
  unrouted = 0;
  /** Messages among them that a full queue refused. */
  refused = 0;
  confirmed = 0;
  /** Deliveries of deleted queues. Existing queues have their own counters. */
  delivered = 0;
  /** Accepted or rejected deliveries of deleted queues. */
  settled = 0;
  deadLettered = 0;
}

/** The statistics of one queue. Counters start with the process. */
export interface QueueStatistics {
  readonly vhost: string;
  readonly name: string;
  readonly readyCount: number;
  /** Delivered messages that are not settled. */
  readonly unsettledCount: number;
  /** The size of the bodies of ready messages. */
  readonly readyBytes: number;
  readonly consumerCount: number;
  readonly publishedCount: number;
  readonly deliveredCount: number;
  /** Accepted or rejected deliveries. */
  readonly settledCount: number;
}

/** The statistics of a broker. */
export interface BrokerStatistics {
  /** At most {@link listedCountMax} queues. */
  readonly queues: readonly QueueStatistics[];
  readonly queueCount: number;
  /** Totals over all queues. */
  readonly readyCount: number;
  readonly unsettledCount: number;
  readonly readyBytes: number;
  /** Totals over all queues since the process started, including deleted ones. */
  readonly counters: Readonly<Counters>;
  readonly exchangeCount: number;
  /** Connections that have opened a virtual host. */
  readonly connectionCount: number;
  readonly channelCount: number;
  readonly consumerCount: number;
  /** Connections that are blocked by memory or disk limits. */
  readonly blockedConnectionCount: number;
  /** The reason for blocking; undefined if there is none. */
  readonly blockedReason: string | undefined;
  /** Whether publishers are paused because of the log. */
  readonly isPaused: boolean;
  /** Bytes in the log that are not synced. */
  readonly pendingBytes: number;
  /** Memory in use, bytes. */
  readonly memoryBytes: number;
}

/** Totals over the queues examined so far. */
class QueueSums {
  readonly listed: QueueStatistics[] = [];
  count = 0;
  readyCount = 0;
  unsettledCount = 0;
  readyBytes = 0;
  consumerCount = 0;
  deliveredCount = 0;
  settledCount = 0;

  add(queue: Queue): void {
    this.count++;
    this.readyCount += queue.readyCount;
    this.unsettledCount += queue.index.count - queue.readyCount;
    this.readyBytes += queue.readyBytes;
    this.consumerCount += queue.consumerCount;
    this.deliveredCount += queue.deliveredCount;
    this.settledCount += queue.settledCount;
    if (this.listed.length < listedCountMax) this.listed.push(ofQueue(queue));
  }
}

/**
 * Collects the statistics, at no cost during normal operation. Many queues are examined over
 * several turns of the event loop.
 */
export async function takeStatistics(broker: Broker): Promise<BrokerStatistics> {
  const sums = new QueueSums();
  for (const vhost of broker.vhosts.values()) {
    for (const queue of vhost.queues.values()) {
      sums.add(queue);
      if (sums.count % sliceCount === 0) await new Promise(setImmediate);
    }
  }
  return withSums(broker, sums);
}

function withSums(broker: Broker, sums: QueueSums): BrokerStatistics {
  const vhosts = [...broker.vhosts.values()];
  const { blockedReason } = broker.flow;
  return {
    queues: sums.listed,
    queueCount: sums.count,
    readyCount: sums.readyCount,
    unsettledCount: sums.unsettledCount,
    readyBytes: sums.readyBytes,
    counters: {
      ...broker.counters,
      delivered: broker.counters.delivered + sums.deliveredCount,
      settled: broker.counters.settled + sums.settledCount,
    },
    exchangeCount: vhosts.reduce((total, vhost) => total + vhost.exchanges.size, 0),
    connectionCount: broker.clientConnections.size,
    channelCount: [...broker.clientConnections].reduce(
      (total, connection) => total + connection.channelCount,
      0,
    ),
    consumerCount: sums.consumerCount,
    blockedConnectionCount: blockedReason === undefined ? 0 : broker.flow.publisherCount,
    blockedReason,
    isPaused: broker.flow.isPaused,
    pendingBytes: broker.store.log.pendingBytes,
    memoryBytes: broker.memoryBytes,
  };
}

function ofQueue(queue: Queue): QueueStatistics {
  return {
    vhost: queue.vhost,
    name: queue.name,
    readyCount: queue.readyCount,
    unsettledCount: unsettledCount(queue),
    readyBytes: queue.readyBytes,
    consumerCount: queue.consumerCount,
    publishedCount: queue.publishedCount,
    deliveredCount: queue.deliveredCount,
    settledCount: queue.settledCount,
  };
}

/** The number of messages of a queue that consumers have. */
export function unsettledCount({ index, readyCount, disposal, delayed }: Queue): number {
  return Math.max(0, index.count - readyCount - (disposal?.count ?? 0) - (delayed?.count ?? 0));
}
