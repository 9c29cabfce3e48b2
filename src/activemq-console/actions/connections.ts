// Connections are closed.

import { type Answer, jsonAnswer } from '../answers.ts';
import { ConsoleError } from '../errors.ts';
import { connectionIdOf, requireConnection } from '../listing/connection-list.ts';
import type { ConsoleRequest } from '../request.ts';
import { audited } from './operation.ts';

/**
 * `POST /admin/closeConnection.action`: closes the connection `id`: one of the same user, or of another
 * one with the permission `admin` on all queues and topics.
 */
export async function closeConnection(request: ConsoleRequest): Promise<Answer> {
  const { console, access } = request;
  const connection = await requireConnection(console, request.field('id'));
  const id = connectionIdOf(connection);
  if (connection.access.user !== access.user) requireAll(request);
  await audited(request, { name: 'closeConnection', arguments: [id] }, () =>
    connection.shutdown(`closed by ${access.user} in the console`),
  );
  return jsonAnswer({ id });
}

/** @throws {ConsoleError} `forbidden` */
function requireAll({ console, access }: ConsoleRequest): void {
  const { rights } = console.dialect;
  const all = ['queue', 'topic'] as const;
  if (all.every((kind) => rights.permits(access, 'remove', { kind, name: '>' }))) return;
  const why =
    'closing connections of other users needs the permission admin on all queues and topics';
  throw new ConsoleError('forbidden', why);
}
