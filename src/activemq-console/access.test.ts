import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasConsoleAccess } from './access.ts';

const names = new Set(['operator']);

test("the broker's own users need consoleAccess, and those of a directory its group", () => {
  assert.equal(hasConsoleAccess({ name: 'operator' }, names), true);
  assert.equal(hasConsoleAccess({ name: 'app' }, names), false);
  const groups = ['staff', 'amazonmq-console-admins'];
  assert.equal(hasConsoleAccess({ name: 'app', groups }, names), true);
  assert.equal(hasConsoleAccess({ name: 'operator', groups: ['staff'] }, names), false);
  assert.equal(hasConsoleAccess({ name: 'operator', groups: [] }, names), false);
});
