// The metrics of a cluster, with the names of those of our own brokers.

import { distinctPrintable } from '../../base/byte-text.ts';
import { type Labels, type Measured, Metrics, type MetricsJson } from '../../base/metrics.ts';
import type { Cluster } from './cluster.ts';
import { fields } from './nodes/node-api.ts';

/** Maximum number of queues with metrics of their own. */
const queueCountMax = 500;

/** Missing while a node is not asked, as during an alarm. */
const confirmsHelp =
  'Whether the node confirms messages to a quorum queue: 0 after five checks without one.';

type Fields = Readonly<Record<string, unknown>>;

/** Metrics of the whole cluster: name, help, the object of the overview, and the member. */
const totals = [
  ['connections', 'Open connections.', 'object_totals', 'connections'],
  ['channels', 'Open channels.', 'object_totals', 'channels'],
  ['consumers', 'Consumers.', 'object_totals', 'consumers'],
  ['queues', 'Queues.', 'object_totals', 'queues'],
  ['exchanges', 'Exchanges.', 'object_totals', 'exchanges'],
  [
    'messages_ready',
    'Messages ready to be delivered, in all queues.',
    'queue_totals',
    'messages_ready',
  ],
  [
    'messages_unsettled',
    'Messages delivered and not settled, in all queues.',
    'queue_totals',
    'messages_unacknowledged',
  ],
] as const;

const counters = [
  ['messages_published', 'Messages from clients.', 'publish'],
  ['messages_confirmed', 'Messages confirmed to publishers.', 'confirm'],
  ['messages_delivered', 'Deliveries to consumers.', 'deliver_get'],
  ['messages_settled', 'Deliveries accepted or rejected.', 'ack'],
] as const;

/** Metrics of each node: name, help, and the member of RabbitMQ's answer. */
const ofNodes = [
  ['memory_bytes', 'Memory that the node uses.', 'mem_used'],
  ['memory_limit_bytes', 'Memory from which publishers are blocked.', 'mem_limit'],
  ['disk_free_bytes', 'Free disk space.', 'disk_free'],
  ['disk_reserve_bytes', 'Free disk space below which publishers are blocked.', 'disk_free_limit'],
  ['open_files', 'Open files and sockets.', 'fd_used'],
] as const;

const ofQueues = [
  ['messages_ready', 'Messages ready to be delivered.', 'messages_ready'],
  ['messages_unsettled', 'Messages delivered and not settled.', 'messages_unacknowledged'],
  ['consumers', 'Consumers of the queue.', 'consumers'],
] as const;

/** Asks a node of a running cluster for its metrics; none if no node answers. */
export async function clusterMetrics(
  cluster: Cluster,
  name: string,
  networkBytes: { readonly received: number; readonly sent: number },
): Promise<MetricsJson> {
  const metrics = new Metrics({ broker: name });
  const [first] = cluster.healthy;
  const answers = await Promise.all([
    first?.api.get('/overview'),
    first?.api.get(`/queues?page=1&page_size=${queueCountMax}`),
  ]).catch(() => undefined);
  const [overview, queues] = answers ?? [];
  addOverview(metrics, fields(overview));
  addQueues(metrics, fields(queues)['items']);
  addNodes(metrics, cluster);
  const { received, sent } = networkBytes;
  const bytes = [
    ['network_received_bytes', 'Bytes received from clients, including TLS.', received],
    ['network_sent_bytes', 'Bytes sent to clients, including TLS.', sent],
  ] as const;
  for (const [key, help, value] of bytes) metrics.addValues('counter', key, help, [[value, {}]]);
  return metrics.json();
}

function addOverview(metrics: Metrics, overview: Fields): void {
  for (const [name, help, group, member] of totals) {
    metrics.addValues('gauge', name, help, numberIn(fields(overview[group]), member));
  }
  const stats = fields(overview['message_stats']);
  for (const [name, help, member] of counters) {
    // Missing until there was one.
    const found =
      Object.keys(overview).length === 0 ? [] : numberIn({ [member]: 0, ...stats }, member);
    metrics.addValues('counter', name, help, found);
  }
}

function addNodes(metrics: Metrics, { nodes, healthy, canary }: Cluster): void {
  const view = healthy[0]?.view ?? [];
  const isUp = nodes.map((node): Measured => [Number(healthy.includes(node)), labelsOf(node)]);
  metrics.addValues('gauge', 'node_up', 'Whether the node serves clients.', isUp);
  const seen = nodes.map((node): Measured => {
    const running = node.view?.filter(({ isRunning }) => isRunning) ?? [];
    return [running.length, labelsOf(node)];
  });
  const help = 'Running nodes of the cluster, as the node sees them.';
  metrics.addValues('gauge', 'node_running_nodes', help, seen);
  const confirms = nodes.flatMap((node): Measured[] => {
    const value = canary.confirms(node);
    return value === undefined ? [] : [[Number(value), labelsOf(node)]];
  });
  metrics.addValues('gauge', 'node_confirms', confirmsHelp, confirms);
  for (const [name, text, member] of ofNodes) {
    const values = nodes.flatMap((node): Measured[] => {
      const own = view.find((each) => each.name === node.place.name);
      return numberIn(own?.values ?? {}, member, labelsOf(node));
    });
    metrics.addValues('gauge', name, text, values);
  }
}

function labelsOf({ place }: Cluster['nodes'][number]): Labels {
  return { node: place.name };
}

function addQueues(metrics: Metrics, items: unknown): void {
  const queues = Array.isArray(items) ? items.map(fields) : [];
  for (const [name, help, member] of ofQueues) {
    const values = queues.flatMap((queue) => {
      const labels = {
        vhost: distinctPrintable(String(queue['vhost'])),
        queue: distinctPrintable(String(queue['name'])),
      };
      return numberIn(queue, member, labels);
    });
    metrics.addValues('gauge', `queue_${name}`, help, values);
  }
}

function numberIn(of: Fields, member: string, labels: Labels = {}): Measured[] {
  const value = of[member];
  return typeof value === 'number' && Number.isFinite(value) ? [[value, labels]] : [];
}
