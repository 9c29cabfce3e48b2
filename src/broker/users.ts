// Users and their permissions.

import { BrokerError } from './errors.ts';
import { NamePattern } from './patterns/name-pattern.ts';

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

/** A user. */
export interface User {
  readonly name: string;
  readonly passwordHash: string;
  /** The tags of the user, with the names of RabbitMQ: `administrator` and others. */
  readonly tags: readonly string[];
  /** The permissions by virtual host. */
  readonly permissions: ReadonlyMap<string, Permission>;
  /**
   * The groups of a user of a directory, as of the log-in. Undefined for the broker's own users.
   * Such a user is not in {@link Users}, and has all permissions in its virtual hosts; groups
   * restrict it.
   */
  readonly groups?: readonly string[];
}

/** A change of users, as stored in the log. It contains hashes, never passwords. */
export type UserChange =
  | { kind: 'user'; user: string; passwordHash: string; tags: readonly string[] }
  | { kind: 'user-deleted'; user: string }
  | ({ kind: 'permission'; user: string; vhost: string } & Permission)
  | { kind: 'permission-cleared'; user: string; vhost: string };

/** All permissions, for the initial user. */
export const everything: Permission = { configure: '.*', write: '.*', read: '.*' };

const nothing: Permission = { configure: '', write: '', read: '' };
const rights: readonly Right[] = ['configure', 'write', 'read'];

/** Is told of each action that a user had no permission for. Must not throw. */
export type DenialObserver = (access: Pick<Access, 'user'>, text: string) => void;

/** The users of a broker. Only changes from the log modify them. */
export class Users {
  /** Incremented with every change, to invalidate caches. */
  version = 0;
  /** See {@link DenialObserver}. */
  denied: DenialObserver = () => {};
  readonly #byName = new Map<string, User>();

  /** @returns undefined if the user does not exist */
  get(name: string): User | undefined {
    return this.#byName.get(name);
  }

  /** All users in the order of their creation. */
  all(): Iterable<User> {
    return this.#byName.values();
  }

  /** @throws {BrokerError} `not-found` */
  require(name: string): User {
    const user = this.#byName.get(name);
    if (user === undefined) throw new BrokerError('not-found', `no user '${name}'`);
    return user;
  }

  /** Applies a change. */
  apply(change: UserChange): void {
    this.version++;
    const found = this.#byName.get(change.user);
    switch (change.kind) {
      case 'user': {
        const { user: name, passwordHash, tags } = change;
        const permissions = found?.permissions ?? new Map();
        this.#byName.set(name, { name, passwordHash, tags, permissions });
        return;
      }
      case 'user-deleted':
        this.#byName.delete(change.user);
        return;
      case 'permission': {
        const { configure, write, read } = change;
        if (found !== undefined) this.#permit(found, change.vhost, { configure, write, read });
        return;
      }
      case 'permission-cleared':
        if (found !== undefined) this.#permit(found, change.vhost, undefined);
    }
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

  #permit(user: User, vhost: string, permission: Permission | undefined): void {
    const permissions = new Map(user.permissions);
    if (permission === undefined) permissions.delete(vhost);
    else permissions.set(vhost, permission);
    this.#byName.set(user.name, { ...user, permissions });
  }

  /** Removes all permissions in a deleted virtual host. */
  forgetVhost(vhost: string): void {
    this.version++;
    for (const user of this.#byName.values()) this.#permit(user, vhost, undefined);
  }

  /** Yields the changes that recreate all users. */
  *snapshot(): Iterable<UserChange> {
    for (const { name, passwordHash, tags, permissions } of this.#byName.values()) {
      yield { kind: 'user', user: name, passwordHash, tags };
      for (const [vhost, permission] of permissions) {
        yield { kind: 'permission', user: name, vhost, ...permission };
      }
    }
  }
}

/**
 * Checks the patterns of permissions.
 *
 * @throws {BrokerError} `precondition-failed`
 */
export function checkPermission(permission: Permission): void {
  for (const right of rights) NamePattern.compile(`the pattern of ${right}`, permission[right]);
}

/** The access of a user to one virtual host. Caches decisions until users change. */
export class Access {
  readonly user: string;
  readonly vhost: string;
  /** The groups of a user of a directory; undefined for the broker's own users. */
  readonly groups: readonly string[] | undefined;
  readonly #users: Users;
  #version = -1;
  #patterns: Record<Right, NamePattern> = patternsOf(nothing);
  /** Names that were allowed, by right. */
  readonly #allowed = { configure: new Set<string>(), write: new Set<string>(), read: new Set() };

  constructor(users: Users, user: string, vhost: string, groups?: readonly string[]) {
    this.#users = users;
    this.user = user;
    this.vhost = vhost;
    this.groups = groups;
  }

  /**
   * Checks a permission on a name. The default exchange is `amq.default`.
   *
   * @throws {BrokerError} `access-refused`
   */
  require(right: Right, kind: 'queue' | 'exchange', name: string): void {
    if (this.#version !== this.#users.version) this.#reread();
    const allowed = this.#allowed[right];
    if (allowed.has(name)) return;
    const shown = name === '' ? 'amq.default' : name;
    if (!this.#patterns[right].test(shown)) {
      throw this.#users.refusal(
        'access-refused',
        this,
        `${right} access to ${kind} '${shown}' in vhost '${this.vhost}' ` +
          `refused for user '${this.user}'`,
      );
    }
    if (allowed.size >= 1000) allowed.clear();
    allowed.add(name);
  }

  #reread(): void {
    this.#version = this.#users.version;
    for (const right of rights) this.#allowed[right].clear();
    this.#patterns = patternsOf(this.#permission ?? nothing);
  }

  get #permission(): Permission | undefined {
    if (this.groups !== undefined) return everything;
    return this.#users.get(this.user)?.permissions.get(this.vhost);
  }
}

function patternsOf(permission: Permission): Record<Right, NamePattern> {
  const pattern = (text: string) => NamePattern.stored(text === '' ? '^$' : text);
  return {
    configure: pattern(permission.configure),
    write: pattern(permission.write),
    read: pattern(permission.read),
  };
}
