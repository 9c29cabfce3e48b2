import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usableMemoryBytes } from './limits.ts';

test('the usable memory is that of the machine, unless its control group has less', () => {
  assert.equal(usableMemoryBytes(1000, 0), 1000);
  assert.equal(usableMemoryBytes(1000, 2 ** 63), 1000);
  assert.equal(usableMemoryBytes(1000, 250), 250);
});
