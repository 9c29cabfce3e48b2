// Pages of the list of connections, and one of them.

import type { ClientConnection } from '../../broker/client-connection.ts';
import { inSlices, itemsPerStep } from '../../management/slices.ts';
import { type Answer, jsonAnswer } from '../answers.ts';
import type { Console } from '../console.ts';
import { ConsoleError } from '../errors.ts';
import type { ConsoleRequest } from '../request.ts';
import { cut } from './cut.ts';
import { pageAnswer } from './paging.ts';

/** The name of a connection: both addresses, or the protocol instead of an unknown own one. */
export function connectionIdOf(connection: ClientConnection): string {
  const { peerAddress = '-', localAddress, protocolName = '-' } = connection;
  return `${peerAddress} -> ${localAddress ?? protocolName}`;
}

/** `GET /admin/api/connections` */
export function listConnections(request: ConsoleRequest): Promise<Answer> {
  return pageAnswer<ClientConnection>(request, {
    name: 'connections',
    items: connectionsOf(request.console),
    columns: {
      id: connectionIdOf,
      user: ({ access }) => access.user,
      protocol: ({ protocolName = '' }) => protocolName,
      clientId: ({ clientId = '' }) => clientId,
      sessionCount: ({ channelCount }) => channelCount,
    },
    text: (connection) =>
      `${connectionIdOf(connection)} ${connection.access.user} ${connection.clientId ?? ''}`,
    write: shown,
  });
}

function* connectionsOf({ broker }: Console): Generator<void, ClientConnection[]> {
  const found: ClientConnection[] = [];
  for (const connection of broker.clientConnections) {
    found.push(connection);
    if (found.length % itemsPerStep === 0) yield;
  }
  return found;
}

function shown(connection: ClientConnection): object {
  return {
    id: connectionIdOf(connection),
    address: connection.peerAddress ?? null,
    user: connection.access.user,
    protocol: connection.protocolName ?? null,
    clientId: connection.clientId === undefined ? null : cut(connection.clientId),
    sessionCount: connection.channelCount,
  };
}

/**
 * The open connection with an id.
 *
 * @throws {ConsoleError} `not-found`
 */
export async function requireConnection(console: Console, id: string): Promise<ClientConnection> {
  const all = await inSlices(console.broker.background, connectionsOf(console));
  const found = all.find((connection) => connectionIdOf(connection) === id);
  if (found !== undefined) return found;
  throw new ConsoleError('not-found', `there is no connection '${id}'`);
}

/** `GET /admin/api/connections/{id}` */
export async function getConnection(request: ConsoleRequest): Promise<Answer> {
  return jsonAnswer(shown(await requireConnection(request.console, request.label('id'))));
}
