// Exchanges: /api/exchanges.

import type { Exchange } from '../../broker/exchanges/exchange.ts';
import { argumentsToJson } from '../../broker/rabbitmq/json-arguments.ts';
import type { JsonObject } from '../../broker/rabbitmq/model.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { isPredeclared } from '../../broker/vhosts/predeclared.ts';
import { type Answer, emptyAnswer } from '../answers.ts';
import { committed } from '../commit.ts';
import { notFound } from '../errors.ts';
import { requireArguments } from '../json/arguments.ts';
import { flag, own, requireText } from '../json/read.ts';
import { listAnswer, objectAnswer } from '../listing/list.ts';
import type { ApiRequest } from '../request.ts';

/** The name of the default exchange in paths. */
const defaultName = 'amq.default';

/** The exchange name in a path. */
export function exchangeLabel(request: ApiRequest, label: string): string {
  const name = request.label(label);
  return name === defaultName ? '' : name;
}

/** Writes an exchange. */
export function exchangeToJson(exchange: Exchange, vhost: Vhost): JsonObject {
  const { name, type, options } = exchange;
  const { policy } = vhost.settings.effectivePolicy(exchange);
  return {
    arguments: argumentsToJson(options.arguments),
    auto_delete: options.autoDelete,
    durable: options.durable,
    internal: options.internal,
    name,
    type: type.name,
    user_who_performed_action: isPredeclared(name) ? 'rmq-internal' : '',
    vhost: vhost.name,
    ...(policy !== undefined && { policy }),
  };
}

function* exchangesOf(vhosts: readonly Vhost[]): Generator<Exchange> {
  for (const vhost of vhosts) yield* vhost.exchanges.values();
}

/** `GET /api/exchanges` and `GET /api/exchanges/{vhost}` */
export function listExchanges(request: ApiRequest): Promise<Answer> {
  const { vhosts } = request.broker;
  return listAnswer(request, {
    items: exchangesOf(request.vhosts()),
    name: ({ name }) => name,
    write: (exchange) => {
      const vhost = vhosts.get(exchange.vhost);
      if (vhost === undefined) return { name: exchange.name, vhost: exchange.vhost };
      return exchangeToJson(exchange, vhost);
    },
    order: ['vhost', 'name'],
    column: (exchange, name) => (name === 'name' || name === 'vhost' ? exchange[name] : undefined),
  });
}

/** The exchange that the path names. */
export function requireExchange(request: ApiRequest, vhost: Vhost, label = 'name'): Exchange {
  const exchange = vhost.exchanges.get(exchangeLabel(request, label));
  if (exchange === undefined) throw notFound();
  return exchange;
}

/** `GET /api/exchanges/{vhost}/{name}` */
export function getExchange(request: ApiRequest): Answer {
  const vhost = request.visibleVhost();
  const exchange = requireExchange(request, vhost);
  return objectAnswer(request, { ...exchangeToJson(exchange, vhost), incoming: [], outgoing: [] });
}

/** `PUT /api/exchanges/{vhost}/{name}` */
export async function putExchange(request: ApiRequest): Promise<Answer> {
  const vhost = request.ownVhost();
  const name = exchangeLabel(request, 'name');
  const body = request.object();
  const type = own(body, 'type') === undefined ? 'direct' : requireText(body, 'type');
  const asked = {
    type,
    durable: flag(body, 'durable', false),
    autoDelete: flag(body, 'auto_delete', false),
    internal: flag(body, 'internal', false),
    arguments: requireArguments(own(body, 'arguments')),
  };
  const { topology } = request.management.administration;
  const isNew = topology.declareExchange(vhost.name, name, asked, request.access(vhost));
  await committed(request.broker);
  return emptyAnswer(isNew ? 201 : 204);
}

/** `DELETE /api/exchanges/{vhost}/{name}` */
export async function deleteExchange(request: ApiRequest): Promise<Answer> {
  const vhost = request.ownVhost();
  const { name } = requireExchange(request, vhost);
  const how = { ifUnused: request.isSet('if-unused') };
  const { topology } = request.management.administration;
  topology.deleteExchange(vhost.name, name, how, request.access(vhost));
  await committed(request.broker);
  return emptyAnswer(204);
}
