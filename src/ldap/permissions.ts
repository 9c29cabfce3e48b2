// Permissions that a directory contains.

import type { Entry } from 'ldapts';
import { type DirectoryConnection, valuesOf } from './connection.ts';
import { LdapError } from './errors.ts';
import { namePartsOf } from './names.ts';

/** The permissions, by the names of their entries. */
const rights = ['admin', 'read', 'write'] as const;

/** A permission on destinations. */
export type FoundRight = (typeof rights)[number];

/** Maximum number of entries with permissions below one base. */
const entryCountMax = 10_000;

/** Maximum number of group members over all permission entries. */
const memberCountMax = 100_000;

/** Maximum length of a destination's name, characters. Permissions on longer ones are left out. */
const destinationLengthMax = 255;

/** Maximum number of different members that are looked up. */
const lookUpCountMax = 5000;

/** Where permissions are found. */
export interface PermissionSearch {
  readonly queues: string | undefined;
  readonly topics: string | undefined;
  readonly temporary: string | undefined;
  /** Whether all members are groups, named by the first part of their names. */
  readonly isLegacy: boolean;
}

/** A permission and who has it. */
export interface FoundPermission {
  readonly kind: 'queue' | 'topic' | 'temporary';
  /** The name of the destinations, which may have wildcards; empty for temporary ones. */
  readonly name: string;
  readonly right: FoundRight;
  readonly groups: readonly string[];
  readonly users: readonly string[];
}

interface Member {
  readonly kind: 'group' | 'user';
  readonly name: string;
}

/**
 * Finds the permissions of a directory as ActiveMQ's `cachedLDAPAuthorizationMap` does: groups named
 * `admin`, `read` and `write` below entries that are named as destinations, where `$` stands for `>`.
 * Members are groups (`groupOfNames`) and users (`person`).
 *
 * @throws {LdapError} if something cannot be read completely
 */
export async function findPermissions(
  connection: DirectoryConnection,
  search: PermissionSearch,
): Promise<FoundPermission[]> {
  const finder = new PermissionFinder(connection, search.isLegacy);
  return [
    ...(await finder.find('queue', search.queues)),
    ...(await finder.find('topic', search.topics)),
    ...(await finder.find('temporary', search.temporary)),
  ];
}

class PermissionFinder {
  readonly #connection: DirectoryConnection;
  readonly #isLegacy: boolean;
  readonly #members = new Map<string, Member | undefined>();
  #memberCount = 0;

  constructor(connection: DirectoryConnection, isLegacy: boolean) {
    this.#connection = connection;
    this.#isLegacy = isLegacy;
  }

  async find(kind: FoundPermission['kind'], base: string | undefined): Promise<FoundPermission[]> {
    if (base === undefined || base === '') return [];
    const entries = await this.#connection.search({
      base,
      scope: 'sub',
      filter: `(|${rights.map((right) => `(cn=${right})`).join('')})`,
      attributes: ['member'],
      entryCountMax: entryCountMax + 1,
      isComplete: true,
    });
    if (entries.length > entryCountMax) throw tooMany('entries', entryCountMax);
    const found: FoundPermission[] = [];
    for (const entry of entries) {
      const permission = await this.#permissionOf(kind, entry);
      if (permission !== undefined) found.push(permission);
    }
    return found;
  }

  async #permissionOf(
    kind: FoundPermission['kind'],
    entry: Entry,
  ): Promise<FoundPermission | undefined> {
    const [ownName = '', destination = ''] = namePartsOf(entry.dn) ?? [];
    const right = rights.find((each) => each === ownName.toLowerCase());
    if (right === undefined || destination.length > destinationLengthMax) return undefined;
    const members = valuesOf(entry, 'member');
    this.#memberCount += members.length;
    if (this.#memberCount > memberCountMax) throw tooMany('members', memberCountMax);
    const found: Member[] = [];
    for (const name of members) {
      const member = await this.#memberOf(name);
      if (member !== undefined) found.push(member);
    }
    const named = (wanted: Member['kind']) =>
      found.filter((member) => member.kind === wanted).map(({ name }) => name);
    const name = kind === 'temporary' ? '' : destination.replaceAll('$', '>');
    return { kind, name, right, groups: named('group'), users: named('user') };
  }

  async #memberOf(name: string): Promise<Member | undefined> {
    if (this.#members.has(name)) return this.#members.get(name);
    const member = this.#isLegacy ? groupOf(name) : await this.#lookUp(name);
    this.#members.set(name, member);
    return member;
  }

  async #lookUp(name: string): Promise<Member | undefined> {
    if (this.#members.size >= lookUpCountMax) throw tooMany('different members', lookUpCountMax);
    const [entry] = await this.#connection.search({
      base: name,
      scope: 'base',
      filter: '(|(objectClass=groupOfNames)(objectClass=person))',
      attributes: ['objectClass', 'cn', 'uid'],
      entryCountMax: 1,
      mayBeMissing: true,
    });
    if (entry === undefined) return undefined;
    const classes = valuesOf(entry, 'objectClass').map((text) => text.toLowerCase());
    const kind = classes.includes('groupofnames') ? 'group' : 'user';
    const [found] = valuesOf(entry, kind === 'group' ? 'cn' : 'uid');
    return found === undefined ? undefined : { kind, name: found };
  }
}

function groupOf(name: string): Member | undefined {
  const [first] = namePartsOf(name) ?? [];
  return first === undefined ? undefined : { kind: 'group', name: first };
}

function tooMany(what: string, max: number): LdapError {
  return new LdapError('request-refused', `the permissions have more than ${max} ${what}`);
}
