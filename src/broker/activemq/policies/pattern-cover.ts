// Comparison of patterns.

import { manyWords, oneWord, type Pattern } from '../../patterns/alphabet.ts';

/** Whether a pattern matches everything that another one matches. Each may be a plain name. */
export function covers({ words: outer }: Pattern, { words: inner }: Pattern): boolean {
  for (const [at, word] of outer.entries()) {
    if (word === manyWords) return true;
    const other = inner[at];
    if (other === undefined || other === manyWords) return false;
    if (word !== oneWord && word !== other) return false;
  }
  return inner.length === outer.length;
}
