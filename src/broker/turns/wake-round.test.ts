import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Background } from './background.ts';
import { WakeRound, wokenAtOnceMax } from './wake-round.ts';

function background(later: (() => void)[], workUnits = 64): Background {
  return new Background(
    workUnits,
    { monotonicMs: () => 0, isBehind: () => false, again: () => {}, failed: assert.fail },
    (next) => later.push(next),
  );
}

function runAll(later: (() => void)[]): number {
  let turns = 0;
  for (let next = later.shift(); next !== undefined; next = later.shift()) {
    next();
    turns++;
  }
  return turns;
}

test('a few consumers are woken at once, many over several turns, each one once', () => {
  const later: (() => void)[] = [];
  for (const count of [wokenAtOnceMax, 2000]) {
    const woken = new Map<number, number>();
    const all = Array.from({ length: count }, (_, n) => ({
      wake: () => woken.set(n, (woken.get(n) ?? 0) + 1),
    }));
    const round = new WakeRound(background(later), () => all);
    round.start(count);
    assert.equal(woken.size === count, count === wokenAtOnceMax);
    const turns = runAll(later);
    assert.deepEqual([...new Set(woken.values())], [1]);
    assert.equal(woken.size, count);
    assert.ok(count === wokenAtOnceMax || turns > 5, `${turns} turns`);
  }
});

test('wake requests during a round cause exactly one more round', () => {
  const later: (() => void)[] = [];
  let wakeCount = 0;
  const all = Array.from({ length: 1000 }, () => ({ wake: () => wakeCount++ }));
  const round = new WakeRound(background(later), () => all);
  for (let n = 0; n < 50; n++) round.start(all.length);
  runAll(later);
  assert.equal(wakeCount, 2 * all.length);
  round.start(all.length);
  runAll(later);
  assert.equal(wakeCount, 3 * all.length);
});
