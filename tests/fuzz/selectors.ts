// The fuzzer of selectors.

import assert from 'node:assert/strict';
import { Selector } from '../../src/broker/activemq/selectors/selector.ts';
import type { SelectorValue } from '../../src/broker/activemq/selectors/values.ts';
import { BrokerError } from '../../src/broker/errors.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { Fuzzer } from './fuzzer.ts';
import type { Tally } from './tally.ts';

const values: readonly SelectorValue[] = [null, true, false, 'a', '5', 5, 5n];
const names = ['a', 'n', 'JMSPriority', '$x_1', 'ä'];
const texts = ["'a'", "''", "'it''s'", "'5'", "'a%_'", "'ä€'"];

/** Makes an expression, and notes the constructs in it. */
type Make = (random: SeededRandom, used: Set<string>, depth: number) => string;

/** Expressions that have a truth value. */
const conditions: Readonly<Record<string, Make>> = {
  AND: (r, u, d) => `${condition(r, u, d)} AND ${condition(r, u, d)}`,
  OR: (r, u, d) => `(${condition(r, u, d)} OR ${condition(r, u, d)})`,
  NOT: (r, u, d) => `NOT (${condition(r, u, d)})`,
  '=': (r, u, d) => `${operand(r, u, d)} = ${operand(r, u, d)}`,
  '<>': (r, u, d) => `${operand(r, u, d)} <> ${operand(r, u, d)}`,
  '<': (r, u, d) => `${operand(r, u, d)} < ${operand(r, u, d)}`,
  '<=': (r, u, d) => `${operand(r, u, d)}<=${operand(r, u, d)}`,
  '>': (r, u, d) => `${operand(r, u, d)}>${operand(r, u, d)}`,
  '>=': (r, u, d) => `${operand(r, u, d)} >= ${operand(r, u, d)}`,
  LIKE: (r) => `${r.pick(names)} like ${r.pick(texts)}`,
  ESCAPE: (r) => `${r.pick(names)} NOT LIKE 'a!%' ESCAPE '!'`,
  IN: (r) => `${r.pick(names)} IN (${r.pick(texts)}, ${r.pick(texts)})`,
  'NOT IN': (r) => `${r.pick(names)} NOT IN (${r.pick(texts)})`,
  BETWEEN: (r, u, d) => `${operand(r, u, d)} BETWEEN ${operand(r, u, d)} AND ${operand(r, u, d)}`,
  'IS NULL': (r) => `${r.pick(names)} IS NULL`,
  'IS NOT NULL': (r) => `${r.pick(names)} IS NOT NULL`,
  TRUE: () => 'TRUE',
  FALSE: () => 'false',
  REGEX: (r) => `REGEX('^a.*', ${r.pick(names)})`,
  MAKELIST: (r) => `INLIST(MAKELIST(${r.pick(texts)}, 5), ${r.pick(names)})`,
  SPLIT: (r) => `INLIST(SPLIT(${r.pick(names)}, ','), ${r.pick(texts)})`,
};

/** Expressions that have any value. */
const operands: Readonly<Record<string, Make>> = {
  identifier: (r) => r.pick(names),
  string: (r) => r.pick(texts),
  integer: (r) => r.pick(['0', '5', '2147483648', '9223372036854775807', '7L']),
  float: (r) => r.pick(['2.5', '.5', '1e3', '1.5E-3']),
  hexadecimal: () => '0x1F',
  octal: () => '017',
  'NULL literal': () => 'NULL',
  '+': (r, u, d) => `${number(r, u, d)} + ${number(r, u, d)}`,
  '-': (r, u, d) => `(${number(r, u, d)} - ${number(r, u, d)})`,
  '*': (r, u, d) => `${number(r, u, d)} * ${number(r, u, d)}`,
  '/': (r, u, d) => `${number(r, u, d)} / ${number(r, u, d)}`,
  '%': (r, u, d) => `${number(r, u, d)} % ${number(r, u, d)}`,
  'unary -': (r, u, d) => `-(${number(r, u, d)})`,
  'unary +': (r, u, d) => `+(${number(r, u, d)})`,
  REPLACE: (r) => `REPLACE(${r.pick(names)}, 'a', 'b')`,
};

const depthMax = 4;

function made(of: typeof conditions, name: string, r: SeededRandom, u: Set<string>, d: number) {
  u.add(name);
  const text = of[name]?.(r, u, d + 1) ?? '';
  return r.oneIn(20) ? `${text} /* ${name.length} */` : text;
}

function condition(random: SeededRandom, used: Set<string>, depth: number): string {
  const all = Object.keys(conditions);
  // Beyond the limit only those without operands.
  return made(
    conditions,
    random.pick(depth > depthMax ? all.slice(9, 13) : all),
    random,
    used,
    depth,
  );
}

function operand(random: SeededRandom, used: Set<string>, depth: number): string {
  const all = Object.keys(operands);
  return made(operands, random.pick(depth > depthMax ? all.slice(0, 7) : all), random, used, depth);
}

/** A name or a number, which arithmetic permits. */
function number(random: SeededRandom, used: Set<string>, depth: number): string {
  if (depth <= depthMax && random.oneIn(4)) return operand(random, used, depth);
  return random.pick([...names, '1', '2.5']);
}

const words = [
  ...[
    'a',
    'n',
    '(',
    ')',
    'AND',
    'OR',
    'NOT',
    '=',
    '<>',
    '<',
    '>=',
    'LIKE',
    "'a%'",
    'ESCAPE',
    "'!'",
  ],
  ...[
    'IN',
    ',',
    'BETWEEN',
    'IS',
    'NULL',
    '1',
    '2.5',
    '0x1F',
    '9999999999',
    '+',
    '-',
    '*',
    '/',
    '%',
  ],
  ...['TRUE', "'it''s'", '--', '/*', '*/', '\n', 'REGEX', 'INLIST', 'XPATH', '(((((((('],
];

/** Words in any order, or a valid selector without some of its characters. */
function wrongText(random: SeededRandom): string {
  if (random.oneIn(2)) {
    return Array.from({ length: 1 + random.below(12) }, () => random.pick(words)).join(' ');
  }
  const text = condition(random, new Set(), 0);
  const at = random.below(text.length);
  return (
    text.slice(0, at) + random.pick(['', "'", '(', ')', '\0']) + text.slice(at + random.below(3))
  );
}

function fuzzSelector(random: SeededRandom, tally: Tally): void {
  const used = new Set<string>();
  const isValid = random.oneIn(2);
  const text = isValid ? condition(random, used, 0) : wrongText(random);
  try {
    const selector = new Selector(text, { convertsText: random.oneIn(2) });
    const truth = selector.matches({ value: () => random.pick(values) });
    assert.equal(typeof truth, 'boolean');
    for (const name of used) tally.reach(name);
  } catch (thrown) {
    if (!(thrown instanceof BrokerError)) throw thrown;
  }
}

/** The parser of selectors, and their evaluation. */
export const selectorFuzzer: Fuzzer = {
  name: 'selectors',
  roundCount: 50_000,
  handlers: [...Object.keys(conditions), ...Object.keys(operands)],
  run: fuzzSelector,
};
