// The metrics of RabbitMQ's Prometheus plugin that are known here.

import type { Queue } from '../../broker/queue.ts';
import type { ChannelInfo, ConnectionInfo } from '../../broker/rabbitmq/model.ts';
import { unsettledCount } from '../../broker/statistics.ts';
import type { Management } from '../management.ts';
import type { QueueTotals } from '../rates/rates.ts';
import type { MemoryParts } from '../resources/nodes/memory.ts';
import { alarmsOf } from '../resources/nodes/nodes.ts';

/** A metric of some kind of object. */
export interface MetricRow<Subject> {
  /** Without the prefix `rabbitmq_`. Counters end with `_total`. */
  readonly name: string;
  readonly help: string;
  /** The group by which `/metrics/detailed` selects it. */
  readonly family: string;
  readonly of: (subject: Subject) => number;
}

/** What the metrics of the broker are computed from. */
export interface BrokerFacts {
  readonly management: Management;
  readonly totals: QueueTotals;
  readonly channelCount: number;
  readonly diskFreeBytes: number;
  readonly openFileCount: number;
}

type Row<Subject> = readonly [name: string, help: string, of: (subject: Subject) => number];

function rows<Subject>(family: string, list: readonly Row<Subject>[]): MetricRow<Subject>[] {
  return list.map(([name, help, of]) => ({ name, help, family, of }));
}

/** The metrics of the broker, without labels, that only grow. */
const churnRows: readonly MetricRow<BrokerFacts>[] = rows('connection_churn_metrics', [
  [
    'connections_opened_total',
    'Connections that were opened',
    ({ management }) => management.broker.clientConnections.openedCount,
  ],
  [
    'connections_closed_total',
    'Connections that were closed',
    ({ management: { broker } }) =>
      broker.clientConnections.openedCount - broker.clientConnections.size,
  ],
  [
    'channels_opened_total',
    'Channels that were opened',
    ({ management }) => management.broker.clientConnections.openedChannelCount,
  ],
  [
    'channels_closed_total',
    'Channels that were closed',
    ({ management: { broker } }) =>
      broker.clientConnections.openedChannelCount - broker.clientConnections.channelCount,
  ],
]);

/** The metrics of the broker, without labels. */
export const brokerRows: readonly MetricRow<BrokerFacts>[] = [
  ...rows<BrokerFacts>('node_coarse_metrics', [
    ['process_open_fds', 'Open files and sockets', ({ openFileCount }) => openFileCount],
    [
      'process_open_tcp_sockets',
      'Open sockets of clients',
      ({ management }) => management.node.socketCount(),
    ],
    [
      'process_resident_memory_bytes',
      'Memory in use',
      ({ management }) => management.broker.memoryBytes,
    ],
    ['disk_space_available_bytes', 'Free disk space', ({ diskFreeBytes }) => diskFreeBytes],
    [
      'resident_memory_limit_bytes',
      'Memory above which publishers are blocked',
      ({ management }) => management.broker.limits.memoryBytesMax,
    ],
    [
      'disk_space_available_limit_bytes',
      'Free disk space below which publishers are blocked',
      ({ management }) => management.node.diskReserveBytes,
    ],
    [
      'erlang_uptime_seconds',
      'Time since the start of the broker',
      ({ management }) => (management.clock.nowMs() - management.startedAtMs) / 1000,
    ],
  ]),
  ...rows<BrokerFacts>('alarms', [
    [
      'alarms_memory_used_watermark',
      'Whether publishers are blocked because of memory',
      ({ management }) => Number(alarmsOf(management).memory),
    ],
    [
      'alarms_free_disk_space_watermark',
      'Whether publishers are blocked because of disk space',
      ({ management }) => Number(alarmsOf(management).disk),
    ],
  ]),
  ...rows<BrokerFacts>('node_metrics', [
    [
      'connections',
      'Open connections',
      ({ management }) => management.broker.clientConnections.size,
    ],
    ['channels', 'Open channels', ({ channelCount }) => channelCount],
    ['consumers', 'Consumers', ({ totals }) => totals.consumers],
    ['queues', 'Queues', ({ totals }) => totals.queues],
  ]),
  ...churnRows,
];

/** The parts of the memory that `/metrics/memory-breakdown` shows. */
export const memoryRows: readonly MetricRow<MemoryParts>[] = rows('node_memory', [
  [
    'memory_classic_queue_erlang_process_bytes',
    'Heap, with queues and their messages',
    ({ queue_procs }) => queue_procs,
  ],
  ['memory_binary_heap_bytes', 'Buffers outside the heap', ({ binary }) => binary],
  ['memory_other_erlang_process_bytes', 'Other memory', ({ other_proc }) => other_proc],
]);

/** The metrics of the broker with the protocol as a label. */
export const globalRows: readonly MetricRow<BrokerFacts>[] = rows('global', [
  [
    'global_messages_received_total',
    'Messages from publishers',
    ({ management }) => management.broker.counters.published,
  ],
  [
    'global_messages_confirmed_total',
    'Messages confirmed to publishers',
    ({ management }) => management.broker.counters.confirmed,
  ],
  [
    'global_messages_routed_total',
    'Messages from publishers that a queue took',
    ({ management }) => management.broker.counters.published - management.broker.counters.unrouted,
  ],
  [
    'global_messages_unroutable_dropped_total',
    'Messages from publishers that no queue took',
    ({ management }) => management.broker.counters.unrouted,
  ],
  [
    'global_messages_delivered_total',
    'Deliveries to consumers',
    ({ management, totals }) => management.broker.counters.delivered + totals.deliver,
  ],
  [
    'global_messages_acknowledged_total',
    'Deliveries that consumers settled',
    ({ management, totals }) => management.broker.counters.settled + totals.ack,
  ],
  ['global_consumers', 'Consumers', ({ totals }) => totals.consumers],
  [
    'global_publishers',
    'Connections that have published',
    ({ management }) => management.broker.flow.publisherCount,
  ],
]);

/** The metrics of queues. */
export const queueRows: readonly MetricRow<Queue>[] = [
  ...rows<Queue>('queue_coarse_metrics', [
    ['queue_messages_ready', 'Ready messages', (queue) => queue.readyCount],
    ['queue_messages_unacked', 'Messages delivered and not settled', unsettledCount],
    [
      'queue_messages',
      'Ready messages, and those delivered and not settled',
      (queue) => queue.readyCount + unsettledCount(queue),
    ],
  ]),
  ...rows<Queue>('queue_consumer_count', [
    ['queue_consumers', 'Consumers of the queue', (queue) => queue.consumerCount],
  ]),
  ...rows<Queue>('queue_metrics', [
    ['queue_messages_bytes', 'Size of the bodies of ready messages', (queue) => queue.readyBytes],
    [
      'queue_messages_ready_bytes',
      'Size of the bodies of ready messages',
      (queue) => queue.readyBytes,
    ],
    [
      'queue_messages_persistent',
      'Messages of a durable queue',
      (queue) => (queue.index.isDurable ? queue.readyCount + unsettledCount(queue) : 0),
    ],
    ['queue_consumer_capacity', 'Whether there are consumers', (queue) => isUsed(queue)],
    ['queue_consumer_utilisation', 'Whether there are consumers', (queue) => isUsed(queue)],
  ]),
  ...rows<Queue>('queue_delivery_metrics', [
    ['queue_messages_published_total', 'Messages enqueued', (queue) => queue.publishedCount],
    ['queue_messages_delivered_total', 'Deliveries', (queue) => queue.deliveredCount],
    ['queue_messages_acked_total', 'Deliveries that were settled', (queue) => queue.settledCount],
  ]),
];

function isUsed({ consumerCount }: Queue): number {
  return consumerCount > 0 ? 1 : 0;
}

/** The metrics of connections. */
export const connectionRows: readonly MetricRow<ConnectionInfo>[] = [
  ...rows<ConnectionInfo>('connection_coarse_metrics', [
    [
      'connection_incoming_bytes_total',
      'Bytes received from the client',
      ({ receivedBytes }) => receivedBytes,
    ],
    ['connection_outgoing_bytes_total', 'Bytes sent to the client', ({ sentBytes }) => sentBytes],
  ]),
  ...rows<ConnectionInfo>('connection_metrics', [
    ['connection_channels', 'Channels of the connection', ({ channelCount }) => channelCount],
  ]),
];

/** The metrics of channels. */
export const channelRows: readonly MetricRow<ChannelInfo>[] = rows('channel_metrics', [
  ['channel_consumers', 'Consumers of the channel', ({ consumerCount }) => consumerCount],
  [
    'channel_messages_unacked',
    'Messages delivered and not settled',
    ({ unacknowledgedCount }) => unacknowledgedCount,
  ],
  [
    'channel_messages_unconfirmed',
    'Messages not yet confirmed',
    ({ unconfirmedCount }) => unconfirmedCount,
  ],
  [
    'channel_messages_uncommitted',
    'Messages of the open transaction',
    ({ uncommittedCount }) => uncommittedCount,
  ],
  [
    'channel_acks_uncommitted',
    'Settlements of the open transaction',
    ({ uncommittedAckCount }) => uncommittedAckCount,
  ],
  ['channel_prefetch', 'Prefetch of the channel', ({ globalPrefetchCount }) => globalPrefetchCount],
  [
    'channel_messages_published_total',
    'Messages published',
    ({ publishedCount }) => publishedCount,
  ],
  [
    'channel_messages_confirmed_total',
    'Messages confirmed',
    ({ confirmedCount }) => confirmedCount,
  ],
  ['channel_messages_delivered_total', 'Deliveries', ({ deliveredCount }) => deliveredCount],
  [
    'channel_messages_acked_total',
    'Deliveries that were settled',
    ({ acknowledgedCount }) => acknowledgedCount,
  ],
]);
