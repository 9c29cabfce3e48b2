// Reads the parts that the kinds of filter patterns share.

import type { RE2JS } from 're2js';
import { compileLinear } from '../../base/linear-pattern.ts';
import { LogsError } from '../errors.ts';

/** Limits of filter patterns. */
export const patternLimits = {
  /** Maximum length of a pattern, characters. */
  lengthMax: 1024,
  /** Maximum number of regular expressions in a pattern, as in CloudWatch Logs. */
  regexCountMax: 2,
  /** Maximum size of a compiled regular expression: steps of a match per character. */
  regexSizeMax: 200,
  /** Maximum nesting of parentheses. */
  depthMax: 32,
} as const;

/** The error for a malformed pattern. */
export function invalidPattern(why: string): LogsError {
  return new LogsError('invalid-pattern', `Invalid filter pattern: ${why}`);
}

/** Reads a pattern from the beginning to the end. */
export class PatternScanner {
  readonly #text: string;
  #at = 0;
  #regexCount = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Skips white space. */
  space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  /** The next character; empty at the end. */
  get next(): string {
    return this.#text[this.#at] ?? '';
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Skips a text if it is next. */
  skip(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  /**
   * Skips a text that must be next.
   *
   * @throws {LogsError} `invalid-pattern`
   */
  expect(text: string): void {
    if (this.skip(text)) return;
    const found = this.isAtEnd ? 'the end' : `'${this.#text.slice(this.#at, this.#at + 20)}'`;
    throw invalidPattern(`found ${found} at character ${this.#at + 1}; expected '${text}'`);
  }

  /** Takes the characters that match; may be empty. */
  take(matches: RegExp): string {
    const from = this.#at;
    while (!this.isAtEnd && matches.test(this.next)) this.#at++;
    return this.#text.slice(from, this.#at);
  }

  /**
   * Takes the text up to the closing quotation mark, which is next and is skipped. A backslash escapes
   * the next character.
   *
   * @throws {LogsError} `invalid-pattern` if it is not closed
   */
  quoted(mark: string): string {
    this.expect(mark);
    let text = '';
    for (;;) {
      if (this.isAtEnd) throw invalidPattern(`a text is not closed by ${mark}`);
      if (this.skip(mark)) return text;
      if (this.next === '\\') this.#at++;
      text += this.next;
      this.#at++;
    }
  }

  /**
   * Takes a regular expression between percent signs.
   *
   * @throws {LogsError} `invalid-pattern`
   */
  regex(): RE2JS {
    const { regexCountMax, regexSizeMax } = patternLimits;
    this.expect('%');
    const end = this.#text.indexOf('%', this.#at);
    if (end < 0) throw invalidPattern('a regular expression is not closed by %');
    const source = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    if (++this.#regexCount > regexCountMax) {
      throw invalidPattern(`more than ${regexCountMax} regular expressions`);
    }
    let engine: RE2JS;
    try {
      engine = compileLinear(source);
    } catch (error) {
      throw invalidPattern(`the regular expression %${source}%: ${(error as Error).message}`);
    }
    const size = engine.programSize();
    if (size <= regexSizeMax) return engine;
    const found = `the regular expression %${source}% compiles to ${size} steps`;
    throw invalidPattern(`${found}; at most ${regexSizeMax} are allowed`);
  }
}

/**
 * Whether a text matches a pattern in which `*` stands for any text. Takes time in proportion to the
 * product of both lengths at most.
 */
export function matchesWildcards(pattern: string, text: string): boolean {
  let p = 0;
  let star = -1;
  let mark = 0;
  for (let t = 0; t < text.length; ) {
    if (pattern[p] === '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
