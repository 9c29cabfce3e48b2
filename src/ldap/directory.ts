// Log-ins of users of a directory.

import { type Clock, systemClock } from '../base/clock.ts';
import { DirectoryConnection, valuesOf } from './connection.ts';
import { LdapError } from './errors.ts';
import { checkFilter, filledFilter } from './filters.ts';
import { type DirectoryLimits, type DirectorySettings, directoryLimits } from './settings.ts';

/** A user of a directory. */
export interface DirectoryUser {
  /** The names of its groups, without repetitions. */
  readonly groups: readonly string[];
}

/** The result of a log-in. */
export type LogInResult<Found extends object = DirectoryUser> =
  | Found
  | 'unknown-user'
  | 'wrong-password';

/** The parts of a directory. */
export interface DirectoryParts {
  readonly settings: DirectorySettings;
  /** Receives problems that an operator should know about, without secrets. */
  readonly report: (text: string) => void;
  readonly limits?: DirectoryLimits;
  readonly clock?: Clock;
}

/**
 * Checks log-ins against an LDAP server over TLS, as ActiveMQ's `LDAPLoginModule` does: the service
 * account finds the entry of the user and its groups, then the password is checked by a bind as the
 * user. Each log-in has a connection of its own. If a host does not answer, the next one is asked.
 */
export class Directory {
  readonly #settings: DirectorySettings;
  readonly #limits: DirectoryLimits;
  readonly #clock: Clock;
  readonly #report: (text: string) => void;
  /** Why no log-in can succeed. */
  readonly #problem: LdapError | undefined;
  /** The host that answered last, which is asked first. */
  #preferred: string | undefined = undefined;

  constructor({ settings, report, limits = directoryLimits, clock = systemClock }: DirectoryParts) {
    this.#settings = settings;
    this.#report = report;
    this.#limits = limits;
    this.#clock = clock;
    this.#problem = problemOf(settings);
    if (this.#problem !== undefined) report(`every log-in is refused: ${this.#problem.message}`);
  }

  /**
   * Checks the password of a user and finds its groups.
   *
   * @throws {LdapError} if no host could answer
   */
  async logIn(username: string, password: string): Promise<LogInResult> {
    // Nobody knows yet whether such a user exists.
    if (!this.#isAllowed(username, password)) return 'unknown-user';
    if (this.#problem !== undefined) throw this.#problem;
    return this.withConnection((connection) => this.#logIn(connection, username, password));
  }

  /** An empty password would be accepted by servers without a check. */
  #isAllowed(username: string, password: string): boolean {
    const { usernameLengthMax, passwordLengthMax } = this.#limits;
    return (
      username !== '' &&
      username.length <= usernameLengthMax &&
      username.isWellFormed() &&
      password !== '' &&
      password.length <= passwordLengthMax &&
      password.isWellFormed()
    );
  }

  /**
   * Calls a function with a connection of the service account to the first host that answers.
   *
   * @throws {LdapError} the error of the last host
   */
  async withConnection<T>(use: (connection: DirectoryConnection) => Promise<T>): Promise<T> {
    let last: LdapError | undefined;
    for (const host of this.#hosts()) {
      try {
        const result = await this.#use(host, use);
        this.#preferred = host;
        return result;
      } catch (error) {
        if (!(error instanceof LdapError)) throw error;
        this.#report(error.message);
        last = error;
      }
    }
    throw last ?? new LdapError('host-unavailable', 'no LDAP server is configured');
  }

  async #use<T>(host: string, use: (connection: DirectoryConnection) => Promise<T>): Promise<T> {
    const settings = this.#settings;
    const connection = await DirectoryConnection.open(host, settings, this.#limits, this.#clock);
    try {
      return await use(connection);
    } finally {
      connection.close();
    }
  }

  #hosts(): readonly string[] {
    const { hosts } = this.#settings;
    const first = this.#preferred;
    if (first === undefined) return hosts;
    return [first, ...hosts.filter((host) => host !== first)];
  }

  async #logIn(
    connection: DirectoryConnection,
    username: string,
    password: string,
  ): Promise<LogInResult> {
    const { users, userGroupAttribute } = this.#settings;
    const found = await connection.search({
      base: users.base,
      scope: users.isSubtree ? 'sub' : 'one',
      filter: filledFilter(users.filter, [username]),
      attributes: userGroupAttribute === null ? [] : [userGroupAttribute],
      // A second entry shows that the filter does not identify one user.
      entryCountMax: 2,
    });
    const [entry, other] = found;
    if (other !== undefined) this.#report('the user search found several entries for one name');
    if (entry === undefined || other !== undefined || !this.#isName(entry.dn))
      return 'unknown-user';
    const own = userGroupAttribute === null ? [] : valuesOf(entry, userGroupAttribute);
    const names = [...own, ...(await this.#groupsOf(connection, entry.dn, username))];
    if (!(await connection.bind(entry.dn, password))) return 'wrong-password';
    return { groups: this.#limited(names) };
  }

  async #groupsOf(
    connection: DirectoryConnection,
    entryName: string,
    username: string,
  ): Promise<string[]> {
    const { groups, groupNameAttribute } = this.#settings;
    if (groupNameAttribute === null) return [];
    const found = await connection.search({
      base: groups.base,
      scope: groups.isSubtree ? 'sub' : 'one',
      filter: filledFilter(groups.filter, [entryName, username]),
      attributes: [groupNameAttribute],
      entryCountMax: this.#limits.groupCountMax,
    });
    return found.flatMap((entry) => valuesOf(entry, groupNameAttribute));
  }

  #limited(names: readonly string[]): string[] {
    const { groupCountMax } = this.#limits;
    const distinct = [...new Set(names)].filter((name) => this.#isName(name));
    if (distinct.length > groupCountMax) {
      this.#report(`a user is in more than ${groupCountMax} groups; the others are left out`);
    }
    return distinct.slice(0, groupCountMax);
  }

  #isName(name: string): boolean {
    return name !== '' && name.length <= this.#limits.nameLengthMax;
  }
}

/** Why no log-in can succeed; undefined if the settings can be used. */
function problemOf({
  users,
  groups,
  groupNameAttribute,
}: DirectorySettings): LdapError | undefined {
  try {
    checkFilter(users.filter, ['{0}']);
    if (groupNameAttribute !== null) checkFilter(groups.filter, ['{0}', '{1}']);
    return undefined;
  } catch (error) {
    if (error instanceof LdapError) return error;
    throw error;
  }
}
