import type { Broker } from '../../broker/broker.ts';
import { everything } from '../../broker/users.ts';

/** A user as a start names it. */
interface StartUser {
  readonly username: string;
  readonly passwordHash: string;
}

const vhost = '/';

/**
 * Makes a broker's users those of its start: Amazon MQ changes the users of brokers of ActiveMQ's type
 * at a reboot. Nothing is written for users who stay as they are.
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
