// Queues in JSON.

import type { Queue } from '../../broker/queue.ts';
import { delayedRetryText } from '../../broker/queues/delayed-retry.ts';
import { argumentsToJson } from '../../broker/rabbitmq/json-arguments.ts';
import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import { unsettledCount } from '../../broker/statistics.ts';
import { StreamQueue } from '../../broker/streams/stream-queue.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { nodeName } from '../management.ts';
import { messageStats, queueCounters } from '../rates/message-stats.ts';
import { detailsOf } from '../rates/options.ts';
import { queueValues, type Rates } from '../rates/rates.ts';
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
  const unacked = unsettledCount(queue);
  return {
    messages: ready + unacked + waitingCount(queue),
    messages_ready: ready,
    messages_unacknowledged: unacked,
  };
}

/** The memory of a message in the index of a queue, bytes. */
const bytesPerMessage = 12;

/** Members of JSON. Undefined ones are left out when they are written. */
type Members = Record<string, JsonValue | undefined>;

const backingQueueStatus = { mode: 'default', version: 2 } as const;
const noGarbageCollection: JsonObject = {};
const noReductions: JsonObject = { rate: 0 };
const members: readonly string[] = [nodeName];

/**
 * A queue with statistics. One literal: objects that are put together from parts take ten times as
 * long to create and to write, which lists of many queues would show.
 */
export function queueToJson(queue: Queue, vhost: Vhost, rates: Rates, spans = noSpans): JsonObject {
  const series = rates.ofQueue(queue);
  const { name, options, settings, consumerCount, readyBytes, readyCount: ready } = queue;
  const { isDurable, count: indexedCount } = queue.index;
  const { policy, operatorPolicy, definition } = vhost.settings.effectivePolicy(queue);
  const unacked = unsettledCount(queue);
  const count = ready + unacked + waitingCount(queue);
  const isReplicated = settings.type !== 'classic';
  const stream = queue instanceof StreamQueue ? queue : undefined;
  const use = consumerCount > 0 ? 1 : 0;
  const written: Members = {
    arguments: argumentsToJson(options.arguments),
    auto_delete: options.autoDelete,
    backing_queue_status: { len: ready, ...backingQueueStatus },
    consumer_capacity: use,
    consumer_utilisation: use,
    consumers: consumerCount,
    durable: options.durable,
    effective_policy_definition: definition,
    exclusive: options.exclusive,
    exclusive_consumer_tag: null,
    garbage_collection: noGarbageCollection,
    head_message_timestamp: null,
    idle_since: new Date(queue.usedAtMs).toISOString(),
    leader: isReplicated ? nodeName : undefined,
    members: isReplicated ? members : undefined,
    memory: stream === undefined ? indexedCount * bytesPerMessage : 0,
    message_bytes: readyBytes,
    message_bytes_paged_out: 0,
    message_bytes_persistent: isDurable ? readyBytes : 0,
    message_bytes_ram: readyBytes,
    message_bytes_ready: readyBytes,
    message_bytes_unacknowledged: 0,
    message_stats: statsOf(queue, series, spans.rates),
    messages: count,
    messages_details: lengthDetails(series, 'messages', spans),
    messages_paged_out: 0,
    messages_persistent: isDurable ? count : 0,
    messages_ram: count,
    messages_ready: ready,
    messages_ready_details: lengthDetails(series, 'ready', spans),
    messages_ready_ram: ready,
    messages_unacknowledged: unacked,
    messages_unacknowledged_details: lengthDetails(series, 'unacked', spans),
    messages_unacknowledged_ram: unacked,
    name,
    node: nodeName,
    online: isReplicated ? members : undefined,
    operator_policy: operatorPolicy ?? null,
    policy: policy ?? null,
    readers: stream && { [nodeName]: consumerCount },
    recoverable_slaves: null,
    reductions: 0,
    reductions_details: noReductions,
    segments: stream && Math.max(1, stream.index.segmentCount),
    single_active_consumer_tag: null,
    state: 'running',
    type: settings.type,
    vhost: vhost.name,
  };
  if (settings.type === 'quorum') addQuorum(written, queue, rates.delaysReturned);
  return written as JsonObject; // see above
}

/** Adds what only quorum queues have. */
function addQuorum(written: Members, queue: Queue, delaysReturned: boolean): void {
  const { settings, delayed, disposal } = queue;
  const { deliveryLimit, delayedRetry } = settings;
  written['delivery_limit'] = deliveryLimit === Infinity ? 'unlimited' : deliveryLimit;
  written['message_bytes_dlx'] = disposal?.letterBytes ?? 0;
  written['messages_dlx'] = disposal?.letterCount ?? 0;
  if (!delaysReturned) return;
  written['delayed_retry'] = delayedRetryText(delayedRetry);
  written['messages_delayed'] = delayed?.count ?? 0;
  if (delayed === undefined || delayed.count === 0) return;
  written['next_delayed_at'] = delayed.nextMs;
  written['last_delayed_at'] = delayed.lastMs;
}

/** Messages that are neither ready nor with a consumer. */
function waitingCount({ settings, disposal, delayed }: Queue): number {
  const deadCount = settings.deadLettersSafely ? disposal?.letterCount : 0;
  return (deadCount ?? 0) + (delayed?.count ?? 0);
}

function lengthDetails(
  series: Series | undefined,
  name: (typeof queueValues)[number],
  { lengths }: QueueSpans,
): JsonObject {
  return detailsOf(series, queueValues.indexOf(name), lengths, false);
}

/** The counters of messages. As in RabbitMQ, they are missing until there was a message. */
function statsOf(
  queue: Queue,
  series: Series | undefined,
  span: Span | undefined,
): JsonObject | undefined {
  const { publishedCount, deliveredCount, settledCount } = queue;
  if (publishedCount + deliveredCount === 0) return undefined;
  const deliver = { count: deliveredCount, index: queueValues.indexOf('deliver') };
  const counts = {
    ack: { count: settledCount, index: queueValues.indexOf('ack') },
    deliver,
    deliver_get: deliver,
    publish: { count: publishedCount, index: queueValues.indexOf('publish') },
  };
  return messageStats(queueCounters, counts, series, span);
}
