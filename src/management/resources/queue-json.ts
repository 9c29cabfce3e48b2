// Queues in JSON.

import type { Queue } from '../../broker/queue.ts';
import { argumentsToJson } from '../../broker/rabbitmq/json-arguments.ts';
import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import { StreamQueue } from '../../broker/streams/stream-queue.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { nodeName } from '../management.ts';
import { messageStats, queueCounters } from '../rates/message-stats.ts';
import { detailsOf } from '../rates/options.ts';
import { queueValues, type Rates, unackedCount } from '../rates/rates.ts';
import type { Series, Span } from '../rates/series.ts';

/** The histories that a request asks for. */
export interface QueueSpans {
  readonly lengths: Span | undefined;
  readonly rates: Span | undefined;
}

const noSpans: QueueSpans = { lengths: undefined, rates: undefined };

/** The properties of a queue without statistics. */
export function plainQueue(queue: Queue, vhost: Vhost): JsonObject {
  const { name, options, settings } = queue;
  const { durable, exclusive, autoDelete } = options;
  return {
    arguments: argumentsToJson(options.arguments),
    auto_delete: autoDelete,
    durable,
    exclusive,
    ...policiesOf(queue, vhost),
    name,
    node: nodeName,
    state: 'running',
    type: settings.type,
    vhost: vhost.name,
    ...(queue instanceof StreamQueue && {
      readers: { [nodeName]: queue.consumerCount },
      segments: Math.max(1, queue.index.segmentCount),
    }),
    ...(settings.type !== 'classic' && {
      leader: nodeName,
      members: [nodeName],
      online: [nodeName],
    }),
  };
}

function policiesOf(queue: Queue, { settings }: Vhost): JsonObject {
  const { policy, operatorPolicy, definition } = settings.effectivePolicy(queue);
  return {
    effective_policy_definition: { ...definition },
    operator_policy: operatorPolicy ?? null,
    policy: policy ?? null,
  };
}

/** The numbers of messages of a queue. */
export function queueTotals(queue: Queue): JsonObject {
  const ready = queue.readyCount;
  const unacked = unackedCount(queue);
  return {
    messages: ready + unacked,
    messages_ready: ready,
    messages_unacknowledged: unacked,
  };
}

/** A queue with statistics. */
export function queueToJson(queue: Queue, vhost: Vhost, rates: Rates, spans = noSpans): JsonObject {
  const series = rates.ofQueue(queue);
  return {
    ...plainQueue(queue, vhost),
    ...contents(queue),
    ...lengthDetails(series, spans.lengths),
    backing_queue_status: { len: queue.readyCount, mode: 'default', version: 2 },
    consumer_capacity: queue.consumerCount > 0 ? 1 : 0,
    consumer_utilisation: queue.consumerCount > 0 ? 1 : 0,
    consumers: queue.consumerCount,
    exclusive_consumer_tag: null,
    garbage_collection: {},
    head_message_timestamp: null,
    idle_since: new Date(queue.usedAtMs).toISOString(),
    memory: queue instanceof StreamQueue ? 0 : queue.index.count * bytesPerMessage,
    recoverable_slaves: null,
    reductions: 0,
    reductions_details: { rate: 0 },
    single_active_consumer_tag: null,
    ...statsOf(queue, series, spans.rates),
  };
}

/** The memory of a message in the index of a queue, bytes. */
const bytesPerMessage = 12;

function contents(queue: Queue): JsonObject {
  const totals = queueTotals(queue);
  const { messages: count = 0, messages_ready: ready = 0 } = totals;
  const unacked = totals['messages_unacknowledged'] ?? 0;
  const kept: JsonValue = queue.index.isDurable ? count : 0;
  return {
    ...totals,
    message_bytes: queue.readyBytes,
    message_bytes_paged_out: 0,
    message_bytes_persistent: queue.index.isDurable ? queue.readyBytes : 0,
    message_bytes_ram: queue.readyBytes,
    message_bytes_ready: queue.readyBytes,
    message_bytes_unacknowledged: 0,
    messages_paged_out: 0,
    messages_persistent: kept,
    messages_ram: count,
    messages_ready_ram: ready,
    messages_unacknowledged_ram: unacked,
  };
}

function lengthDetails(series: Series | undefined, span: Span | undefined): JsonObject {
  const of = (name: (typeof queueValues)[number]) =>
    detailsOf(series, queueValues.indexOf(name), span, false);
  return {
    messages_details: of('messages'),
    messages_ready_details: of('ready'),
    messages_unacknowledged_details: of('unacked'),
  };
}

/** The counters of messages. As in RabbitMQ, they are missing until there was a message. */
function statsOf(queue: Queue, series: Series | undefined, span: Span | undefined): JsonObject {
  const { publishedCount, deliveredCount, settledCount } = queue;
  if (publishedCount + deliveredCount === 0) return {};
  const deliver = { count: deliveredCount, index: queueValues.indexOf('deliver') };
  const counts = {
    ack: { count: settledCount, index: queueValues.indexOf('ack') },
    deliver,
    deliver_get: deliver,
    publish: { count: publishedCount, index: queueValues.indexOf('publish') },
  };
  return { message_stats: messageStats(queueCounters, counts, series, span) };
}
