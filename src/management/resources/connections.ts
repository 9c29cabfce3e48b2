// Connections, channels and consumers: /api/connections, /api/channels, /api/consumers.

import type { ClientConnection, ConnectionInspector } from '../../broker/client-connection.ts';
import type { ChannelInfo, ConsumerInfo } from '../../broker/rabbitmq/model.ts';
import { type Answer, emptyAnswer } from '../answers.ts';
import { badRequest, ManagementError, notFound } from '../errors.ts';
import { listAnswer, objectAnswer } from '../listing/list.ts';
import { readSpan } from '../rates/options.ts';
import type { ApiRequest } from '../request.ts';
import { hasRole } from '../roles.ts';
import { inSlices, itemsPerStep } from '../slices.ts';
import {
  channelToJson,
  connectionToJson,
  consumerToJson,
  plainConnection,
  sessionToJson,
} from './connection-json.ts';

/** Maximum length of a reason for closing a connection, characters. */
const reasonLengthMax = 200;

/** A connection that can be described. */
interface Seen {
  readonly connection: ClientConnection;
  readonly inspector: ConnectionInspector;
}

/** Users without the tag `monitoring` only see their own connections. */
function sees({ user }: ApiRequest, { access }: ClientConnection): boolean {
  return hasRole(user, 'monitoring') || access.user === user.name;
}

/** The connections that a request may see: of all users, or of one; of all virtual hosts, or one. */
function* visible(request: ApiRequest): Generator<Seen> {
  const vhost = request.labels.has('vhost') ? request.visibleVhost() : undefined;
  const user = request.labels.get('user');
  for (const connection of request.broker.clientConnections) {
    const { access, inspector } = connection;
    if (inspector === undefined) continue;
    if (vhost !== undefined && access.vhost !== vhost.name) continue;
    if (user !== undefined && access.user !== user) continue;
    if (sees(request, connection)) yield { connection, inspector };
  }
}

/** `GET /api/connections`, `/api/vhosts/{vhost}/connections`, `/api/connections/username/{user}` */
export function listConnections(request: ApiRequest): Promise<Answer> {
  const { rates } = request.management;
  const hasStatistics = !request.isSet('disable_stats');
  if (hasStatistics) rates.ask();
  return listAnswer(request, {
    items: visible(request),
    name: ({ inspector }) => inspector.name,
    write: ({ connection, inspector }) =>
      hasStatistics
        ? connectionToJson(inspector.info(), rates.ofConnection(connection))
        : plainConnection(inspector.info()),
    order: ['vhost', 'name'],
    column: ({ connection, inspector }, name) => {
      if (name === 'name') return inspector.name;
      return name === 'vhost' ? connection.access.vhost : undefined;
    },
  });
}

/** Finds the connection with a name, in steps, and checks that the user may see it. */
async function requireConnection(request: ApiRequest, name: string): Promise<Seen> {
  const found = await inSlices(request.background, find(request, name));
  if (found === undefined) throw notFound();
  if (sees(request, found.connection)) return found;
  throw new ManagementError('not-authorised', 'User not authorised to access object');
}

function* find({ broker }: ApiRequest, wanted: string): Generator<void, Seen | undefined> {
  let seenCount = 0;
  for (const connection of broker.clientConnections) {
    const { inspector } = connection;
    if (inspector?.name === wanted) return { connection, inspector };
    if (++seenCount % itemsPerStep === 0) yield;
  }
  return undefined;
}

/** `GET /api/connections/{name}` */
export async function getConnection(request: ApiRequest): Promise<Answer> {
  const { rates } = request.management;
  const { connection, inspector } = await requireConnection(request, request.label('name'));
  rates.ask();
  const span = readSpan(request, 'data_rates');
  const series = rates.ofConnection(connection);
  return objectAnswer(request, connectionToJson(inspector.info(), series, span));
}

/** Only administrators close connections of other users. */
function requireOwnOrAdministrator({ user }: ApiRequest, owner: string): void {
  if (owner === user.name || hasRole(user, 'administrator')) return;
  throw new ManagementError('not-authorised', 'User not authorised to access object');
}

/** `DELETE /api/connections/{name}`, with the reason in the header `X-Reason` */
export async function closeConnection(request: ApiRequest): Promise<Answer> {
  const { connection } = await requireConnection(request, request.label('name'));
  requireOwnOrAdministrator(request, connection.access.user);
  connection.shutdown(reasonOf(request));
  return emptyAnswer(204);
}

/** `DELETE /api/connections/username/{user}` */
export async function closeConnectionsOfUser(request: ApiRequest): Promise<Answer> {
  requireOwnOrAdministrator(request, request.label('user'));
  const reason = reasonOf(request);
  await inSlices(request.background, closeAll([...visible(request)], reason));
  return emptyAnswer(204);
}

function* closeAll(all: readonly Seen[], reason: string): Generator<void> {
  for (const { connection } of all) {
    connection.shutdown(reason);
    yield;
  }
}

function reasonOf({ head }: ApiRequest): string {
  const given = head.headers.get('x-reason')?.slice(0, reasonLengthMax);
  return given === undefined || given === '' ? 'Closed via management plugin' : given;
}

function* channelsOf(connections: Iterable<Seen>): Generator<ChannelInfo> {
  for (const { inspector } of connections) yield* inspector.channels();
}

function listOf(request: ApiRequest, items: Iterable<ChannelInfo>): Promise<Answer> {
  return listAnswer(request, {
    items,
    name: ({ name }) => name,
    write: channelToJson,
    order: ['vhost', 'name'],
    column: (channel, name) => (name === 'name' || name === 'vhost' ? channel[name] : undefined),
  });
}

/** `GET /api/channels` and `GET /api/vhosts/{vhost}/channels` */
export function listChannels(request: ApiRequest): Promise<Answer> {
  return listOf(request, channelsOf(visible(request)));
}

/** `GET /api/connections/{name}/channels` */
export async function listChannelsOfConnection(request: ApiRequest): Promise<Answer> {
  return listOf(request, channelsOf([await requireConnection(request, request.label('name'))]));
}

/** `GET /api/connections/{name}/sessions` */
export async function listSessions(request: ApiRequest): Promise<Answer> {
  const { inspector } = await requireConnection(request, request.label('name'));
  if (inspector.sessions === undefined) throw badRequest('connection does not use AMQP 1.0');
  return listAnswer(request, {
    items: inspector.sessions(),
    name: ({ number }) => String(number),
    write: sessionToJson,
    order: ['channel_number'],
  });
}

/** `GET /api/channels/{name}` */
export async function getChannel(request: ApiRequest): Promise<Answer> {
  const wanted = request.label('name');
  const found = await requireConnection(request, wanted.replace(/ \(\d+\)$/, ''));
  const channel = [...found.inspector.channels()].find(({ name }) => name === wanted);
  if (channel === undefined) throw notFound();
  const consumers = [...found.inspector.consumers()].filter(
    ({ channelNumber }) => channelNumber === channel.number,
  );
  return objectAnswer(request, {
    ...channelToJson(channel),
    consumer_details: consumers.map((each) => consumerToJson(request.broker, each)),
    deliveries: [],
    publishes: [],
  });
}

/** `GET /api/consumers` and `GET /api/consumers/{vhost}` */
export function listConsumers(request: ApiRequest): Promise<Answer> {
  const vhosts = new Set(request.vhosts().map(({ name }) => name));
  const items = function* (): Generator<ConsumerInfo> {
    for (const { access, inspector } of request.broker.clientConnections) {
      if (vhosts.has(access.vhost)) yield* inspector?.consumers() ?? [];
    }
  };
  return listAnswer(request, {
    items: items(),
    name: ({ tag }) => tag,
    write: (each) => consumerToJson(request.broker, each),
    order: ['channel_details.name', 'consumer_tag'],
  });
}
