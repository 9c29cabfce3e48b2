// Values of selector expressions.

import type { Value } from '../../conversion/value.ts';

/** A floating-point number, which differs from a whole number even if it has no fraction. */
export class Double {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/**
 * A value of a selector expression; null means unknown. A number is a Java `int`, a bigint a
 * `long`, and a {@link Double} a `float` or `double`.
 */
export type SelectorValue = null | boolean | string | number | bigint | Double;

/**
 * Converts a message value to a selector value. Bytes, lists and maps are null and match nothing.
 */
export function selectorValueOf({ type, value }: Value): SelectorValue {
  switch (type) {
    case 'boolean':
      return value;
    case 'byte':
    case 'ubyte':
    case 'short':
    case 'ushort':
    case 'int':
      return value;
    case 'uint':
      return BigInt(value);
    case 'long':
    case 'ulong':
    case 'timestamp':
      return value;
    case 'float':
    case 'double':
      return new Double(value);
    case 'string':
    case 'symbol':
    case 'char':
    case 'uuid':
    case 'decimal':
      return value;
    case 'null':
    case 'binary':
    case 'list':
    case 'map':
      return null;
  }
}

type Numeric = number | bigint | Double;

/** Whether a value is numeric. */
export function isNumeric(value: SelectorValue): value is Numeric {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Double;
}

function toDouble(value: Numeric): number {
  return value instanceof Double ? value.value : Number(value);
}

/** Compares two numbers: negative, 0 or positive; NaN if they are not comparable. */
export function compareNumbers(a: Numeric, b: Numeric): number {
  if (a instanceof Double || b instanceof Double) return toDouble(a) - toDouble(b);
  return a < b ? -1 : Number(a > b);
}

/** `+`, `-` and `*` as in Java: whole numbers overflow; `/` and `%` return a double. */
export function calculate(operator: string, a: Numeric, b: Numeric): SelectorValue {
  if (operator === '/') return new Double(toDouble(a) / toDouble(b));
  if (operator === '%') return new Double(toDouble(a) % toDouble(b));
  if (a instanceof Double || b instanceof Double) {
    return new Double(calculateDouble(operator, toDouble(a), toDouble(b)));
  }
  const [x, y] = [BigInt(a), BigInt(b)];
  const exact = operator === '+' ? x + y : operator === '-' ? x - y : x * y;
  const isInt = typeof a === 'number' && typeof b === 'number';
  return isInt ? Number(BigInt.asIntN(32, exact)) : BigInt.asIntN(64, exact);
}

function calculateDouble(operator: string, a: number, b: number): number {
  if (operator === '+') return a + b;
  return operator === '-' ? a - b : a * b;
}

/** Returns the negated value. */
export function negate(value: Numeric): SelectorValue {
  if (value instanceof Double) return new Double(-value.value);
  return typeof value === 'number' ? -value | 0 : BigInt.asIntN(64, -value);
}

/**
 * Converts a string to the type of the value that it is compared with (for STOMP, where all headers
 * are strings).
 *
 * @returns null if it cannot be converted
 */
export function convertText(text: string, like: Numeric | boolean): SelectorValue {
  if (typeof like === 'boolean') return text.toLowerCase() === 'true';
  const trimmed = text.trim();
  if (/^[+-]?\d{1,19}$/.test(trimmed)) return BigInt(trimmed);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?$/.test(trimmed)) return null;
  return new Double(Number(trimmed));
}
