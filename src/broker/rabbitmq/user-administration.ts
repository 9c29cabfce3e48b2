// Users of a RabbitMQ broker and what they may do.

import { exportedHash, importedHash } from '../accounts/password-hashes.ts';
import { requireUserLimitName } from '../accounts/user-limits.ts';
import type { Broker } from '../broker.ts';
import { BrokerError } from '../errors.ts';
import type { Permission, TopicPermission, User, UserLimitName } from '../users.ts';
import type { NewCredentials, PermissionEntry, TopicPermissionEntry, UserInfo } from './model.ts';

/** Lists and changes users, permissions and topic permissions. */
export class UserAdministration {
  readonly #broker: Broker;
  readonly #hashPassword: (password: string) => Promise<string>;

  constructor(broker: Broker, hashPassword: (password: string) => Promise<string>) {
    this.#broker = broker;
    this.#hashPassword = hashPassword;
  }

  /** All users in the order of their creation. */
  *list(): Generator<UserInfo> {
    for (const user of this.#broker.users.all()) yield infoOf(user);
  }

  /** @returns undefined if the user does not exist */
  get(name: string): UserInfo | undefined {
    const user = this.#broker.users.get(name);
    return user && infoOf(user);
  }

  /**
   * Creates a user, or replaces the credentials and tags of an existing one. Permissions, limits and
   * connections of an existing user remain.
   *
   * @returns whether the user is new
   * @throws {BrokerError} `precondition-failed` for a name, tags or credentials that are too long or
   *   malformed, or if there are too many users
   */
  async put(name: string, credentials: NewCredentials, tags: readonly string[]): Promise<boolean> {
    const { accounts, users } = this.#broker;
    accounts.checkUser(name, tags);
    const hash = await this.#hashOf(credentials);
    const isNew = users.get(name) === undefined;
    accounts.putUser(name, hash, tags);
    return isNew;
  }

  /**
   * Creates or changes a user like {@link put}, but locks nobody out.
   *
   * @param credentials without a password, that of an existing user remains
   * @param isSelf whether this is the user that makes the request, who keeps its password and the tag
   *   `administrator`
   * @throws {BrokerError} `precondition-failed` as for {@link put}
   */
  async import(
    name: string,
    credentials: NewCredentials,
    tags: readonly string[],
    isSelf: boolean,
  ): Promise<void> {
    const { accounts, users } = this.#broker;
    accounts.checkUser(name, tags);
    const hash = await this.#hashOf(credentials);
    const found = users.get(name);
    const isKept = found !== undefined && (isSelf || hash === '');
    const ownTags = isSelf && found?.tags.includes('administrator') ? ['administrator'] : [];
    const allTags = [...new Set([...tags, ...ownTags])];
    accounts.putUser(name, isKept ? found.passwordHash : hash, allTags);
  }

  #hashOf(credentials: NewCredentials): string | Promise<string> {
    if ('password' in credentials) {
      const { password } = credentials;
      return password === '' ? '' : this.#hashPassword(password);
    }
    return importedHash(credentials);
  }

  /**
   * Deletes a user with its permissions and disconnects its clients.
   *
   * @throws {BrokerError} `not-found`
   */
  delete(name: string): void {
    this.#broker.deleteUser(name);
  }

  /**
   * Sets a limit of a user. Existing connections and channels above it remain.
   *
   * @param limit a {@link UserLimitName}
   * @param value a whole number; negative for no limit
   * @throws {BrokerError} `not-found`, `precondition-failed`
   */
  setLimit(name: string, limit: string, value: number): void {
    this.#broker.accounts.setUserLimit(name, requireUserLimitName(limit), value);
  }

  /** Removes a limit. @throws {BrokerError} `not-found`, `precondition-failed` */
  clearLimit(name: string, limit: string): void {
    this.setLimit(name, limit, -1);
  }

  /**
   * The permissions of all users in all virtual hosts, or those of one user or virtual host.
   *
   * @throws {BrokerError} `not-found` if the user or virtual host does not exist
   */
  *permissions(of: { user?: string; vhost?: string } = {}): Generator<PermissionEntry> {
    for (const user of this.#selected(of)) {
      for (const [vhost, permission] of user.permissions) {
        if (of.vhost !== undefined && of.vhost !== vhost) continue;
        yield { user: user.name, vhost, ...permission };
      }
    }
  }

  /** @returns undefined if the user has no permissions there, or does not exist */
  permission(user: string, vhost: string): PermissionEntry | undefined {
    const found = this.#broker.users.get(user)?.permissions.get(vhost);
    return found && { user, vhost, ...found };
  }

  /**
   * Sets the permissions of a user in a virtual host.
   *
   * @returns whether the user had none there
   * @throws {BrokerError} `not-found`; `precondition-failed` for an invalid pattern
   */
  setPermission(user: string, vhost: string, permission: Permission): boolean {
    this.#require(user, vhost);
    const isNew = this.permission(user, vhost) === undefined;
    this.#broker.setPermission(user, vhost, permission);
    return isNew;
  }

  /** Removes the permissions of a user in a virtual host. @throws {BrokerError} `not-found` */
  clearPermission(user: string, vhost: string): void {
    this.#require(user, vhost);
    if (this.permission(user, vhost) === undefined) throw none(`permission of user '${user}'`);
    this.#broker.clearPermission(user, vhost);
  }

  /**
   * The topic permissions of all users in all virtual hosts, or those of one user or virtual host.
   *
   * @throws {BrokerError} `not-found` if the user or virtual host does not exist
   */
  *topicPermissions(of: { user?: string; vhost?: string } = {}): Generator<TopicPermissionEntry> {
    for (const user of this.#selected(of)) {
      for (const [vhost, byExchange] of user.topicPermissions) {
        if (of.vhost !== undefined && of.vhost !== vhost) continue;
        for (const [exchange, permission] of byExchange) {
          yield { user: user.name, vhost, exchange, ...permission };
        }
      }
    }
  }

  /**
   * Sets the topic permissions of a user on an exchange, which need not exist. `{username}` and
   * `{vhost}` in the patterns are replaced when they are used.
   *
   * @returns whether the user had none on it
   * @throws {BrokerError} `not-found`; `precondition-failed` for an invalid pattern
   */
  setTopicPermission(
    user: string,
    vhost: string,
    exchange: string,
    permission: TopicPermission,
  ): boolean {
    this.#require(user, vhost);
    const before = this.#broker.users.get(user)?.topicPermissions.get(vhost)?.get(exchange);
    this.#broker.accounts.setTopicPermission(user, vhost, exchange, permission);
    return before === undefined;
  }

  /**
   * Removes the topic permissions of a user in a virtual host: on one exchange, or on all.
   *
   * @throws {BrokerError} `not-found`
   */
  clearTopicPermissions(user: string, vhost: string, exchange?: string): void {
    this.#require(user, vhost);
    this.#broker.accounts.clearTopicPermissions(user, vhost, exchange);
  }

  #require(user: string, vhost: string): void {
    this.#broker.users.require(user);
    this.#broker.accounts.requireVhost(vhost);
  }

  #selected({ user, vhost }: { user?: string; vhost?: string }): Iterable<User> {
    if (vhost !== undefined) this.#broker.accounts.requireVhost(vhost);
    return user === undefined ? this.#broker.users.all() : [this.#broker.users.require(user)];
  }
}

function none(what: string): BrokerError {
  return new BrokerError('not-found', `no ${what}`);
}

function infoOf({ name, tags, passwordHash, limits }: User): UserInfo {
  const found: Partial<Record<UserLimitName, number>> = Object.fromEntries(limits);
  return { name, tags, credentials: exportedHash(passwordHash), limits: found };
}
