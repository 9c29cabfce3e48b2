import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RingPool } from './ring-pool.ts';

test('rings do not overlap, and a returned ring is zeroed when taken again', () => {
  const pool = new RingPool(3);
  const take = (value: number) => {
    const base = pool.take();
    const { words } = pool;
    assert.deepEqual([...words.subarray(base, base + 3)], [0, 0, 0]);
    words.fill(value, base, base + 3);
    return { words, base, value };
  };
  let taken = Array.from({ length: 1000 }, (_, i) => take(i + 1));
  for (let round = 0; round < 3; round++) {
    for (const { words, base, value } of taken) {
      assert.deepEqual([...words.subarray(base, base + 3)], [value, value, value]);
    }
    const kept = taken.filter((_, i) => i % 3 !== round);
    for (const ring of taken) if (!kept.includes(ring)) pool.release(ring.words, ring.base);
    const arrays = new Set(taken.map(({ words }) => words));
    const more = taken.slice(kept.length).map(({ value }) => take(value + 1000));
    assert.ok(more.every(({ words }) => arrays.has(words)));
    taken = [...kept, ...more];
  }
});
