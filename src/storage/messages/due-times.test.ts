import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import { DueTimes, dueBits } from './due-times.ts';

const size = 256;

/** Due times of four chunks, and what each is to be by place. */
class Twins {
  readonly dues = new DueTimes();
  readonly chunks = Array.from({ length: 4 }, () => new Uint32Array(1));
  readonly all = new Map<string, [chunk: Uint32Array, index: number, code: number, due: number]>();

  set(random: SeededRandom): void {
    const chunk = random.pick(this.chunks);
    const index = random.below(size);
    const spread = random.pick([1, 1000, 40_000, 1e12]);
    const dueMs = random.oneIn(9) ? Infinity : 1.7e12 + random.below(spread);
    const code = this.dues.set(chunk, index, size, dueMs);
    assert.ok(code >= 0 && code < 2 ** dueBits);
    this.all.set(`${this.chunks.indexOf(chunk)}/${index}`, [chunk, index, code, dueMs]);
  }

  drop(chunk: Uint32Array): void {
    this.dues.drop(chunk);
    for (const [key, [of]] of this.all) if (of === chunk) this.all.delete(key);
  }
}

test('due times are what was set, in whatever order and however far apart they are', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const twins = new Twins();
    for (let i = 0; i < 3000; i++) {
      twins.set(random);
      if (random.oneIn(500)) twins.drop(random.pick(twins.chunks));
    }
    for (const [chunk, index, code, dueMs] of twins.all.values()) {
      assert.equal(twins.dues.dueMs(chunk, index, code), dueMs, `seed ${seed}`);
    }
    twins.dues.clear();
    assert.equal(twins.dues.dueMs(twins.chunks[0] as Uint32Array, 0, 1), Infinity);
  }
});

test('messages of a chunk that expire within 28 seconds are told apart by their codes alone', () => {
  const dues = new DueTimes();
  const chunk = new Uint32Array(1);
  const codes = new Set<number>();
  for (let i = 0; i < size; i++) codes.add(dues.set(chunk, i, size, 1.7e12 + i * 110));
  assert.equal(codes.size, size);
});
