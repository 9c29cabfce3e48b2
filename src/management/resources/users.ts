// Users and their limits: /api/users, /api/user-limits, /api/auth/hash_password.

import { createHash } from 'node:crypto';
import { systemRandom } from '../../base/random.ts';
import type { JsonObject, NewCredentials, UserInfo } from '../../broker/rabbitmq/model.ts';
import { type Answer, emptyAnswer, jsonAnswer } from '../answers.ts';
import { committed } from '../commit.ts';
import { badRequest, keyMissing, ManagementError, notFound } from '../errors.ts';
import { isArray, own } from '../json/read.ts';
import { listAnswer, objectAnswer } from '../listing/list.ts';
import type { ApiRequest } from '../request.ts';
import { hasRole, isSelf } from '../roles.ts';
import { readLimit, readTags } from './vhosts.ts';

/** Maximum length of a password, characters. */
const passwordLengthMax = 1024;

/** Maximum number of users in one request. */
const bulkCountMax = 10_000;

/** Writes a user. Hashes of this program are of no use elsewhere, so they are left out. */
function userToJson({ name, tags, credentials, limits }: UserInfo): JsonObject {
  return {
    name,
    password_hash: credentials.passwordHash,
    hashing_algorithm: credentials.hashingAlgorithm,
    tags: [...tags],
    limits: { ...limits },
  };
}

function listOf(request: ApiRequest, items: Iterable<UserInfo>): Promise<Answer> {
  return listAnswer(request, {
    items,
    name: ({ name }) => name,
    write: userToJson,
    order: ['name'],
    column: (user, name) => (name === 'name' ? user.name : undefined),
  });
}

/** `GET /api/users` */
export function listUsers(request: ApiRequest): Promise<Answer> {
  return listOf(request, request.management.administration.users.list());
}

/** `GET /api/users/without-permissions` */
export function listUsersWithoutPermissions(request: ApiRequest): Promise<Answer> {
  const { administration, broker } = request.management;
  const items = function* () {
    for (const user of administration.users.list()) {
      if (broker.users.get(user.name)?.permissions.size === 0) yield user;
    }
  };
  return listOf(request, items());
}

/** `GET /api/users/{user}`: administrators, and users themselves */
export function getUser(request: ApiRequest): Answer {
  const name = request.label('user');
  if (!hasRole(request.user, 'administrator') && !isSelf(request.user, name)) {
    throw new ManagementError('not-authorised', 'User not authorised to access object');
  }
  const user = request.management.administration.users.get(name);
  if (user === undefined) throw notFound();
  return objectAnswer(request, userToJson(user));
}

/** `PUT /api/users/{user}` */
export async function putUser(request: ApiRequest): Promise<Answer> {
  const { users } = request.management.administration;
  const body = request.object();
  const tags = readTags(own(body, 'tags'));
  if (tags === undefined) throw badRequest('tags_not_present');
  const isNew = await users.put(request.label('user'), readCredentials(body), tags);
  await committed(request.broker);
  return emptyAnswer(isNew ? 201 : 204);
}

/** A user without a password can only log in by other means, such as a certificate. */
function readCredentials(body: JsonObject): NewCredentials {
  const password = own(body, 'password');
  const passwordHash = own(body, 'password_hash');
  const algorithm = own(body, 'hashing_algorithm');
  if (password !== undefined && passwordHash !== undefined) {
    throw badRequest('both_password_and_password_hash_are_provided');
  }
  if (password !== undefined) {
    if (typeof password !== 'string') throw badRequest('not_string', 'password');
    if (password.length <= passwordLengthMax) return { password };
    throw badRequest(`password has more than ${passwordLengthMax} characters`);
  }
  if (passwordHash === undefined) return { none: true };
  if (typeof passwordHash !== 'string') throw badRequest('not_string', 'password_hash');
  if (algorithm !== undefined && typeof algorithm !== 'string') {
    throw badRequest('not_string', 'hashing_algorithm');
  }
  return { passwordHash, hashingAlgorithm: algorithm };
}

/** `DELETE /api/users/{user}` */
export async function deleteUser(request: ApiRequest): Promise<Answer> {
  request.management.administration.users.delete(request.label('user'));
  await committed(request.broker);
  return emptyAnswer(204);
}

/** `POST /api/users/bulk-delete`: of all named users, or of none if one does not exist. */
export async function deleteUsers(request: ApiRequest): Promise<Answer> {
  const names = own(request.object(), 'users');
  if (names === undefined) throw keyMissing('users');
  if (!isArray(names) || names.length > bulkCountMax) {
    throw badRequest(`users is not an array of at most ${bulkCountMax} names`);
  }
  const { users } = request.management.administration;
  const found = new Set<string>();
  for (const name of names) {
    if (typeof name !== 'string') throw badRequest('not_string', 'users');
    if (users.get(name) === undefined) throw badRequest('no_such_user', name);
    found.add(name);
  }
  for (const name of found) users.delete(name);
  await committed(request.broker);
  return emptyAnswer(204);
}

/**
 * `GET /api/user-limits` and `GET /api/user-limits/{user}`: others than administrators only see their own,
 * and do not learn which users exist.
 */
export function listUserLimits(request: ApiRequest): Answer {
  const { users } = request.management.administration;
  const named = request.labels.get('user');
  const user = named === undefined ? undefined : users.get(named);
  const isAdministrator = hasRole(request.user, 'administrator');
  if (isAdministrator && named !== undefined && user === undefined) throw notFound();
  const listed = named === undefined ? [...users.list()] : user === undefined ? [] : [user];
  const all = listed.filter(({ name }) => isAdministrator || isSelf(request.user, name));
  const limits = all.map(({ name, limits: value }) => ({ user: name, value }));
  return jsonAnswer(limits.filter(({ value }) => Object.keys(value).length > 0));
}

/** `PUT /api/user-limits/{user}/{limit}` */
export async function putUserLimit(request: ApiRequest): Promise<Answer> {
  const value = readLimit(request);
  const { users } = request.management.administration;
  users.setLimit(request.label('user'), request.label('limit'), value);
  await committed(request.broker);
  return emptyAnswer(204);
}

/** `DELETE /api/user-limits/{user}/{limit}` */
export async function deleteUserLimit(request: ApiRequest): Promise<Answer> {
  const { users } = request.management.administration;
  users.clearLimit(request.label('user'), request.label('limit'));
  await committed(request.broker);
  return emptyAnswer(204);
}

/** `GET /api/auth/hash_password/{password}`: a hash in RabbitMQ's form, for definitions */
export function hashPassword(request: ApiRequest): Answer {
  const salt = systemRandom.bytes(4);
  const digest = createHash('sha256').update(salt).update(request.label('password')).digest();
  return jsonAnswer({ ok: Buffer.concat([salt, digest]).toString('base64') });
}
