import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../tests/support/seeded-random.ts';
import { Window } from './window.ts';

test('a window finds what is live across chunks that are gone', () => {
  const window = new Window(1, true);
  for (let i = 0; i < 2000; i++) assert.equal(window.append(7, i * 10, i, i % 256), i);
  for (let i = 0; i < 1500; i++) if (i !== 3) window.remove(i);
  assert.equal(window.count, 501);
  assert.equal(window.liveFrom(0), 3);
  assert.equal(window.liveFrom(4), 1500);
  assert.deepEqual(
    [window.offset(1999), window.bodyLength(1999), window.priority(3)],
    [19990, 1999, 3],
  );
  window.remove(3);
  assert.equal(window.isLive(3), false);
  assert.equal(window.liveFrom(0), 1500);
  assert.throws(() => window.remove(3), /settled twice/);
});

test('a window that was empty goes on with its next number', () => {
  const window = new Window(1, true);
  for (let round = 0; round < 5000; round++) {
    const sequence = window.append(round, 1, 1, 0);
    assert.equal(sequence, round);
    assert.equal(window.slot(sequence), round);
    window.remove(sequence);
  }
  assert.equal(window.liveFrom(0), 5000);
});

test('a message remembers that it came back and how often it failed', () => {
  const window = new Window(1, true);
  window.append(1, 2, 3, 200);
  window.markReturned(0, true);
  window.markReturned(0, true);
  window.markReturned(0, false);
  assert.deepEqual(
    [window.isReturned(0), window.returnCount(0), window.priority(0)],
    [true, 2, 200],
  );
});

test('numbers left out at recovery count as settled', () => {
  const window = new Window(1, true);
  window.put(1000, 1, 1, 1, 0);
  window.put(5000, 1, 1, 1, 0);
  assert.deepEqual([window.liveFrom(0), window.liveFrom(1001), window.next], [1000, 5000, 5001]);
});

/** Adds and settles messages at random, in a window and in a map from number to slot. */
function filled(random: SeededRandom): { window: Window; model: Map<number, number> } {
  const window = new Window(1, true, random.below(1000));
  const model = new Map<number, number>();
  for (let step = 0; step < 2000; step++) {
    // More comes than goes, then more goes than comes, and again.
    const isAdded = random.below(10) < (step % 1000 < 500 ? 7 : 3);
    if (isAdded) {
      const sequence = window.next + (random.oneIn(50) ? random.below(1000) : 0);
      window.put(sequence, step, 0, 0, 0);
      model.set(sequence, step);
    } else if (model.size > 0) {
      const [oldest = 0] = model.keys();
      const sequence = random.oneIn(2) ? oldest : random.pick([...model.keys()]);
      window.remove(sequence);
      model.delete(sequence);
    }
    assert.equal(window.count, model.size);
  }
  return { window, model };
}

test('a window agrees with a plain map, whatever is added, left out and settled', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { window, model } = filled(new SeededRandom(seed));
    const found: [number, number][] = [];
    for (let s = window.liveFrom(0); s < window.next; s = window.liveFrom(s + 1)) {
      found.push([s, window.slot(s)]);
    }
    assert.deepEqual(found, [...model], `seed ${seed}`);
    for (const [s] of model) {
      const end = window.liveTo(s);
      const isRun = !model.has(end) && (end === s + 1 || model.has(end - 1));
      assert.ok(isRun, `seed ${seed}: the run of ${s} ends at ${end}`);
      for (let at = s; at < end; at++) assert.ok(model.has(at), `seed ${seed}: ${at} is live`);
    }
  }
});

test('a run of live messages ends where one is settled, left out, or not there yet', () => {
  const window = new Window(1, true, 100);
  for (let i = 0; i < 1000; i++) window.append(1, 1, 10, 0);
  assert.equal(window.liveTo(100), 1100);
  window.remove(700);
  assert.deepEqual([window.liveTo(100), window.liveTo(700), window.liveTo(701)], [700, 700, 1100]);
  window.put(1300, 1, 1, 7, 0);
  assert.deepEqual([window.liveTo(701), window.liveTo(1300)], [1100, 1301]);
  assert.equal(window.bodyBytes(), 999 * 10 + 7);
});

test('a window tells when its live messages expire, and of no other', () => {
  const window = new Window(1, true);
  for (let i = 0; i < 4; i++) window.append(1, 1, 1, 0);
  window.setExpiry(1, 500);
  window.setExpiry(2, 400);
  window.remove(1);
  assert.deepEqual([...window.expiries()], [400]);
});

test('what is outside of a window is not live and has no place', () => {
  const window = new Window(1, true, 600);
  assert.equal(window.append(3, 4, 5, 6), 600);
  for (const sequence of [0, 599, 601, 10_000]) {
    assert.equal(window.isLive(sequence), false);
    assert.deepEqual([window.slot(sequence), window.priority(sequence)], [0, 0]);
    assert.equal(window.expiresAtMs(sequence), Infinity);
  }
  assert.deepEqual(
    [window.liveFrom(0), window.liveFrom(601), window.liveFrom(10_000)],
    [600, 601, 601],
  );
  assert.throws(() => window.remove(601), /settled twice/);
  assert.throws(() => window.put(5, 1, 1, 1, 0), /older than its queue/);
});

test('an expiry ends with its message, and a number used again after a restart has none', () => {
  const window = new Window(1, true);
  window.append(0, 0, 0, 0);
  window.setExpiry(0, 1234);
  assert.equal(window.expiresAtMs(0), 1234);
  window.remove(0);
  assert.equal(window.expiresAtMs(0), Infinity);
});

test('failures are counted up to 65535 and leave priority and the rest alone', () => {
  const window = new Window(1, true);
  window.append(9, 8, 0xffff_ffff, 255);
  for (let i = 0; i < 70_000; i++) window.markReturned(0, true);
  assert.deepEqual([window.returnCount(0), window.priority(0)], [65_535, 255]);
  assert.deepEqual([window.isLive(0), window.bodyLength(0)], [true, 0xffff_ffff]);
});
