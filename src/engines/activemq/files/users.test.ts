import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupsFile, usersFile } from './users.ts';

const users = [
  { username: 'a.b', password: '  #!\\ $\'"x', groups: ['staff', 'x~y'] },
  { username: 'bob', password: 'plain', groups: ['staff'] },
];

/** Reads what Java's Properties reads from the lines that are written here. */
function read(text: string): Record<string, string> {
  const plain = (part: string) =>
    part.replace(/\\u([0-9a-f]{4})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  const lines = text.split('\n').filter((line) => line !== '');
  return Object.fromEntries(lines.map((line) => line.split('=').map(plain)));
}

test('passwords with special characters are read as they are', () => {
  const text = usersFile(users);
  assert.match(text, /^[0-9A-Za-z\\=\n]+$/);
  assert.deepEqual(read(text), { 'a.b': '  #!\\ $\'"x', bob: 'plain' });
});

test('each group has its users', () => {
  assert.deepEqual(read(groupsFile(users)), { staff: 'a.b,bob', 'x~y': 'a.b' });
});
