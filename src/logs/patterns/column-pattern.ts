// Filter patterns for lines with columns: `[date, time, level = E*, ..., last]`.

import { type Condition, readComparison, readCondition } from './condition.ts';
import { invalidPattern, type PatternScanner } from './pattern-scanner.ts';

/** One column; an ellipsis stands for any number of columns. */
type Column = { readonly condition: Condition<string> | undefined } | '...';

const columnCountMax = 64;
/** Maximum number of columns that a line is split into. */
const lineColumnCountMax = 1024;

/**
 * Compiles a pattern for columns that are separated by white space. A text in quotation marks or
 * brackets is one column.
 */
export function columnPattern(scanner: PatternScanner): (text: string) => boolean {
  scanner.expect('[');
  const columns: Column[] = [];
  do {
    if (columns.length >= columnCountMax) {
      throw invalidPattern(`more than ${columnCountMax} columns`);
    }
    columns.push(readColumn(scanner));
    scanner.space();
  } while (scanner.skip(','));
  scanner.expect(']');
  scanner.space();
  if (!scanner.isAtEnd) throw invalidPattern("there is text after the closing ']'");
  const ellipsis = columns.indexOf('...');
  if (ellipsis !== columns.lastIndexOf('...')) throw invalidPattern("more than one '...'");
  return (text) => matches(columns, ellipsis, columnsOf(text));
}

function readColumn(scanner: PatternScanner): Column {
  scanner.space();
  if (scanner.skip('...')) return '...';
  const name = scanner.take(/[\p{L}\p{N}_\-.$]/u);
  scanner.space();
  // A pattern that ends here has no closing bracket, which the caller requires.
  if (scanner.isAtEnd || /[,\]]/.test(scanner.next)) return { condition: undefined };
  if (name === '') throw invalidPattern(`'${scanner.next}' where a column has a name`);
  // The first comparison follows the name that was read; later ones repeat it.
  let isFirst = true;
  const condition = readCondition<string>(scanner, () => {
    if (!isFirst) {
      scanner.space();
      const again = scanner.take(/[\p{L}\p{N}_\-.$]/u);
      if (again !== name) throw invalidPattern(`'${again}' in a condition on column '${name}'`);
    }
    isFirst = false;
    const comparison = readComparison(scanner, /[^\s&|,\]()]/);
    if (comparison === undefined) throw invalidPattern(`column '${name}' has no comparison`);
    return comparison;
  });
  return { condition };
}

/** The columns of a line. */
function columnsOf(text: string): string[] {
  const found: string[] = [];
  for (const [, quoted, bracketed, word] of text.matchAll(/"([^"]*)"|\[([^\]]*)\]|(\S+)/g)) {
    found.push(quoted ?? bracketed ?? word ?? '');
    if (found.length >= lineColumnCountMax) break;
  }
  return found;
}

function matches(columns: readonly Column[], ellipsis: number, found: readonly string[]): boolean {
  const isFixed = ellipsis < 0;
  if (isFixed ? found.length !== columns.length : found.length < columns.length - 1) return false;
  return columns.every((column, i) => {
    if (column === '...' || column.condition === undefined) return true;
    const isAfter = !isFixed && i > ellipsis;
    return column.condition(found[isAfter ? found.length - columns.length + i : i] ?? '');
  });
}
