// Shovels: /api/shovels.

import type { JsonObject } from '../../../broker/rabbitmq/model.ts';
import { shovelComponent } from '../../../broker/rabbitmq/parameters.ts';
import {
  readShovel,
  type ShovelDefinition,
} from '../../../broker/rabbitmq/shovels/shovel-definition.ts';
import type { ShovelStatus } from '../../../broker/rabbitmq/shovels/shovel-status.ts';
import { type Answer, emptyAnswer } from '../../answers.ts';
import { committed } from '../../commit.ts';
import { notFound } from '../../errors.ts';
import { listAnswer, objectAnswer } from '../../listing/list.ts';
import { nodeName } from '../../management.ts';
import type { ApiRequest } from '../../request.ts';
import { seesVhost } from '../../roles.ts';

/** `GET /api/shovels` and `GET /api/shovels/{vhost}` */
export function listShovels(request: ApiRequest): Promise<Answer> {
  const { shovels } = request.management;
  const vhost = request.labels.has('vhost') ? request.visibleVhost().name : undefined;
  const items = function* () {
    for (const status of shovels?.statuses() ?? []) {
      if (vhost !== undefined && vhost !== status.vhost) continue;
      if (seesVhost(request.user, status.vhost)) yield status;
    }
  };
  return listAnswer(request, {
    items: items(),
    name: ({ name }) => name,
    write: (status) => shovelToJson(request, status),
    order: ['vhost', 'name'],
  });
}

/** `GET /api/shovels/vhost/{vhost}/{name}` */
export function getShovel(request: ApiRequest): Answer {
  const { name: vhost } = request.visibleVhost();
  const status = request.management.shovels?.status(vhost, request.label('name'));
  if (status === undefined) throw notFound();
  return objectAnswer(request, shovelToJson(request, status));
}

/** `DELETE /api/shovels/vhost/{vhost}/{name}` */
export async function deleteShovel(request: ApiRequest): Promise<Answer> {
  const { name: vhost } = request.administeredVhost();
  const { parameters } = request.management.administration;
  parameters.delete(vhost, shovelComponent, request.label('name'));
  await committed(request.broker);
  return emptyAnswer(204);
}

/** `DELETE /api/shovels/vhost/{vhost}/{name}/restart` */
export function restartShovel(request: ApiRequest): Answer {
  const { name: vhost } = request.administeredVhost();
  const { shovels } = request.management;
  if (shovels?.restart(vhost, request.label('name')) !== true) throw notFound();
  return emptyAnswer(204);
}

function shovelToJson(request: ApiRequest, status: ShovelStatus): JsonObject {
  const { vhost, name, state, reason, uris } = status;
  return {
    node: nodeName,
    timestamp: timeOf(status.changedAtMs),
    name,
    vhost,
    type: 'dynamic',
    state,
    ...(reason !== undefined && { reason }),
    ...(uris !== undefined && {
      ...endpointsOf(request, status),
      src_uri: uris.source,
      dest_uri: uris.destination,
      src_protocol: 'amqp091',
      dest_protocol: 'amqp091',
      forwarded: status.movedCount,
    }),
  };
}

function endpointsOf(request: ApiRequest, { vhost, name }: ShovelStatus): JsonObject {
  const entry = request.broker.parameters.get(vhost, shovelComponent, name);
  // A shovel that runs has a valid parameter.
  const { source, destination } = readShovel(name, entry?.value as JsonObject);
  return { ...sourceOf(source), ...destinationOf(destination) };
}

function sourceOf({ queue, exchange, exchangeKey }: ShovelDefinition['source']): JsonObject {
  if (queue !== undefined) return { src_queue: queue };
  return { src_exchange: exchange, src_exchange_key: exchangeKey };
}

function destinationOf(destination: ShovelDefinition['destination']): JsonObject {
  const { queue, exchange, exchangeKey } = destination;
  if (queue !== undefined) return { dest_queue: queue };
  return {
    ...(exchange !== undefined && { dest_exchange: exchange }),
    ...(exchangeKey !== undefined && { dest_exchange_key: exchangeKey }),
  };
}

/** The time as RabbitMQ writes it, in UTC: `2024-01-31 8:05:00`. */
function timeOf(ms: number): string {
  const [date = '', time = ''] = new Date(ms).toISOString().split('T');
  return `${date} ${time.slice(0, 8).replace(/^0/, '')}`;
}
