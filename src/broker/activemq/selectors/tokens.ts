// The tokenizer of selectors.

import { BrokerError } from '../../errors.ts';
import { Double, type SelectorValue } from './values.ts';

/** Maximum length of a selector in characters. */
export const textLengthMax = 65_536;

/** A token of a selector. */
export interface Token {
  /** `word` for names and keywords, `symbol` for operators, `constant` for strings and numbers. */
  readonly type: 'word' | 'symbol' | 'constant' | 'end';
  /** The text of the word or operator. */
  readonly text: string;
  readonly value: SelectorValue;
}

const spaces = /\s+/y;
const lineComment = /--[^\r\n]*/y;
const word = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const string = /'(?:[^']|'')*'/y;
const hexadecimal = /0[xX][0-9a-fA-F]+[lL]?/y;
const float = /(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+/y;
const decimal = /\d+[lL]?/y;
const symbol = /<>|<=|>=|[=<>()+\-*/%,]/y;

const int32 = { min: -(2n ** 31n), max: 2n ** 31n - 1n };
const int64Max = 2n ** 63n - 1n;

/** Creates the error for an invalid selector, with the text that JMS clients expect. */
export function invalidSelector(why: string): BrokerError {
  return new BrokerError('precondition-failed', `invalid selector: ${why}`);
}

/**
 * Splits a selector into tokens.
 *
 * @throws {BrokerError} `precondition-failed` if it is too long or has an invalid character
 */
export function readTokens(text: string): Token[] {
  if (text.length > textLengthMax) {
    throw invalidSelector(`${text.length} characters are more than ${textLengthMax}`);
  }
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const [token, next] = nextToken(text, at);
    if (token !== undefined) tokens.push(token);
    at = next;
  }
  tokens.push({ type: 'end', text: 'the end', value: null });
  return tokens;
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function nextToken(text: string, at: number): [Token | undefined, number] {
  const space = matchAt(spaces, text, at) ?? matchAt(lineComment, text, at);
  if (space !== undefined) return [undefined, at + space.length];
  if (text.startsWith('/*', at)) return [undefined, commentEnd(text, at)];
  const name = matchAt(word, text, at);
  if (name !== undefined) return [{ type: 'word', text: name, value: null }, at + name.length];
  const quoted = matchAt(string, text, at);
  if (quoted !== undefined) {
    const value = quoted.slice(1, -1).replaceAll("''", "'");
    return [{ type: 'constant', text: quoted, value }, at + quoted.length];
  }
  const number = numberAt(text, at);
  if (number !== undefined) return number;
  const operator = matchAt(symbol, text, at);
  if (operator === undefined) {
    throw invalidSelector(`unexpected character at ${at} of ${text.length}`);
  }
  return [{ type: 'symbol', text: operator, value: null }, at + operator.length];
}

function commentEnd(text: string, at: number): number {
  const end = text.indexOf('*/', at + 2);
  if (end < 0) throw invalidSelector(`the comment at ${at} has no end`);
  return end + 2;
}

function numberAt(text: string, at: number): [Token, number] | undefined {
  const hex = matchAt(hexadecimal, text, at);
  const real = hex === undefined ? matchAt(float, text, at) : undefined;
  const whole = hex ?? (real === undefined ? matchAt(decimal, text, at) : undefined);
  const found = real ?? whole;
  if (found === undefined) return undefined;
  const value = real === undefined ? wholeNumber(found) : new Double(Number(real));
  return [{ type: 'constant', text: found, value }, at + found.length];
}

/** Returns an int if the value fits, otherwise a long. A leading 0 means octal. */
function wholeNumber(text: string): number | bigint {
  const digits = text.replace(/[lL]$/, '');
  const isOctal = /^0\d/.test(digits);
  if (isOctal && !/^0[0-7]+$/.test(digits)) throw invalidSelector(`${text} is not an octal number`);
  const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  if (value > int64Max) throw invalidSelector(`${text} exceeds the range of a long`);
  return value <= int32.max && digits === text ? Number(value) : value;
}
