// An LDAP server that decides about log-ins and rights of a broker of RabbitMQ's type.

import type { Clock } from '../../../base/clock.ts';
import type { AskedUser, Question } from '../../../broker/logins/remote-rights.ts';
import type {
  LdapBind,
  LdapServiceSettings,
} from '../../../control/configurations/rabbitmq/ldap.ts';
import { DirectoryConnection } from '../../../ldap/connection.ts';
import { LdapError } from '../../../ldap/errors.ts';
import { filteredEquality } from '../../../ldap/filters.ts';
import { nameValue } from '../../../ldap/names.ts';
import { type DirectoryLimits, directoryLimits } from '../../../ldap/settings.ts';
import { filled, LdapQueries } from './ldap-queries.ts';
import type { RemoteService, RemoteUser } from './remote-logins.ts';

/** What queries about a user need. The password is that of the log-in, and never leaves this process. */
interface UserContext {
  readonly userDn: string;
  readonly password: string;
}

/**
 * Asks an LDAP server over TLS, as RabbitMQ's plugin does. Each log-in and each question has a connection of its
 * own. If a host does not answer, the next one is asked.
 */
export class LdapService implements RemoteService {
  readonly #settings: LdapServiceSettings;
  readonly #clock: Clock;
  readonly #limits: DirectoryLimits;

  constructor(settings: LdapServiceSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#limits = { ...directoryLimits, hostTimeoutMs: settings.timeoutMs };
  }

  async logIn(username: string, password: string) {
    const { usernameLengthMax, passwordLengthMax } = this.#limits;
    const isPossible =
      username !== '' &&
      username.length <= usernameLengthMax &&
      username.isWellFormed() &&
      // Servers accept an empty password without a check.
      password !== '' &&
      password.length <= passwordLengthMax &&
      password.isWellFormed();
    if (!isPossible) return 'unknown-user';
    return this.#atFirstHost((host) => this.#logIn(host, username, password));
  }

  async #logIn(
    host: string,
    username: string,
    password: string,
  ): Promise<RemoteUser | 'unknown-user' | 'wrong-password'> {
    const { userPattern, lookup, tags } = this.#settings;
    const named = new Map([['username', username]]);
    const patternDn = filled(userPattern, { texts: named, userDn: '' }, nameValue);
    const userDn =
      lookup === null ? patternDn : await this.#find(host, username, patternDn, password);
    if (userDn === undefined) return 'unknown-user';
    const context: UserContext = { userDn, password };
    const connection = await this.#open(host, { as: 'user' }, context);
    if (connection === undefined) return 'wrong-password';
    connection.close();
    if (tags.length === 0) return { tags: [], ownName: userDn, context };
    const found = await this.#withQueries(host, context, named, async (queries) => {
      const granted: string[] = [];
      for (const { tag, query } of tags) if (await queries.holds(query)) granted.push(tag);
      return granted;
    });
    return { tags: found, ownName: userDn, context };
  }

  /** Finds the entry of a user; undefined if there is none, or more than one. */
  async #find(
    host: string,
    username: string,
    patternDn: string,
    password: string,
  ): Promise<string | undefined> {
    const { lookup, userPattern } = this.#settings;
    if (lookup === null) return patternDn;
    const connection = await this.#open(host, lookup.bind, { userDn: patternDn, password });
    if (connection === undefined) return undefined;
    try {
      const named = { texts: new Map([['username', username]]), userDn: '' };
      // The pattern may state what the attribute contains, such as an address.
      const value = filled(userPattern, named, (each) => each);
      const [entry, other] = await connection.search({
        base: lookup.base,
        scope: 'sub',
        filter: filteredEquality(lookup.attribute, value),
        attributes: [],
        entryCountMax: 2,
      });
      return other === undefined ? entry?.dn : undefined;
    } finally {
      connection.close();
    }
  }

  async decide(
    user: AskedUser & Pick<RemoteUser, 'context'>,
    question: Question,
  ): Promise<boolean> {
    const { vhostAccess, resourceAccess, topicAccess } = this.#settings;
    const { about } = question;
    const query =
      about === 'vhost' ? vhostAccess : about === 'topic' ? topicAccess : resourceAccess;
    if (query.is === 'constant') return query.value;
    const context = user.context as UserContext; // what `logIn` returned
    const texts = variablesOf(user, question);
    return this.#atFirstHost((host) =>
      this.#withQueries(host, context, texts, (queries) => queries.holds(query)),
    );
  }

  async #withQueries<T>(
    host: string,
    context: UserContext,
    texts: ReadonlyMap<string, string>,
    use: (queries: LdapQueries) => Promise<T>,
  ): Promise<T> {
    const { bind, groupBase } = this.#settings;
    const connection = await this.#open(host, bind, context);
    if (connection === undefined) {
      throw new LdapError('request-refused', `LDAP server ${host} refused a log-in for queries`);
    }
    try {
      const variables = { texts, userDn: context.userDn };
      return await use(new LdapQueries(connection, variables, groupBase));
    } finally {
      connection.close();
    }
  }

  /**
   * Opens a connection.
   *
   * @returns undefined if the server refused the user
   */
  async #open(
    host: string,
    bind: LdapBind,
    { userDn, password }: UserContext,
  ): Promise<DirectoryConnection | undefined> {
    const { port, authorities } = this.#settings;
    const isUser = bind.as === 'user';
    const serviceAccount = isUser ? { name: userDn, password } : bind;
    try {
      const settings = { port, authorities, serviceAccount };
      return await DirectoryConnection.open(host, settings, this.#limits, this.#clock);
    } catch (error) {
      const isRefused = error instanceof LdapError && error.code === 'request-refused';
      if (isUser && isRefused) return undefined;
      throw error;
    }
  }

  async #atFirstHost<T>(use: (host: string) => Promise<T>): Promise<T> {
    let last: unknown;
    for (const host of this.#settings.hosts) {
      try {
        return await use(host);
      } catch (error) {
        if (!(error instanceof LdapError)) throw error;
        last = error;
      }
    }
    throw last ?? new LdapError('host-unavailable', 'no LDAP server is configured');
  }

  close(): void {
    // No connection is kept.
  }
}

function variablesOf(user: AskedUser, question: Question): Map<string, string> {
  const texts = new Map([
    ['username', user.name],
    ['vhost', question.vhost],
  ]);
  if (question.about === 'vhost') return texts;
  texts.set('resource', question.about).set('name', question.name);
  texts.set('permission', question.right);
  return question.about === 'topic' ? texts.set('routing_key', question.routingKey) : texts;
}
