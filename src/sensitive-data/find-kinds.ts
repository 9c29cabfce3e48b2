// Finds the kinds of personal and secret data in a text.

import { credentialRules } from './credentials.ts';
import { hide, hideHarmless } from './harmless.ts';
import type { SensitiveKind } from './kinds.ts';
import { nationalIdRules } from './national-ids.ts';
import type { PersonNames } from './person-names.ts';
import { personalRules } from './personal.ts';
import { phoneRules } from './phones.ts';
import { candidateCountMax, type Rule } from './rule.ts';
import { secretRules } from './secrets.ts';

/** The number of characters of a text that are examined; the rest is ignored. */
export const examinedCharactersMax = 32_768;

/** The number of characters of a name that are examined with its value. */
const nameCharactersMax = 256;

/** What else is known about a text. */
export interface TextContext {
  /** The name of the value, such as the key of a tag. It counts as a word beside the value. */
  readonly name?: string | undefined;
  /** Names of persons to look for. */
  readonly personNames?: PersonNames | undefined;
}

/** All rules, in the order in which they are applied. */
export const allRules: readonly Rule[] = [
  ...secretRules,
  ...credentialRules,
  ...personalRules,
  ...nationalIdRules,
  ...phoneRules,
];

const rulesForSecrets = [...secretRules, ...credentialRules];
const rulesForPersons = [...personalRules, ...nationalIdRules, ...phoneRules];

/**
 * Finds the kinds of personal and secret data in a text. The time is proportional to its length, and
 * only its first {@link examinedCharactersMax} characters are examined. Values are never returned.
 *
 * @returns the kinds in alphabetical order
 */
export function findKinds(text: string, context: TextContext = {}): SensitiveKind[] {
  const search = new Search(text, context);
  search.apply(rulesForSecrets);
  search.hideHarmless();
  search.apply(rulesForPersons);
  return search.kinds;
}

class Search {
  readonly #found = new Set<SensitiveKind>();
  /** The text, without what was found. */
  #rest: string;
  /** Where the value begins; before it is its name. */
  readonly #from: number;

  constructor(text: string, { name, personNames }: TextContext) {
    const value = plain(text, examinedCharactersMax);
    const prefix = name === undefined ? '' : `${plain(name, nameCharactersMax)}=`;
    this.#rest = prefix + value;
    this.#from = prefix.length;
    if (personNames?.isIn(this.#rest, this.#from)) this.#found.add('person-name');
  }

  get kinds(): SensitiveKind[] {
    return [...this.#found].sort();
  }

  hideHarmless(): void {
    this.#rest = hideHarmless(this.#rest);
  }

  apply(rules: readonly Rule[]): void {
    for (const rule of rules) {
      for (const [start, end] of this.#spansOf(rule)) {
        this.#found.add(rule.kind);
        this.#rest = hide(this.#rest, start, end);
      }
    }
  }

  /** The positions of the data that a rule finds, except for data in the name alone. */
  #spansOf(rule: Rule): (readonly [start: number, end: number])[] {
    const text = this.#rest;
    const spans: (readonly [number, number])[] = [];
    let left = rule.candidateCountMax ?? candidateCountMax;
    for (const match of text.matchAll(rule.pattern)) {
      const start = match.index;
      const end = start + match[0].length;
      if (end <= this.#from) continue;
      if (left === 0) break;
      left -= 1;
      if (rule.accepts?.(match, { text, start, end }) !== false) spans.push([start, end]);
    }
    return spans;
  }
}

/** Shortens a text, and replaces compatibility forms such as full-width digits by usual ones. */
function plain(text: string, charactersMax: number): string {
  const short = text.length > charactersMax ? text.slice(0, charactersMax) : text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII.
  if (/^[\x00-\x7f]*$/.test(short)) return short;
  return short
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .replace(/[\u00a0\u2010-\u2015\u2212]/g, (found) => (found === '\u00a0' ? ' ' : '-'))
    .slice(0, charactersMax);
}
