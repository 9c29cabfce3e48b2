import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../tests/support/seeded-random.ts';
import { DueTimes } from './due-times.ts';

function anyDue(random: SeededRandom): number {
  return random.oneIn(9) ? Infinity : random.below(1e6);
}

test('due times are what a list of one number a message says, whatever is let go before them', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const dues = new DueTimes();
    const all: number[] = [];
    let first = 0;
    for (let s = 0; s < 20_000; s++) {
      const last = all.at(-1) ?? Infinity;
      const dueMs = random.below(100) < (seed % 5) * 25 ? last : anyDue(random);
      all.push(dueMs);
      dues.note(s, dueMs, first);
      if (random.oneIn(3)) first = Math.min(s, first + random.below(seed));
      if (s % 7001 === 7000) {
        dues.clear();
        all.fill(Infinity);
      }
      const asked = first + random.below(s - first + 1);
      assert.equal(dues.dueMs(asked), all[asked], `seed ${seed}, message ${asked} of ${s}`);
      assert.equal(dues.dueMs(first), all[first], `seed ${seed}, the first, ${first}`);
    }
  }
});

test('one due time for millions of messages is one run', () => {
  const dues = new DueTimes();
  for (let s = 0; s < 20_000_000; s++) dues.note(s, 77, 0);
  assert.deepEqual([dues.dueMs(0), dues.dueMs(19_999_999)], [77, 77]);
});
