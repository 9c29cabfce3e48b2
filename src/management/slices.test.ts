import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstInSteps, sortInSteps } from './slices.ts';

function result<Value>(steps: Generator<void, Value>): Value {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Numbers in a fixed order that looks like chance. */
const shuffled = Array.from({ length: 5000 }, (_, i) => (i * 7919) % 5003);
const compare = (a: number, b: number) => a - b;

test('sorting in steps is sorting', () => {
  for (const length of [0, 1, 64, 65, 5000]) {
    const some = shuffled.slice(0, length);
    assert.deepEqual(result(sortInSteps(some, compare)), [...some].sort(compare));
  }
});

test('the first items are the first of the sorted ones', () => {
  const sorted = [...shuffled].sort(compare);
  for (const items of [shuffled, sorted, sorted.toReversed()]) {
    for (const count of [1, 2, 63, 64, 65, 500, 4999, 5000, 6000]) {
      const found = result(firstInSteps(items, count, compare));
      assert.deepEqual(found, sorted.slice(0, count), `${count}`);
    }
  }
  assert.deepEqual(result(firstInSteps([], 3, compare)), []);
});

test('the first items of a long list take less work than sorting it', () => {
  let comparisonCount = 0;
  const counted = (a: number, b: number) => {
    comparisonCount++;
    return a - b;
  };
  result(firstInSteps(shuffled, 50, counted));
  assert.ok(comparisonCount < 3 * shuffled.length, `${comparisonCount} comparisons`);
});
