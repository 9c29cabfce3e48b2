// The positions of statements in a policy document.

import type { Position } from './compiled-policy.ts';

/** Where a statement starts, and the position after its last character. */
export interface Span {
  readonly start: Position;
  readonly end: Position;
}

/**
 * Finds the statements of a policy document, in their order.
 *
 * @param json valid JSON, an object without repeated names
 */
export function statementSpans(json: string): readonly Span[] {
  const spans: Span[] = [];
  const positionOf = positions(json);
  let depth = 0;
  let name = '';
  let before = '';
  /** The depth around the open statement; 0 if none is open. */
  let around = 0;
  let start: Position = { line: 1, column: 1 };
  for (const { 0: token, index } of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g)) {
    if (token.startsWith('"')) {
      if (depth === 1 && before !== ':') name = JSON.parse(token);
    } else if (token === '{' || token === '[') {
      const isStatement = token === '{' && name === 'Statement' && (depth === 1 || depth === 2);
      if (isStatement && around === 0) {
        around = depth;
        start = positionOf(index);
      }
      depth += 1;
    } else if (token === '}' || token === ']') {
      depth -= 1;
      if (around !== 0 && depth === around) {
        spans.push({ start, end: positionOf(index + 1) });
        around = 0;
      }
    }
    before = token;
  }
  return spans;
}

/** Converts increasing offsets to positions. */
function positions(text: string): (offset: number) => Position {
  let line = 1;
  let lineStart = 0;
  return (offset) => {
    for (;;) {
      const next = text.indexOf('\n', lineStart);
      if (next < 0 || next >= offset) return { line, column: offset - lineStart + 1 };
      line += 1;
      lineStart = next + 1;
    }
  };
}
