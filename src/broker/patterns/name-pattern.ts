// Regular expressions over names.

import type { RE2JS } from 're2js';
import { textBytes } from '../../base/byte-text.ts';
import { compileLinear } from '../../base/linear-pattern.ts';
import { BrokerError } from '../errors.ts';

/** Maximum length of a pattern in bytes. */
export const patternBytesMax = 1024;

/** Maximum size of a compiled pattern in instructions: `[a-z]{500}` takes about 500. */
const programSizeMax = 1000;

/**
 * Patterns that Node's own engine matches without much backtracking: letters, and at most one `.*`.
 * Nearly all patterns are of this form and do not need the library.
 */
const plainPattern = /^\^?(?:[\w-]|\\\.)*(?:\.\*(?:[\w-]|\\\.)*)?\$?$/;

interface Engine {
  test(name: string): boolean;
}

/** A condition on the beginning of a name, which must match or must not match. */
interface Lookahead {
  readonly engine: Engine;
  readonly isWanted: boolean;
}

/**
 * A regular expression over names of queues and exchanges. The time of a match is linear in the
 * length of the name for all patterns. Therefore, there are no back-references, and look-ahead is
 * only supported at the beginning of the pattern, as in `^(?!amq\.)`.
 */
export class NamePattern {
  readonly #lookaheads: readonly Lookahead[];
  readonly #engine: Engine;

  private constructor(lookaheads: readonly Lookahead[], engine: Engine) {
    this.#lookaheads = lookaheads;
    this.#engine = engine;
  }

  /**
   * Compiles a pattern.
   *
   * @param what the name of the pattern in error texts, for example `the pattern of a policy`
   * @throws {BrokerError} `precondition-failed` if it is invalid, too long or too large
   */
  static compile(what: string, text: string): NamePattern {
    const bytes = textBytes(text);
    if (bytes > patternBytesMax) {
      fail(`${what} has ${bytes} bytes; at most ${patternBytesMax} are allowed`);
    }
    const { lookaheads, rest } = split(text);
    return new NamePattern(
      lookaheads.map(({ inner, isWanted }) => ({
        engine: compiled(what, text, `^(?:${inner})`),
        isWanted,
      })),
      compiled(what, text, rest),
    );
  }

  /** Compiles a stored pattern. An invalid one matches nothing. */
  static stored(text: string): NamePattern {
    try {
      return NamePattern.compile('a stored pattern', text);
    } catch (error) {
      if (error instanceof BrokerError) return new NamePattern([], { test: () => false });
      throw error;
    }
  }

  /** Whether the pattern matches any part of a name. */
  test(name: string): boolean {
    for (const { engine, isWanted } of this.#lookaheads) {
      if (engine.test(name) !== isWanted) return false;
    }
    return this.#engine.test(name);
  }
}

/** A regular expression whose matches take time in proportion to the text. */
export interface LinearEngine extends Engine {
  /** The number of instructions, which a match performs at most for each character. */
  readonly size: number;
}

/**
 * Compiles a regular expression without look-ahead, for texts of any length.
 *
 * @param what the name of the pattern in error texts
 * @param sizeMax maximum number of instructions
 * @throws {BrokerError} `precondition-failed` if it is invalid, too long or too large
 */
export function linearEngine(what: string, text: string, sizeMax: number): LinearEngine {
  const bytes = textBytes(text);
  if (bytes > patternBytesMax) {
    fail(`${what} has ${bytes} bytes; at most ${patternBytesMax} are allowed`);
  }
  const engine = compiledByLibrary(what, text, text, sizeMax);
  return { size: engine.programSize(), test: (value) => engine.test(value) };
}

function compiled(what: string, whole: string, text: string): Engine {
  if (plainPattern.test(text)) return new RegExp(text);
  return compiledByLibrary(what, whole, text, programSizeMax);
}

function compiledByLibrary(what: string, whole: string, text: string, sizeMax: number): RE2JS {
  let engine: RE2JS;
  try {
    engine = compileLinear(text);
  } catch (cause) {
    const why = (cause as Error).message;
    return fail(`${what} '${whole}' is not a supported regular expression: ${why}`, cause);
  }
  const size = engine.programSize();
  if (size <= sizeMax) return engine;
  return fail(`${what} '${whole}' compiles to ${size} steps; at most ${sizeMax} are allowed`);
}

function fail(text: string, cause?: unknown): never {
  throw new BrokerError('precondition-failed', text, { cause });
}

/**
 * Splits look-aheads from the beginning of a pattern: `^(?!a)b` is `^b` for names that `^(?:a)`
 * does not match.
 */
function split(text: string): {
  lookaheads: readonly { inner: string; isWanted: boolean }[];
  rest: string;
} {
  const lookaheads: { inner: string; isWanted: boolean }[] = [];
  let at = 1;
  for (;;) {
    const isWanted = text.startsWith('(?=', at);
    if (!text.startsWith('^') || (!isWanted && !text.startsWith('(?!', at))) break;
    const end = groupEnd(text, at);
    if (end < 0) break;
    lookaheads.push({ inner: text.slice(at + 3, end), isWanted });
    at = end + 1;
  }
  const rest = text.slice(at);
  // Otherwise they would only apply to the first alternative.
  if (lookaheads.length === 0 || hasAlternatives(rest)) return { lookaheads: [], rest: text };
  return { lookaheads, rest: `^${rest}` };
}

/** Returns the index of the closing parenthesis for the one at an index; -1 if there is none. */
function groupEnd(text: string, from: number): number {
  let depth = 0;
  for (const [at, character] of specials(text, from)) {
    if (character === '(') depth++;
    else if (character === ')' && --depth === 0) return at;
  }
  return -1;
}

/** Whether there is a `|` outside all groups. */
function hasAlternatives(text: string): boolean {
  let depth = 0;
  for (const [, character] of specials(text, 0)) {
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === '|' && depth === 0) return true;
  }
  return false;
}

/** An escaped character, a class, or a parenthesis or bar. */
const token = /\\.|\[\^?\]?(?:\\.|[^\]\\])*\]?|[()|]/gs;

/** Returns parentheses and bars, except those that are escaped or in a class. */
function* specials(text: string, from: number): Generator<[at: number, character: string]> {
  for (const { 0: found, index } of text.slice(from).matchAll(token)) {
    if (found === '(' || found === ')' || found === '|') yield [from + index, found];
  }
}
