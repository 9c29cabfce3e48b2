import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import { RunSet } from './run-set.ts';

const below = 6000;

/** Numbers of a set in its own order, and in that of a scan. */
function numbers(set: RunSet): number[] {
  const found: number[] = [];
  for (let n = set.from(0); n >= 0; n = set.from(n + 1)) found.push(n);
  return found;
}

for (const density of [0.1, 0.5, 0.9]) {
  test(`a run set holds the numbers that were added and not deleted, in order (density ${density})`, () => {
    const random = new SeededRandom(Math.round(density * 10));
    const set = new RunSet();
    const model = new Set<number>();
    for (let step = 0; step < 60_000; step++) {
      const n = random.below(below);
      if (model.has(n)) {
        if (random.below(1000) < density * 1000) continue;
        set.delete(n);
        model.delete(n);
      } else if (random.below(1000) < density * 1000) {
        set.add(n);
        model.add(n);
      }
      if (step % 3000 === 0)
        assert.deepEqual(
          numbers(set),
          [...model].sort((a, b) => a - b),
        );
    }
    const wanted = [...model].sort((a, b) => a - b);
    assert.deepEqual(numbers(set), wanted);
    for (const n of wanted) {
      assert.equal(set.first, n);
      set.delete(n);
    }
    assert.deepEqual([set.first, set.isEmpty], [-1, true]);
  });
}

test('deleting a missing number changes nothing, and runs are merged and split', () => {
  const set = new RunSet();
  set.addRun(10, 20);
  set.addRun(30, 40);
  set.addRun(20, 30);
  set.delete(25);
  set.delete(25);
  set.delete(5);
  set.delete(50);
  assert.deepEqual(numbers(set).length, 29);
  assert.deepEqual([set.from(25), set.from(24), set.from(39), set.from(40)], [26, 24, 39, -1]);
});
