import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import { Counted } from './counted.ts';

test('a value stays until it was removed as often as it was added', () => {
  const random = new SeededRandom(3);
  const counted = new Counted<string>();
  const model = new Map<string, number>();
  for (let step = 0; step < 5000; step++) {
    const value = random.pick(['a', 'b', 'c']);
    const count = model.get(value) ?? 0;
    if (random.oneIn(2)) {
      counted.add(value);
      model.set(value, count + 1);
    } else {
      if (count > 1) model.set(value, count - 1);
      else model.delete(value);
      assert.equal(counted.remove(value), model.size === 0);
    }
    assert.equal(counted.size, model.size);
    assert.deepEqual([...counted.values()].sort(), [...model.keys()].sort());
  }
});
