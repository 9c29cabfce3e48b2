import assert from 'node:assert/strict';
import { test } from 'node:test';
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
