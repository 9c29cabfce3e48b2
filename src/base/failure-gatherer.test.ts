import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailureGatherer } from './failure-gatherer.ts';

test('a flood of failures is logged in a bounded number of lines, and each failure is counted', () => {
  const told: [string | undefined, number][] = [];
  const limits = { periodMs: 3_600_000, toldCountMax: 2 };
  const gatherer = new FailureGatherer<string>((what, count) => told.push([what, count]), limits);
  for (let i = 0; i < 1000; i++) gatherer.add(`kind ${i % 5}`, `of kind ${i % 5}`);
  assert.deepEqual(told, [
    ['of kind 0', 1],
    ['of kind 1', 1],
  ]);
  gatherer.flush();
  assert.deepEqual(told.slice(2), [
    ['of kind 2', 200],
    ['of kind 3', 200],
    [undefined, 598],
  ]);
  assert.equal(
    told.reduce((sum, [, count]) => sum + count, 0),
    1000,
  );
  told.length = 0;
  gatherer.add('kind 0', 'the next period');
  assert.deepEqual(told, [['the next period', 1]]);
  gatherer.flush();
});
