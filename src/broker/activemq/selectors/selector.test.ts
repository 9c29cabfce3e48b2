import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Selector } from './selector.ts';
import { Double, type SelectorValue } from './values.ts';

const values: Readonly<Record<string, SelectorValue>> = {
  i: 5,
  l: 5_000_000_000n,
  d: new Double(2.5),
  s: 'blue',
  n: '42',
  t: true,
  f: false,
};
const subject = {
  value: (name: string) => (Object.hasOwn(values, name) ? (values[name] ?? null) : null),
};

const matches = (text: string, convertsText = false) =>
  new Selector(text, { convertsText }).matches(subject);

/** True, false, or unknown: what neither a condition nor its negation matches. */
function truth(condition: string): 'true' | 'false' | 'unknown' {
  if (matches(condition)) return 'true';
  return matches(`NOT (${condition})`) ? 'false' : 'unknown';
}

test('AND, OR and NOT use three-valued logic', () => {
  const of = { true: 'i = 5', false: 'i = 6', unknown: 'missing = 1' } as const;
  const names = ['true', 'false', 'unknown'] as const;
  const table = names.map((a) =>
    names.map((b) => [truth(`${of[a]} AND ${of[b]}`), truth(`${of[a]} OR ${of[b]}`)]),
  );
  assert.deepEqual(table, [
    [
      ['true', 'true'],
      ['false', 'true'],
      ['unknown', 'true'],
    ],
    [
      ['false', 'true'],
      ['false', 'false'],
      ['false', 'unknown'],
    ],
    [
      ['unknown', 'true'],
      ['false', 'unknown'],
      ['unknown', 'unknown'],
    ],
  ]);
});

test('a missing property is unknown everywhere except in IS NULL', () => {
  const unknown = [
    'missing = 1',
    'missing <> 1',
    '5 = missing',
    'missing > 1',
    "missing LIKE 'a%'",
    "missing IN ('a')",
    'missing BETWEEN 1 AND 2',
    'missing + 1 = 2',
    'missing',
  ];
  for (const condition of unknown) assert.equal(truth(condition), 'unknown', condition);
  assert.equal(truth('missing IS NULL'), 'true');
  assert.equal(truth('missing IS NOT NULL'), 'false');
  assert.equal(truth('i IS NOT NULL'), 'true');
});

test('conditions evaluate as SQL defines', () => {
  const right = [
    'i = 5',
    'i <> 6',
    'i < l',
    'd > 2',
    'd = 2.5',
    'i BETWEEN 5 AND 5',
    'i NOT BETWEEN 6 AND 7',
    "s = 'blue'",
    "s LIKE 'b%'",
    "s LIKE '_lue'",
    "s NOT LIKE 'B%'",
    "s IN ('red', 'blue')",
    "s NOT IN ('red')",
    't',
    'NOT f',
    't AND NOT f',
    'i + 1 = 6',
    'i * 2 - 4 = 6',
    'i / 2 = d',
    'i % 2 = 1',
    '-i = -5',
    '+i = 5',
    'i = 0x5',
    'i = 05',
    'i = 5.',
    'l = 5000000000',
    'l = 5000000000L',
    "s + '!' = 'blue!'",
    'i = 5 -- a comment\n',
    'i /* one */ = 5',
    '2147483647 + 1 = -2147483648',
    '2147483647L + 1 > 0',
    '(i = 5) = TRUE',
    's <> 5',
    "i = 5 AND s = 'blue' OR f",
    "((i)) IN ('x') IS NULL",
    '1E1 = 10',
    '.5 < 1',
  ];
  for (const condition of right) assert.ok(matches(condition), condition);
  const wrong = [
    's = 5',
    'n = 42',
    's > i',
    'i = 6 OR f',
    "s LIKE 'lue'",
    'n > 41',
    's',
    "s LIKE ''",
  ];
  for (const condition of wrong) assert.ok(!matches(condition), condition);
});

test('text compares with numbers and booleans where the protocol only has text', () => {
  for (const condition of ['n = 42', 'n > 41.5', '43 > n', 'n BETWEEN 1 AND 50', "n = '42'"]) {
    assert.ok(matches(condition, true), condition);
  }
  for (const condition of ['s = 5', 's > 5', 's = TRUE'])
    assert.ok(!matches(condition, true), condition);
});

test('LIKE supports wildcards and escapes, with a cost bounded by the product of both lengths', () => {
  const like = (text: string, pattern: string) =>
    new Selector(`x LIKE ${pattern}`, { convertsText: false }).matches({ value: () => text });
  assert.ok(like('a%b', "'a!%b' ESCAPE '!'"));
  assert.ok(!like('axb', "'a!%b' ESCAPE '!'"));
  assert.ok(like("it's", "'it''s'"));
  assert.ok(like('a\nb', "'a_b'"));
  assert.ok(like('abcabc', "'%abc'"));
  assert.ok(!like('a'.repeat(10_000), `'${'a%'.repeat(100)}b'`));
});

test('an invalid, too long or too deeply nested selector is rejected', () => {
  const bad = [
    '',
    'i =',
    'i = = 5',
    'i 5',
    '(i = 5',
    'i = 5)',
    "'open",
    'i = NULL',
    'NULL <> i',
    "i > 'a'",
    'TRUE < i',
    "5 IN ('a')",
    'i IN (5)',
    'i LIKE 5',
    "s LIKE 'a' ESCAPE 'ab'",
    "XPATH '//a'",
    'i # 5',
    'f(1)',
    'constructor(1)',
    "REGEX(s, 'a')",
    "REGEX('a')",
    "REGEX('(', s)",
    `REGEX('(a{50}){50}', s)`,
    `REGEX('${'a'.repeat(1025)}', s)`,
    "REGEX('(?=a)b', s)",
    "INLIST(s, 'a')",
    "INLIST('a', 'a')",
    "SPLIT(s, '')",
    "INLIST(SPLIT(s, '.'), 'a')",
    "REPLACE(s, 'a', '$1') = 'b'",
    `INLIST(MAKELIST(${'1,'.repeat(100)}1), i)`,
    'MAKELIST(1',
    'AND',
    'i BETWEEN 1',
    '09',
    '/*'.repeat(30_000),
    '99999999999999999999',
    'NOT',
    `${'('.repeat(201)}i${')'.repeat(201)}`,
    `${'NOT '.repeat(201)}t`,
    `${'- '.repeat(201)}i = 5`,
    'x'.repeat(65_537),
    `s LIKE '${'a'.repeat(257)}'`,
    `i = 5${' = TRUE'.repeat(300)}`,
  ];
  for (const text of bad) {
    assert.throws(() => new Selector(text, { convertsText: true }), {
      code: 'precondition-failed',
      message: /^invalid selector: /,
    });
  }
});

test('a long selector is evaluated without recursion', () => {
  const many = Array.from({ length: 5000 }, (_, at) => `i = ${at}`).join(' OR ');
  assert.ok(matches(many));
  assert.ok(matches(`0${' + 1'.repeat(15_000)} = 15000`));
});

test('LIKE and concatenation evaluate to unknown when they exceed the step limit', () => {
  const text = 'a'.repeat(10_000);
  const subject = { value: (name: string) => (name === 'a' ? text : null) };
  const matches = (selector: string) =>
    new Selector(selector, { convertsText: false }).matches(subject);
  const slow = `a LIKE '%${'a'.repeat(200)}b%'`;
  assert.ok(matches(`a LIKE 'aa%'`));
  assert.ok(matches(`NOT (a LIKE 'b%')`));
  assert.deepEqual([matches(slow), matches(`NOT (${slow})`)], [false, false]);
  assert.deepEqual([matches(`a+a+a+a = 'x'`), matches(`a+a+a+a <> 'x'`)], [false, false]);
});

test('LIKE adds its cost to a selector once', () => {
  const costOf = (selector: string) => new Selector(selector, { convertsText: false }).cost;
  assert.ok(costOf(`a LIKE '%b'`) > 300);
  assert.ok(costOf(`a LIKE '%b' OR a LIKE '%c'`) < 500);
  assert.ok(costOf(`a = 'b'`) < 10);
});

test('ActiveMQ functions support lists, regular expressions and text replacement', () => {
  const rows: readonly (readonly [condition: string, result: string])[] = [
    ["REGEX('^b.*e$', s)", 'true'],
    ["regex('lu', s)", 'true'],
    ["REGEX('^l', s)", 'false'],
    ["REGEX('(a+)+$', s)", 'false'],
    ["REGEX('b', missing)", 'unknown'],
    ["REGEX('5', i)", 'false'],
    ["INLIST(MAKELIST('red', 'blue'), s)", 'true'],
    ["INLIST(MAKELIST('red', i), s)", 'false'],
    ['INLIST(MAKELIST(1, 5, 9), i)', 'true'],
    ['INLIST(MAKELIST(1, 5.0), i)', 'true'],
    ["INLIST(MAKELIST('5'), i)", 'false'],
    ['INLIST(MAKELIST(1), missing)', 'unknown'],
    ["INLIST(SPLIT(s, 'l'), 'ue')", 'true'],
    ["INLIST(SPLIT(s, 'l'), 'l')", 'false'],
    ["INLIST(SPLIT(missing, 'l'), 'l')", 'unknown'],
    ["REPLACE(s, 'bl', '') = 'ue'", 'true'],
    ["REPLACE(s, 'u', 'oo') LIKE '%oo%'", 'true'],
    ["REPLACE(missing, 'u', 'o') = 'x'", 'unknown'],
    ["MAKELIST('a')", 'unknown'],
    ["MAKELIST('a') IS NULL", 'true'],
  ];
  for (const [condition, result] of rows) assert.equal(truth(condition), result, condition);
  assert.ok(matches("INLIST(MAKELIST('42'), n)"));
  assert.ok(matches('INLIST(MAKELIST(42), n)', true), 'text is converted where it is for `=`');
});

test('functions evaluate to unknown when they exceed the step limit', () => {
  const text = 'ab'.repeat(4000);
  const subject = { value: (name: string) => (name === 'a' ? text : null) };
  const of = (selector: string) => new Selector(selector, { convertsText: false }).matches(subject);
  for (const condition of [
    "REGEX('(a|b)*c', a)",
    "INLIST(SPLIT((a + a), 'b'), 'c')",
    `REPLACE(a, 'a', '${'c'.repeat(256)}') = 'x'`,
  ]) {
    assert.deepEqual([of(condition), of(`NOT (${condition})`)], [false, false], condition);
  }
  assert.ok(of("INLIST(SPLIT(a, 'b'), 'a')"));
  assert.ok(new Selector("REGEX('a', s)", { convertsText: false }).cost > 300);
});
