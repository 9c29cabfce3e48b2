import type { Broker } from './broker.ts';
import type { Queue } from './queue.ts';

/** Queues that are told of one by one; of more there are sums only. */
export const listedCountMax = 1000;

/** Queues looked at in one turn of the event loop. */
const sliceCount = 2000;

/** What has happened since the broker's process began; each number only ever grows. */
export class Counters {
  /** Messages from clients, dead letters not among them. */
  published = 0;
  /** Of those, messages that no queue took. */
  unrouted = 0;
  /** Of those, messages that a full queue refused. */
  refused = 0;
  confirmed = 0;
  /** Deliveries of queues that are deleted; each living queue counts its own. */
  delivered = 0;
  /** Deliveries that were accepted or rejected, of queues that are deleted. */
  settled = 0;
  deadLettered = 0;
}

/** One queue at one moment; counters begin with the broker's process. */
export interface QueueStatistics {
  readonly vhost: string;
  readonly name: string;
  readonly readyCount: number;
  /** Messages that consumers have and have not settled. */
  readonly unsettledCount: number;
  /** Bytes of the bodies of ready messages. */
  readonly readyBytes: number;
  readonly consumerCount: number;
  readonly publishedCount: number;
  readonly deliveredCount: number;
  /** Deliveries that were accepted or rejected. */
  readonly settledCount: number;
}

/** A broker at one moment. */
export interface BrokerStatistics {
  /** Each queue, but no more than {@link listedCountMax}. */
  readonly queues: readonly QueueStatistics[];
  readonly queueCount: number;
  /** Of all queues together. */
  readonly readyCount: number;
  readonly unsettledCount: number;
  readonly readyBytes: number;
  /** Of all queues there have been since the process began. */
  readonly counters: Readonly<Counters>;
  readonly exchangeCount: number;
  /** Connections that have opened a virtual host. */
  readonly connectionCount: number;
  readonly channelCount: number;
  readonly consumerCount: number;
  /** Connections that wait because memory or disk run short. */
  readonly blockedConnectionCount: number;
  /** Why they wait; undefined where none has to. */
  readonly blockedReason: string | undefined;
  /** Whether publishers wait for the log. */
  readonly isPaused: boolean;
  /** Bytes in the log that are not yet synced. */
  readonly pendingBytes: number;
  /** Bytes of memory in use. */
  readonly memoryBytes: number;
}

/** Sums over the queues that were looked at so far. */
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
 * Looks at every queue and connection once; nothing is counted for it meanwhile. Many queues are looked
 * at over several turns of the event loop, so that it keeps nobody waiting.
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
    unsettledCount: queue.index.count - queue.readyCount - queue.endingCount,
    readyBytes: queue.readyBytes,
    consumerCount: queue.consumerCount,
    publishedCount: queue.publishedCount,
    deliveredCount: queue.deliveredCount,
    settledCount: queue.settledCount,
  };
}
