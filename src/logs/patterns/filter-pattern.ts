// Filter patterns of CloudWatch Logs.

import { columnPattern } from './column-pattern.ts';
import { jsonPattern } from './json-pattern.ts';
import { invalidPattern, PatternScanner, patternLimits } from './pattern-scanner.ts';
import { termPattern } from './term-pattern.ts';

/** A compiled filter pattern. */
export interface LinePattern {
  /** Takes time in proportion to the length of the text. */
  matches(text: string): boolean;
}

/**
 * Compiles a filter pattern: terms, `{ … }` for lines of JSON, or `[ … ]` for columns.
 *
 * @see CloudWatch Logs user guide, "Filter pattern syntax"
 * @throws {LogsError} `invalid-pattern`
 */
export function compileFilterPattern(text: string): LinePattern {
  const { lengthMax } = patternLimits;
  if (text.length > lengthMax) {
    throw invalidPattern(`${text.length} characters; at most ${lengthMax} are allowed`);
  }
  const scanner = new PatternScanner(text);
  scanner.space();
  if (scanner.next === '{') return { matches: jsonPattern(scanner) };
  if (scanner.next === '[') return { matches: columnPattern(scanner) };
  return { matches: termPattern(scanner) };
}
