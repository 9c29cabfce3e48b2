// Users that are replaced at each start of a broker.

import type { Broker } from '../../broker/broker.ts';
import { everything } from '../../broker/users.ts';

/** A user of a start message. */
interface StartUser {
  readonly username: string;
  readonly passwordHash: string;
}

const vhost = '/';

/**
 * Replaces the users of a broker. Amazon MQ applies changes to the users of ActiveMQ brokers at a
 * reboot. Nothing is written for unchanged users.
 */
export function setUsers(broker: Broker, users: readonly StartUser[]): void {
  const wanted = new Set(users.map(({ username }) => username));
  for (const { name } of [...broker.users.all()]) {
    if (!wanted.has(name)) broker.deleteUser(name);
  }
  for (const { username, passwordHash } of users) {
    const found = broker.users.get(username);
    if (found?.passwordHash === passwordHash) continue;
    broker.putUser(username, passwordHash, []);
    if (found === undefined) broker.setPermission(username, vhost, everything);
  }
}
