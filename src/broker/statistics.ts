import type { Broker } from './broker.ts';
import type { Counters } from './counters.ts';
import type { Queue } from './queue.ts';

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
  readonly queues: readonly QueueStatistics[];
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

/** Looks at every queue and connection once; nothing is counted for it meanwhile. */
export function takeStatistics(broker: Broker): BrokerStatistics {
  const vhosts = [...broker.vhosts.values()];
  const queues = vhosts.flatMap((vhost) => [...vhost.queues.values()].map(ofQueue));
  const sum = (of: (queue: QueueStatistics) => number) =>
    queues.reduce((total, queue) => total + of(queue), 0);
  const { blockedReason } = broker.flow;
  return {
    queues,
    counters: {
      ...broker.counters,
      delivered: broker.counters.delivered + sum((queue) => queue.deliveredCount),
      settled: broker.counters.settled + sum((queue) => queue.settledCount),
    },
    exchangeCount: vhosts.reduce((total, vhost) => total + vhost.exchanges.size, 0),
    connectionCount: broker.sessions.size,
    channelCount: [...broker.sessions].reduce((total, session) => total + session.channelCount, 0),
    consumerCount: sum((queue) => queue.consumerCount),
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
    unsettledCount: queue.window.count - queue.readyCount - queue.endingCount,
    readyBytes: queue.readyBytes,
    consumerCount: queue.subscriptions.length,
    publishedCount: queue.publishedCount,
    deliveredCount: queue.deliveredCount,
    settledCount: queue.settledCount,
  };
}
