// Conditions of filter patterns: comparisons that are combined by && and ||.

import {
  invalidPattern,
  matchesWildcards,
  type PatternScanner,
  patternLimits,
} from './pattern-scanner.ts';

/** Whether a line, in the form that the kind of pattern examines, fulfils a condition. */
export type Condition<Subject> = (subject: Subject) => boolean;

/** The comparisons, longest first. */
const comparators = ['!=', '<=', '>=', '=', '<', '>'] as const;

/** A comparison with a constant. */
export type Comparison = (value: string | number | boolean) => boolean;

/**
 * Reads conditions that are combined by `&&` and `||`, with parentheses. `&&` binds more strongly.
 *
 * @param single reads one comparison
 * @throws {LogsError} `invalid-pattern`
 */
export function readCondition<Subject>(
  scanner: PatternScanner,
  single: (scanner: PatternScanner) => Condition<Subject>,
  depth = 0,
): Condition<Subject> {
  const { depthMax } = patternLimits;
  if (depth > depthMax) throw invalidPattern(`more than ${depthMax} levels of parentheses`);
  const factor = (): Condition<Subject> => {
    scanner.space();
    if (!scanner.skip('(')) return single(scanner);
    const inner = readCondition(scanner, single, depth + 1);
    scanner.space();
    scanner.expect(')');
    return inner;
  };
  const joined = (sign: string, part: () => Condition<Subject>): Condition<Subject>[] => {
    const parts = [part()];
    for (scanner.space(); scanner.skip(sign); scanner.space()) parts.push(part());
    return parts;
  };
  const all = () => {
    const parts = joined('&&', factor);
    return (subject: Subject) => parts.every((part) => part(subject));
  };
  const any = joined('||', all);
  return (subject) => any.some((part) => part(subject));
}

/**
 * Reads a comparator and a constant: `= "a*"`, `> 3`, `!= %regex%`. Undefined if there is no
 * comparator.
 *
 * @param bare matches the characters of a constant without quotation marks
 * @throws {LogsError} `invalid-pattern`
 */
export function readComparison(scanner: PatternScanner, bare: RegExp): Comparison | undefined {
  scanner.space();
  const sign = comparators.find((each) => scanner.skip(each));
  if (sign === undefined) return undefined;
  scanner.space();
  if (scanner.next === '%') return regexComparison(scanner, sign);
  const isQuoted = scanner.next === '"';
  const text = isQuoted ? scanner.quoted('"') : scanner.take(bare);
  if (text === '' && !isQuoted) throw invalidPattern(`nothing to compare with after '${sign}'`);
  const number = isQuoted ? Number.NaN : numberIn(text);
  if (sign === '=' || sign === '!=') {
    const isEqual = (value: string | number | boolean) =>
      Number.isNaN(number) ? matchesWildcards(text, String(value)) : numberIn(value) === number;
    return sign === '=' ? isEqual : (value) => !isEqual(value);
  }
  if (Number.isNaN(number)) throw invalidPattern(`'${sign}' compares with numbers, not '${text}'`);
  return (value) => isOrdered(sign, numberIn(value), number);
}

function regexComparison(scanner: PatternScanner, sign: string): Comparison {
  const engine = scanner.regex();
  if (sign === '=') return (value) => engine.test(String(value));
  if (sign === '!=') return (value) => !engine.test(String(value));
  throw invalidPattern(`'${sign}' compares with numbers, not regular expressions`);
}

function isOrdered(sign: '<' | '>' | '<=' | '>=', a: number, b: number): boolean {
  switch (sign) {
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    case '>=':
      return a >= b;
  }
}

const number = /^[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,3})?$/;

/** The number that a value stands for; NaN if it stands for none. */
function numberIn(value: string | number | boolean): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && number.test(value) ? Number(value) : Number.NaN;
}
