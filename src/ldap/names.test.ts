import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namePartsOf } from './names.ts';

test('the values of a distinguished name are returned without escapes', () => {
  const rows: [name: string, values: string[] | undefined][] = [
    ['cn=read,cn=A.B,ou=Queue,dc=example,dc=com', ['read', 'A.B', 'Queue', 'example', 'com']],
    ['cn = read , cn = A ', ['read', 'A']],
    ['cn=a\\,b,ou=c', ['a,b', 'c']],
    ['cn=a\\2Cb\\3E,ou=\\c3\\a4\\5C', ['a,b>', 'ä\\']],
    ['cn=a\\+b+uid=c,ou=d', ['a+b', 'd']],
    ['2.5.4.3=x', ['x']],
    ['cn=', ['']],
    ['cn=$,ou=*', ['$', '*']],
    ['', undefined],
    ['cn', undefined],
    ['cn=a,b', undefined],
    ['cn=a\\', undefined],
    ['cn=\\ff', undefined],
    ['cn=a,'.repeat(101), undefined],
  ];
  for (const [name, values] of rows) assert.deepEqual(namePartsOf(name), values, name);
});

test('long names are parsed quickly', () => {
  for (const piece of ['\\', '=', 'a', ',', ' ', 'cn=\\,', '+']) {
    namePartsOf(`cn=${piece.repeat(200_000)}`);
    namePartsOf(piece.repeat(200_000));
  }
});
