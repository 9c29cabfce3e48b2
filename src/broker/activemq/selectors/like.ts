// The LIKE operator of selectors.

import { steps } from './steps.ts';
import { invalidSelector } from './tokens.ts';

/** Maximum length of a pattern in characters. */
const patternLengthMax = 256;

const anyRun = Symbol('any run');
const anyOne = Symbol('any one');
type Part = string | typeof anyRun | typeof anyOne;

/**
 * Compiles a pattern: `%` matches any run of characters and `_` any one character.
 *
 * @returns a function that tests whether a text matches; null if that takes too many steps
 * @throws {BrokerError} `precondition-failed`
 */
export function compileLike(
  pattern: string,
  escapeCharacter: string | undefined,
): (text: string) => boolean | null {
  if (pattern.length > patternLengthMax) {
    const found = `a pattern of ${pattern.length} characters`;
    throw invalidSelector(`${found} is longer than ${patternLengthMax}`);
  }
  if (escapeCharacter !== undefined && escapeCharacter.length !== 1) {
    throw invalidSelector('ESCAPE needs exactly one character');
  }
  const parts: Part[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    if (character === escapeCharacter && at + 1 < pattern.length) parts.push(pattern.charAt(++at));
    else if (character === '%') parts.push(anyRun);
    else parts.push(character === '_' ? anyOne : character);
  }
  return (text) => matches(parts, text);
}

/**
 * Backtracks to the last `%` only, so that the number of steps is at most the product of both
 * lengths. Returns null if no steps are left.
 */
function matches(parts: readonly Part[], text: string): boolean | null {
  let at = 0;
  let part = 0;
  let runPart = -1;
  let runAt = 0;
  while (at < text.length) {
    if (--steps.left < 0) return null;
    const found = parts[part];
    if (found === anyRun) {
      if (part === parts.length - 1) return true;
      runPart = part++;
      runAt = at;
    } else if (found === anyOne || found === text.charAt(at)) {
      part++;
      at++;
    } else if (runPart >= 0) {
      part = runPart + 1;
      at = ++runAt;
    } else return false;
  }
  while (parts[part] === anyRun) part++;
  return part === parts.length;
}
