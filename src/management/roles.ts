// The rights of users by their tags.

import { permitsVhost, type User } from '../broker/users.ts';
import type { Vhost } from '../broker/vhost.ts';
import { ManagementError } from './errors.ts';

/** A right that a resource requires. The broker's permissions apply in addition. */
export type Role = 'management' | 'policymaker' | 'monitoring' | 'administrator';

/** The tags that grant each right. */
const granting: Readonly<Record<Role, readonly string[]>> = {
  management: ['management', 'policymaker', 'monitoring', 'administrator'],
  policymaker: ['policymaker', 'administrator'],
  monitoring: ['monitoring', 'administrator'],
  administrator: ['administrator'],
};

const refusals: Readonly<Record<Role, string>> = {
  management: 'Not management user',
  policymaker: 'User not authorised to access object',
  monitoring: 'Not monitor user',
  administrator: 'Not administrator user',
};

/** Whether the tags of a user grant a right. */
export function hasRole({ tags }: Pick<User, 'tags'>, role: Role): boolean {
  return tags.some((tag) => granting[role].includes(tag));
}

/** @throws {ManagementError} `not-authorised` */
export function requireRole(user: Pick<User, 'tags'>, role: Role): void {
  if (!hasRole(user, role)) throw new ManagementError('not-authorised', refusals[role]);
}

/**
 * Whether a name is that of the user itself. A user of another service is not the broker's user with the
 * same name.
 */
export function isSelf(user: User, name: string): boolean {
  return user.rights === undefined && user.name === name;
}

/** Whether a user may see the objects of a virtual host. */
export function seesVhost(user: User, vhost: string): boolean {
  return hasRole(user, 'monitoring') || permitsVhost(user, vhost);
}

/**
 * Checks that a user may see the objects of a virtual host.
 *
 * @throws {ManagementError} `not-authorised`
 */
export function requireVisible(user: User, { name }: Pick<Vhost, 'name'>): void {
  if (seesVhost(user, name)) return;
  throw new ManagementError('not-authorised', 'User not authorised to access virtual host');
}

/**
 * Checks that a user may change objects of a virtual host, as far as its permissions allow.
 *
 * @throws {ManagementError} `not-authorised`
 */
export function requireLogin(user: User, { name }: Pick<Vhost, 'name'>): void {
  if (permitsVhost(user, name)) return;
  throw new ManagementError('not-authorised', 'User not authorised to access virtual host');
}
