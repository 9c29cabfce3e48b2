// Virtual hosts, users, and what users may do.

import { requireShortName } from '../arguments.ts';
import type { ClientConnection, ClientConnections } from '../client-connection.ts';
import type { Change } from '../definitions.ts';
import { BrokerError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { Undecided } from '../logins/undecided.ts';
import type { Parameters } from '../rabbitmq/parameters.ts';
import { beginVhost, type InitialSettings } from '../settings/initial-settings.ts';
import type { Background } from '../turns/background.ts';
import {
  Access,
  type Permission,
  permitsVhost,
  type TopicPermission,
  type User,
  type UserLimitName,
  type Users,
} from '../users.ts';
import type { Vhost } from '../vhost.ts';
import { changedMetadata, noMetadata, type VhostMetadata } from '../vhosts/vhost-metadata.ts';
import { checkPermission, checkTopicPermission } from './access-rights.ts';
import { isMover, movedParameter, movedReason, readMoved } from './moved.ts';
import { limitValue } from './user-limits.ts';

/** The interface to the broker. */
export interface AccountsHost {
  readonly users: Users;
  readonly vhosts: ReadonlyMap<string, Vhost>;
  readonly limits: Limits;
  readonly clientConnections: ClientConnections;
  readonly background: Background;
  readonly parameters: Pick<Parameters, 'global'>;
  /** What new virtual hosts begin with. */
  readonly initialSettings: InitialSettings | undefined;
}

/** Maximum number of tags of a user. */
const tagCountMax = 32;

/** Connections that are closed at once; more are closed in the background. */
const closedAtOnceMax = 64;

/** Changes virtual hosts, users and permissions, and decides who may connect. */
export class Accounts {
  readonly #host: AccountsHost;
  readonly #change: (change: Change) => void;

  /** @param change writes a change to the log and applies it */
  constructor(host: AccountsHost, change: (change: Change) => void) {
    this.#host = host;
    this.#change = change;
  }

  /** @throws {BrokerError} `not-found` */
  requireVhost(name: string): Vhost {
    const vhost = this.#host.vhosts.get(name);
    if (vhost === undefined) throw new BrokerError('not-found', `no vhost '${name}'`);
    return vhost;
  }

  /**
   * Creates a virtual host with the predeclared exchanges, or changes the metadata of an existing one.
   * What is left out keeps its value.
   *
   * @throws {BrokerError} `precondition-failed`
   */
  putVhost(name: string, metadata: Partial<VhostMetadata>): void {
    const found = this.#host.vhosts.get(name);
    const { argumentsBytesMax, vhostCountMax } = this.#host.limits;
    const changed = changedMetadata(found?.metadata ?? noMetadata, metadata, argumentsBytesMax);
    if (found === undefined) {
      requireName('vhost name', name);
      requireRoom('vhost', this.#host.vhosts.size, vhostCountMax);
    }
    this.#change({ kind: 'vhost', vhost: name, metadata: changed });
    if (found === undefined)
      beginVhost(this.requireVhost(name).settings, this.#host.initialSettings);
  }

  /**
   * Deletes a virtual host with its contents and disconnects its clients.
   *
   * @throws {BrokerError} `not-allowed` if it does not exist
   */
  deleteVhost(name: string): void {
    if (!this.#host.vhosts.has(name)) throw new BrokerError('not-allowed', notFound(name));
    this.#disconnect(({ access }) => access.vhost === name, `vhost '${name}' is deleted`);
    this.#change({ kind: 'vhost-deleted', vhost: name });
  }

  /**
   * Checks the name and the tags of a user.
   *
   * @throws {BrokerError} `precondition-failed`
   */
  checkUser(name: string, tags: readonly string[]): void {
    requireName('user name', name);
    for (const tag of tags) requireName('tag of a user', tag);
    if (tags.length > tagCountMax) {
      const why = `${tags.length} tags are more than the ${tagCountMax} allowed`;
      throw new BrokerError('precondition-failed', `user '${name}': ${why}`);
    }
    if (this.#host.users.get(name) !== undefined) return;
    requireRoom('user', this.#host.users.count, this.#host.limits.userCountMax);
  }

  /**
   * Adds a user, or changes the password and tags of an existing one.
   *
   * @throws {BrokerError} `precondition-failed`
   */
  putUser(user: string, passwordHash: string, tags: readonly string[]): void {
    this.checkUser(user, tags);
    this.#change({ kind: 'user', user, passwordHash, tags });
  }

  /**
   * Deletes a user and disconnects its clients.
   *
   * @throws {BrokerError} `not-found`
   */
  deleteUser(name: string): void {
    this.#host.users.require(name);
    this.#disconnect(({ access }) => access.user === name, `user '${name}' is deleted`);
    this.#change({ kind: 'user-deleted', user: name });
  }

  /**
   * Sets a limit of a user. Existing connections and channels above it remain.
   *
   * @param value negative for no limit
   * @throws {BrokerError} `not-found`, `precondition-failed`
   */
  setUserLimit(user: string, name: UserLimitName, value: number): void {
    this.#host.users.require(user);
    this.#change({ kind: 'user-limit', user, name, value: limitValue(name, value) });
  }

  /**
   * Sets the permissions of a user in a virtual host. They take effect at once.
   *
   * @throws {BrokerError} `not-found`, `not-allowed`, or `precondition-failed` for an invalid
   *   pattern, or if there are too many permissions
   */
  setPermission(user: string, vhost: string, permission: Permission): void {
    const { permissions } = this.#requireBoth(user, vhost);
    checkPermission(permission);
    if (!permissions.has(vhost)) this.#requireRoomForPermission();
    const { configure, write, read } = permission;
    this.#change({ kind: 'permission', user, vhost, configure, write, read });
  }

  /**
   * Removes the permissions of a user in a virtual host. This takes effect at once.
   *
   * @throws {BrokerError} `not-found`
   */
  clearPermission(user: string, vhost: string): void {
    this.#host.users.require(user);
    this.#change({ kind: 'permission-cleared', user, vhost });
  }

  /**
   * Sets the topic permissions of a user on an exchange, which need not exist.
   *
   * @throws {BrokerError} `not-found`, `not-allowed`, or `precondition-failed`
   */
  setTopicPermission(
    user: string,
    vhost: string,
    exchange: string,
    permission: TopicPermission,
  ): void {
    const { topicPermissions } = this.#requireBoth(user, vhost);
    requireShortName('exchange name', exchange);
    checkTopicPermission(permission);
    const isNew = topicPermissions.get(vhost)?.has(exchange) !== true;
    if (isNew) this.#requireRoomForPermission();
    const { write, read } = permission;
    this.#change({ kind: 'topic-permission', user, vhost, exchange, write, read });
  }

  /**
   * Removes the topic permissions of a user in a virtual host.
   *
   * @param exchange undefined for those on all exchanges
   * @throws {BrokerError} `not-found`
   */
  clearTopicPermissions(user: string, vhost: string, exchange?: string): void {
    const found = this.#host.users.require(user).topicPermissions.get(vhost);
    const exchanges = exchange === undefined ? [...(found?.keys() ?? [])] : [exchange];
    for (const name of exchanges) {
      if (found?.has(name) !== true) {
        const text = `no topic permission of user '${user}' on exchange '${name}' in vhost '${vhost}'`;
        throw new BrokerError('not-found', text);
      }
      this.#change({ kind: 'topic-permission-cleared', user, vhost, exchange: name });
    }
  }

  #requireBoth(user: string, vhost: string): User {
    const found = this.#host.users.require(user);
    if (!this.#host.vhosts.has(vhost)) throw new BrokerError('not-allowed', notFound(vhost));
    return found;
  }

  #requireRoomForPermission(): void {
    const { users, limits } = this.#host;
    requireRoom('permission', users.permissionCount, limits.permissionCountMax);
  }

  /** Disconnects clients, the first ones at once and more in the background. */
  #disconnect(matches: (connection: ClientConnection) => boolean, reason: string): void {
    const { clientConnections, background } = this.#host;
    const found = [...clientConnections].filter(matches);
    for (const connection of found.slice(0, closedAtOnceMax)) connection.shutdown(reason);
    if (found.length > closedAtOnceMax) background.run(shutDown(found, reason));
  }

  /**
   * @throws {BrokerError} `not-allowed` if the virtual host does not exist or the user has no
   *   permissions in it
   */
  requirePermitted(user: User, vhost: string): void {
    if (!this.#host.vhosts.has(vhost)) throw new BrokerError('not-allowed', notFound(vhost));
    const { users } = this.#host;
    // Of the broker's own users, the present permissions count, not those at the log-in.
    const isOwn = user.groups === undefined && user.rights === undefined;
    const current = isOwn ? users.get(user.name) : user;
    if (current !== undefined && permitsVhost(current, vhost)) return;
    throw users.refusal('not-allowed', { user: user.name }, refused(user, vhost));
  }

  /**
   * The access of a new connection.
   *
   * @param canWait whether the caller repeats an operation for which `Undecided` is thrown; otherwise
   *   what is not known yet is refused
   * @throws {BrokerError} `not-allowed` if the user has no permissions in the virtual host, a limit of
   *   connections is reached, or clients have moved to another broker
   * @throws {Undecided} if another service is asked
   */
  access(user: User, vhost: string, canWait = false): Access {
    this.requireNotMoved(user);
    if (!this.#host.vhosts.has(vhost)) throw new BrokerError('not-allowed', notFound(vhost));
    this.#requireRoomForConnection(user, this.requireVhost(vhost));
    const { users } = this.#host;
    try {
      this.requirePermitted(user, vhost);
    } catch (error) {
      if (canWait || !(error instanceof Undecided)) throw error;
      throw users.refusal('not-allowed', { user: user.name }, refused(user, vhost));
    }
    const access = new Access(users, user.name, vhost, user);
    access.canWait = canWait;
    return access;
  }

  /**
   * Checks that there is room for another object in the virtual hosts together.
   *
   * @param subject for example `queue 'a'`
   * @throws {BrokerError} `precondition-failed`
   */
  requireRoomInBroker(subject: string): void {
    const { vhosts, limits } = this.#host;
    const [kind] = subject.split(' ');
    const isQueue = kind === 'queue';
    const countMax = isQueue ? limits.queueCountSum : limits.exchangeCountSum;
    if (countMax === Infinity) return;
    let count = 0;
    for (const { queues, exchanges } of vhosts.values())
      count += (isQueue ? queues : exchanges).size;
    if (count < countMax) return;
    const why = `${kind} limit in cluster (${countMax}) is reached`;
    throw new BrokerError('precondition-failed', `cannot declare ${subject}: ${why}`);
  }

  /** @throws {BrokerError} `not-allowed` if the clients of this broker have moved to another one */
  requireNotMoved(user: User): void {
    const found = this.#host.parameters.global(movedParameter);
    if (found === undefined) return;
    const moved = readMoved(found.value);
    if (!isMover(moved, user)) throw new BrokerError('not-allowed', movedReason(moved));
  }

  /** Disconnects the clients that have moved to another broker. */
  disconnectMoved(): void {
    const found = this.#host.parameters.global(movedParameter);
    if (found === undefined) return;
    const moved = readMoved(found.value);
    const isOther = ({ access: { user: name, groups, loginRights: rights } }: ClientConnection) =>
      !isMover(moved, { name, groups, rights });
    this.#disconnect(isOther, movedReason(moved));
  }

  #requireRoomForConnection(user: User, { name: vhost, settings }: Vhost): void {
    const { clientConnections, users, limits } = this.#host;
    if (clientConnections.size >= limits.connectionCountMax) {
      const why = `node connection limit (${limits.connectionCountMax}) is reached`;
      throw new BrokerError('not-allowed', `connection refused: ${why}`);
    }
    const countMax = settings.limit('max-connections');
    if (clientConnections.countIn(vhost) >= countMax) {
      const why = `connection limit (${countMax}) is reached`;
      throw new BrokerError('not-allowed', `${refused(user, vhost)}: ${why}`);
    }
    const userMax = users.limit(user.name, 'max-connections');
    if (clientConnections.countOf(user.name) < userMax) return;
    const why = `user connection limit (${userMax}) is reached`;
    throw new BrokerError('not-allowed', `connection refused for user '${user.name}': ${why}`);
  }

  /**
   * Counts a new channel of a user.
   *
   * @throws {BrokerError} `not-allowed` if the user or the broker has too many
   */
  channelOpened({ user }: Access): void {
    const { clientConnections, users, limits } = this.#host;
    if (clientConnections.channelCount >= limits.channelCountMax) {
      const what = "number of channels opened on node 'rabbit@localhost'";
      const why = `has reached the maximum allowed limit of (${limits.channelCountMax})`;
      throw new BrokerError('not-allowed', `${what} ${why}`);
    }
    const countMax = users.limit(user, 'max-channels');
    if (clientConnections.channelCountOf(user) >= countMax) {
      const what = `number of channels opened for user '${user}'`;
      const text = `${what} has reached the maximum allowed user limit of (${countMax})`;
      throw new BrokerError('not-allowed', text);
    }
    clientConnections.countChannels(user, 1);
  }

  /** Counts channels that have closed. */
  channelsClosed({ user }: Access, count: number): void {
    this.#host.clientConnections.countChannels(user, -count);
  }
}

function* shutDown(connections: readonly ClientConnection[], reason: string): Generator<void> {
  for (const connection of connections.slice(closedAtOnceMax)) {
    connection.shutdown(reason);
    yield;
  }
}

function notFound(vhost: string): string {
  return `vhost ${vhost} not found`;
}

function refused(user: User, vhost: string): string {
  return `access to vhost '${vhost}' refused for user '${user.name}'`;
}

function requireName(what: string, name: string): void {
  if (name === '') throw new BrokerError('precondition-failed', `a ${what} is empty`);
  requireShortName(what, name);
}

function requireRoom(what: string, count: number, countMax: number): void {
  if (count < countMax) return;
  throw new BrokerError('precondition-failed', `${what} limit (${countMax}) is reached`);
}
