import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryBudget } from './memory-budget.ts';

test('memory is limited per source and in total', () => {
  const budget = new MemoryBudget({ bytesMax: 10, sourceBytesMax: 6 });
  assert.equal(budget.take('a', 6), true);
  assert.equal(budget.take('a', 1), false);
  assert.equal(budget.take('b', 5), false);
  assert.equal(budget.take('b', 4), true);
  assert.equal(budget.takenBytes, 10);
  budget.release('a', 6);
  assert.equal(budget.take('b', 2), true);
  budget.release('b', 6);
  assert.equal(budget.takenBytes, 0);
});
