import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InliningMode, type Work } from './inlining-mode.ts';

/** A broker's counters, and the modes that were set. */
function watched() {
  const set: boolean[] = [];
  const work = {
    counters: { published: 0 },
    clientConnections: { openedCount: 0 },
    turns: { messagesBegin: undefined as Work['turns']['messagesBegin'] },
  };
  const inlining = new InliningMode(work, (isMore) => set.push(isMore));
  /** A tick after so much work; returns the mode, which is initially that of V8. */
  const tick = (published: number, opened: number): boolean => {
    work.counters.published += published;
    work.clientConnections.openedCount += opened;
    inlining.tick();
    return set.at(-1) ?? false;
  };
  return { set, work, tick };
}

test('V8 keeps its own limits before the first message, whatever is opened', () => {
  const { set, tick } = watched();
  assert.equal(tick(0, 0), false);
  assert.equal(tick(0, 500), false);
  assert.equal(tick(0, 1), false);
  assert.deepEqual(set, []);
});

test('the first message raises the limits at once, although connections were opened', () => {
  const { set, work, tick } = watched();
  work.clientConnections.openedCount += 500;
  work.turns.messagesBegin?.();
  assert.deepEqual(set, [true]);
  assert.equal(tick(1, 19), true);
  assert.deepEqual(set, [true]);
});

test('the limits are lower while many connections are opened, and few messages are published', () => {
  const { set, work, tick } = watched();
  work.turns.messagesBegin?.();
  assert.equal(tick(999, 20), false);
  assert.equal(tick(0, 100), false);
  assert.equal(tick(1000, 100), true);
  assert.equal(tick(10, 100), false);
  assert.equal(tick(0, 0), true);
  assert.deepEqual(set, [true, false, true, false, true]);
});
