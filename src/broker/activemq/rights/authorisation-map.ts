// A compiled authorisation map.

import {
  activemqAlphabet,
  manyWords,
  type Pattern,
  parsePattern,
  splitKey,
} from '../../patterns/alphabet.ts';
import type { PatternSearch } from '../../patterns/pattern-search.ts';
import { PatternTree } from '../../patterns/pattern-tree.ts';
import type {
  Authorisation,
  AuthorisationEntry,
  GroupsByRight,
  Permissions,
} from './authorisation.ts';

/** A permission on a destination; `admin` is to create or delete it. */
export type DestinationRight = keyof GroupsByRight;

/** Maximum number of cached decisions. */
const decisionCountMax = 10_000;

/** The group that contains every user. */
const everyone = '*';

/** Who has a permission. */
interface Grant {
  readonly groups: ReadonlySet<string>;
  readonly users: ReadonlySet<string>;
}

type Grants = Readonly<Record<DestinationRight, Grant>>;

interface CompiledEntry {
  readonly pattern: Pattern;
  readonly grants: Grants;
}

/** Decides on permissions by an authorisation map. It never changes. */
export class AuthorisationMap {
  readonly #trees = {
    queue: new PatternTree<CompiledEntry>(),
    topic: new PatternTree<CompiledEntry>(),
  };
  readonly #temporary: Grants | undefined;
  readonly #groups: ReadonlyMap<string, readonly string[]>;
  readonly #decisions = new Map<string, boolean>();
  /** Numbers of the groups of users of a directory, from 1, for the keys of decisions. */
  readonly #groupNumbers = new WeakMap<readonly string[], number>();
  #groupCount = 0;

  constructor({ entries, temporary, users }: Authorisation) {
    for (const entry of entries) this.#add(entry);
    this.#temporary = temporary && grantsOf(temporary);
    this.#groups = new Map(users);
  }

  #add(entry: AuthorisationEntry): void {
    const pattern = parsePattern(activemqAlphabet, entry.name);
    this.#trees[entry.kind].add(pattern, { pattern, grants: grantsOf(entry) });
  }

  /**
   * Whether a user has a permission on a destination. For a name with wildcards, an entry counts
   * only if it matches all names that the wildcards match.
   *
   * @param groups the groups of a user of a directory; an array that does not change
   */
  permits(
    user: string,
    right: DestinationRight,
    kind: 'queue' | 'topic',
    name: string,
    groups?: readonly string[],
  ): boolean {
    const owner = groups === undefined ? 0 : this.#numberOf(groups);
    const key = `${owner} ${right} ${kind} ${name.length} ${name}${user}`;
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    const isPermitted = this.#decide(this.#principal(user, groups), right, kind, name);
    if (this.#decisions.size >= decisionCountMax) this.#decisions.clear();
    this.#decisions.set(key, isPermitted);
    return isPermitted;
  }

  #numberOf(groups: readonly string[]): number {
    const known = this.#groupNumbers.get(groups);
    if (known !== undefined) return known;
    this.#groupNumbers.set(groups, ++this.#groupCount);
    return this.#groupCount;
  }

  #principal(user: string, groups: readonly string[] | undefined): Principal {
    return { user, groups: groups ?? this.#groups.get(user) };
  }

  #decide(
    principal: Principal,
    right: DestinationRight,
    kind: 'queue' | 'topic',
    name: string,
  ): boolean {
    const words = splitKey(activemqAlphabet, name);
    const tree = this.#trees[kind];
    return matching(tree, words).some(
      ({ pattern, grants }) => isWhole(pattern, words) && isGranted(principal, grants[right]),
    );
  }

  /**
   * Whether a user has a permission on temporary destinations.
   *
   * @param groups as for {@link permits}
   */
  permitsTemporary(user: string, right: DestinationRight, groups?: readonly string[]): boolean {
    if (this.#temporary === undefined) return true;
    return isGranted(this.#principal(user, groups), this.#temporary[right]);
  }
}

interface Principal {
  readonly user: string;
  readonly groups: readonly string[] | undefined;
}

function isGranted({ user, groups }: Principal, grant: Grant): boolean {
  if (grant.groups.has(everyone) || grant.users.has(user)) return true;
  return groups?.some((group) => grant.groups.has(group)) === true;
}

function grantsOf(permissions: Permissions): Grants {
  const grant = (right: DestinationRight): Grant => ({
    groups: new Set(permissions[right]),
    users: new Set(permissions.users?.[right]),
  });
  return { read: grant('read'), write: grant('write'), admin: grant('admin') };
}

function matching(
  tree: PatternTree<CompiledEntry>,
  words: readonly string[],
): readonly CompiledEntry[] {
  const found: CompiledEntry[] = [];
  const search: PatternSearch<CompiledEntry> = {
    spend: () => false,
    takeAll: (values) => {
      for (const value of values) found.push(value);
      return undefined;
    },
  };
  // It never pauses, because nothing above asks for it.
  for (const _ of tree.match(words, search));
  return found;
}

/**
 * Whether an entry that matches a name word by word also matches all names that a last word `>`
 * stands for. A `*` in the name needs no check: only `*` and `>` of an entry match it.
 */
function isWhole({ words }: Pattern, name: readonly string[]): boolean {
  if (name.at(-1) !== activemqAlphabet.manyWords) return true;
  return words.at(-1) === manyWords && words.length <= name.length;
}
