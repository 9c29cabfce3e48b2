import { BlockList, isIP } from 'node:net';
import { IdentityError } from './errors.ts';
import { isArnLike, isLike } from './wildcards.ts';

/** What a call brings for conditions to look at; names in lower case, several values for sets. */
export type RequestValues = ReadonlyMap<string, string | readonly string[] | Variants>;

/**
 * Values under names that differ only in case (pairs of an encryption context, tags), which a
 * condition cannot tell apart: names of condition keys are not case-sensitive. An Allow holds only
 * where it would for each of them, a Deny where it would for any.
 */
export interface Variants {
  readonly variants: readonly string[];
}

/** A statement's conditions: all of them must hold. */
export type Conditions = readonly Condition[];

/** One key compared with the values that a statement lists for it. */
export interface Condition {
  /** In lower case: names of keys are not case-sensitive. */
  readonly key: string;
  readonly expected: readonly string[];
  readonly compares: Comparison;
  /** The operator is a negated one: no expected value may match, and an absent key fits. */
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

/** Operators that are true where a value fits. */
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

/** Operators that are true where no value fits, by the positive one. */
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

/** Stands for an absent key where `Null` asks for it; a request value is never undefined. */
const isAbsent: Comparison = () => false;

/**
 * Reads a statement's `Condition`.
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

/** True where all conditions of a statement with this effect hold for the call. */
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

/** Whether every value must fit; then no value at all fits too. */
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
  if (compares === undefined) throw malformed(`The condition operator ${name} is not known.`);
  return { ...options, compares, negated: negative.has(base) };
}

function readExpected(value: unknown): string[] {
  const listed: unknown[] = Array.isArray(value) ? value : [value];
  return listed.map((each) => {
    if (typeof each !== 'string' && typeof each !== 'boolean' && typeof each !== 'number') {
      throw malformed('The value of a condition is not a string, a number or a boolean.');
    }
    // Taking a variable for plain text would let a Deny pass that is meant to hold.
    if (String(each).includes('$' + '{'))
      throw malformed('Policy variables are not supported here.');
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
