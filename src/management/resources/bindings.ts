// Bindings: /api/bindings.

import { encodeText } from '../../base/byte-text.ts';
import { BrokerError, describe } from '../../broker/errors.ts';
import type { Destination } from '../../broker/exchanges/binding.ts';
import { normalKey, propertiesKey } from '../../broker/rabbitmq/properties-key.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { encoded } from '../../net/http/percent-encoding.ts';
import { type Answer, emptyAnswer } from '../answers.ts';
import { committed } from '../commit.ts';
import { badRequest, notFound } from '../errors.ts';
import { requireArguments } from '../json/arguments.ts';
import { own } from '../json/read.ts';
import { listAnswer, objectAnswer } from '../listing/list.ts';
import type { ApiRequest } from '../request.ts';
import { inSlices, itemsPerStep } from '../slices.ts';
import {
  type BindingPlace,
  bindingsFrom,
  bindingsOf,
  bindingsTo,
  bindingToJson,
  implicitBinding,
} from './binding-json.ts';
import { exchangeLabel } from './exchanges.ts';

function listOf(request: ApiRequest, items: Iterable<BindingPlace>): Promise<Answer> {
  return listAnswer(request, {
    items,
    name: ({ source }) => source,
    write: bindingToJson,
    order: ['vhost', 'source', 'destination', 'routing_key', 'properties_key'],
    column: quickColumn,
  });
}

/** The columns of the usual order. */
function quickColumn({ source, vhost, binding }: BindingPlace, name: string): string | undefined {
  switch (name) {
    case 'vhost':
      return vhost;
    case 'source':
      return source;
    case 'destination':
      return binding.destination.name;
    case 'routing_key':
      return binding.routingKey;
    default:
      return undefined;
  }
}

/** `GET /api/bindings` and `GET /api/bindings/{vhost}` */
export function listBindings(request: ApiRequest): Promise<Answer> {
  return listOf(request, bindingsOf(request.vhosts()));
}

/** `GET /api/queues/{vhost}/{name}/bindings` */
export function listBindingsOfQueue(request: ApiRequest): Promise<Answer> {
  const vhost = request.visibleVhost();
  const queue = vhost.queues.get(request.label('name'));
  return listOf(request, queue === undefined ? [] : bindingsTo(vhost, queue));
}

/** `GET /api/exchanges/{vhost}/{name}/bindings/source` */
export function listBindingsFrom(request: ApiRequest): Promise<Answer> {
  const vhost = request.visibleVhost();
  return listOf(request, bindingsFrom(vhost, exchangeLabel(request, 'name')));
}

/** `GET /api/exchanges/{vhost}/{name}/bindings/destination` */
export function listBindingsTo(request: ApiRequest): Promise<Answer> {
  const vhost = request.visibleVhost();
  const exchange = vhost.exchanges.get(exchangeLabel(request, 'name'));
  return listOf(request, exchange === undefined ? [] : bindingsTo(vhost, exchange));
}

/** The two ends that a path names. */
interface Ends {
  readonly source: string;
  readonly destination: Destination;
}

/** @throws {ManagementError} `not-found` for a path of another form */
function destinationLabel(request: ApiRequest) {
  const label = request.label('kind');
  if (label !== 'q' && label !== 'e') throw notFound();
  const kind = label === 'e' ? 'exchange' : 'queue';
  return { kind, name: exchangeLabel(request, 'destination') } as const;
}

/** @throws {BrokerError} `not-found` */
function endsOf(request: ApiRequest, vhost: Vhost): Ends {
  const source = vhost.exchange(exchangeLabel(request, 'source')).name;
  const { kind, name } = destinationLabel(request);
  if (kind === 'exchange') return { source, destination: vhost.exchange(name) };
  const destination = vhost.queues.get(name);
  if (destination !== undefined) return { source, destination };
  throw new BrokerError('not-found', `no ${describe('queue', name, vhost.name)}`);
}

/** Without one of the ends, there are no bindings. */
function endsIfAny(request: ApiRequest, vhost: Vhost): Ends | undefined {
  try {
    return endsOf(request, vhost);
  } catch (error) {
    if (error instanceof BrokerError) return undefined;
    throw error;
  }
}

function bindingsBetween(vhost: Vhost, ends: Ends | undefined): BindingPlace[] {
  if (ends === undefined) return [];
  const { source, destination } = ends;
  if (source === '') return destination.kind === 'queue' ? [implicitBinding(destination)] : [];
  const found = vhost.exchanges.get(source)?.bindingsTo(destination) ?? [];
  return [...found].map((binding) => ({ source, vhost: vhost.name, binding }));
}

/** `GET /api/bindings/{vhost}/e/{source}/{q or e}/{destination}` */
export function listBindingsBetween(request: ApiRequest): Promise<Answer> {
  const vhost = request.visibleVhost();
  return listOf(request, bindingsBetween(vhost, endsIfAny(request, vhost)));
}

/** `POST /api/bindings/{vhost}/e/{source}/{q or e}/{destination}` */
export async function postBinding(request: ApiRequest): Promise<Answer> {
  const vhost = request.ownVhost();
  const body = request.object();
  const routingKey = own(body, 'routing_key') ?? '';
  if (typeof routingKey !== 'string') throw badRequest('not_string', 'routing_key');
  if (encodeText(routingKey).length > 255) throw badRequest('routing_key is longer than 255 bytes');
  const { topology } = request.management.administration;
  const { name: destination, kind } = destinationLabel(request);
  const binding = topology.bind(
    vhost.name,
    {
      source: exchangeLabel(request, 'source'),
      destinationType: kind,
      destination,
      routingKey,
      arguments: requireArguments(own(body, 'arguments')),
    },
    request.access(vhost),
  );
  await committed(request.broker);
  // Relative to the path of the request.
  const location = [destination, binding.propertiesKey].map(encoded).join('/');
  return emptyAnswer(201, { Location: location });
}

/** Finds the binding that the path names. Its key is computed for each binding, in steps. */
async function requireBinding(request: ApiRequest, vhost: Vhost): Promise<BindingPlace> {
  const all = bindingsBetween(vhost, endsIfAny(request, vhost));
  const key = normalKey(request.label('key'));
  const found = await inSlices(request.background, findKey(all, key));
  if (found === undefined) throw notFound();
  return found;
}

function* findKey(
  all: readonly BindingPlace[],
  key: string,
): Generator<void, BindingPlace | undefined> {
  for (const [index, place] of all.entries()) {
    if (propertiesKey(place.binding) === key) return place;
    if (index % itemsPerStep === 0) yield;
  }
  return undefined;
}

/** `GET /api/bindings/{vhost}/e/{source}/{q or e}/{destination}/{key}` */
export async function getBinding(request: ApiRequest): Promise<Answer> {
  const vhost = request.visibleVhost();
  return objectAnswer(request, bindingToJson(await requireBinding(request, vhost)));
}

/** `DELETE /api/bindings/{vhost}/e/{source}/{q or e}/{destination}/{key}` */
export async function deleteBinding(request: ApiRequest): Promise<Answer> {
  const vhost = request.ownVhost();
  const { source, binding } = await requireBinding(request, vhost);
  const { topology } = request.management.administration;
  topology.removeBinding(vhost.name, source, binding, request.access(vhost));
  await committed(request.broker);
  return emptyAnswer(204);
}
