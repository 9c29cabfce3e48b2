// Matching of texts and ARNs against the patterns of policies.

import type { Scope } from './scope.ts';
import { type Piece, splitAtColons } from './templates.ts';

/** A pattern for a text. A template has variables, whose values depend on the request. */
export type TextPattern =
  | { readonly type: 'any' }
  | { readonly type: 'exact'; readonly text: string }
  | { readonly type: 'prefix'; readonly text: string }
  | { readonly type: 'glob'; readonly codes: readonly number[] }
  | { readonly type: 'template'; readonly pieces: readonly Piece[] };

/** The result of a comparison; undefined if the pattern has a variable without a value. */
export type Match = boolean | undefined;

/** Stand for the wildcards among the UTF-16 code units of a glob. */
const anyRun = -1;
const anyOne = -2;

/** Creates a pattern from the pieces of a text. */
export function textPattern(pieces: readonly Piece[]): TextPattern {
  if (pieces.some(({ type }) => type === 'variable')) return { type: 'template', pieces };
  const codes: number[] = [];
  for (const piece of pieces) appendCodes(codes, piece, undefined);
  if (codes.length > 0 && codes.every((code) => code === anyRun)) return { type: 'any' };
  const first = codes.findIndex((code) => code < 0);
  if (first < 0) return { type: 'exact', text: textOf(codes) };
  if (first === codes.length - 1 && codes[first] === anyRun) {
    return { type: 'prefix', text: textOf(codes.slice(0, -1)) };
  }
  return { type: 'glob', codes };
}

/** Whether a text matches a pattern. */
export function matchesText(pattern: TextPattern, text: string, scope: Scope): Match {
  switch (pattern.type) {
    case 'any':
      return true;
    case 'exact':
      return text === pattern.text;
    case 'prefix':
      return text.startsWith(pattern.text);
    case 'glob':
      return matchesCodes(pattern.codes, text, scope);
    case 'template': {
      const codes = resolvedCodes(pattern.pieces, scope);
      return codes && matchesCodes(codes, text, scope);
    }
  }
}

/** The text of pieces without wildcards; undefined if a variable has no value. */
export function resolvedText(pieces: readonly Piece[], scope: Scope): string | undefined {
  const codes = resolvedCodes(pieces, scope);
  return codes && textOf(codes);
}

function resolvedCodes(pieces: readonly Piece[], scope: Scope): readonly number[] | undefined {
  const codes: number[] = [];
  return pieces.every((piece) => appendCodes(codes, piece, scope)) ? codes : undefined;
}

/** Appends a piece. The value of a variable is literal. False if the variable has no value. */
function appendCodes(codes: number[], piece: Piece, scope: Scope | undefined): boolean {
  if (piece.type === 'wildcard') {
    codes.push(piece.wildcard === '*' ? anyRun : anyOne);
    return true;
  }
  const text =
    piece.type === 'literal' ? piece.text : (scope?.variable(piece.key) ?? piece.fallback);
  if (text === undefined) return false;
  scope?.spend(text.length);
  for (let at = 0; at < text.length; at += 1) codes.push(text.charCodeAt(at));
  return true;
}

function textOf(codes: readonly number[]): string {
  let text = '';
  for (const code of codes) text += String.fromCharCode(code);
  return text;
}

function matchesCodes(codes: readonly number[], text: string, scope: Scope): boolean {
  let at = 0;
  let read = 0;
  // The last star, and the text after which it ends: it takes one more character if the rest fails.
  let star = -1;
  let starEnd = 0;
  let comparisons = 0;
  while (read < text.length) {
    comparisons += 1;
    const code = codes[at];
    if (code === anyRun) {
      star = at;
      starEnd = read;
      at += 1;
    } else if (code === anyOne || code === text.charCodeAt(read)) {
      at += 1;
      read += 1;
    } else if (star < 0) {
      scope.spend(comparisons);
      return false;
    } else {
      starEnd += 1;
      at = star + 1;
      read = starEnd;
      // The text may be long. What it costs is counted before it has been spent.
      if (comparisons > 4096) {
        scope.spend(comparisons);
        comparisons = 0;
      }
    }
  }
  scope.spend(comparisons);
  while (codes[at] === anyRun) at += 1;
  return at === codes.length;
}

const arnPartCount = 6;

/** An ARN that was divided into its six parts, or another text. */
export interface ArnText {
  readonly text: string;
  /** Undefined if the text is not an ARN. */
  readonly parts: readonly string[] | undefined;
}

/** Divides an ARN. The sixth part keeps its colons. */
export function arnText(text: string): ArnText {
  const parts: string[] = [];
  let from = 0;
  while (parts.length < arnPartCount - 1) {
    const colon = text.indexOf(':', from);
    if (colon < 0) return { text, parts: undefined };
    parts.push(text.slice(from, colon));
    from = colon + 1;
  }
  parts.push(text.slice(from));
  return { text, parts };
}

/**
 * A pattern for ARNs. Each of the six parts is matched on its own, so that a star never crosses a
 * colon between them.
 */
export interface ArnPattern {
  /** The whole pattern is a star, which also matches what is not an ARN. */
  readonly any: boolean;
  /** The whole text, if it has neither wildcards nor variables. */
  readonly exact: string | undefined;
  readonly parts: readonly TextPattern[];
}

/**
 * Creates a pattern for ARNs.
 *
 * @param isFilled whether missing parts match everything, as in the `Resource` of a statement;
 *   otherwise an incomplete pattern matches nothing
 */
export function arnPattern(pieces: readonly Piece[], isFilled: boolean): ArnPattern {
  const whole = textPattern(pieces);
  const parts = splitAtColons(pieces, arnPartCount).map(textPattern);
  while (isFilled && parts.length < arnPartCount) parts.push({ type: 'any' });
  return {
    any: isFilled && whole.type === 'any',
    exact: whole.type === 'exact' ? whole.text : undefined,
    parts,
  };
}

/** Whether an ARN matches a pattern. */
export function matchesArn(pattern: ArnPattern, arn: ArnText, scope: Scope): Match {
  if (pattern.any) return true;
  const { parts } = arn;
  if (parts === undefined || pattern.parts.length !== arnPartCount) return false;
  if (pattern.exact !== undefined && pattern.exact === arn.text) return true;
  let match: Match = true;
  for (let at = 0; at < arnPartCount; at += 1) {
    const part = pattern.parts[at];
    const found = part && matchesText(part, parts[at] ?? '', scope);
    if (found === false) return false;
    if (found === undefined) match = undefined;
  }
  return match;
}
