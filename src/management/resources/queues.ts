// Queues: /api/queues.

import type { Broker } from '../../broker/broker.ts';
import type { Queue } from '../../broker/queue.ts';
import type { ConsumerInfo, JsonObject } from '../../broker/rabbitmq/model.ts';
import { unsettledCount } from '../../broker/statistics.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { type Answer, emptyAnswer } from '../answers.ts';
import { committed } from '../commit.ts';
import { badRequest, keyMissing, ManagementError, notFound } from '../errors.ts';
import { requireArguments } from '../json/arguments.ts';
import { flag, own } from '../json/read.ts';
import { listAnswer, objectAnswer } from '../listing/list.ts';
import { nodeName } from '../management.ts';
import { readSpan } from '../rates/options.ts';
import type { ApiRequest } from '../request.ts';
import { inSlices, itemsPerStep } from '../slices.ts';
import { consumerToJson } from './connection-json.ts';
import { plainQueue, queueToJson, queueTotals } from './queue-json.ts';

/** Maximum number of consumers in the description of a queue. */
const describedCountMax = 1000;

/** Every queue of some virtual hosts. */
function* queuesOf(vhosts: readonly Vhost[]): Generator<Queue> {
  for (const vhost of vhosts) yield* vhost.queues.values();
}

/** `GET /api/queues` and `GET /api/queues/{vhost}` */
export function listQueues(request: ApiRequest): Promise<Answer> {
  const { management, broker } = request;
  const hasStatistics = !request.isSet('disable_stats');
  const hasTotals = request.isSet('enable_queue_totals');
  if (hasStatistics) management.rates.ask();
  const vhostOf = (queue: Queue) => broker.vhosts.get(queue.vhost);
  const write = (queue: Queue): JsonObject => {
    const vhost = vhostOf(queue);
    if (vhost === undefined) return { name: queue.name, vhost: queue.vhost };
    if (hasStatistics) return queueToJson(queue, vhost, management.rates);
    return { ...plainQueue(queue, vhost), ...(hasTotals && queueTotals(queue)) };
  };
  return listAnswer(request, {
    items: queuesOf(request.vhosts()),
    name: (queue) => queue.name,
    write,
    order: ['vhost', 'name'],
    column: quickColumn,
    picksColumns: hasStatistics,
  });
}

/** Columns that lists are usually sorted by. Writing a whole queue for one of them takes longer. */
const quickColumns: Readonly<Record<string, (queue: Queue) => string | number>> = {
  name: ({ name }) => name,
  vhost: ({ vhost }) => vhost,
  type: ({ settings }) => settings.type,
  consumers: ({ consumerCount }) => consumerCount,
  messages: (queue) => queue.readyCount + unsettledCount(queue),
  messages_ready: ({ readyCount }) => readyCount,
  messages_unacknowledged: unsettledCount,
  message_bytes: ({ readyBytes }) => readyBytes,
};

function quickColumn(queue: Queue, name: string): string | number | undefined {
  return Object.hasOwn(quickColumns, name) ? quickColumns[name]?.(queue) : undefined;
}

/** The queue that the path names. */
export function requireQueue(request: ApiRequest, vhost: Vhost): Queue {
  const queue = vhost.queues.get(request.label('name'));
  if (queue !== undefined) return queue;
  // RabbitMQ names it in some requests only.
  if (request.head.method !== 'POST') throw notFound();
  throw new ManagementError('target-not-found', 'queue_not_found');
}

/** `GET /api/queues/{vhost}/{name}` */
export async function getQueue(request: ApiRequest): Promise<Answer> {
  const { management, broker } = request;
  const vhost = request.visibleVhost();
  const queue = requireQueue(request, vhost);
  if (request.isSet('disable_stats')) {
    const totals = request.isSet('enable_queue_totals') ? queueTotals(queue) : {};
    return objectAnswer(request, { ...plainQueue(queue, vhost), ...totals });
  }
  management.rates.ask();
  management.rates.watchQueue(queue);
  const spans = {
    lengths: readSpan(request, 'lengths'),
    rates: readSpan(request, 'msg_rates'),
  };
  const consumers = await inSlices(request.background, consumersIn(broker, queue));
  return objectAnswer(request, {
    ...queueToJson(queue, vhost, management.rates, spans),
    consumer_details: consumers.map((each) => consumerToJson(broker, each)),
    deliveries: [],
    incoming: [],
  });
}

/** The consumers of a queue, found in steps. */
function* consumersIn(broker: Broker, queue: Queue): Generator<void, ConsumerInfo[]> {
  const found: ConsumerInfo[] = [];
  let seenCount = 0;
  const wantedCount = Math.min(queue.consumerCount, describedCountMax);
  for (const consumer of consumersOf(broker, queue.vhost)) {
    if (found.length >= wantedCount) break;
    if (consumer?.queue === queue.name) found.push(consumer);
    if (++seenCount % itemsPerStep === 0) yield;
  }
  return found;
}

/** The consumers in a virtual host, and undefined once for each connection, which takes time too. */
function* consumersOf(broker: Broker, vhost: string): Generator<ConsumerInfo | undefined> {
  for (const { access, inspector } of broker.clientConnections) {
    if (access.vhost === vhost) yield* inspector?.consumers() ?? [];
    yield undefined;
  }
}

/** `PUT /api/queues/{vhost}/{name}` */
export async function putQueue(request: ApiRequest): Promise<Answer> {
  const vhost = request.ownVhost();
  const name = request.label('name');
  const body = request.object();
  const node = own(body, 'node');
  if (node !== undefined && node !== null && node !== nodeName) {
    throw badRequest(`node is not ${nodeName}`);
  }
  const asked = {
    durable: flag(body, 'durable', false),
    autoDelete: flag(body, 'auto_delete', false),
    arguments: requireArguments(own(body, 'arguments')),
  };
  const { topology } = request.management.administration;
  const isNew = topology.declareQueue(vhost.name, name, asked, request.access(vhost));
  await committed(request.broker);
  return emptyAnswer(isNew ? 201 : 204);
}

/** `DELETE /api/queues/{vhost}/{name}` */
export async function deleteQueue(request: ApiRequest): Promise<Answer> {
  const vhost = request.ownVhost();
  const { name } = requireQueue(request, vhost);
  const how = { ifUnused: request.isSet('if-unused'), ifEmpty: request.isSet('if-empty') };
  const { topology } = request.management.administration;
  topology.deleteQueue(vhost.name, name, how, request.access(vhost));
  await committed(request.broker);
  return emptyAnswer(204);
}

/** `DELETE /api/queues/{vhost}/{name}/contents` */
export async function purgeQueue(request: ApiRequest): Promise<Answer> {
  const vhost = request.ownVhost();
  const { name } = requireQueue(request, vhost);
  await request.management.administration.topology.purgeQueue(
    vhost.name,
    name,
    request.access(vhost),
  );
  await committed(request.broker);
  return emptyAnswer(204);
}

/** `POST /api/queues/{vhost}/{name}/actions`: nothing to do on a single node. */
export function actOnQueue(request: ApiRequest): Answer {
  requireQueue(request, request.visibleVhost());
  const action = own(request.object(), 'action');
  if (action === 'sync' || action === 'cancel_sync') return emptyAnswer(204);
  if (action === undefined) throw keyMissing('action');
  throw badRequest('unknown', typeof action === 'string' ? action.slice(0, 100) : 'action');
}
