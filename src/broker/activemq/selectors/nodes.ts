// The expression tree of selectors.

import { compileLike } from './like.ts';
import { steps } from './steps.ts';
import { invalidSelector } from './tokens.ts';
import {
  calculate,
  compareNumbers,
  convertText,
  isNumeric,
  negate,
  type SelectorValue,
} from './values.ts';

/** A message as a selector sees it. */
export interface Subject {
  /** Returns a property or header by its name; null if the message does not have it. */
  value(name: string): SelectorValue;
}

/** Three-valued logic; null means unknown. */
type Truth = boolean | null;

/** A node of the expression tree. */
export interface Node {
  readonly kind: 'constant' | 'identifier' | 'other';
  /** The value of a constant. */
  readonly value: SelectorValue;
  readonly evaluate: (subject: Subject) => SelectorValue;
  /** The values of a list; null if they are unknown. Undefined for everything that is not a list. */
  readonly list?: (subject: Subject) => readonly SelectorValue[] | null;
}

/** A node whose result is true, false or unknown. */
export type Condition = (subject: Subject) => Truth;

/** Options that depend on the protocol. */
export interface NodeOptions {
  /** Whether strings are converted for comparisons with numbers and booleans. */
  readonly convertsText: boolean;
}

/** A node that is no constant and no name. */
export function other(evaluate: (subject: Subject) => SelectorValue): Node {
  return { kind: 'other', value: null, evaluate };
}

/** A literal. */
export function constant(value: SelectorValue): Node {
  return { kind: 'constant', value, evaluate: () => value };
}

/** A property, by its name. */
export function identifier(name: string): Node {
  return { kind: 'identifier', value: null, evaluate: (subject) => subject.value(name) };
}

/** An expression in parentheses, which no longer counts as a constant or name. */
export function grouped(node: Node): Node {
  return node;
}

/** Uses a value as a condition. A value that is not true, false or unknown is false. */
export function conditionOf({ evaluate }: Node): Condition {
  return (subject) => {
    const value = evaluate(subject);
    return value === null ? null : value === true;
  };
}

/** OR. */
export function anyOf(operands: readonly Node[]): Node {
  const conditions = operands.map(conditionOf);
  return other((subject) => {
    let result: Truth = false;
    for (const condition of conditions) {
      const truth = condition(subject);
      if (truth === true) return true;
      if (truth === null) result = null;
    }
    return result;
  });
}

/** AND. */
export function allOf(operands: readonly Node[]): Node {
  const conditions = operands.map(conditionOf);
  return other((subject) => {
    let result: Truth = true;
    for (const condition of conditions) {
      const truth = condition(subject);
      if (truth === false) return false;
      if (truth === null) result = null;
    }
    return result;
  });
}

/** NOT. */
export function not(node: Node): Node {
  const condition = conditionOf(node);
  return other((subject) => {
    const truth = condition(subject);
    return truth === null ? null : !truth;
  });
}

/** IS NULL and IS NOT NULL, which are never unknown. */
export function isNull({ evaluate }: Node, isNegated: boolean): Node {
  return other((subject) => (evaluate(subject) === null) !== isNegated);
}

/** Compares two values; undefined if their types are not comparable. */
function compare(
  left: SelectorValue,
  right: SelectorValue,
  { convertsText }: NodeOptions,
): number | undefined {
  const a = convertsText ? convertedTo(left, right) : left;
  const b = convertsText ? convertedTo(right, left) : right;
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b);
  if (typeof a !== typeof b) return undefined;
  if (typeof a === 'string' && typeof b === 'string') return a === b ? 0 : a < b ? -1 : 1;
  return typeof a === 'boolean' ? Number(a) - Number(b) : undefined;
}

/** Whether two values are equal. */
export function areEqual(left: SelectorValue, right: SelectorValue, options: NodeOptions): boolean {
  return compare(left, right, options) === 0;
}

/** Converts a string to the type of the other value; returns other values unchanged. */
function convertedTo(value: SelectorValue, other: SelectorValue): SelectorValue {
  if (typeof value !== 'string') return value;
  return isNumeric(other) || typeof other === 'boolean' ? convertText(value, other) : value;
}

function requireNoNull(...operands: readonly Node[]): void {
  for (const { kind, value } of operands) {
    if (kind === 'constant' && value === null) {
      throw invalidSelector('NULL can only be compared with IS NULL or IS NOT NULL');
    }
  }
}

/** `=` and `<>`. */
export function equality(operator: string, left: Node, right: Node, options: NodeOptions): Node {
  requireNoNull(left, right);
  const isWanted = operator === '=';
  return other((subject) => {
    const a = left.evaluate(subject);
    const b = right.evaluate(subject);
    if (a === null || b === null) return null;
    return (compare(a, b, options) === 0) === isWanted;
  });
}

const orders: Readonly<Record<string, (order: number) => boolean>> = {
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
};

/** `>`, `>=`, `<` and `<=`. */
export function comparison(operator: string, left: Node, right: Node, options: NodeOptions): Node {
  requireNoNull(left, right);
  for (const { kind, value } of [left, right]) {
    if (kind === 'constant' && !isNumeric(value)) {
      throw invalidSelector(`${operator} compares numbers only`);
    }
  }
  const isOrder = orders[operator];
  if (isOrder === undefined) throw invalidSelector(`there is no operator ${operator}`);
  return other((subject) => {
    const a = left.evaluate(subject);
    const b = right.evaluate(subject);
    if (a === null || b === null) return null;
    const order = compare(a, b, options);
    return order !== undefined && isOrder(order);
  });
}

/** BETWEEN, which includes both bounds. */
export function between(node: Node, low: Node, high: Node, options: NodeOptions): Node {
  return allOf([comparison('>=', node, low, options), comparison('<=', node, high, options)]);
}

/** LIKE: unknown if there is no value or it takes too many steps, false if it is not a string. */
export function like(
  { evaluate }: Node,
  pattern: string,
  escapeCharacter: string | undefined,
): Node {
  const matches = compileLike(pattern, escapeCharacter);
  return other((subject) => {
    const value = evaluate(subject);
    if (value === null) return null;
    return typeof value === 'string' ? matches(value) : false;
  });
}

/** IN: unknown if the value is not a string. */
export function isIn({ kind, evaluate }: Node, values: readonly string[]): Node {
  if (kind !== 'identifier') throw invalidSelector('IN requires a name on its left');
  const known = new Set(values);
  return other((subject) => {
    const value = evaluate(subject);
    return typeof value === 'string' ? known.has(value) : null;
  });
}

/** `+`, `-`, `*`, `/` and `%` from left to right; unknown if an operation is not possible. */
export function arithmetic(
  first: Node,
  rest: readonly { readonly operator: string; readonly operand: Node }[],
): Node {
  return other((subject) => {
    let value = first.evaluate(subject);
    for (const { operator, operand } of rest) {
      const next = operand.evaluate(subject);
      if (value === null || next === null) return null;
      if (operator === '+' && typeof value === 'string') value = joined(value, next);
      else if (isNumeric(value) && isNumeric(next)) value = calculate(operator, value, next);
      else return null;
    }
    return value;
  });
}

function joined(text: string, next: SelectorValue): SelectorValue {
  const shown = typeof next === 'object' && next !== null ? next.value : next;
  const whole = `${text}${shown}`;
  steps.left -= whole.length;
  return steps.left < 0 ? null : whole;
}

/** The unary minus; the negative of a constant is a constant. */
export function negative(node: Node): Node {
  const { kind, value, evaluate } = node;
  if (kind === 'constant' && isNumeric(value)) return constant(negate(value));
  return other((subject) => {
    const found = evaluate(subject);
    return isNumeric(found) ? negate(found) : null;
  });
}
