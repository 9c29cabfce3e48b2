// A list of names of persons, which the operator provides.

import { assert } from '../base/assert.ts';

/** Limits of the list: the number of names, and the words and characters of each. */
export const personNameLimits = { countMax: 10_000, wordCountMax: 6, charactersMax: 100 } as const;

const word = /[\p{L}\p{M}]{1,100}/gu;
/** The separators between the words of a name in a text. */
const separator = /^[\s,._'\u2019-]{1,3}$/;

interface Node {
  readonly next: Map<string, Node>;
  isEnd: boolean;
}

function newNode(): Node {
  return { next: new Map(), isEnd: false };
}

/** Finds names of persons in texts: whole words, in any case, with any usual separator. */
export class PersonNames {
  readonly #root = newNode();

  /** @param names within {@link personNameLimits} */
  constructor(names: Iterable<string>) {
    let count = 0;
    for (const name of names) {
      count += 1;
      assert(count <= personNameLimits.countMax, 'too many names');
      this.#add(wordsOf(name));
    }
  }

  #add(words: readonly string[]): void {
    assert(words.length > 0 && words.length <= personNameLimits.wordCountMax, 'words of a name');
    let node = this.#root;
    for (const each of words) {
      const next = node.next.get(each) ?? newNode();
      node.next.set(each, next);
      node = next;
    }
    node.isEnd = true;
  }

  /**
   * Whether a text contains one of the names.
   *
   * @param from names that end before this position do not count
   */
  isIn(text: string, from = 0): boolean {
    const found = [...text.matchAll(word)];
    return found.some((_, at) => this.#beginsAt(text, found, at, from));
  }

  #beginsAt(text: string, found: readonly RegExpExecArray[], at: number, from: number): boolean {
    let node: Node | undefined = this.#root;
    for (let i = at; i < found.length; i += 1) {
      const match = found[i];
      const earlier = i > at ? found[i - 1] : undefined;
      if (match === undefined) return false;
      if (earlier !== undefined) {
        const gap = text.slice(earlier.index + earlier[0].length, match.index);
        if (!separator.test(gap)) return false;
      }
      node = node.next.get(match[0].toLowerCase());
      if (node === undefined) return false;
      if (node.isEnd && match.index + match[0].length > from) return true;
    }
    return false;
  }
}

function wordsOf(name: string): string[] {
  return (name.normalize('NFKC').toLowerCase().match(word) ?? []).map(String);
}

/** What is wrong with a name of the list; undefined if nothing is. */
export function problemOfName(name: string): string | undefined {
  const { charactersMax, wordCountMax } = personNameLimits;
  if (name.length > charactersMax)
    return `${name.length} characters; the maximum is ${charactersMax}`;
  const count = wordsOf(name).length;
  if (count === 0) return 'no letters';
  if (count > wordCountMax) return `${count} words; the maximum is ${wordCountMax}`;
  return undefined;
}
