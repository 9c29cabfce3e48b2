import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import { type Timed, Timers } from './timers.ts';

test('timers fire in the order of their due times after any moves and removals', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed);
    const timers = new Timers<Timed>();
    const things = Array.from({ length: 50 }, () => ({ timerMs: Infinity, timerAt: -1 }));
    const due = new Map<Timed, number>();
    for (let step = 0; step < 2000; step++) {
      const thing = random.pick(things);
      const atMs = random.below(1000);
      if (random.oneIn(4)) {
        timers.remove(thing);
        due.delete(thing);
      } else {
        timers.add(thing, atMs);
        due.set(thing, Math.min(atMs, due.get(thing) ?? Infinity));
      }
      assert.equal(timers.firstMs, Math.min(...due.values()), `seed ${seed}, step ${step}`);
    }
    const order = [...due.values()].sort((a, b) => a - b);
    const taken: number[] = [];
    for (const [thing] of due) assert.equal(thing.timerMs, due.get(thing));
    for (let nowMs = 0; nowMs <= 1000; nowMs += 100) {
      for (let thing = timers.takeDue(nowMs); thing !== undefined; thing = timers.takeDue(nowMs)) {
        taken.push(due.get(thing) ?? -1);
        assert.ok((due.get(thing) ?? Infinity) <= nowMs);
      }
    }
    assert.deepEqual(taken, order);
  }
});
