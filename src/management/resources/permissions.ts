// Permissions and topic permissions: /api/permissions, /api/topic-permissions.

import type {
  JsonObject,
  PermissionEntry,
  TopicPermissionEntry,
} from '../../broker/rabbitmq/model.ts';
import { type Answer, emptyAnswer, jsonAnswer } from '../answers.ts';
import { committed } from '../commit.ts';
import { badRequest, ManagementError, notFound } from '../errors.ts';
import { requireText } from '../json/read.ts';
import { listAnswer, objectAnswer } from '../listing/list.ts';
import type { ApiRequest } from '../request.ts';
import { hasRole, isSelf } from '../roles.ts';

function permissionToJson({ user, vhost, configure, write, read }: PermissionEntry): JsonObject {
  return { user, vhost, configure, write, read };
}

function topicPermissionToJson(entry: TopicPermissionEntry): JsonObject {
  const { user, vhost, exchange, write, read } = entry;
  return { user, vhost, exchange, write, read };
}

/** What a path selects: of one user, or in one virtual host. The named object must exist. */
function selection(request: ApiRequest): { user?: string; vhost?: string } {
  const user = request.labels.get('user');
  const vhost = request.labels.get('vhost');
  if (user !== undefined && request.broker.users.get(user) === undefined) throw notFound();
  if (vhost !== undefined && !request.broker.vhosts.has(vhost)) throw notFound();
  return { ...(user !== undefined && { user }), ...(vhost !== undefined && { vhost }) };
}

/** To create permissions, their user and virtual host must exist. */
function requireBoth(request: ApiRequest): void {
  const { users, vhosts } = request.broker;
  const hasUser = users.get(request.label('user')) !== undefined;
  if (!hasUser || !vhosts.has(request.label('vhost'))) throw badRequest('vhost_or_user_not_found');
}

/** Users may see their own permissions. */
function requireOwnOrAdministrator({ user, labels }: ApiRequest): void {
  if (hasRole(user, 'administrator') || isSelf(user, labels.get('user') ?? '')) return;
  throw new ManagementError('not-authorised', 'User not authorised to access object');
}

/** `GET /api/permissions`, `/api/users/{user}/permissions`, `/api/vhosts/{vhost}/permissions` */
export function listPermissions(request: ApiRequest): Promise<Answer> {
  requireOwnOrAdministrator(request);
  const { users } = request.management.administration;
  return listAnswer(request, {
    items: users.permissions(selection(request)),
    name: ({ user }) => user,
    write: permissionToJson,
    order: ['vhost', 'user'],
    column: (entry, name) => (name === 'user' || name === 'vhost' ? entry[name] : undefined),
  });
}

/** `GET /api/permissions/{vhost}/{user}` */
export function getPermission(request: ApiRequest): Answer {
  requireOwnOrAdministrator(request);
  selection(request);
  const { users } = request.management.administration;
  const found = users.permission(request.label('user'), request.label('vhost'));
  if (found === undefined) throw notFound();
  return objectAnswer(request, permissionToJson(found));
}

/** `PUT /api/permissions/{vhost}/{user}` */
export async function putPermission(request: ApiRequest): Promise<Answer> {
  requireBoth(request);
  const body = request.object();
  const permission = {
    configure: requireText(body, 'configure'),
    write: requireText(body, 'write'),
    read: requireText(body, 'read'),
  };
  const { users } = request.management.administration;
  const isNew = users.setPermission(request.label('user'), request.label('vhost'), permission);
  await committed(request.broker);
  return emptyAnswer(isNew ? 201 : 204);
}

/** `DELETE /api/permissions/{vhost}/{user}` */
export async function deletePermission(request: ApiRequest): Promise<Answer> {
  selection(request);
  const { users } = request.management.administration;
  users.clearPermission(request.label('user'), request.label('vhost'));
  await committed(request.broker);
  return emptyAnswer(204);
}

/** `GET /api/topic-permissions`: all, those of a user, or those in a virtual host */
export function listTopicPermissions(request: ApiRequest): Promise<Answer> {
  requireOwnOrAdministrator(request);
  const { users } = request.management.administration;
  return listAnswer(request, {
    items: users.topicPermissions(selection(request)),
    name: ({ user }) => user,
    write: topicPermissionToJson,
    order: ['vhost', 'user', 'exchange'],
    column: (entry, name) =>
      name === 'user' || name === 'vhost' || name === 'exchange' ? entry[name] : undefined,
  });
}

/** `GET /api/topic-permissions/{vhost}/{user}`: one entry for each exchange */
export function getTopicPermissions(request: ApiRequest): Answer {
  requireOwnOrAdministrator(request);
  const { users } = request.management.administration;
  const found = [...users.topicPermissions(selection(request))];
  if (found.length === 0) throw notFound();
  return jsonAnswer(found.map(topicPermissionToJson));
}

/** `PUT /api/topic-permissions/{vhost}/{user}` */
export async function putTopicPermission(request: ApiRequest): Promise<Answer> {
  requireBoth(request);
  const body = request.object();
  const exchange = requireText(body, 'exchange');
  const permission = { write: requireText(body, 'write'), read: requireText(body, 'read') };
  const { users } = request.management.administration;
  const user = request.label('user');
  const vhost = request.label('vhost');
  const isNew = users.setTopicPermission(user, vhost, exchange, permission);
  await committed(request.broker);
  return emptyAnswer(isNew ? 201 : 204);
}

/** `DELETE /api/topic-permissions/{vhost}/{user}`, including for one exchange */
export async function deleteTopicPermissions(request: ApiRequest): Promise<Answer> {
  selection(request);
  const { users } = request.management.administration;
  const exchange = request.labels.get('exchange');
  users.clearTopicPermissions(request.label('user'), request.label('vhost'), exchange);
  await committed(request.broker);
  return emptyAnswer(204);
}
