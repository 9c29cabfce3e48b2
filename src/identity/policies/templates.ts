// Texts of policies: wildcards and variables.

import { malformed } from './malformed.ts';

/** A wildcard: `*` matches any number of characters, `?` exactly one. */
export type Wildcard = '*' | '?';

/** A policy variable: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`. */
export interface Variable {
  /** In lower case, because condition keys are not case-sensitive. */
  readonly key: string;
  /** Used if the key is absent. */
  readonly fallback: string | undefined;
}

/** A part of a text. Literal characters never act as wildcards. */
export type Piece =
  | { readonly type: 'literal'; readonly text: string }
  | { readonly type: 'wildcard'; readonly wildcard: Wildcard }
  | ({ readonly type: 'variable' } & Variable);

/** What has a meaning in a text. */
export interface TemplateRules {
  readonly wildcards: boolean;
  /** Policies of version 2008-10-17 have no variables. */
  readonly variables: boolean;
}

/** `${*}`, `${?}` and `${$}` stand for the character; others name a condition key. */
const variableForm = /\$\{(?:([*?$])|([^\s${},'"*?][^\s${},'"*?]*)(?:\s*,\s*'([^'{}]*)')?)\}/y;

/**
 * Divides a text into literals, wildcards and variables.
 *
 * @throws {IdentityError} 'malformed-policy' if a variable is not complete
 */
export function readTemplate(text: string, rules: TemplateRules): readonly Piece[] {
  const pieces: Piece[] = [];
  let literal = '';
  const endLiteral = () => {
    if (literal !== '') pieces.push({ type: 'literal', text: literal });
    literal = '';
  };
  for (let at = 0; at < text.length; ) {
    const character = text.charAt(at);
    if (rules.variables && text.startsWith('${', at)) {
      const [, special, key, fallback] = variableAt(text, at);
      at = variableForm.lastIndex;
      if (special !== undefined) literal += special;
      else {
        endLiteral();
        pieces.push({ type: 'variable', key: (key ?? '').toLowerCase(), fallback });
      }
      continue;
    }
    if (rules.wildcards && (character === '*' || character === '?')) {
      endLiteral();
      pieces.push({ type: 'wildcard', wildcard: character });
    } else literal += character;
    at += 1;
  }
  endLiteral();
  return pieces;
}

function variableAt(text: string, at: number): RegExpExecArray {
  variableForm.lastIndex = at;
  const found = variableForm.exec(text);
  if (found !== null) return found;
  throw malformed(
    `The policy has an invalid variable at '${text.slice(at, at + 64)}'; ` +
      "${key}, ${key, 'default'}, ${*}, ${?} and ${$} are allowed.",
  );
}

/** Divides the pieces at the colons of their literals. The last part keeps its colons. */
export function splitAtColons(pieces: readonly Piece[], partsMax: number): readonly Piece[][] {
  let last: Piece[] = [];
  const parts = [last];
  for (const piece of pieces) {
    if (piece.type !== 'literal') {
      last.push(piece);
      continue;
    }
    let { text } = piece;
    while (parts.length < partsMax && text.includes(':')) {
      const colon = text.indexOf(':');
      if (colon > 0) last.push({ type: 'literal', text: text.slice(0, colon) });
      text = text.slice(colon + 1);
      last = [];
      parts.push(last);
    }
    if (text !== '') last.push({ type: 'literal', text });
  }
  return parts;
}
