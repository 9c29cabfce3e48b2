// The comparisons of condition operators.

import { BlockList, isIP } from 'node:net';
import { type Reading, refuseValue } from './malformed.ts';
import {
  arnPattern,
  arnText,
  type Match,
  matchesArn,
  matchesText,
  resolvedText,
  textPattern,
} from './patterns.ts';
import type { Scope } from './scope.ts';
import { readTemplate } from './templates.ts';

/** Compares a value of the request with one value of a condition. */
export type Comparison = (found: string, scope: Scope) => Match;

/** Prepares the comparison with a value of a condition. */
type Compiler = (expected: string, reading: Reading) => Comparison;

/** An operator without prefix and suffix. */
export interface Operator {
  readonly compile: Compiler;
  /** Whether it holds if no value matches. */
  readonly negated: boolean;
}

const text =
  (fold: (text: string) => string): Compiler =>
  (expected, { hasVariables: variables }) => {
    const pieces = readTemplate(expected, { wildcards: false, variables });
    if (pieces.some(({ type }) => type === 'variable')) {
      return (found, scope) => {
        const resolved = resolvedText(pieces, scope);
        return resolved === undefined ? undefined : fold(found) === fold(resolved);
      };
    }
    const literal = pieces.map((piece) => (piece.type === 'literal' ? piece.text : '')).join('');
    const folded = fold(literal);
    return (found) => fold(found) === folded;
  };

/** A comparison whose work grows with the length of the value in the request. */
const counted =
  (compile: Compiler): Compiler =>
  (expected, reading) => {
    const compare = compile(expected, reading);
    return (found, scope) => {
      scope.spend(found.length);
      return compare(found, scope);
    };
  };

const like: Compiler = (expected, { hasVariables: variables }) => {
  const pattern = textPattern(readTemplate(expected, { wildcards: true, variables }));
  return (found, scope) => matchesText(pattern, found, scope);
};

const arn: Compiler = (expected, { hasVariables: variables }) => {
  const pattern = arnPattern(readTemplate(expected, { wildcards: true, variables }), false);
  return (found, scope) => matchesArn(pattern, arnText(found), scope);
};

const ordered =
  (
    read: (text: string) => number | undefined,
    allowed: string,
    holds: (found: number, expected: number) => boolean,
  ): Compiler =>
  (expected, reading) => {
    const limit = read(expected);
    if (limit === undefined) return mismatch(expected, allowed, reading);
    return (found) => {
      const value = read(found);
      return value !== undefined && holds(value, limit);
    };
  };

type Order = (found: number, expected: number) => boolean;

const numeric = (holds: Order) => ordered(readNumber, 'a decimal number', holds);
const date = (holds: Order) =>
  ordered(readDate, 'an ISO 8601 date or a number of seconds since 1970', holds);

const same: Order = (found, expected) => found === expected;
const less: Order = (found, expected) => found < expected;
const lessOrSame: Order = (found, expected) => found <= expected;
const greater: Order = (found, expected) => found > expected;
const greaterOrSame: Order = (found, expected) => found >= expected;

const bool: Compiler = (expected, reading) => {
  const folded = expected.toLowerCase();
  if (folded !== 'true' && folded !== 'false') return mismatch(expected, 'true or false', reading);
  return (found) => found.toLowerCase() === folded;
};

const binary: Compiler = (expected, reading) => {
  const bytes = readBase64(expected);
  if (bytes === undefined) return mismatch(expected, 'base64', reading);
  return (found) => readBase64(found)?.equals(bytes) ?? false;
};

const address: Compiler = (expected, reading) => {
  const [written = '', prefix, more] = expected.split('/');
  const network = unmapped(written);
  const version = isIP(network);
  const bitsMax = version === 4 ? 32 : 128;
  // The prefix of an IPv4-mapped address counts the 96 bits before the IPv4 address too.
  const mappedBits = network === written ? 0 : 96;
  const given = prefix === undefined ? bitsMax + mappedBits : readPrefix(prefix);
  const bits = given - mappedBits;
  if (version === 0 || more !== undefined || bits < 0 || bits > bitsMax) {
    return mismatch(expected, 'an IP address or a CIDR block', reading);
  }
  const list = new BlockList();
  list.addSubnet(network, bits, version === 4 ? 'ipv4' : 'ipv6');
  return (found) => {
    const plain = unmapped(found);
    return isIP(plain) === version && list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
  };
};

const exactText = text((value) => value);
const arnLike = counted(arn);
const foldedText = counted(text((value) => value.toLowerCase()));

const positive: Readonly<Record<string, Compiler>> = {
  StringEquals: exactText,
  StringEqualsIgnoreCase: foldedText,
  StringLike: like,
  NumericEquals: numeric(same),
  NumericLessThan: numeric(less),
  NumericLessThanEquals: numeric(lessOrSame),
  NumericGreaterThan: numeric(greater),
  NumericGreaterThanEquals: numeric(greaterOrSame),
  DateEquals: date(same),
  DateLessThan: date(less),
  DateLessThanEquals: date(lessOrSame),
  DateGreaterThan: date(greater),
  DateGreaterThanEquals: date(greaterOrSame),
  Bool: bool,
  BinaryEquals: counted(binary),
  IpAddress: address,
  ArnEquals: arnLike,
  ArnLike: arnLike,
};

const negative: Readonly<Record<string, Compiler>> = {
  StringNotEquals: exactText,
  StringNotEqualsIgnoreCase: foldedText,
  StringNotLike: like,
  NumericNotEquals: numeric(same),
  DateNotEquals: date(same),
  NotIpAddress: address,
  ArnNotEquals: arnLike,
  ArnNotLike: arnLike,
};

/** All operators by name, without `Null`, which compares no value. */
export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ...Object.entries(positive).map(
    ([name, compile]) => [name, { compile, negated: false }] as const,
  ),
  ...Object.entries(negative).map(([name, compile]) => [name, { compile, negated: true }] as const),
]);

function readNumber(text: string): number | undefined {
  return /^[+-]?\d{1,100}(\.\d{1,100})?$/.test(text) ? Number(text) : undefined;
}

const isoDate = /^\d{4}-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?)?$/;

/** Parses a date as seconds since 1970; undefined if the text is not a date. */
function readDate(text: string): number | undefined {
  if (/^\d{1,15}(\.\d{1,9})?$/.test(text)) return Number(text);
  if (!isoDate.test(text)) return undefined;
  // A time without a zone is UTC.
  const hasZone = !text.includes('T') || /(Z|[+-]\d\d:\d\d)$/.test(text);
  const seconds = Date.parse(hasZone ? text : `${text}Z`) / 1000;
  return Number.isNaN(seconds) ? undefined : seconds;
}

function readBase64(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0
    ? Buffer.from(text, 'base64')
    : undefined;
}

/** The length of a prefix; -1 if the text is none. */
function readPrefix(text: string): number {
  return /^\d{1,3}$/.test(text) ? Number(text) : -1;
}

/** An address without its zone. An IPv4-mapped IPv6 address becomes the IPv4 address. */
function unmapped(found: string): string {
  const [plain = ''] = found.split('%');
  const [, inner] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain) ?? [];
  return inner ?? plain;
}

/** The comparison with a value that nothing can equal, where it is not refused. */
function mismatch(expected: string, allowed: string, reading: Reading): Comparison {
  const shown = expected.length > 64 ? `${expected.slice(0, 64)}…` : expected;
  refuseValue(`A condition has the value '${shown}'; ${allowed} is allowed.`, reading);
  return () => false;
}
