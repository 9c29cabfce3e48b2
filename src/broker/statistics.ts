import type { Broker } from './broker.ts';

/** One queue at one moment; counters begin with the broker's process. */
export interface QueueStatistics {
  readonly vhost: string;
  readonly name: string;
  readonly readyCount: number;
  readonly unsettledCount: number;
  /** Bytes of the bodies of ready messages. */
  readonly readyBytes: number;
  readonly consumerCount: number;
  readonly publishedCount: number;
  readonly deliveredCount: number;
  readonly settledCount: number;
}

/** A broker at one moment. */
export interface BrokerStatistics {
  readonly queues: readonly QueueStatistics[];
  readonly exchangeCount: number;
  /** Bytes in the log that are not yet synced. */
  readonly pendingBytes: number;
  readonly blockedReason: string | undefined;
}

/** Looks at every queue once. */
export function takeStatistics(broker: Broker): BrokerStatistics {
  const vhosts = [...broker.vhosts.values()];
  const queues = vhosts.flatMap((vhost) => [...vhost.queues.values()]);
  return {
    queues: queues.map((queue) => ({
      vhost: queue.vhost,
      name: queue.name,
      readyCount: queue.readyCount,
      unsettledCount: queue.window.count - queue.readyCount,
      readyBytes: queue.readyBytes,
      consumerCount: queue.subscriptions.length,
      publishedCount: queue.publishedCount,
      deliveredCount: queue.deliveredCount,
      settledCount: queue.settledCount,
    })),
    exchangeCount: vhosts.reduce((sum, vhost) => sum + vhost.exchanges.size, 0),
    pendingBytes: broker.store.log.pendingBytes,
    blockedReason: broker.flow.blockedReason,
  };
}
