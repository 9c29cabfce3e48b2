// The same requests to a RabbitMQ and to this program.

import type { AmqpClient } from '../support/amqp-client.ts';
import type { Reply } from './management-host.ts';
import { type Shape, shapeOf } from './shapes.ts';

/** A server that is asked. */
export interface Asked {
  call(
    method: string,
    path: string,
    body?: unknown,
    options?: { readonly user?: string },
  ): Promise<Reply>;
  connect(): Promise<AmqpClient>;
}

/** What was answered: the status, and the shape of the JSON. */
export interface Answered {
  readonly status: number;
  readonly shape?: Shape;
}

type Step = readonly [method: string, path: string, body?: unknown, user?: string];

const message = (routingKey: string, properties: unknown = {}) => ({
  properties,
  routing_key: routingKey,
  payload: 'hello',
  payload_encoding: 'string',
});
const get = { count: 2, ackmode: 'ack_requeue_true', encoding: 'auto', truncate: 50_000 };
const everything = { configure: '.*', write: '.*', read: '.*' };

/** Changes, and what is refused. */
const changes: readonly Step[] = [
  ['GET', '/api/overview', undefined, 'nobody:wrong'],
  ['GET', '/api/unknown'],
  ['PATCH', '/api/overview'],
  ['DELETE', '/api/overview'],
  ['PUT', '/api/users/none', { password: 'p', tags: '' }],
  ['PUT', '/api/users/m', { password: 'p', tags: 'management' }],
  ['PUT', '/api/users/m', { password: 'p', tags: ['management', 'monitoring'] }],
  ['PUT', '/api/users/bad', { password: 'p' }],
  ['PUT', '/api/users/bad', { password: 'p', password_hash: '', tags: '' }],
  ['PUT', '/api/users/bad', { password_hash: 'xx', tags: '' }],
  ['PUT', '/api/users/bad', 'no json'],
  ['PUT', '/api/users/bad', '[1]'],
  ['DELETE', '/api/users/missing'],
  ['POST', '/api/users/bulk-delete', { users: ['missing'] }],
  ['GET', '/api/overview', undefined, 'none:p'],
  ['GET', '/api/users', undefined, 'm:p'],
  ['PUT', '/api/vhosts/v', { description: 'd', tags: 'a,b' }],
  ['PUT', '/api/vhosts/v', { description: 'e', tags: ['c'] }],
  ['PUT', '/api/vhosts/v2'],
  ['DELETE', '/api/vhosts/v2'],
  ['DELETE', '/api/vhosts/v2'],
  ['PUT', '/api/permissions/v/m', everything],
  ['PUT', '/api/permissions/v/m', everything],
  ['PUT', '/api/permissions/v/missing', everything],
  ['PUT', '/api/permissions/missing/m', everything],
  ['PUT', '/api/permissions/v/m', { configure: '', write: '' }],
  ['PUT', '/api/permissions/v/m', { configure: '(', write: '', read: '' }],
  ['PUT', '/api/topic-permissions/v/m', { exchange: 'amq.topic', write: '^a', read: '.*' }],
  ['PUT', '/api/topic-permissions/v/m', { exchange: 'amq.topic', write: '^a' }],
  ['PUT', '/api/vhost-limits/v/max-connections', { value: 5 }],
  ['PUT', '/api/vhost-limits/v/unknown', { value: 5 }],
  ['PUT', '/api/vhost-limits/v/max-queues', { value: 'x' }],
  ['PUT', '/api/user-limits/m/max-channels', { value: 7 }],
  ['PUT', '/api/user-limits/m/unknown', { value: 7 }],
  ['PUT', '/api/queues/%2F/q', { durable: true, arguments: { 'x-max-length': 100 } }],
  ['PUT', '/api/queues/%2F/q', { durable: true, arguments: { 'x-max-length': 100 } }],
  ['PUT', '/api/queues/%2F/q', { durable: false }],
  ['PUT', '/api/queues/%2F/bad', { durable: 'yes' }],
  ['PUT', '/api/queues/%2F/bad', { arguments: { 'x-max-length': -1 } }],
  ['PUT', '/api/queues/%2F/bad', { arguments: { a: null } }],
  ['PUT', '/api/queues/%2F/bad', { arguments: { 'x-queue-type': 'quorum' } }],
  ['PUT', '/api/queues/missing/q'],
  ['PUT', '/api/queues/%2F/amq.x', {}],
  ['PUT', '/api/exchanges/%2F/x', { type: 'topic', durable: true }],
  ['PUT', '/api/exchanges/%2F/x', { type: 'direct' }],
  ['PUT', '/api/exchanges/%2F/bad', { type: 'unknown' }],
  ['PUT', '/api/exchanges/%2F/amq.x', { type: 'direct' }],
  ['DELETE', '/api/exchanges/%2F/amq.direct'],
  ['POST', '/api/bindings/%2F/e/x/q/q', { routing_key: 'a.b', arguments: {} }],
  ['POST', '/api/bindings/%2F/e/x/q/q', { routing_key: 'a.b', arguments: { k: 1 } }],
  ['POST', '/api/bindings/%2F/e/x/e/amq.fanout', { routing_key: 'r#/ ü' }],
  ['POST', '/api/bindings/%2F/e/missing/q/q', { routing_key: 'a' }],
  ['POST', '/api/bindings/%2F/e/x/q/missing', { routing_key: 'a' }],
  ['POST', '/api/exchanges/%2F/x/publish', message('a.b', { headers: { a: 1 }, priority: 1 })],
  ['POST', '/api/exchanges/%2F/x/publish', message('unbound')],
  ['POST', '/api/exchanges/%2F/amq.default/publish', message('q')],
  ['POST', '/api/exchanges/%2F/amq.default/publish', message('q', { user_id: 'other' })],
  ['POST', '/api/exchanges/%2F/amq.default/publish', message('q', { priority: 'x' })],
  ['POST', '/api/exchanges/%2F/amq.default/publish', message('q', { content_type: 5 })],
  ['POST', '/api/exchanges/%2F/amq.default/publish', { routing_key: 'q' }],
  ['POST', '/api/exchanges/%2F/amq.default/publish', { ...message('q'), payload: 5 }],
  ['POST', '/api/exchanges/%2F/amq.default/publish', { ...message('q'), payload_encoding: 'x' }],
  ['POST', '/api/queues/%2F/q/get', get],
  ['POST', '/api/queues/%2F/q/get', { ...get, encoding: 'x' }],
  ['POST', '/api/queues/%2F/q/get', { count: 1, encoding: 'auto' }],
  ['POST', '/api/queues/%2F/q/actions', { action: 'sync' }],
  ['POST', '/api/queues/%2F/q/actions', { action: 'unknown' }],
  ['POST', '/api/queues/%2F/q/actions', {}],
  ['POST', '/api/queues/%2F/missing/get', get],
  ['PUT', '/api/policies/%2F/p', { pattern: '^q', definition: { 'max-length': 50 }, priority: 1 }],
  ['PUT', '/api/policies/%2F/bad', { pattern: '^q', definition: { unknown: 1 } }],
  ['PUT', '/api/policies/%2F/bad', { pattern: '(', definition: { 'max-length': 1 } }],
  ['PUT', '/api/policies/%2F/bad', { definition: { 'max-length': 1 } }],
  ['PUT', '/api/policies/%2F/bad', { pattern: '', definition: {} }],
  ['PUT', '/api/policies/%2F/bad', { pattern: '', definition: { 'max-length': -1 } }],
  ['PUT', '/api/policies/missing/p', { pattern: '', definition: { 'max-length': 1 } }],
  ['PUT', '/api/operator-policies/%2F/o', { pattern: '^q', definition: { 'max-length': 60 } }],
  [
    'PUT',
    '/api/operator-policies/%2F/bad',
    { pattern: '', definition: { 'alternate-exchange': 'x' } },
  ],
  ['PUT', '/api/parameters/unknown/%2F/x', { value: {} }],
  ['PUT', '/api/parameters/unknown/%2F/x', {}],
  ['DELETE', '/api/parameters/unknown/%2F/x'],
  ['PUT', '/api/global-parameters/g', { value: { a: 1 } }],
  ['PUT', '/api/global-parameters/bad', {}],
  ['PUT', '/api/cluster-name', { name: 'c' }],
  ['PUT', '/api/cluster-name', {}],
];

/** What is read while a client is connected. */
const reads: readonly Step[] = [
  ['GET', '/api/overview'],
  ['GET', '/api/overview?msg_rates_age=60&msg_rates_incr=5&lengths_age=60&lengths_incr=5'],
  ['GET', '/api/overview?columns=object_totals.queues,queue_totals'],
  ['GET', '/api/overview', undefined, 'm:p'],
  ['GET', '/api/cluster-name'],
  ['GET', '/api/whoami'],
  ['GET', '/api/nodes'],
  ['GET', '/api/feature-flags'],
  ['GET', '/api/vhosts'],
  ['GET', '/api/vhosts/v'],
  ['GET', '/api/vhosts/missing'],
  ['GET', '/api/vhosts/v/permissions'],
  ['GET', '/api/vhosts/v/topic-permissions'],
  ['GET', '/api/vhosts/%2F/connections'],
  ['GET', '/api/vhosts/%2F/channels'],
  ['GET', '/api/vhost-limits'],
  ['GET', '/api/vhost-limits/v'],
  ['GET', '/api/vhost-limits/missing'],
  ['GET', '/api/users'],
  ['GET', '/api/users/m'],
  ['GET', '/api/users/missing'],
  ['GET', '/api/users/without-permissions'],
  ['GET', '/api/users/m/permissions'],
  ['GET', '/api/users/m/topic-permissions'],
  ['GET', '/api/users/missing/permissions'],
  ['GET', '/api/user-limits'],
  ['GET', '/api/user-limits/m'],
  ['GET', '/api/permissions'],
  ['GET', '/api/permissions/v/m'],
  ['GET', '/api/permissions/v/none'],
  ['GET', '/api/topic-permissions'],
  ['GET', '/api/topic-permissions/v/m'],
  ['GET', '/api/policies'],
  ['GET', '/api/policies/%2F/p'],
  ['GET', '/api/policies/%2F/missing'],
  ['GET', '/api/operator-policies/%2F'],
  ['GET', '/api/operator-policies/%2F/o'],
  ['GET', '/api/parameters'],
  ['GET', '/api/parameters/shovel/%2F'],
  ['GET', '/api/global-parameters'],
  ['GET', '/api/global-parameters/g'],
  ['GET', '/api/exchanges/%2F'],
  ['GET', '/api/exchanges/%2F/x'],
  ['GET', '/api/exchanges/%2F/missing'],
  ['GET', '/api/exchanges/%2F/x/bindings/source'],
  ['GET', '/api/exchanges/%2F/amq.fanout/bindings/destination'],
  ['GET', '/api/queues'],
  ['GET', '/api/queues/%2F/q'],
  ['GET', '/api/queues/%2F/q?lengths_age=60&lengths_incr=5&msg_rates_age=60&msg_rates_incr=5'],
  ['GET', '/api/queues/%2F?disable_stats=true&enable_queue_totals=true'],
  ['GET', '/api/queues?page=1&page_size=1'],
  ['GET', '/api/queues?page=99'],
  ['GET', '/api/queues?page=1&page_size=501'],
  ['GET', '/api/queues?page=0'],
  ['GET', '/api/queues?page=x'],
  ['GET', '/api/queues?page=1&name=(&use_regex=true'],
  ['GET', '/api/queues?columns=name,message_stats.publish_details.rate'],
  ['GET', '/api/queues/%2F/missing'],
  ['GET', '/api/queues/%2F/q/bindings'],
  ['GET', '/api/bindings'],
  ['GET', '/api/bindings/%2F/e/x/q/q'],
  ['GET', '/api/bindings/%2F/e/x/q/q/a.b'],
  ['GET', '/api/bindings/%2F/e/x/q/q/missing'],
  ['GET', '/api/connections'],
  ['GET', '/api/connections/missing'],
  ['GET', '/api/channels'],
  ['GET', '/api/channels/missing'],
  ['GET', '/api/consumers'],
  ['GET', '/api/consumers/missing'],
  ['GET', '/api/health/checks/alarms'],
  ['GET', '/api/health/checks/virtual-hosts'],
  ['GET', '/api/health/checks/node-is-quorum-critical'],
  ['GET', '/api/health/checks/port-listener/1'],
  ['GET', '/api/health/checks/port-listener/x'],
  ['GET', '/api/health/checks/protocol-listener/mqtt'],
  ['GET', '/api/health/checks/certificate-expiration/1/eons'],
  ['GET', '/api/healthchecks/node'],
  ['GET', '/api/aliveness-test/%2F'],
  ['GET', '/api/aliveness-test/missing'],
];

/** Deletions. */
const ends: readonly Step[] = [
  ['DELETE', '/api/queues/%2F/q?if-empty=true'],
  ['DELETE', '/api/queues/%2F/q?if-unused=true'],
  ['DELETE', '/api/exchanges/%2F/x?if-unused=true'],
  ['DELETE', '/api/bindings/%2F/e/x/q/q/a.b'],
  ['DELETE', '/api/bindings/%2F/e/x/q/q/a.b'],
  ['DELETE', '/api/queues/%2F/q/contents'],
  ['DELETE', '/api/queues/%2F/missing/contents'],
  ['DELETE', '/api/policies/%2F/p'],
  ['DELETE', '/api/policies/%2F/p'],
  ['DELETE', '/api/operator-policies/%2F/o'],
  ['DELETE', '/api/global-parameters/g'],
  ['DELETE', '/api/global-parameters/g'],
  ['DELETE', '/api/topic-permissions/v/m'],
  ['DELETE', '/api/permissions/v/m'],
  ['DELETE', '/api/permissions/v/m'],
  ['DELETE', '/api/vhost-limits/v/max-connections'],
  ['DELETE', '/api/user-limits/m/max-channels'],
  ['DELETE', '/api/exchanges/%2F/x'],
  ['DELETE', '/api/exchanges/%2F/x'],
  ['DELETE', '/api/users/m'],
  ['DELETE', '/api/vhosts/v'],
  ['POST', '/api/rebalance/queues'],
];

/** Milliseconds after which RabbitMQ has gathered statistics. */
const gatherMs = 11_000;

/**
 * Sends all requests and returns the answers.
 *
 * @param gathers whether statistics appear some seconds later, as RabbitMQ's do
 */
export async function runScenario(
  asked: Asked,
  gathers: boolean,
): Promise<Readonly<Record<string, Answered>>> {
  const answers: Record<string, Answered> = {};
  const run = async (steps: readonly Step[]) => {
    for (const step of steps) answers[nameOf(step, answers)] = await answerOf(asked, step);
  };
  await run(changes);
  const client = await asked.connect();
  const channel = await client.model.createConfirmChannel();
  await channel.prefetch(1);
  await channel.consume('q', () => {});
  channel.publish('amq.direct', 'unbound', Buffer.from('x'));
  channel.sendToQueue('q', Buffer.from('x'));
  await channel.waitForConfirms();
  await new Promise((resolve) => setTimeout(resolve, gathers ? gatherMs : 1));
  await run(reads);
  await client.close();
  await run(ends);
  return answers;
}

/** The name of a step, which is unique among the answers. */
function nameOf(
  [method, path, body, user]: Step,
  answers: Readonly<Record<string, unknown>>,
): string {
  const text = `${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`;
  const name = user === undefined ? text : `${text} as ${user.split(':')[0]}`;
  let unique = name;
  for (let count = 2; Object.hasOwn(answers, unique); count++) unique = `${name} (${count})`;
  return unique;
}

async function answerOf(asked: Asked, [method, path, body, user]: Step): Promise<Answered> {
  const reply = await asked.call(method, path, body, user === undefined ? {} : { user });
  if (reply.text === '') return { status: reply.status };
  return { status: reply.status, shape: shapeOf(JSON.parse(reply.text)) };
}
