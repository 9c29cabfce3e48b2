// Metrics for Prometheus: /metrics, /metrics/per-object, /metrics/detailed, /metrics/memory-breakdown.

import type { Queue } from '../../broker/queue.ts';
import type { ChannelInfo, ConnectionInfo } from '../../broker/rabbitmq/model.ts';
import type { Answer } from '../answers.ts';
import { nodeName } from '../management.ts';
import {
  each,
  expositionType,
  line,
  type MetricGroup,
  single,
  sums,
} from '../metrics/exposition.ts';
import {
  type BrokerFacts,
  brokerRows,
  channelRows,
  connectionRows,
  globalRows,
  memoryRows,
  queueRows,
} from '../metrics/tables.ts';
import { QueueTotals } from '../rates/rates.ts';
import type { ApiRequest } from '../request.ts';
import { inSlices, itemsPerStep } from '../slices.ts';
import { memoryInUse } from './nodes/memory.ts';
import { clusterNameOf } from './parameters.ts';

/** The protocol of all values that have one. */
const globalLabels = { protocol: 'amqp091' } as const;

/** All objects with metrics. */
interface Objects {
  readonly queues: MetricGroup<Queue>;
  readonly connections: MetricGroup<ConnectionInfo>;
  readonly channels: MetricGroup<ChannelInfo>;
  readonly totals: QueueTotals;
}

/** Collects the objects, in one virtual host or in all. */
function* collect(
  { broker }: ApiRequest,
  isWanted: (vhost: string) => boolean,
): Generator<void, Objects> {
  const queues: Queue[] = [];
  const connections: ConnectionInfo[] = [];
  const channels: ChannelInfo[] = [];
  const totals = new QueueTotals();
  for (const vhost of broker.vhosts.values()) {
    if (!isWanted(vhost.name)) continue;
    for (const queue of vhost.queues.values()) {
      totals.add(queue);
      queues.push(queue);
      if (queues.length % itemsPerStep === 0) yield;
    }
  }
  for (const { access, inspector } of broker.clientConnections) {
    if (inspector === undefined || !isWanted(access.vhost)) continue;
    connections.push(inspector.info());
    for (const channel of inspector.channels()) channels.push(channel);
    yield;
  }
  return {
    queues: {
      rows: queueRows,
      subjects: queues,
      labels: ({ vhost, name }) => ({ vhost, queue: name }),
    },
    connections: {
      rows: connectionRows,
      subjects: connections,
      labels: ({ name }) => ({ connection: name }),
    },
    channels: { rows: channelRows, subjects: channels, labels: ({ name }) => ({ channel: name }) },
    totals,
  };
}

async function factsOf(
  { management }: ApiRequest,
  { totals, channels }: Objects,
): Promise<BrokerFacts> {
  const { node } = management;
  return {
    management,
    totals,
    channelCount: channels.subjects.length,
    diskFreeBytes: await node.diskFreeBytes().catch(() => Number.NaN),
    openFileCount: await node.openFileCount().catch(() => Number.NaN),
  };
}

/** The label `rabbitmq_endpoint`, by which dashboards choose one of several scraped paths. */
type Endpoint = 'aggregated' | 'per-object' | 'detailed' | 'memory-breakdown';

function* identity({ management }: ApiRequest, endpoint: Endpoint): Generator<string> {
  const { version } = management;
  yield '# TYPE rabbitmq_build_info untyped\n# HELP rabbitmq_build_info Versions\n';
  const versions = { rabbitmq_version: version, prometheus_plugin_version: version };
  yield line('rabbitmq_build_info', { ...versions, erlang_version: 'none' }, 1);
  yield '# TYPE rabbitmq_identity_info untyped\n# HELP rabbitmq_identity_info Names\n';
  const cluster = clusterNameOf(management);
  const names = { rabbitmq_node: nodeName, rabbitmq_cluster: cluster };
  yield line('rabbitmq_identity_info', { ...names, rabbitmq_endpoint: endpoint }, 1);
}

function answer(texts: AsyncIterable<string>): Answer {
  const headers = { 'Content-Type': expositionType, 'Cache-Control': 'no-cache' };
  return { status: 200, headers, stream: encoded(texts) };
}

async function* encoded(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const text of texts) if (text !== '') yield Buffer.from(text);
}

const everything = () => true;

/** `GET /metrics`: sums over all objects */
export async function getMetrics(request: ApiRequest): Promise<Answer> {
  const { background } = request;
  const objects = await inSlices(background, collect(request, everything));
  const facts = await factsOf(request, objects);
  const texts = async function* () {
    yield* identity(request, 'aggregated');
    for (const row of brokerRows) yield single(row, facts);
    for (const row of globalRows) yield single(row, facts, globalLabels);
    yield await sums(background, objects.queues);
    yield await sums(background, objects.connections);
    yield await sums(background, objects.channels);
  };
  return answer(texts());
}

/** `GET /metrics/per-object`: values of each object */
export async function getMetricsPerObject(request: ApiRequest): Promise<Answer> {
  const { background } = request;
  const objects = await inSlices(background, collect(request, everything));
  const facts = await factsOf(request, objects);
  const texts = async function* () {
    yield* identity(request, 'per-object');
    for (const row of brokerRows) yield single(row, facts);
    for (const row of globalRows) yield single(row, facts, globalLabels);
    yield* each(background, 'rabbitmq_', objects.queues);
    yield* each(background, 'rabbitmq_', objects.connections);
    yield* each(background, 'rabbitmq_', objects.channels);
  };
  return answer(texts());
}

/** The prefix of metrics that were selected by family. */
const detailedPrefix = 'rabbitmq_detailed_';

/** `GET /metrics/detailed?family=F&vhost=V`: values of each object, only of some families */
export async function getDetailedMetrics(request: ApiRequest): Promise<Answer> {
  const { background } = request;
  const vhosts = new Set(request.query.getAll('vhost'));
  const families = new Set(request.query.getAll('family'));
  const isWanted = (vhost: string) => vhosts.size === 0 || vhosts.has(vhost);
  const objects = await inSlices(background, collect(request, isWanted));
  const chosen = <Subject>(group: MetricGroup<Subject>): MetricGroup<Subject> => ({
    ...group,
    rows: group.rows.filter(({ family }) => families.has(family)),
  });
  const texts = async function* () {
    yield* identity(request, 'detailed');
    yield* each(background, detailedPrefix, chosen(objects.queues));
    yield* each(background, detailedPrefix, chosen(objects.connections));
    yield* each(background, detailedPrefix, chosen(objects.channels));
  };
  return answer(texts());
}

/** `GET /metrics/memory-breakdown`: parts of the memory of the broker process */
export function getMemoryBreakdown(request: ApiRequest): Answer {
  const { parts } = memoryInUse();
  const texts = async function* () {
    yield* identity(request, 'memory-breakdown');
    for (const row of memoryRows) yield single(row, parts);
  };
  return answer(texts());
}
