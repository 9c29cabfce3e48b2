import { manyWords, oneWord, type Pattern, type PatternWord } from './alphabet.ts';
import { Counted } from './counted.ts';
import type { PatternSearch } from './pattern-search.ts';
import { PatternTails } from './pattern-tails.ts';

/** What is reached by the words of a pattern before its first `manyWords`. */
class Branch<T> {
  children: Map<string, Branch<T>> | undefined = undefined;
  /** Where `oneWord` leads. */
  one: Branch<T> | undefined = undefined;
  /** Of the patterns that end here. */
  values: Counted<T> | undefined = undefined;
  /** Of the patterns in which a `manyWords` follows. */
  tails: PatternTails<T> | undefined = undefined;

  get isEmpty(): boolean {
    const { children, one, values, tails } = this;
    return children === undefined && one === undefined && values === undefined && !tails;
  }
}

/** A branch that a key has reached, and the key's next word there. */
interface Place<T> {
  readonly branch: Branch<T>;
  readonly at: number;
}

/**
 * Finds the patterns that a key matches. Words up to the first `manyWords` are the branches of a
 * tree, of which a key passes each at most once; what follows is matched from left to right. So the
 * work for a key grows with the length of the patterns, and never with a power of it.
 */
export class PatternTree<T> {
  readonly #root = new Branch<T>();
  /** Of the patterns that match no key whose first word begins with `$`. */
  readonly #unreserved = new Branch<T>();

  #rootOf({ skipsReserved }: Pattern): Branch<T> {
    return skipsReserved ? this.#unreserved : this.#root;
  }

  /** Adds a value under a pattern; the same one may be added several times. */
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

  /** Takes back what one `add` with the same arguments did. */
  remove(pattern: Pattern, value: T): void {
    const { words } = pattern;
    const passed: Branch<T>[] = [];
    let branch = this.#rootOf(pattern);
    let at = 0;
    for (; at < words.length && words[at] !== manyWords; at++) {
      const next = words[at] === oneWord ? branch.one : branch.children?.get(words[at] as string); // no symbol is left
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

  /**
   * Finds the values whose patterns match a key. It yields where the search pauses.
   *
   * @param key the key's words
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

/** Adds the places that the next word of a key leads to. */
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
  else branch.children?.delete(word as string); // a wildcard for many words is no branch
  if (branch.children?.size === 0) branch.children = undefined;
}
