import { Counted } from './counted.ts';
import { Tails } from './topic-tails.ts';

/** What is reached by the words of a pattern before its first `#`. */
class Branch<T> {
  children: Map<string, Branch<T>> | undefined = undefined;
  /** Where `*` leads. */
  star: Branch<T> | undefined = undefined;
  /** Of the patterns that end here. */
  values: Counted<T> | undefined = undefined;
  /** Of the patterns in which a `#` follows. */
  tails: Tails<T> | undefined = undefined;

  get isEmpty(): boolean {
    const { children, star, values, tails } = this;
    return children === undefined && star === undefined && values === undefined && !tails;
  }
}

/**
 * Patterns of dot-separated words, where `*` stands for one word and `#` for any number. Words up to
 * the first `#` are the branches of a tree, of which a key passes each at most once; what follows a
 * `#` is matched from left to right. So the work for a key grows with the length of the patterns, and
 * never with a power of it.
 */
export class TopicTree<T> {
  readonly #root = new Branch<T>();
  #words: readonly string[] = [];
  #distinct: Set<string> | undefined = undefined;
  #steps = 0;
  #stepCountMax = 0;

  /** Adds a value under a pattern; the same one may be added several times. */
  add(pattern: string, value: T): void {
    const words = wordsOf(pattern);
    let branch = this.#root;
    for (const [at, word] of words.entries()) {
      if (word === '#') {
        branch.tails ??= new Tails();
        branch.tails.add(words.slice(at + 1), value);
        return;
      }
      branch = child(branch, word);
    }
    branch.values ??= new Counted();
    branch.values.add(value);
  }

  /** Takes back what one `add` with the same arguments did. */
  remove(pattern: string, value: T): void {
    this.#removeFrom(this.#root, wordsOf(pattern), 0, value);
  }

  #removeFrom(branch: Branch<T>, words: readonly string[], at: number, value: T): void {
    const word = words[at];
    if (word === undefined) {
      if (branch.values?.remove(value) === true) branch.values = undefined;
    } else if (word === '#') {
      if (branch.tails?.remove(words.slice(at + 1), value) === true) branch.tails = undefined;
    } else {
      const next = word === '*' ? branch.star : branch.children?.get(word);
      if (next === undefined) return;
      this.#removeFrom(next, words, at + 1, value);
      if (next.isEmpty) prune(branch, word);
    }
  }

  /**
   * Calls `take` once for each value with a pattern that matches; more than once where several do.
   *
   * @param stepCountMax how many words are compared at most; matching then stops
   * @returns words compared; more than `stepCountMax` where matching was stopped
   */
  match(key: string, take: (value: T) => void, stepCountMax: number): number {
    this.#words = wordsOf(key);
    this.#distinct = undefined;
    this.#steps = 0;
    this.#stepCountMax = stepCountMax;
    this.#visit(this.#root, 0, take);
    return this.#steps;
  }

  #visit(branch: Branch<T>, at: number, take: (value: T) => void): void {
    if (++this.#steps > this.#stepCountMax) return;
    const { tails, star } = branch;
    if (tails !== undefined) {
      this.#distinct ??= new Set(this.#words);
      const stepCountMax = this.#stepCountMax - this.#steps;
      this.#steps += tails.match(this.#words, this.#distinct, at, stepCountMax, take);
    }
    const word = this.#words[at];
    if (word === undefined) {
      branch.values?.each(take);
      return;
    }
    const exact = branch.children?.get(word);
    if (exact !== undefined) this.#visit(exact, at + 1, take);
    if (star !== undefined) this.#visit(star, at + 1, take);
  }
}

/** Nothing at all is no word, not an empty one. */
function wordsOf(text: string): string[] {
  return text === '' ? [] : text.split('.');
}

function child<T>(branch: Branch<T>, word: string): Branch<T> {
  if (word === '*') {
    branch.star ??= new Branch();
    return branch.star;
  }
  branch.children ??= new Map();
  let next = branch.children.get(word);
  if (next === undefined) {
    next = new Branch();
    branch.children.set(word, next);
  }
  return next;
}

function prune<T>(branch: Branch<T>, word: string): void {
  if (word === '*') {
    branch.star = undefined;
    return;
  }
  branch.children?.delete(word);
  if (branch.children?.size === 0) branch.children = undefined;
}
