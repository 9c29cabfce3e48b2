// Connections, channels and consumers: /api/connections, /api/channels, /api/consumers.

import type { ClientConnection } from '../../broker/client-connection.ts';
import { type Answer, emptyAnswer } from '../answers.ts';
import { ManagementError, notFound } from '../errors.ts';
import { listAnswer, objectAnswer } from '../listing/list.ts';
import { readSpan } from '../rates/options.ts';
import type { ApiRequest } from '../request.ts';
import { hasRole } from '../roles.ts';
import { inSlices, itemsPerStep } from '../slices.ts';
import {
  type ChannelPlace,
  channelName,
  channelToJson,
  connectionName,
  connectionToJson,
  plainConnection,
} from './connection-json.ts';
import {
  allConsumers,
  type ConsumerPlace,
  channelReference,
  consumerToJson,
} from './consumer-json.ts';

/** Maximum length of a reason for closing a connection, characters. */
const reasonLengthMax = 200;

/** Users without the tag `monitoring` only see their own connections. */
function sees({ user }: ApiRequest, connection: ClientConnection): boolean {
  return hasRole(user, 'monitoring') || connection.access.user === user.name;
}

/** The connections that a request may see: of all users, or of one; of all virtual hosts, or one. */
function* visible(request: ApiRequest): Generator<ClientConnection> {
  const vhost = request.labels.has('vhost') ? request.visibleVhost() : undefined;
  const user = request.labels.get('user');
  for (const connection of request.broker.clientConnections) {
    const { access } = connection;
    if (vhost !== undefined && access.vhost !== vhost.name) continue;
    if (user !== undefined && access.user !== user) continue;
    if (sees(request, connection)) yield connection;
  }
}

/** `GET /api/connections`, `/api/vhosts/{vhost}/connections`, `/api/connections/username/{user}` */
export function listConnections(request: ApiRequest): Promise<Answer> {
  const { broker, management } = request;
  const hasStatistics = !request.isSet('disable_stats');
  if (hasStatistics) management.rates.ask();
  return listAnswer(request, {
    items: visible(request),
    name: connectionName,
    write: (connection) =>
      hasStatistics
        ? connectionToJson(connection, broker, management.rates)
        : plainConnection(connection),
    order: ['vhost', 'name'],
    column: (connection, name) => {
      if (name === 'name') return connectionName(connection);
      return name === 'vhost' ? connection.access.vhost : undefined;
    },
  });
}

/** Finds the connection that the path names, in steps. */
async function requireConnection(request: ApiRequest): Promise<ClientConnection> {
  const wanted = request.label('name');
  const found = await inSlices(request.broker.background, find(request, wanted));
  if (found === undefined) throw notFound();
  if (sees(request, found)) return found;
  throw new ManagementError('not-authorised', 'User not authorised to access object');
}

function* find(
  { broker }: ApiRequest,
  wanted: string,
): Generator<void, ClientConnection | undefined> {
  let seenCount = 0;
  for (const connection of broker.clientConnections) {
    if (connectionName(connection) === wanted) return connection;
    if (++seenCount % itemsPerStep === 0) yield;
  }
  return undefined;
}

/** `GET /api/connections/{name}` */
export async function getConnection(request: ApiRequest): Promise<Answer> {
  const { broker, management } = request;
  const connection = await requireConnection(request);
  management.rates.ask();
  const span = readSpan(request, 'data_rates');
  return objectAnswer(request, connectionToJson(connection, broker, management.rates, span));
}

/** `DELETE /api/connections/{name}`, with the reason in the header `X-Reason` */
export async function closeConnection(request: ApiRequest): Promise<Answer> {
  (await requireConnection(request)).shutdown(reasonOf(request));
  return emptyAnswer(204);
}

/** `DELETE /api/connections/username/{user}` */
export async function closeConnectionsOfUser(request: ApiRequest): Promise<Answer> {
  const { broker } = request;
  const reason = reasonOf(request);
  await inSlices(broker.background, closeAll([...visible(request)], reason));
  return emptyAnswer(204);
}

function* closeAll(connections: readonly ClientConnection[], reason: string): Generator<void> {
  for (const connection of connections) {
    connection.shutdown(reason);
    yield;
  }
}

function reasonOf({ head }: ApiRequest): string {
  const given = head.headers.get('x-reason')?.slice(0, reasonLengthMax);
  return given === undefined || given === '' ? 'Closed via management plugin' : given;
}

function* channelsOf(connections: Iterable<ClientConnection>): Generator<ChannelPlace> {
  for (const connection of connections) {
    for (const channel of connection.details?.().channels() ?? []) yield { connection, channel };
  }
}

function listOf(request: ApiRequest, items: Iterable<ChannelPlace>): Promise<Answer> {
  return listAnswer(request, {
    items,
    name: channelName,
    write: (place) => channelToJson(place, request.broker),
    order: ['vhost', 'name'],
  });
}

/** `GET /api/channels` and `GET /api/vhosts/{vhost}/channels` */
export function listChannels(request: ApiRequest): Promise<Answer> {
  return listOf(request, channelsOf(visible(request)));
}

/** `GET /api/connections/{name}/channels` */
export async function listChannelsOfConnection(request: ApiRequest): Promise<Answer> {
  return listOf(request, channelsOf([await requireConnection(request)]));
}

/** `GET /api/channels/{name}` */
export async function getChannel(request: ApiRequest): Promise<Answer> {
  const { broker } = request;
  const wanted = request.label('name');
  const connectionLabel = wanted.replace(/ \(\d+\)$/, '');
  const connection = await inSlices(broker.background, find(request, connectionLabel));
  const place = [...channelsOf(connection === undefined ? [] : [connection])].find(
    (each) => channelName(each) === wanted,
  );
  if (place === undefined) throw notFound();
  if (!sees(request, place.connection)) {
    throw new ManagementError('not-authorised', 'User not authorised to access object');
  }
  const consumers = [...place.channel.consumers()].map((consumer) =>
    consumerToJson({ ...place, consumer }),
  );
  const { connection: of, channel } = place;
  return objectAnswer(request, {
    ...channelToJson(place, broker),
    channel_details: channelReference(of, channel),
    consumer_details: consumers,
    deliveries: [],
    publishes: [],
  });
}

/** `GET /api/consumers` and `GET /api/consumers/{vhost}` */
export function listConsumers(request: ApiRequest): Promise<Answer> {
  const vhosts = new Set(request.vhosts().map(({ name }) => name));
  const items = function* (): Generator<ConsumerPlace> {
    for (const place of allConsumers(request.broker)) {
      if (vhosts.has(place.consumer.subscription.queue.vhost)) yield place;
    }
  };
  return listAnswer(request, {
    items: items(),
    name: ({ consumer }) => consumer.tag,
    write: consumerToJson,
    order: ['channel_details.name', 'consumer_tag'],
  });
}
