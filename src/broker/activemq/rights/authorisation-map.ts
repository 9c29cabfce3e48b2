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
import type { Authorisation, AuthorisationEntry, GroupsByRight } from './authorisation.ts';

/** A permission on a destination; `admin` is to create or delete it. */
export type DestinationRight = keyof GroupsByRight;

/** Maximum number of cached decisions. */
const decisionCountMax = 10_000;

/** The group that contains every user. */
const everyone = '*';

type Grants = Readonly<Record<DestinationRight, ReadonlySet<string>>>;

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
   */
  permits(user: string, right: DestinationRight, kind: 'queue' | 'topic', name: string): boolean {
    const key = `${right} ${kind} ${name.length} ${name}${user}`;
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    const isPermitted = this.#decide(user, right, kind, name);
    if (this.#decisions.size >= decisionCountMax) this.#decisions.clear();
    this.#decisions.set(key, isPermitted);
    return isPermitted;
  }

  #decide(user: string, right: DestinationRight, kind: 'queue' | 'topic', name: string): boolean {
    const words = splitKey(activemqAlphabet, name);
    const tree = this.#trees[kind];
    return matching(tree, words).some(
      ({ pattern, grants }) => isWhole(pattern, words) && this.#isGranted(user, grants[right]),
    );
  }

  /** Whether a user has a permission on temporary destinations. */
  permitsTemporary(user: string, right: DestinationRight): boolean {
    return this.#temporary === undefined || this.#isGranted(user, this.#temporary[right]);
  }

  #isGranted(user: string, groups: ReadonlySet<string>): boolean {
    if (groups.has(everyone)) return true;
    return this.#groups.get(user)?.some((group) => groups.has(group)) === true;
  }
}

function grantsOf({ read, write, admin }: GroupsByRight): Grants {
  return { read: new Set(read), write: new Set(write), admin: new Set(admin) };
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
