// Virtual hosts and their limits: /api/vhosts, /api/vhost-limits.

import type { QueueType } from '../../broker/queue-options.ts';
import type { JsonObject, JsonValue, VhostInfo } from '../../broker/rabbitmq/model.ts';
import { type Answer, emptyAnswer, jsonAnswer } from '../answers.ts';
import { committed } from '../commit.ts';
import { badRequest, keyMissing, ManagementError, notFound } from '../errors.ts';
import { flag, isArray, own, wholeNumberOf } from '../json/read.ts';
import { listAnswer, objectAnswer } from '../listing/list.ts';
import { nodeName } from '../management.ts';
import { channelCounters, messageStats } from '../rates/message-stats.ts';
import { detailsOf, readSpan } from '../rates/options.ts';
import { totalValues } from '../rates/rates.ts';
import type { Series, Span } from '../rates/series.ts';
import type { ApiRequest } from '../request.ts';
import { seesVhost } from '../roles.ts';
import { validated } from './policies.ts';

/** The histories that a request asks for. */
interface Spans {
  readonly lengths: Span | undefined;
  readonly rates: Span | undefined;
}

const noSpans: Spans = { lengths: undefined, rates: undefined };

function vhostToJson(
  { name, description, tags, defaultQueueType, isTracing, isProtected }: VhostInfo,
  series: Series | undefined,
  spans: Spans,
): JsonObject {
  return {
    name,
    description,
    tags: [...tags],
    default_queue_type: defaultQueueType ?? 'undefined',
    metadata: {
      description,
      tags: [...tags],
      ...(defaultQueueType !== undefined && { default_queue_type: defaultQueueType }),
      ...(isProtected !== undefined && { protected_from_deletion: isProtected }),
    },
    tracing: isTracing,
    cluster_state: { [nodeName]: 'running' },
    protected_from_deletion: isProtected === true,
    ...vhostStats(series, spans),
  };
}

function vhostStats(series: Series | undefined, { lengths, rates }: Spans): JsonObject {
  const value = (name: (typeof totalValues)[number]) =>
    series?.value(totalValues.indexOf(name)) ?? 0;
  const details = (name: (typeof totalValues)[number], span: Span | undefined) =>
    detailsOf(series, totalValues.indexOf(name), span, name === 'received' || name === 'sent');
  const counts = {
    messages: value('messages'),
    messages_details: details('messages', lengths),
    messages_ready: value('ready'),
    messages_ready_details: details('ready', lengths),
    messages_unacknowledged: value('unacked'),
    messages_unacknowledged_details: details('unacked', lengths),
    recv_oct: value('received'),
    recv_oct_details: details('received', rates),
    send_oct: value('sent'),
    send_oct_details: details('sent', rates),
  };
  if (value('publish') + value('deliver') === 0) return counts;
  const counter = (name: (typeof totalValues)[number]) => ({
    count: value(name),
    index: totalValues.indexOf(name),
  });
  const deliver = counter('deliver');
  const publish = counter('publish');
  const known = { ack: counter('ack'), deliver, deliver_get: deliver, publish };
  return { ...counts, message_stats: messageStats(channelCounters, known, series, rates) };
}

/** `GET /api/vhosts` */
export function listVhosts(request: ApiRequest): Promise<Answer> {
  const { administration, rates, broker } = request.management;
  const hasStatistics = !request.isSet('disable_stats');
  if (hasStatistics) rates.ask();
  const seriesOf = (name: string) => {
    const vhost = broker.vhosts.get(name);
    return vhost === undefined ? undefined : rates.ofVhost(vhost);
  };
  const items = function* () {
    for (const info of administration.vhosts.list()) {
      if (seesVhost(request.user, info.name)) yield info;
    }
  };
  return listAnswer(request, {
    items: items(),
    name: ({ name }) => name,
    write: (info) => vhostToJson(info, hasStatistics ? seriesOf(info.name) : undefined, noSpans),
    order: ['name'],
    column: (info, name) => (name === 'name' ? info.name : undefined),
  });
}

/** `GET /api/vhosts/{vhost}` */
export function getVhost(request: ApiRequest): Answer {
  const { administration, rates } = request.management;
  const vhost = request.visibleVhost();
  const info = administration.vhosts.get(vhost.name);
  if (info === undefined) throw notFound();
  rates.ask();
  const spans = { lengths: readSpan(request, 'lengths'), rates: readSpan(request, 'msg_rates') };
  return objectAnswer(request, vhostToJson(info, rates.ofVhost(vhost), spans));
}

/** `PUT /api/vhosts/{vhost}` */
export async function putVhost(request: ApiRequest): Promise<Answer> {
  const { administration } = request.management;
  const body = request.object();
  const description = own(body, 'description');
  if (description !== undefined && typeof description !== 'string') {
    throw badRequest('not_string', 'description');
  }
  const tags = readTags(own(body, 'tags'));
  const queueType = readQueueType(own(body, 'default_queue_type'));
  const isNew = administration.vhosts.put(request.label('vhost'), {
    ...(description !== undefined && { description }),
    ...(tags !== undefined && { tags }),
    ...(queueType !== undefined && { defaultQueueType: queueType }),
  });
  const tracing = own(body, 'tracing');
  if (tracing !== undefined) {
    administration.vhosts.setTracing(request.label('vhost'), flag(body, 'tracing', false));
  }
  await committed(request.broker);
  return emptyAnswer(isNew ? 201 : 204);
}

/**
 * Reads tags: a text with commas, or an array.
 *
 * @returns undefined if they are missing
 * @throws {ManagementError} `bad-request`
 */
export function readTags(value: JsonValue | undefined): string[] | undefined {
  if (value === undefined) return undefined;
  const list = typeof value === 'string' ? value.split(',') : value;
  if (!isArray(list)) throw badRequest('not_string_or_array', 'tags');
  const tags = list.map((tag) => {
    if (typeof tag !== 'string') throw badRequest('not_string', 'tags');
    return tag.trim();
  });
  return [...new Set(tags.filter((tag) => tag !== ''))];
}

function readQueueType(value: JsonValue | undefined): QueueType | undefined {
  if (value === undefined || value === null || value === 'undefined') return undefined;
  if (value === 'classic' || value === 'quorum' || value === 'stream') return value;
  throw badRequest('default_queue_type is not classic, quorum or stream');
}

/** `DELETE /api/vhosts/{vhost}` */
export async function deleteVhost(request: ApiRequest): Promise<Answer> {
  const { vhosts } = request.management.administration;
  const name = request.label('vhost');
  if (vhosts.get(name)?.isProtected === true) {
    const why = 'because it is protected from deletion';
    throw new ManagementError('protected', `Refusing to delete virtual host '${name}' ${why}`);
  }
  vhosts.delete(name);
  await committed(request.broker);
  return emptyAnswer(204);
}

/** `POST /api/vhosts/{vhost}/deletion/protection` */
export function protectVhost(request: ApiRequest): Promise<Answer> {
  return changeProtection(request, true);
}

/** `DELETE /api/vhosts/{vhost}/deletion/protection` */
export function unprotectVhost(request: ApiRequest): Promise<Answer> {
  return changeProtection(request, false);
}

async function changeProtection(request: ApiRequest, isProtected: boolean): Promise<Answer> {
  const { name } = request.visibleVhost();
  request.management.administration.vhosts.protect(name, isProtected);
  await committed(request.broker);
  return emptyAnswer(204);
}

/** `POST /api/vhosts/{vhost}/start/{node}`: every virtual host runs. */
export function startVhost(request: ApiRequest): Answer {
  request.visibleVhost();
  const node = request.label('node');
  if (node !== nodeName) throw badRequest(`Unknown node: ${node}`);
  return emptyAnswer(204);
}

/** `GET /api/vhost-limits` and `GET /api/vhost-limits/{vhost}` */
export function listVhostLimits(request: ApiRequest): Answer {
  const { vhosts } = request.management.administration;
  const names = request.vhosts().map(({ name }) => name);
  const limits = names.map((vhost) => ({ vhost, value: vhosts.limits(vhost) }));
  return jsonAnswer(limits.filter(({ value }) => Object.keys(value).length > 0));
}

/** `PUT /api/vhost-limits/{vhost}/{limit}` */
export async function putVhostLimit(request: ApiRequest): Promise<Answer> {
  const value = readLimit(request);
  const { vhosts } = request.management.administration;
  const vhost = request.label('vhost');
  validated(() => vhosts.setLimit(vhost, request.label('limit'), value));
  await committed(request.broker);
  return emptyAnswer(204);
}

/** The value of a limit in the body. */
export function readLimit(request: ApiRequest): number {
  const value = wholeNumberOf(request.object(), 'value');
  if (value === undefined) throw keyMissing('value');
  return value;
}

/** `DELETE /api/vhost-limits/{vhost}/{limit}` */
export async function deleteVhostLimit(request: ApiRequest): Promise<Answer> {
  const { vhosts } = request.management.administration;
  vhosts.clearLimit(request.label('vhost'), request.label('limit'));
  await committed(request.broker);
  return emptyAnswer(204);
}
