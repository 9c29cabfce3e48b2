import { Counted } from './counted.ts';

/** What follows the first `#` of a pattern. */
class Tail<T> {
  /** Runs of words with a `#` before each; the last one, which may be empty, ends the pattern. */
  readonly runs: readonly (readonly string[])[];
  /** A word that a key must have; undefined where there are `*` only. */
  readonly needed: string | undefined;
  readonly values = new Counted<T>();

  constructor(words: readonly string[], needed: string | undefined) {
    this.runs = runsOf(words);
    this.needed = needed;
  }
}

/** `a.#.#.b.c` becomes `a` and `b.c`; `a.#` becomes `a` and an empty run. */
function runsOf(words: readonly string[]): string[][] {
  let last: string[] = [];
  const runs: string[][] = [];
  for (const word of words) {
    if (word !== '#') last.push(word);
    else if (last.length > 0) {
      runs.push(last);
      last = [];
    }
  }
  runs.push(last);
  return runs;
}

/** No word and an empty one are not the same. */
function textOf(words: readonly string[]): string {
  return words.length === 0 ? '#' : words.join('.');
}

/** The ends of patterns that have the same beginning and then a `#`. */
export class Tails<T> {
  readonly #byText = new Map<string, Tail<T>>();
  readonly #byWord = new Map<string, Set<Tail<T>>>();
  readonly #withoutWord = new Set<Tail<T>>();

  /** Adds a value under the words after a `#`. */
  add(words: readonly string[], value: T): void {
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
  #rarest(words: readonly string[]): string | undefined {
    let rarest: string | undefined;
    let least = Infinity;
    for (const word of words) {
      const count = word === '*' || word === '#' ? Infinity : (this.#byWord.get(word)?.size ?? 0);
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
  remove(words: readonly string[], value: T): boolean {
    const text = textOf(words);
    const tail = this.#byText.get(text);
    if (tail?.values.remove(value) === true) {
      this.#byText.delete(text);
      const set = this.#setOf(tail.needed);
      set.delete(tail);
      if (tail.needed !== undefined && set.size === 0) this.#byWord.delete(tail.needed);
    }
    return this.#byText.size === 0;
  }

  /**
   * Takes the values whose words match those of a key.
   *
   * @param distinct every word of the key once
   * @param from the key's first word that is not matched yet
   * @param stepCountMax how many words are compared at most; matching then stops
   * @returns words compared; more than `stepCountMax` where matching was stopped
   */
  match(
    key: readonly string[],
    distinct: ReadonlySet<string>,
    from: number,
    stepCountMax: number,
    take: (value: T) => void,
  ): number {
    let steps = this.#matchAll(this.#withoutWord, key, from, stepCountMax, take);
    // Whichever are fewer: the words that the key has, or those that patterns need.
    const isKeyShorter = distinct.size <= this.#byWord.size;
    for (const word of isKeyShorter ? distinct : this.#byWord.keys()) {
      if (++steps > stepCountMax) return steps;
      const tails = isKeyShorter || distinct.has(word) ? this.#byWord.get(word) : undefined;
      if (tails !== undefined)
        steps += this.#matchAll(tails, key, from, stepCountMax - steps, take);
    }
    return steps;
  }

  #matchAll(
    tails: ReadonlySet<Tail<T>>,
    key: readonly string[],
    from: number,
    stepCountMax: number,
    take: (value: T) => void,
  ): number {
    let steps = 0;
    for (const tail of tails) {
      const compared = search(tail.runs, key, from);
      steps += Math.abs(compared);
      if (steps > stepCountMax) return steps;
      if (compared > 0) tail.values.each(take);
    }
    return steps;
  }
}

/**
 * Looks for runs of words in a key, one after the other, and for the last one at its end. The first
 * place where a run is found is the best: what is behind it has most room there.
 *
 * @returns words compared, at least 1; negative where the key does not match
 */
function search(
  runs: readonly (readonly string[])[],
  key: readonly string[],
  from: number,
): number {
  let steps = 1;
  let at = from;
  const lastAt = runs.length - 1;
  for (let i = 0; i < lastAt; i++) {
    const run = runs[i] ?? [];
    for (;;) {
      if (at + run.length > key.length) return -steps;
      const same = sameCount(run, key, at);
      steps += same + 1;
      if (same === run.length) break;
      at++;
    }
    at += run.length;
  }
  const last = runs[lastAt] ?? [];
  if (at + last.length > key.length) return -steps;
  const same = sameCount(last, key, key.length - last.length);
  steps += same;
  return same === last.length ? steps : -steps;
}

/** How many words of a run are those of the key from a position on; `*` is any word. */
function sameCount(run: readonly string[], key: readonly string[], at: number): number {
  for (let i = 0; i < run.length; i++) {
    const word = run[i];
    if (word !== '*' && word !== key[at + i]) return i;
  }
  return run.length;
}
