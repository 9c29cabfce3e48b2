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
  const finder = new SpanFinder(json);
  for (const { 0: token, index } of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g)) {
    finder.read(token, index);
  }
  return finder.spans;
}

/** Follows the tokens of a document. */
class SpanFinder {
  readonly spans: Span[] = [];
  readonly #positionOf: (offset: number) => Position;
  #depth = 0;
  /** The last name of the document's own members. */
  #name = '';
  #before = '';
  /** The depth around the open statement; 0 if none is open. */
  #around = 0;
  #start: Position = { line: 1, column: 1 };

  constructor(json: string) {
    this.#positionOf = positions(json);
  }

  read(token: string, offset: number): void {
    if (token === '{' || token === '[') this.#open(token, offset);
    else if (token === '}' || token === ']') this.#close(offset);
    else if (token.startsWith('"') && this.#depth === 1 && this.#before !== ':') {
      this.#name = JSON.parse(token);
    }
    this.#before = token;
  }

  #open(token: string, offset: number): void {
    const isOutside = this.#around === 0 && this.#depth <= 2 && this.#depth > 0;
    if (isOutside && token === '{' && this.#name === 'Statement') {
      this.#around = this.#depth;
      this.#start = this.#positionOf(offset);
    }
    this.#depth += 1;
  }

  #close(offset: number): void {
    this.#depth -= 1;
    if (this.#around === 0 || this.#depth !== this.#around) return;
    this.spans.push({ start: this.#start, end: this.#positionOf(offset + 1) });
    this.#around = 0;
  }
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
