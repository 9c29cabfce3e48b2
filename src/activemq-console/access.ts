// Who may use the console.

import type { User } from '../broker/users.ts';

/** The group of a directory whose members may use the console, as in Amazon MQ. */
const consoleGroup = 'amazonmq-console-admins';

/**
 * Whether a user may use the console.
 *
 * @param consoleUsers the broker's own users that may
 */
export function hasConsoleAccess(
  { name, groups }: Pick<User, 'name' | 'groups'>,
  consoleUsers: ReadonlySet<string>,
): boolean {
  return groups === undefined ? consoleUsers.has(name) : groups.includes(consoleGroup);
}
