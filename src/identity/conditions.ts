// Evaluation of the conditions in policy statements.

import { BlockList, isIP } from 'node:net';
import { IdentityError } from './errors.ts';
import { isArnLike, isLike } from './wildcards.ts';

/** The condition keys of a call, in lower case, with their values. A set has several values. */
export type RequestValues = ReadonlyMap<string, string | readonly string[] | Variants>;

/**
 * Values whose names differ only in case (pairs of an encryption context, tags). Condition keys are
 * not case-sensitive, so a condition cannot distinguish them. An Allow requires the condition to
 * hold for each of them; for a Deny, one is enough.
 */
export interface Variants {
  readonly variants: readonly string[];
}

/** The conditions of a statement. All of them must hold. */
export type Conditions = readonly Condition[];

/** A comparison of one condition key with the values in a statement. */
export interface Condition {
  /** In lower case, because condition keys are not case-sensitive. */
  readonly key: string;
  readonly expected: readonly string[];
  readonly compares: Comparison;
  /** Whether the operator is negated: no expected value may match, and a missing key matches. */
  readonly negated: boolean;
  readonly ifExists: boolean;
  readonly each: 'ForAllValues' | 'ForAnyValue' | undefined;
}

type Comparison = (found: string, expected: string) => boolean;

const numeric = (compares: (a: number, b: number) => boolean): Comparison => {
  return (found, expected) => compares(Number(found), Number(expected));
};
const date = (compares: (a: number, b: number) => boolean): Comparison => {
  return (found, expected) => compares(toSeconds(found), toSeconds(expected));
};
const same = (a: number, b: number) => a === b;
const less = (a: number, b: number) => a < b;
const lessOrSame = (a: number, b: number) => a <= b;
const greater = (a: number, b: number) => a > b;
const greaterOrSame = (a: number, b: number) => a >= b;

/** Operators that hold if a value matches. */
const positive = new Map<string, Comparison>([
  ['StringEquals', (found, expected) => found === expected],
  ['StringEqualsIgnoreCase', (found, expected) => found.toLowerCase() === expected.toLowerCase()],
  ['StringLike', (found, expected) => isLike(expected, found)],
  ['NumericEquals', numeric(same)],
  ['NumericLessThan', numeric(less)],
  ['NumericLessThanEquals', numeric(lessOrSame)],
  ['NumericGreaterThan', numeric(greater)],
  ['NumericGreaterThanEquals', numeric(greaterOrSame)],
  ['DateEquals', date(same)],
  ['DateLessThan', date(less)],
  ['DateLessThanEquals', date(lessOrSame)],
  ['DateGreaterThan', date(greater)],
  ['DateGreaterThanEquals', date(greaterOrSame)],
  ['Bool', (found, expected) => found === expected.toLowerCase()],
  ['BinaryEquals', (found, expected) => found === expected],
  ['IpAddress', isInBlock],
  ['ArnEquals', (found, expected) => isArnLike(expected, found)],
  ['ArnLike', (found, expected) => isArnLike(expected, found)],
]);

/** Negated operators, with their positive counterparts. */
const negative = new Map([
  ['StringNotEquals', 'StringEquals'],
  ['StringNotEqualsIgnoreCase', 'StringEqualsIgnoreCase'],
  ['StringNotLike', 'StringLike'],
  ['NumericNotEquals', 'NumericEquals'],
  ['DateNotEquals', 'DateEquals'],
  ['NotIpAddress', 'IpAddress'],
  ['ArnNotEquals', 'ArnEquals'],
  ['ArnNotLike', 'ArnLike'],
]);

/** Represents a missing key for `Null`. A request value is never undefined. */
const isAbsent: Comparison = () => false;

/**
 * Parses the `Condition` of a statement.
 *
 * @throws {IdentityError} 'malformed-policy'
 */
export function readConditions(value: unknown): Conditions {
  if (value === undefined) return [];
  return entries(value).flatMap(([operator, keys]) => {
    const read = readOperator(operator);
    return entries(keys).map(([key, expected]) => ({
      ...read,
      key: key.toLowerCase(),
      expected: readExpected(expected),
    }));
  });
}

/** Whether all conditions of a statement with this effect hold. */
export function holds(
  conditions: Conditions,
  values: RequestValues,
  effect: 'Allow' | 'Deny',
): boolean {
  return conditions.every((condition) => {
    const found = values.get(condition.key);
    if (found === undefined) return holdsAbsent(condition);
    if (typeof found === 'string' || !('variants' in found)) return holdsFor(condition, found);
    const holdsForOne = (value: string) => holdsFor(condition, value);
    return effect === 'Allow'
      ? found.variants.every(holdsForOne)
      : found.variants.some(holdsForOne);
  });
}

function holdsAbsent(condition: Condition): boolean {
  if (condition.compares === isAbsent) return condition.expected.includes('true');
  return condition.ifExists || mustFitAll(condition);
}

function holdsFor(condition: Condition, found: string | readonly string[]): boolean {
  const { compares, expected, negated } = condition;
  if (compares === isAbsent) return expected.includes('false');
  const list = typeof found === 'string' ? [found] : found;
  const fits = (one: string) => expected.some((value) => compares(one, value)) !== negated;
  return mustFitAll(condition) ? list.every(fits) : list.some(fits);
}

/** Whether every value must match. An empty set then matches too. */
function mustFitAll({ each, negated }: Condition): boolean {
  return each === 'ForAllValues' || (negated && each === undefined);
}

function readOperator(name: string): Pick<Condition, 'compares' | 'negated' | 'ifExists' | 'each'> {
  const parts = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(name);
  const [, each, base = '', suffix] = parts ?? [];
  const options: Pick<Condition, 'ifExists' | 'each'> = {
    ifExists: suffix !== undefined,
    each: each === 'ForAllValues' || each === 'ForAnyValue' ? each : undefined,
  };
  if (base === 'Null' && suffix === undefined) {
    return { ...options, compares: isAbsent, negated: false };
  }
  const compares = positive.get(negative.get(base) ?? base);
  if (compares === undefined) throw malformed(`Unknown condition operator ${name}.`);
  return { ...options, compares, negated: negative.has(base) };
}

function readExpected(value: unknown): string[] {
  const listed: unknown[] = Array.isArray(value) ? value : [value];
  return listed.map((each) => {
    if (typeof each !== 'string' && typeof each !== 'boolean' && typeof each !== 'number') {
      throw malformed('The value of a condition is not a string, a number or a boolean.');
    }
    // If a variable were taken literally, a Deny could fail to apply.
    if (String(each).includes('$' + '{')) throw malformed('Policy variables are not supported.');
    return String(each);
  });
}

function entries(value: unknown): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed('The Condition of a statement is not an object of operators, keys and values.');
  }
  return Object.entries(value);
}

function toSeconds(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text) / 1000;
}

function isInBlock(address: string, block: string): boolean {
  const [network = '', prefix] = block.split('/');
  const version = isIP(network);
  if (version === 0 || isIP(address) !== version) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const bits = Number(prefix ?? (version === 4 ? 32 : 128));
  if (!Number.isInteger(bits) || bits > (version === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, family);
  return list.check(address, family);
}

function malformed(message: string): IdentityError {
  return new IdentityError('malformed-policy', message);
}
