// Users and their permissions.

import { AccessRights, nothing, TopicRights } from './accounts/access-rights.ts';
import { BrokerError } from './errors.ts';
import { DecidedRights, type LoginRights, type RightsObject } from './logins/rights.ts';
import { Undecided } from './logins/undecided.ts';

/**
 * The rights of a user in one virtual host: a regular expression over names for each right; see
 * {@link NamePattern}. An empty expression matches no name.
 */
export interface Permission {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}
/** A permission on a queue or exchange. */
export type Right = keyof Permission;

/**
 * The rights of a user on the messages of one topic exchange: a regular expression over routing keys
 * for each. `{username}` and `{vhost}` in it are replaced.
 */
export interface TopicPermission {
  readonly write: string;
  readonly read: string;
}
/** A permission on routing keys. */
export type TopicRight = keyof TopicPermission;

/** The names of the limits of a user, with those of RabbitMQ. */
export const userLimitNames = ['max-connections', 'max-channels'] as const;
/** One of {@link userLimitNames}. */
export type UserLimitName = (typeof userLimitNames)[number];

/** A user. */
export interface User {
  readonly name: string;
  /** The stored form of the password; empty for a user that cannot log in with one. */
  readonly passwordHash: string;
  /** The tags of the user, with the names of RabbitMQ: `administrator` and others. */
  readonly tags: readonly string[];
  /** The permissions by virtual host. */
  readonly permissions: ReadonlyMap<string, Permission>;
  /** The permissions on routing keys by virtual host and exchange. */
  readonly topicPermissions: ReadonlyMap<string, ReadonlyMap<string, TopicPermission>>;
  readonly limits: ReadonlyMap<UserLimitName, number>;
  /** Another number after each change of the user. */
  readonly revision: number;
  /**
   * The groups of a user of a directory, as of the log-in. Undefined for the broker's own users.
   * Such a user is not in {@link Users}, and has all permissions in its virtual hosts; groups
   * restrict it.
   */
  readonly groups?: readonly string[];
  /**
   * What the user may do, if another service decides about it. Such a user need not be in
   * {@link Users}, and has no permissions there.
   */
  readonly rights?: LoginRights;
}

/** A change of users, as stored in the log. It contains hashes, never passwords. */
export type UserChange =
  | { kind: 'user'; user: string; passwordHash: string; tags: readonly string[] }
  | { kind: 'user-deleted'; user: string }
  | { kind: 'user-limit'; user: string; name: UserLimitName; value: number | undefined }
  | ({ kind: 'permission'; user: string; vhost: string } & Permission)
  | { kind: 'permission-cleared'; user: string; vhost: string }
  | ({ kind: 'topic-permission'; user: string; vhost: string; exchange: string } & TopicPermission)
  | { kind: 'topic-permission-cleared'; user: string; vhost: string; exchange: string };

/** The kinds of a {@link UserChange}. */
const userChangeKinds: ReadonlySet<string> = new Set<UserChange['kind']>([
  'user',
  'user-deleted',
  'user-limit',
  'permission',
  'permission-cleared',
  'topic-permission',
  'topic-permission-cleared',
]);

/** Whether a change is one of users. */
export function isUserChange(change: { kind: string }): change is UserChange {
  return userChangeKinds.has(change.kind);
}

/** All permissions, for the initial user. */
export const everything: Permission = { configure: '.*', write: '.*', read: '.*' };

/**
 * The groups of the user as which parts of this program connect, such as shovels. It has all
 * permissions in one virtual host.
 */
const internalGroups: readonly string[] = Object.freeze([]);

/**
 * The user as which a part of this program connects to a virtual host. It is not stored and nobody
 * can log in as it.
 */
export function internalUser(vhost: string): User {
  return {
    name: 'none',
    passwordHash: '',
    tags: [],
    permissions: new Map([[vhost, everything]]),
    topicPermissions: new Map(),
    limits: new Map(),
    revision: 0,
    groups: internalGroups,
  };
}

/** A user whose parts only {@link Users} changes. */
interface StoredUser extends User {
  readonly permissions: Map<string, Permission>;
  readonly topicPermissions: Map<string, Map<string, TopicPermission>>;
  readonly limits: Map<UserLimitName, number>;
}

/** Called for each action that a user had no permission for. Must not throw. */
export type DenialObserver = (access: Pick<Access, 'user'>, text: string) => void;

/** The users of a broker. Only changes from the log modify them. */
export class Users {
  /** Incremented with every change, to invalidate caches. */
  version = 0;
  /** See {@link DenialObserver}. */
  denied: DenialObserver = () => {};
  readonly #byName = new Map<string, StoredUser>();
  #permissionCount = 0;

  /** @returns undefined if the user does not exist */
  get(name: string): User | undefined {
    return this.#byName.get(name);
  }

  /** All users in the order of their creation. */
  all(): Iterable<User> {
    return this.#byName.values();
  }

  get count(): number {
    return this.#byName.size;
  }

  /** The number of permissions and topic permissions of all users. */
  get permissionCount(): number {
    return this.#permissionCount;
  }

  /** @throws {BrokerError} `not-found` */
  require(name: string): User {
    const user = this.#byName.get(name);
    if (user === undefined) throw new BrokerError('not-found', `no user '${name}'`);
    return user;
  }

  /** Returns a limit of a user; Infinity if it is not set. */
  limit(user: string, name: UserLimitName): number {
    return this.#byName.get(user)?.limits.get(name) ?? Infinity;
  }

  /** Reports that a user has no permission. Returns the error to throw. */
  refusal(
    code: 'access-refused' | 'not-allowed',
    access: Pick<Access, 'user'>,
    text: string,
  ): BrokerError {
    this.denied(access, text);
    return new BrokerError(code, text);
  }

  /** Applies a change. */
  apply(change: UserChange): void {
    const found = this.#byName.get(change.user);
    this.version++;
    if (change.kind === 'user') {
      this.#put(found, change);
      return;
    }
    if (found === undefined) return;
    if (change.kind === 'user-deleted') {
      this.#permissionCount -= permissionsOf(found);
      this.#byName.delete(change.user);
      return;
    }
    this.#permissionCount += applyTo(found, change);
    this.#revise(found);
  }

  #put(
    found: StoredUser | undefined,
    { user: name, passwordHash, tags }: Extract<UserChange, { kind: 'user' }>,
  ): void {
    const parts = found ?? {
      permissions: new Map<string, Permission>(),
      topicPermissions: new Map<string, Map<string, TopicPermission>>(),
      limits: new Map<UserLimitName, number>(),
    };
    this.#revise({ ...parts, name, passwordHash, tags, revision: 0 });
  }

  #revise(user: StoredUser): void {
    this.#byName.set(user.name, { ...user, revision: this.version });
  }

  /** Removes all permissions in a deleted virtual host. */
  forgetVhost(vhost: string): void {
    this.version++;
    for (const user of [...this.#byName.values()]) {
      const { permissions, topicPermissions } = user;
      if (!permissions.has(vhost) && !topicPermissions.has(vhost)) continue;
      this.#permissionCount -= permissionsOf(user);
      permissions.delete(vhost);
      topicPermissions.delete(vhost);
      this.#permissionCount += permissionsOf(user);
      this.#revise(user);
    }
  }

  /** Yields the changes that recreate all users. */
  *snapshot(): Iterable<UserChange> {
    for (const { name, passwordHash, tags, ...parts } of this.#byName.values()) {
      yield { kind: 'user', user: name, passwordHash, tags };
      for (const [limit, value] of parts.limits) {
        yield { kind: 'user-limit', user: name, name: limit, value };
      }
      for (const [vhost, permission] of parts.permissions) {
        yield { kind: 'permission', user: name, vhost, ...permission };
      }
      for (const [vhost, byExchange] of parts.topicPermissions) {
        for (const [exchange, permission] of byExchange) {
          yield { kind: 'topic-permission', user: name, vhost, exchange, ...permission };
        }
      }
    }
  }
}

type PartChange = Exclude<UserChange, { kind: 'user' | 'user-deleted' }>;

/** Changes a part of a user. Returns by how much its number of permissions changes. */
function applyTo(user: StoredUser, change: PartChange): number {
  switch (change.kind) {
    case 'user-limit':
      if (change.value === undefined) user.limits.delete(change.name);
      else user.limits.set(change.name, change.value);
      return 0;
    case 'permission': {
      const { vhost, configure, write, read } = change;
      const { size } = user.permissions;
      user.permissions.set(vhost, { configure, write, read });
      return user.permissions.size - size;
    }
    case 'permission-cleared':
      return user.permissions.delete(change.vhost) ? -1 : 0;
    case 'topic-permission': {
      const { vhost, exchange, write, read } = change;
      const byExchange = user.topicPermissions.get(vhost) ?? new Map<string, TopicPermission>();
      const { size } = byExchange;
      user.topicPermissions.set(vhost, byExchange);
      byExchange.set(exchange, { write, read });
      return byExchange.size - size;
    }
    case 'topic-permission-cleared': {
      const byExchange = user.topicPermissions.get(change.vhost);
      const wasThere = byExchange?.delete(change.exchange) === true;
      if (byExchange?.size === 0) user.topicPermissions.delete(change.vhost);
      return wasThere ? -1 : 0;
    }
  }
}

function permissionsOf({ permissions, topicPermissions }: StoredUser): number {
  let count = permissions.size;
  for (const byExchange of topicPermissions.values()) count += byExchange.size;
  return count;
}

/** Whether a user may connect to a virtual host. */
export function permitsVhost(user: User, vhost: string): boolean {
  return user.rights?.permitsVhost(vhost) ?? user.permissions.has(vhost);
}

/** What another service says about the user of an {@link Access}. */
export type LoginParts = Pick<User, 'groups' | 'rights'>;

/** Until the permissions of a user are first needed. */
const noRights = new AccessRights(nothing);

/** The access of a user to one virtual host. Caches decisions until the user changes. */
export class Access {
  readonly user: string;
  readonly vhost: string;
  /** The groups of a user of a directory; undefined for the broker's own users. */
  readonly groups: readonly string[] | undefined;
  readonly #users: Users;
  #version = -1;
  #revision = -1;
  #rights = noRights;
  #topics: TopicRights | undefined = undefined;
  #loginRights: LoginRights | undefined;
  #decided: DecidedRights | undefined = undefined;
  #renewals = 0;
  /**
   * Whether the caller repeats an operation for which `Undecided` is thrown. Otherwise what is not known yet
   * is refused.
   */
  canWait = false;
  /** The client id, which topic permissions can name as `{client_id}`; undefined if the protocol has none. */
  clientId: string | undefined = undefined;

  constructor(users: Users, user: string, vhost: string, login: LoginParts = {}) {
    this.#users = users;
    this.user = user;
    this.vhost = vhost;
    this.groups = login.groups;
    this.#loginRights = login.rights;
  }

  /** Another number after each change of any user: decisions before it may have changed. */
  get version(): number {
    return this.#users.version + this.#renewals;
  }

  /** The rights of the log-in; undefined if the broker's own users decide. */
  get loginRights(): LoginRights | undefined {
    return this.#loginRights;
  }

  /** Whether another service decides about each right. */
  get isRemote(): boolean {
    return this.#loginRights?.isRemote === true;
  }

  /** When the credential expires, milliseconds since 1970; Infinity if it does not. */
  get expiresAtMs(): number {
    return this.#loginRights?.expiresAtMs ?? Infinity;
  }

  /** Replaces the rights of the log-in by those of a new credential. */
  renew(rights: LoginRights): void {
    this.#loginRights = rights;
    this.#renewals++;
  }

  /** Whether the user has a tag, such as `impersonator`. Parts of this program have all. */
  hasTag(tag: string): boolean {
    if (this.groups === internalGroups) return true;
    return (this.#loginRights ?? this.#users.get(this.user))?.tags.includes(tag) === true;
  }

  /**
   * Checks a permission on a name. The default exchange is `amq.default`.
   *
   * @throws {BrokerError} `access-refused`
   * @throws {Undecided} see {@link canWait}
   */
  require(right: Right, kind: RightsObject, name: string): void {
    if (this.permits(right, kind, name)) return;
    const shown = name === '' ? 'amq.default' : name;
    throw this.#users.refusal(
      'access-refused',
      this,
      `${right} access to ${kind} '${shown}' in vhost '${this.vhost}' ` +
        `refused for user '${this.user}'`,
    );
  }

  /** Whether the user has a permission on a name. */
  permits(right: Right, kind: RightsObject, name: string): boolean {
    if (this.#version !== this.version) this.#reread();
    const decided = this.#decided;
    if (decided !== undefined) return this.#decide(() => decided.permits(right, kind, name));
    return this.#rights.permits(right, name);
  }

  /** Whether routing keys of a topic exchange must be checked with {@link requireTopic}. */
  checksTopics(exchange: string): boolean {
    if (this.#version !== this.version) this.#reread();
    return this.#decided !== undefined || this.#topics?.has(exchange) === true;
  }

  /**
   * Checks a permission on a routing key of a topic exchange.
   *
   * @throws {BrokerError} `access-refused`
   * @throws {Undecided} see {@link canWait}
   */
  requireTopic(right: TopicRight, exchange: string, routingKey: string): void {
    if (!this.checksTopics(exchange)) return;
    const decided = this.#decided;
    const isPermitted =
      decided === undefined
        ? this.#topics?.permitsTopic(right, exchange, routingKey) === true
        : this.#decide(() => decided.permitsTopic(right, exchange, routingKey));
    if (isPermitted) return;
    throw this.#users.refusal(
      'access-refused',
      this,
      `${right} access to topic '${routingKey}' in exchange '${exchange}' ` +
        `in vhost '${this.vhost}' refused for user '${this.user}'`,
    );
  }

  #decide(permits: () => boolean): boolean {
    if (this.canWait || !this.isRemote) return permits();
    try {
      return permits();
    } catch (error) {
      if (error instanceof Undecided) return false;
      throw error;
    }
  }

  #reread(): void {
    this.#version = this.version;
    if (this.#loginRights !== undefined) {
      this.#decided = new DecidedRights(this.#loginRights, this.vhost);
      return;
    }
    const user = this.#users.get(this.user);
    const revision = user?.revision ?? 0;
    if (revision === this.#revision) return;
    this.#revision = revision;
    const permission = this.groups === undefined ? user?.permissions.get(this.vhost) : everything;
    this.#rights = new AccessRights(permission ?? nothing);
    const topics = this.groups === undefined ? user?.topicPermissions.get(this.vhost) : undefined;
    this.#topics = topics && new TopicRights(topics, this);
  }
}
