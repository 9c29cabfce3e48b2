// The queries to an LDAP server in a RabbitMQ configuration.

import { parseTerm, type Term } from './erlang-terms.ts';
import { SettingsError } from './settings-error.ts';

/** A text that a query compares. `${…}` in texts and names stands for a variable. Plain JSON. */
export type LdapText =
  | { readonly is: 'string'; readonly text: string }
  | { readonly is: 'attribute'; readonly entry: string; readonly attribute: string };

/** A query about a user, with the answer true or false. Plain JSON. */
export type LdapQuery =
  | { readonly is: 'constant'; readonly value: boolean }
  | {
      readonly is: 'for';
      readonly cases: readonly {
        readonly variable: string;
        readonly value: string;
        readonly query: LdapQuery;
      }[];
    }
  | { readonly is: 'exists'; readonly entry: string }
  | { readonly is: 'in-group'; readonly entry: string; readonly attribute: string }
  | {
      readonly is: 'in-group-nested';
      readonly entry: string;
      readonly attribute: string;
      readonly isSubtree: boolean;
    }
  | { readonly is: 'match'; readonly text: LdapText; readonly pattern: LdapText }
  | { readonly is: 'equals'; readonly one: LdapText; readonly other: LdapText }
  | { readonly is: 'not'; readonly query: LdapQuery }
  | { readonly is: 'and' | 'or'; readonly queries: readonly LdapQuery[] };

/** The query that each tag requires. */
export type TagQueries = readonly { readonly tag: string; readonly query: LdapQuery }[];

/**
 * Reads a query.
 *
 * @throws {SettingsError} if it is malformed or not supported
 */
export function readQuery(key: string, value: string): LdapQuery {
  return named(key, () => queryOf(parseTerm(value)));
}

/**
 * Reads the queries of tags.
 *
 * @throws {SettingsError} if they are malformed or not supported
 */
export function readTagQueries(key: string, value: string): TagQueries {
  return named(key, () =>
    listOf(parseTerm(value)).map((term) => {
      const [tag, query] = tupleOf(term);
      return { tag: atomOf(tag), query: queryOf(query) };
    }),
  );
}

function named<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new SettingsError(`the value of key [${key}] ${error.message}`);
  }
}

function queryOf(term: Term | undefined): LdapQuery {
  const [name, first, ...more] = tupleOf(term);
  const [second, third] = more;
  switch (atomOf(name)) {
    case 'constant':
      return { is: 'constant', value: atomOf(first) === 'true' };
    case 'for':
      return { is: 'for', cases: listOf(first).map(caseOf) };
    case 'exists':
      return { is: 'exists', entry: textOf(first) };
    case 'in_group':
      return { is: 'in-group', entry: textOf(first), attribute: textOf(second, 'member') };
    case 'in_group_nested':
      return {
        is: 'in-group-nested',
        entry: textOf(first),
        attribute: textOf(second, 'member'),
        isSubtree: third === undefined || atomOf(third) === 'subtree',
      };
    case 'match':
      return { is: 'match', text: ldapTextOf(first), pattern: ldapTextOf(second) };
    case 'equals':
      return { is: 'equals', one: ldapTextOf(first), other: ldapTextOf(second) };
    case 'not':
      return { is: 'not', query: queryOf(first) };
    case 'and':
      return { is: 'and', queries: listOf(first).map(queryOf) };
    case 'or':
      return { is: 'or', queries: listOf(first).map(queryOf) };
    default:
      throw new SettingsError(`has the query ${atomOf(name)}, which is not supported`);
  }
}

function caseOf(term: Term) {
  const [variable, value, query] = tupleOf(term);
  return { variable: atomOf(variable), value: wordOf(value), query: queryOf(query) };
}

function ldapTextOf(term: Term | undefined): LdapText {
  if (term !== undefined && 'text' in term) return { is: 'string', text: term.text };
  const [name, first, second] = tupleOf(term);
  if (atomOf(name) === 'string') return { is: 'string', text: textOf(first) };
  if (atomOf(name) === 'attribute') {
    return { is: 'attribute', entry: textOf(first), attribute: textOf(second) };
  }
  throw new SettingsError(`has ${atomOf(name)} in place of a text`);
}

function tupleOf(term: Term | undefined): readonly (Term | undefined)[] {
  if (term !== undefined && 'tuple' in term) return term.tuple;
  throw new SettingsError('has no tuple where one is required');
}

function listOf(term: Term | undefined): readonly Term[] {
  if (term !== undefined && 'list' in term) return term.list;
  throw new SettingsError('has no list where one is required');
}

function atomOf(term: Term | undefined): string {
  if (term !== undefined && 'atom' in term) return term.atom;
  throw new SettingsError('has no atom where one is required');
}

function textOf(term: Term | undefined, otherwise?: string): string {
  if (term === undefined && otherwise !== undefined) return otherwise;
  if (term !== undefined && 'text' in term) return term.text;
  throw new SettingsError('has no text where one is required');
}

function wordOf(term: Term | undefined): string {
  return term !== undefined && 'text' in term ? term.text : atomOf(term);
}
