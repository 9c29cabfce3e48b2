import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NamePattern } from './name-pattern.ts';

const matches = (pattern: string, name: string) =>
  NamePattern.compile('the pattern', pattern).test(name);
const refused = (pattern: string, message: RegExp) =>
  assert.throws(() => NamePattern.compile('the pattern', pattern), {
    code: 'precondition-failed',
    message,
  });

const same = [
  '',
  '.*',
  '^amq\\.',
  'orders$',
  '^a.*z$',
  'a|b',
  '^(orders|payments)\\.[^.]+$',
  '[a-z]+\\d{2,3}',
  '(?:ab)*c',
  '^[(|)]x',
  'x\\(y',
];
const names = [
  '',
  'a',
  'z',
  'amq.gen-1',
  'orders',
  'orders.eu',
  'payments.a.b',
  'a12',
  'ababc',
  '(x',
  'x(y',
];

test('a pattern matches the same names as the JavaScript regular expression', () => {
  for (const pattern of same) {
    for (const name of names) {
      const expected = new RegExp(pattern).test(name);
      assert.equal(matches(pattern, name), expected, `'${pattern}' and '${name}'`);
    }
  }
});

test('a leading look-ahead is allowed, as policies use it to exclude names', () => {
  for (const pattern of [
    '^(?!amq\\.).*',
    '^(?!amq\\.)',
    '^(?=a)(?!am|[)]).*',
    '^(?!(a|z)$)(x|a)',
  ]) {
    for (const name of names) {
      const expected = new RegExp(pattern).test(name);
      assert.equal(matches(pattern, name), expected, `'${pattern}' and '${name}'`);
    }
  }
});

test('an expensive or invalid pattern is rejected with the reason', () => {
  refused('(a)\\1', /the pattern '\(a\)\\1' is not a supported regular expression: /);
  refused('a(?!b)', /is not a supported regular expression: .*\(\?!/);
  refused('^(?!a)b|c', /is not a supported regular expression: .*\(\?!/);
  refused('(', /missing closing \)/);
  refused('[a-z]{900}[a-z]{900}', /compiles to 18\d\d steps; at most 1000 are allowed/);
  refused('é'.repeat(600), /the pattern has 1200 bytes; at most 1024 are allowed/);
});

test('matching does not backtrack', () => {
  // A backtracking engine would need 2^200 steps for these.
  const name = `${'a'.repeat(254)}!`;
  for (const pattern of ['^(a+)+$', '^(a|a)*$', '^(a|aa)+$', '^(?!(a+)+$)(a*)*b']) {
    assert.equal(matches(pattern, name), false);
  }
});

test('a stored pattern that no longer compiles matches nothing', () => {
  assert.equal(NamePattern.stored('(?<=a)b').test('ab'), false);
  assert.equal(NamePattern.stored('b').test('ab'), true);
});
