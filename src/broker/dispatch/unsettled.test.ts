import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import { Unsettled } from './unsettled.ts';

test('deliveries are found by their numbers, in whatever order they are settled', () => {
  for (const keep of [2, 30, 1000]) {
    const random = new SeededRandom(keep);
    const unsettled = new Unsettled();
    const model = new Map<number, number>();
    for (let step = 0; step < 40_000; step++) {
      if (random.oneIn(20)) unsettled.skip();
      else model.set(unsettled.add(step * 3), step * 3);
      for (const number of model.keys()) {
        if (model.size <= keep) break;
        // The oldest often stay.
        if (random.oneIn(3)) continue;
        assert.equal(unsettled.take(number), model.get(number));
        assert.equal(unsettled.take(number), -1);
        model.delete(number);
      }
      unsettled.close();
      if (step % 500 !== 0) continue;
      const numbers = [...model.keys()];
      const at = random.below(unsettled.next + 1);
      assert.equal(unsettled.count, model.size);
      assert.equal(unsettled.from(at), numbers.find((n) => n >= at) ?? unsettled.next);
      assert.equal(unsettled.upTo(at), numbers.findLast((n) => n <= at) ?? -1);
      assert.deepEqual(
        unsettled.older(0, Infinity),
        numbers.filter((n) => n < unsettled.ringFirst),
      );
      assert.ok(numbers.every((n) => unsettled.has(n)));
    }
  }
});

test('what is delivered and settled takes no memory, though something before it stays unsettled', () => {
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
