// The index of patterns: finds all patterns that match a key.

import { manyWords, oneWord, type Pattern, type PatternWord } from './alphabet.ts';
import { Counted } from './counted.ts';
import type { PatternSearch } from './pattern-search.ts';
import { PatternTails } from './pattern-tails.ts';

/** A node for the words of patterns before the first `manyWords`. */
class Branch<T> {
  children: Map<string, Branch<T>> | undefined = undefined;
  /** The child for `oneWord`. */
  one: Branch<T> | undefined = undefined;
  /** The values of patterns that end here. */
  values: Counted<T> | undefined = undefined;
  /** The patterns that continue with a `manyWords`. */
  tails: PatternTails<T> | undefined = undefined;

  get isEmpty(): boolean {
    const { children, one, values, tails } = this;
    return children === undefined && one === undefined && values === undefined && !tails;
  }
}

/** A node that a key has reached, and the position of the next word. */
interface Place<T> {
  readonly branch: Branch<T>;
  readonly at: number;
}

/**
 * Finds the patterns that match a key. Words before the first `manyWords` form a tree in which a
 * key visits each node at most once. The rest is matched from left to right. The cost of a key is
 * therefore linear in the length of the patterns.
 */
export class PatternTree<T> {
  readonly #root = new Branch<T>();
  /** Patterns that do not match keys whose first word begins with `$`. */
  readonly #unreserved = new Branch<T>();

  #rootOf({ skipsReserved }: Pattern): Branch<T> {
    return skipsReserved ? this.#unreserved : this.#root;
  }

  /** Adds a value under a pattern. The same value may be added several times. */
  add(pattern: Pattern, value: T): void {
    const { words } = pattern;
    let branch = this.#rootOf(pattern);
    for (const [at, word] of words.entries()) {
      if (word === manyWords) {
        branch.tails ??= new PatternTails();
        branch.tails.add(words.slice(at + 1), value);
        return;
      }
      branch = child(branch, word);
    }
    branch.values ??= new Counted();
    branch.values.add(value);
  }

  /** Reverts one `add` with the same arguments. */
  remove(pattern: Pattern, value: T): void {
    const { words } = pattern;
    const passed: Branch<T>[] = [];
    let branch = this.#rootOf(pattern);
    let at = 0;
    for (; at < words.length && words[at] !== manyWords; at++) {
      const next = words[at] === oneWord ? branch.one : branch.children?.get(words[at] as string); // no symbols are left
      if (next === undefined) return;
      passed.push(branch);
      branch = next;
    }
    if (at < words.length) {
      if (branch.tails?.remove(words.slice(at + 1), value) === true) branch.tails = undefined;
    } else if (branch.values?.remove(value) === true) branch.values = undefined;
    while (branch.isEmpty) {
      const parent = passed.pop();
      if (parent === undefined) return;
      prune(parent, words[passed.length]);
      branch = parent;
    }
  }

  #begin(key: readonly string[]): Place<T>[] {
    const isReserved = key[0]?.startsWith('$') === true;
    const open = [{ branch: this.#root, at: 0 }];
    if (!isReserved && !this.#unreserved.isEmpty) open.push({ branch: this.#unreserved, at: 0 });
    return open;
  }

  /** Whether any pattern matches a key. The search does not pause. */
  matchesAny(key: readonly string[]): boolean {
    let isFound = false;
    const search = this.match(key, {
      spend: () => false,
      takeAll: () => {
        isFound = true;
        return undefined;
      },
    });
    for (const _ of search);
    return isFound;
  }

  /**
   * Finds the values of all matching patterns. Yields when the search pauses.
   *
   * @param key the words of the key
   */
  *match(key: readonly string[], search: PatternSearch<T>): Generator<void> {
    let distinct: Set<string> | undefined;
    const places = this.#begin(key);
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      const { branch, at } = place;
      if (search.spend(1)) yield;
      const { tails } = branch;
      const open = tails && takeAll(tails.open, search);
      if (open !== undefined) yield* open;
      if (tails?.hasWords === true) {
        distinct ??= new Set(key);
        yield* tails.match(key, distinct, at, search);
      }
      if (at < key.length) follow(places, branch, key, at);
      else if (branch.values !== undefined) {
        const rest = takeAll(branch.values, search);
        if (rest !== undefined) yield* rest;
      }
    }
  }
}

function takeAll<T>(values: Counted<T>, search: PatternSearch<T>): Generator<void> | undefined {
  return values.size === 0 ? undefined : search.takeAll(values.values(), values.size);
}

/** Adds the nodes that the next word of a key reaches. */
function follow<T>(
  places: Place<T>[],
  { one, children }: Branch<T>,
  key: readonly string[],
  at: number,
): void {
  if (one !== undefined) places.push({ branch: one, at: at + 1 });
  const exact = children?.get(key[at] ?? '');
  if (exact !== undefined) places.push({ branch: exact, at: at + 1 });
}

function child<T>(branch: Branch<T>, word: Exclude<PatternWord, typeof manyWords>): Branch<T> {
  if (word === oneWord) {
    branch.one ??= new Branch();
    return branch.one;
  }
  branch.children ??= new Map();
  let next = branch.children.get(word);
  if (next === undefined) {
    next = new Branch();
    branch.children.set(word, next);
  }
  return next;
}

function prune<T>(branch: Branch<T>, word: PatternWord | undefined): void {
  if (word === oneWord) branch.one = undefined;
  else branch.children?.delete(word as string); // a multi-word wildcard has no node
  if (branch.children?.size === 0) branch.children = undefined;
}
