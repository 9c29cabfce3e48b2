import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import { DueTimes, dueBits } from './due-times.ts';

const size = 256;

test('due times are what was set, in whatever order and however far apart they are', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const dues = new DueTimes();
    const chunks = Array.from({ length: 4 }, () => new Uint32Array(1));
    const all = new Map<string, [chunk: number, index: number, code: number, dueMs: number]>();
    for (let i = 0; i < 3000; i++) {
      const chunk = random.below(chunks.length);
      const index = random.below(size);
      const spread = random.pick([1, 1000, 40_000, 1e12]);
      const dueMs = random.oneIn(9) ? Infinity : 1.7e12 + random.below(spread);
      const code = dues.set(chunks[chunk] as Uint32Array, index, size, dueMs);
      assert.ok(code >= 0 && code < 2 ** dueBits);
      all.set(`${chunk}/${index}`, [chunk, index, code, dueMs]);
      if (random.oneIn(500)) {
        dues.drop(chunks[chunk] as Uint32Array);
        for (const [key, [of]] of all) if (of === chunk) all.delete(key);
      }
    }
    for (const [chunk, index, code, dueMs] of all.values()) {
      assert.equal(dues.dueMs(chunks[chunk] as Uint32Array, index, code), dueMs, `seed ${seed}`);
    }
    dues.clear();
    assert.equal(dues.dueMs(chunks[0] as Uint32Array, 0, 1), Infinity);
  }
});

test('messages of a chunk that expire within 28 seconds are told apart by their codes alone', () => {
  const dues = new DueTimes();
  const chunk = new Uint32Array(1);
  const codes = new Set<number>();
  for (let i = 0; i < size; i++) codes.add(dues.set(chunk, i, size, 1.7e12 + i * 110));
  assert.equal(codes.size, size);
});
