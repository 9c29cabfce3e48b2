import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readQuery, readTagQueries } from './ldap-queries.ts';

const read = (text: string) => readQuery('k', text);

test('queries are read from terms of Erlang', () => {
  assert.deepEqual(read('{constant, true}.'), { is: 'constant', value: true });
  assert.deepEqual(read(`{'not', {in_group, "cn=\\"a\\""}}`), {
    is: 'not',
    query: { is: 'in-group', entry: 'cn="a"', attribute: 'member' },
  });
  assert.deepEqual(read('{for,[{resource,queue,{exists,"x"}}]}'), {
    is: 'for',
    cases: [{ variable: 'resource', value: 'queue', query: { is: 'exists', entry: 'x' } }],
  });
  assert.deepEqual(readTagQueries('k', '[]'), []);
});

test('what is not a query is refused with the name of the key', () => {
  for (const text of [
    '',
    'true',
    '{constant}',
    '{constant, true',
    '{constant, true} x',
    '{unknown, 1}',
    '{exists, X}',
    '{exists, <<"x">>}',
    '{in_group, 7}',
    '{for, {a, b, c}}',
    `${'{not_,'.repeat(40)}x${'}'.repeat(40)}`,
  ]) {
    assert.throws(() => read(text), { message: /^the value of key \[k\] / }, text);
  }
});
