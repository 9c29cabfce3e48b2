// Terms of Erlang in values of RabbitMQ configurations.

import { SettingsError } from './settings-error.ts';

/** A term: an atom, a text, a number, a tuple, or a list. */
export type Term =
  | { readonly atom: string }
  | { readonly text: string }
  | { readonly number: number }
  | { readonly tuple: readonly Term[] }
  | { readonly list: readonly Term[] };

/** Maximum depth of tuples and lists. */
const depthMax = 32;

const token = /\s*(?:([a-z][\w@]*)|'([^'\\]*)'|"((?:[^"\\]|\\.)*)"|(-?\d{1,9})|([{}[\],.]))/y;

/** Reads tokens of a text one after the other. */
class Tokens {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token; undefined at the end. */
  next(): Term | { readonly mark: string } | undefined {
    if (this.#text.slice(this.#at).trim() === '') return undefined;
    token.lastIndex = this.#at;
    const found = token.exec(this.#text);
    if (found === null) throw new SettingsError('is not a term of Erlang');
    this.#at = token.lastIndex;
    const [, atom, quoted, text, number, mark] = found;
    if (mark !== undefined) return { mark };
    if (text !== undefined) return { text: text.replaceAll(/\\(.)/gs, '$1') };
    if (number !== undefined) return { number: Number(number) };
    return { atom: atom ?? quoted ?? '' };
  }
}

/**
 * Parses one term. Numbers have up to nine digits; variables, binaries and functions are not supported.
 *
 * @throws {SettingsError} if it is malformed; the text continues a sentence that names the key
 */
export function parseTerm(text: string): Term {
  const tokens = new Tokens(text);
  const term = readTerm(tokens, tokens.next(), 0);
  const end = tokens.next();
  const isEnd = end === undefined || ('mark' in end && end.mark === '.');
  if (isEnd && tokens.next() === undefined) return term;
  throw new SettingsError('has something after its term of Erlang');
}

function readTerm(tokens: Tokens, first: ReturnType<Tokens['next']>, depth: number): Term {
  if (first === undefined) throw new SettingsError('ends within a term of Erlang');
  if (!('mark' in first)) return first;
  if (depth === depthMax) throw new SettingsError(`has more than ${depthMax} levels`);
  if (first.mark === '{') return { tuple: readUntil(tokens, '}', depth + 1) };
  if (first.mark === '[') return { list: readUntil(tokens, ']', depth + 1) };
  throw new SettingsError(`has an unexpected ${first.mark}`);
}

function readUntil(tokens: Tokens, close: string, depth: number): readonly Term[] {
  const found: Term[] = [];
  let next = tokens.next();
  if (isMark(next, close)) return found;
  for (;;) {
    found.push(readTerm(tokens, next, depth));
    next = tokens.next();
    if (isMark(next, close)) return found;
    if (!isMark(next, ',')) throw new SettingsError(`has no , or ${close} after an element`);
    next = tokens.next();
  }
}

function isMark(found: ReturnType<Tokens['next']>, mark: string): boolean {
  return found !== undefined && 'mark' in found && found.mark === mark;
}
