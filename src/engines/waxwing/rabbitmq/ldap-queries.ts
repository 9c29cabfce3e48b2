// The evaluation of queries to an LDAP server.

import { linearEngine } from '../../../broker/patterns/name-pattern.ts';
import type { LdapQuery, LdapText } from '../../../control/configurations/rabbitmq/ldap-queries.ts';
import { type DirectoryConnection, valuesOf } from '../../../ldap/connection.ts';
import { filteredEquality } from '../../../ldap/filters.ts';
import { nameValue } from '../../../ldap/names.ts';

/** The variables of queries. Some are the name of an entry. */
export interface LdapVariables {
  readonly texts: ReadonlyMap<string, string>;
  /** The name of the user's entry. */
  readonly userDn: string;
}

/** Maximum number of steps of a pattern, and of groups that are searched for one that contains a user. */
const patternSizeMax = 1000;
const groupCountMax = 200;
/** Maximum number of values of an attribute that are compared. */
const valueCountMax = 1000;

/** Evaluates queries about one user over a connection. */
export class LdapQueries {
  readonly #connection: DirectoryConnection;
  readonly #variables: LdapVariables;
  readonly #groupBase: string | null;

  constructor(connection: DirectoryConnection, variables: LdapVariables, groupBase: string | null) {
    this.#connection = connection;
    this.#variables = variables;
    this.#groupBase = groupBase;
  }

  /**
   * Evaluates a query. What cannot be evaluated is false.
   *
   * @throws {LdapError} if the server does not answer
   */
  async holds(query: LdapQuery): Promise<boolean> {
    switch (query.is) {
      case 'constant':
        return query.value;
      case 'for': {
        const { texts } = this.#variables;
        const found = query.cases.find(({ variable, value }) => texts.get(variable) === value);
        return found !== undefined && this.holds(found.query);
      }
      case 'exists':
        return this.#finds(this.#entry(query.entry), '(objectClass=*)');
      case 'in-group': {
        const filter = filteredEquality(query.attribute, this.#variables.userDn);
        return this.#finds(this.#entry(query.entry), filter);
      }
      case 'in-group-nested':
        return this.#isNested(query);
      case 'match':
        return this.#matches(await this.#texts(query.text), await this.#texts(query.pattern));
      case 'equals': {
        const others = new Set(await this.#texts(query.other));
        return (await this.#texts(query.one)).some((each) => others.has(each));
      }
      case 'not':
        return !(await this.holds(query.query));
      case 'and':
        for (const each of query.queries) if (!(await this.holds(each))) return false;
        return true;
      case 'or':
        for (const each of query.queries) if (await this.holds(each)) return true;
        return false;
    }
  }

  async #finds(base: string, filter: string): Promise<boolean> {
    const found = await this.#connection.search({
      base,
      scope: 'base',
      filter,
      attributes: [],
      entryCountMax: 1,
      mayBeMissing: true,
    });
    return found.length > 0;
  }

  /** Whether the user is in a group, or in a group that is in it, and so on. */
  async #isNested({
    entry,
    attribute,
    isSubtree,
  }: Extract<LdapQuery, { is: 'in-group-nested' }>): Promise<boolean> {
    const wanted = this.#entry(entry).toLowerCase();
    const base = this.#groupBase ?? this.#entry(entry);
    const seen = new Set<string>();
    const members = [this.#variables.userDn];
    for (let member = members.pop(); member !== undefined; member = members.pop()) {
      const groups = await this.#connection.search({
        base,
        scope: isSubtree ? 'sub' : 'one',
        filter: filteredEquality(attribute, member),
        attributes: [],
        entryCountMax: groupCountMax,
        mayBeMissing: true,
      });
      for (const { dn } of groups) {
        if (dn.toLowerCase() === wanted) return true;
        if (seen.has(dn) || seen.size >= groupCountMax) continue;
        seen.add(dn);
        members.push(dn);
      }
    }
    return false;
  }

  #matches(texts: readonly string[], patterns: readonly string[]): boolean {
    return patterns.some((pattern) => {
      const engine = linearEngine('the pattern of an LDAP query', pattern, patternSizeMax);
      return texts.some((each) => engine.test(each));
    });
  }

  async #texts(text: LdapText): Promise<readonly string[]> {
    if (text.is === 'string') return [filled(text.text, this.#variables, (value) => value)];
    const [entry] = await this.#connection.search({
      base: this.#entry(text.entry),
      scope: 'base',
      filter: '(objectClass=*)',
      attributes: [text.attribute],
      entryCountMax: 1,
      mayBeMissing: true,
    });
    return entry === undefined ? [] : valuesOf(entry, text.attribute).slice(0, valueCountMax);
  }

  #entry(pattern: string): string {
    return filled(pattern, this.#variables, nameValue);
  }
}

/**
 * Replaces `${…}` by variables.
 *
 * @param escaped makes a value match itself. The name of the user's entry is inserted as it is.
 */
export function filled(
  pattern: string,
  { texts, userDn }: LdapVariables,
  escaped: (value: string) => string,
): string {
  return pattern.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => {
    if (name === 'user_dn') return userDn;
    const value = texts.get(name);
    return value === undefined ? whole : escaped(value);
  });
}
