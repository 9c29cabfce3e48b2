// The rules by which data of a kind is found.

import type { SensitiveKind } from './kinds.ts';

/** The text around a candidate. */
export interface Surroundings {
  /** The whole text. */
  readonly text: string;
  /** The position of the candidate in it. */
  readonly start: number;
  readonly end: number;
}

/**
 * Finds data of one kind: a pattern selects candidates, and a check decides about each. The time for
 * a text is proportional to its length: patterns only have bounded repetitions, a candidate begins at
 * a boundary, and the number of candidates is limited.
 */
export interface Rule {
  readonly kind: SensitiveKind;
  /** Selects candidates. Global, without unbounded repetitions. */
  readonly pattern: RegExp;
  /** Decides about a candidate. Without it, every candidate is data of the kind. */
  accepts?(match: RegExpExecArray, around: Surroundings): boolean;
  /** Number of candidates of a text that are checked. Defaults to {@link candidateCountMax}. */
  readonly candidateCountMax?: number;
}

/** Number of candidates that a rule checks in one text. */
export const candidateCountMax = 200;

/** Characters before and after a candidate in which its rule looks for words. */
const charactersBefore = 48;
const charactersAfter = 16;

/**
 * Compiles words that name data. They match whole words, in any case, including in `camelCase`,
 * `snake_case` and `kebab-case`.
 *
 * @param words in lower case; a space stands for any separator
 */
export function wordPattern(words: readonly string[]): RegExp {
  return new RegExp(`(?<![\\p{L}\\d])(?:${words.join('|')})(?![\\p{L}\\d])`, 'u');
}

/** Whether one of the words is near the candidate. */
export function isNear(words: RegExp, { text, start, end }: Surroundings): boolean {
  const before = text.slice(Math.max(0, start - charactersBefore), start);
  const after = text.slice(end, end + charactersAfter);
  return hasWord(words, before) || hasWord(words, after);
}

/** Capitals may begin a word of a name, or belong to a word, as in `IdNr`. */
function hasWord(words: RegExp, text: string): boolean {
  return words.test(asWords(text)) || words.test(text.replace(/[_\-.]/g, ' ').toLowerCase());
}

/** A text in lower case, with spaces between the words of a name. */
export function asWords(text: string): string {
  return text
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/[_\-.]/g, ' ')
    .toLowerCase();
}

/** Whether a text has at least this many different characters; placeholders have few. */
export function isVaried(text: string, countMin: number): boolean {
  return new Set(text).size >= countMin;
}

/** Removes everything except letters and digits. */
export function compact(text: string): string {
  return text.replace(/[^\p{L}\d]/gu, '');
}
