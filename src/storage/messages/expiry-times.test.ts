import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import { ExpiryTimes, expiryBits } from './expiry-times.ts';

const size = 256;

/** Expiry times of four chunks, and what each is to be by place. */
class Twins {
  readonly times = new ExpiryTimes();
  readonly chunks = Array.from({ length: 4 }, () => new Uint32Array(1));
  readonly all = new Map<string, [chunk: Uint32Array, index: number, code: number, due: number]>();

  set(random: SeededRandom): void {
    const chunk = random.pick(this.chunks);
    const index = random.below(size);
    const spread = random.pick([1, 1000, 40_000, 1e12]);
    const expiryMs = random.oneIn(9) ? Infinity : 1.7e12 + random.below(spread);
    const code = this.times.set(chunk, index, size, expiryMs);
    assert.ok(code >= 0 && code < 2 ** expiryBits);
    this.all.set(`${this.chunks.indexOf(chunk)}/${index}`, [chunk, index, code, expiryMs]);
  }

  drop(chunk: Uint32Array): void {
    this.times.drop(chunk);
    for (const [key, [of]] of this.all) if (of === chunk) this.all.delete(key);
  }
}

test('expiry times are stored exactly, in any order and at any distance', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const twins = new Twins();
    for (let i = 0; i < 3000; i++) {
      twins.set(random);
      if (random.oneIn(500)) twins.drop(random.pick(twins.chunks));
    }
    for (const [chunk, index, code, expiryMs] of twins.all.values()) {
      assert.equal(twins.times.expiryMs(chunk, index, code), expiryMs, `seed ${seed}`);
    }
    twins.times.clear();
    assert.equal(twins.times.expiryMs(twins.chunks[0] as Uint32Array, 0, 1), Infinity);
  }
});

test('messages of a chunk that expire within 28 seconds have distinct codes', () => {
  const times = new ExpiryTimes();
  const chunk = new Uint32Array(1);
  const codes = new Set<number>();
  for (let i = 0; i < size; i++) codes.add(times.set(chunk, i, size, 1.7e12 + i * 110));
  assert.equal(codes.size, size);
});
