import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileFilterPattern } from './filter-pattern.ts';
import { matchesWildcards } from './pattern-scanner.ts';

/** The lines that a pattern matches. */
function found(pattern: string, lines: readonly string[]): string[] {
  const compiled = compileFilterPattern(pattern);
  return lines.filter((line) => compiled.matches(line));
}

test('terms are combined: all required, none excluded, any optional', () => {
  const lines = ['ERROR one', 'ERROR two', 'WARN one', 'error one', 'two words here'];
  const cases: readonly [pattern: string, found: readonly string[]][] = [
    ['', lines],
    ['  ', lines],
    ['ERROR', ['ERROR one', 'ERROR two']],
    ['ERROR one', ['ERROR one']],
    ['one ERROR', ['ERROR one']],
    ['?ERROR ?WARN', ['ERROR one', 'ERROR two', 'WARN one']],
    ['ERROR -two', ['ERROR one']],
    ['-ERROR', ['WARN one', 'error one', 'two words here']],
    ['"two words"', ['two words here']],
    ['-"two words" two', ['ERROR two']],
    ['%^(ERROR|WARN) one$%', ['ERROR one', 'WARN one']],
    ['-%^[A-Z]%', ['error one', 'two words here']],
    ['ERROR ?WARN', ['ERROR one', 'ERROR two']],
  ];
  for (const [pattern, expected] of cases) {
    assert.deepEqual(found(pattern, lines), expected, pattern);
  }
});

test('conditions on JSON compare members, elements, and their existence', () => {
  const lines = [
    '{"user":{"name":"ann"},"count":3,"ok":true,"tags":["a","b"],"none":null}',
    '{"user":{"name":"bob"},"count":12.5,"ok":false,"a b":"x"}',
    'no JSON {"count":3}',
  ];
  const [ann, bob] = lines;
  const cases: readonly [pattern: string, found: readonly (string | undefined)[]][] = [
    ['{ $.user.name = "ann" }', [ann]],
    ['{ $.user.name = a* }', [ann]],
    ['{ $.user.name != "ann" }', [bob]],
    ['{ $.user.name = %^b.b$% }', [bob]],
    ['{$.count=3}', [ann]],
    ['{ $.count > 3 && $.count <= 1.25e1 }', [bob]],
    ['{ $.count < 0 || ($.ok IS TRUE && $.count = 3) }', [ann]],
    ['{ $.ok IS FALSE }', [bob]],
    ['{ $.none IS NULL }', [ann]],
    ['{ $.none NOT EXISTS }', [bob]],
    ['{ $.tags[1] = "b" }', [ann]],
    ['{ $.tags[*] = "b" }', [ann]],
    ["{ $['a b'] = x }", [bob]],
    ['{ $.user = "ann" }', []],
    ['{ $.__proto__ EXISTS }', []],
  ];
  for (const [pattern, expected] of cases) {
    assert.deepEqual(found(pattern, lines), expected, pattern);
  }
});

test('conditions on columns compare them by position, from both ends', () => {
  const lines = [
    '127.0.0.1 - ann [10/Oct/2000 13:25:15] "GET /index.html" 200 1534',
    '127.0.0.1 - bob [10/Oct/2000 13:35:22] "GET /apache.gif" 404 506',
    'short line',
  ];
  const [ann, bob, short] = lines;
  const cases: readonly [pattern: string, found: readonly (string | undefined)[]][] = [
    ['[ip, id, user, time, request, status, bytes]', [ann, bob]],
    ['[ip, id, user, time, request, status=4*, bytes]', [bob]],
    ['[..., status=200, bytes > 1000]', [ann]],
    ['[ip, ..., bytes]', [ann, bob, short]],
    ['[, ,user=bob || user=carl,...]', [bob]],
    ['[ip, id, user, time, request=%\\.html$%, ...]', [ann]],
    ['[a=short, b]', [short]],
    ['[a]', []],
  ];
  for (const [pattern, expected] of cases) {
    assert.deepEqual(found(pattern, lines), expected, pattern);
  }
});

test('a malformed pattern is refused with the reason', () => {
  const cases: readonly [pattern: string, why: RegExp][] = [
    ['a-b', /Invalid character\(s\) in term 'a-b'/],
    ['"open', /not closed by "/],
    ['%open', /not closed by %/],
    ['%(%', /regular expression %\(%/],
    ['%a% %b% %c%', /more than 2 regular expressions/],
    ['%(a{50}){50}%', /compiles to|regular expression/],
    ['{ $.a }', /no comparison/],
    ['{ $.a = }', /nothing to compare with/],
    ['{ $.a > "x" }', /compares with numbers/],
    ['{ $.a = 1 } x', /text after/],
    ['{ a = 1 }', /expected '\$'/],
    [`{ ${'('.repeat(40)}$.a = 1`, /levels of parentheses/],
    ['[a, ..., b, ...]', /more than one/],
    ['[a', /expected '\]'/],
    ['[a=1 && b=2]', /column 'a'/],
    ['x'.repeat(1025), /1025 characters; at most 1024/],
    ['-', /empty term/],
  ];
  for (const [pattern, why] of cases) {
    assert.throws(() => compileFilterPattern(pattern), { code: 'invalid-pattern', message: why });
  }
});

test('a star stands for any text', () => {
  const cases: readonly [pattern: string, text: string, matches: boolean][] = [
    ['a*c', 'abc', true],
    ['a*c', 'ac', true],
    ['a*c', 'acb', false],
    ['*', '', true],
    ['**b*', 'abab', true],
    ['', '', true],
    ['', 'a', false],
    ['*a*a*', 'aba', true],
    ['*ab', 'aab', true],
  ];
  for (const [pattern, text, matches] of cases) {
    assert.equal(matchesWildcards(pattern, text), matches, `${pattern} ${text}`);
  }
});
