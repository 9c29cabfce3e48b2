// The parts of patterns after the first multi-word wildcard.

import { manyWords, oneWord, type PatternWord } from './alphabet.ts';
import { Counted } from './counted.ts';
import type { PatternSearch } from './pattern-search.ts';

/** Consecutive words and single-word wildcards. */
type Run = readonly PatternWord[];

/** The part of a pattern after its first `manyWords`. */
class Tail<T> {
  /** Runs, each preceded by a `manyWords`. The last one, which may be empty, ends the pattern. */
  readonly runs: readonly Run[];
  /** A word that a matching key must contain; undefined if there are only wildcards. */
  readonly needed: string | undefined;
  readonly values = new Counted<T>();

  constructor(words: readonly PatternWord[], needed: string | undefined) {
    this.runs = runsOf(words);
    this.needed = needed;
  }
}

/** `a.#.b.c` becomes `a` and `b.c`; `a.#` becomes `a` and an empty run. */
function runsOf(words: readonly PatternWord[]): PatternWord[][] {
  let last: PatternWord[] = [];
  const runs = [last];
  for (const word of words) {
    if (word !== manyWords) last.push(word);
    else {
      last = [];
      runs.push(last);
    }
  }
  return runs;
}

/** A text that identifies the words. */
function textOf(words: readonly PatternWord[]): string {
  let text = '';
  for (const word of words) {
    if (typeof word === 'string') text += `${word.length}:${word}`;
    else text += word === oneWord ? '*' : '#';
  }
  return text;
}

/** The tails of patterns with the same beginning. */
export class PatternTails<T> {
  /** Values of patterns that end with the wildcard, which match everything. */
  readonly open = new Counted<T>();
  readonly #byText = new Map<string, Tail<T>>();
  readonly #byWord = new Map<string, Set<Tail<T>>>();
  readonly #withoutWord = new Set<Tail<T>>();

  /** Adds a value under the words after a `manyWords`. */
  add(words: readonly PatternWord[], value: T): void {
    if (words.length === 0) {
      this.open.add(value);
      return;
    }
    const text = textOf(words);
    let tail = this.#byText.get(text);
    if (tail === undefined) {
      tail = new Tail(words, this.#rarest(words));
      this.#byText.set(text, tail);
      this.#setOf(tail.needed).add(tail);
    }
    tail.values.add(value);
  }

  /** The required word by which the fewest other tails are indexed. */
  #rarest(words: readonly PatternWord[]): string | undefined {
    let rarest: string | undefined;
    let least = Infinity;
    for (const word of words) {
      if (typeof word === 'symbol') continue;
      const count = this.#byWord.get(word)?.size ?? 0;
      if (count >= least) continue;
      least = count;
      rarest = word;
    }
    return rarest;
  }

  #setOf(word: string | undefined): Set<Tail<T>> {
    if (word === undefined) return this.#withoutWord;
    let set = this.#byWord.get(word);
    if (set === undefined) {
      set = new Set();
      this.#byWord.set(word, set);
    }
    return set;
  }

  /** Reverts one `add`. Returns whether the set is empty afterwards. */
  remove(words: readonly PatternWord[], value: T): boolean {
    if (words.length === 0) this.open.remove(value);
    else this.#remove(words, value);
    return this.open.size + this.#byText.size === 0;
  }

  #remove(words: readonly PatternWord[], value: T): void {
    const text = textOf(words);
    const tail = this.#byText.get(text);
    if (tail?.values.remove(value) === true) {
      this.#byText.delete(text);
      const set = this.#setOf(tail.needed);
      set.delete(tail);
      if (tail.needed !== undefined && set.size === 0) this.#byWord.delete(tail.needed);
    }
  }

  /** Whether there are tails in addition to {@link open}. */
  get hasWords(): boolean {
    return this.#byText.size > 0;
  }

  /**
   * Finds the values whose tails match a key, except for the {@link open} ones.
   *
   * @param distinct the distinct words of the key
   * @param from the first word of the key that is not matched yet
   */
  *match(
    key: readonly string[],
    distinct: ReadonlySet<string>,
    from: number,
    search: PatternSearch<T>,
  ): Generator<void> {
    yield* matchAll(this.#withoutWord, key, from, search);
    // Iterates the smaller set: the words of the key, or the required words of the tails.
    const isKeyShorter = distinct.size <= this.#byWord.size;
    for (const word of isKeyShorter ? distinct : this.#byWord.keys()) {
      if (search.spend(1)) yield;
      const tails = isKeyShorter || distinct.has(word) ? this.#byWord.get(word) : undefined;
      if (tails !== undefined) yield* matchAll(tails, key, from, search);
    }
  }
}

/** Finds the values of the tails that match a key from a position on. */
function* matchAll<T>(
  tails: ReadonlySet<Tail<T>>,
  key: readonly string[],
  from: number,
  search: PatternSearch<T>,
): Generator<void> {
  const comparison = new TailComparison(key);
  for (const { runs, values } of tails) {
    comparison.begin(runs, from);
    while (comparison.state === 'open') if (search.spend(comparison.step())) yield;
    if (comparison.state === 'different') continue;
    const rest = search.takeAll(values.values(), values.size);
    if (rest !== undefined) yield* rest;
  }
}

/**
 * Searches the runs of a tail in a key from left to right, and the last one at its end. The first
 * match of a run is always the best, because it leaves most room for the next ones.
 */
class TailComparison {
  state: 'open' | 'same' | 'different' = 'open';
  readonly #key: readonly string[];
  #runs: readonly Run[] = [];
  #runAt = 0;
  /** The earliest position of the next run in the key. */
  #at = 0;

  constructor(key: readonly string[]) {
    this.#key = key;
  }

  begin(runs: readonly Run[], from: number): void {
    this.state = 'open';
    this.#runs = runs;
    this.#runAt = 0;
    this.#at = from;
  }

  /** Compares one run at one position. Returns the number of compared words, at least 1. */
  step(): number {
    const run = this.#runs[this.#runAt] ?? [];
    const isLast = this.#runAt === this.#runs.length - 1;
    const endAt = this.#key.length - run.length;
    if (endAt < this.#at) {
      this.state = 'different';
      return 1;
    }
    const same = sameCount(run, this.#key, isLast ? endAt : this.#at);
    if (isLast) this.state = same === run.length ? 'same' : 'different';
    else if (same < run.length) this.#at++;
    else {
      this.#at += run.length;
      this.#runAt++;
    }
    return same + 1;
  }
}

/** The number of words of a run that match the key from a position on. */
function sameCount(run: Run, key: readonly string[], at: number): number {
  for (let i = 0; i < run.length; i++) {
    const word = run[i];
    if (word !== oneWord && word !== key[at + i]) return i;
  }
  return run.length;
}
