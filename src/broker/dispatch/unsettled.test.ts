import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import { Unsettled } from './unsettled.ts';

/** Settles some, of which the oldest often stay, until few are left. */
function settleSome(
  unsettled: Unsettled,
  model: Map<number, number>,
  keep: number,
  random: SeededRandom,
): void {
  for (const [number, sequence] of model) {
    if (model.size <= keep) break;
    if (random.oneIn(3)) continue;
    assert.deepEqual([unsettled.take(number), unsettled.take(number)], [sequence, -1]);
    model.delete(number);
  }
  unsettled.close();
}

function verify(unsettled: Unsettled, model: ReadonlyMap<number, number>, at: number): void {
  const numbers = [...model.keys()];
  const { count, next, ringFirst } = unsettled;
  assert.equal(count, model.size);
  assert.equal(
    unsettled.from(at),
    numbers.find((n) => n >= at),
  );
  assert.deepEqual(
    unsettled.older(0, Infinity),
    numbers.filter((n) => n < ringFirst),
  );
  assert.ok(numbers.every((n) => unsettled.has(n)));
  assert.equal(unsettled.from(next), next);
}

for (const keep of [2, 30, 1000]) {
  test(`deliveries are found by number while all but ${keep} are settled in any order`, () => {
    const random = new SeededRandom(keep);
    const unsettled = new Unsettled();
    const model = new Map<number, number>();
    for (let step = 0; step < 40_000; step++) {
      if (random.oneIn(20)) unsettled.skip();
      else model.set(unsettled.add(step * 3), step * 3);
      settleSome(unsettled, model, keep, random);
      if (step % 500 === 0) verify(unsettled, model, random.pick([...model.keys()]));
    }
  });
}

test('settled deliveries take no memory while an older one stays unsettled', () => {
  const unsettled = new Unsettled();
  unsettled.add(7);
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 3_000_000; i++) {
    unsettled.take(unsettled.add(i));
    unsettled.close();
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 1024 * 1024);
  assert.deepEqual([unsettled.count, unsettled.from(0), unsettled.take(0)], [1, 0, 7]);
});
