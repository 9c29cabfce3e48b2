import { manyWords, oneWord, type PatternWord } from './alphabet.ts';
import { Counted } from './counted.ts';
import type { PatternSearch } from './pattern-search.ts';

/** Words and single-word wildcards in a row. */
type Run = readonly PatternWord[];

/** What follows the first `manyWords` of a pattern. */
class Tail<T> {
  /** Runs with a `manyWords` before each; the last one, which may be empty, ends the pattern. */
  readonly runs: readonly Run[];
  /** A word that a key must have; undefined where there are wildcards only. */
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

/** The same text for the same words only. */
function textOf(words: readonly PatternWord[]): string {
  let text = '';
  for (const word of words) {
    if (typeof word === 'string') text += `${word.length}:${word}`;
    else text += word === oneWord ? '*' : '#';
  }
  return text;
}

/** The ends of patterns that have the same beginning and then a `manyWords`. */
export class PatternTails<T> {
  /** Of patterns that end there: they match whatever follows. */
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

  /** Of the words that a key must have, one that the fewest others are found by. */
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

  /** Takes back what one `add` did. Returns whether nothing is left. */
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

  /** Whether there is more than what is {@link open}. */
  get hasWords(): boolean {
    return this.#byText.size > 0;
  }

  /**
   * Finds the values whose words match those of a key, except for the {@link open} ones.
   *
   * @param distinct every word of the key once
   * @param from the key's first word that is not matched yet
   */
  *match(
    key: readonly string[],
    distinct: ReadonlySet<string>,
    from: number,
    search: PatternSearch<T>,
  ): Generator<void> {
    yield* matchAll(this.#withoutWord, key, from, search);
    // Whichever are fewer: the words that the key has, or those that patterns need.
    const isKeyShorter = distinct.size <= this.#byWord.size;
    for (const word of isKeyShorter ? distinct : this.#byWord.keys()) {
      if (search.spend(1)) yield;
      const tails = isKeyShorter || distinct.has(word) ? this.#byWord.get(word) : undefined;
      if (tails !== undefined) yield* matchAll(tails, key, from, search);
    }
  }
}

/** Finds the values of those tails that match a key from one of its words on. */
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
 * Looks for the runs of a tail in a key, one after the other, and for the last one at its end. The
 * first place where a run is found is the best: what is behind it has most room there.
 */
class TailComparison {
  state: 'open' | 'same' | 'different' = 'open';
  readonly #key: readonly string[];
  #runs: readonly Run[] = [];
  #runAt = 0;
  /** Where in the key the next run may begin. */
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

  /** Compares one run at one place. Returns how many words that took, at least 1. */
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

/** How many words of a run are those of the key from a position on. */
function sameCount(run: Run, key: readonly string[], at: number): number {
  for (let i = 0; i < run.length; i++) {
    const word = run[i];
    if (word !== oneWord && word !== key[at + i]) return i;
  }
  return run.length;
}
