import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WriteStall } from './write-stall.ts';

/** A log, and the looks at it, ten times a second. */
function watched() {
  const log = { openGroup: 2, durableGroup: 1 };
  const changes: string[] = [];
  let nowMs = 1000;
  const stall = new WriteStall(log, (isStalled) => changes.push(`${isStalled} at ${nowMs}`));
  const pass = (ms: number, isFull = false, each = () => {}) => {
    for (let end = nowMs + ms; nowMs < end; ) {
      nowMs += 100;
      each();
      stall.look(nowMs, isFull);
    }
  };
  const jump = (ms: number) => {
    nowMs += ms;
  };
  stall.look(nowMs, false);
  return { log, changes, pass, jump };
}

test('a write that takes 15 s is a stall until it is complete', () => {
  const { log, changes, pass } = watched();
  pass(60_000); // of a group that is open
  log.openGroup = 3;
  pass(20_000);
  log.durableGroup = 2;
  pass(1000);
  assert.deepEqual(changes, ['true at 76000', 'false at 81100']);
});

test('a slow disk that goes on, a full one, and a process that was stopped are no stalls', () => {
  const { log, changes, pass, jump } = watched();
  log.openGroup = 10;
  let looks = 0;
  pass(60_000, false, () => {
    if (++looks % 100 === 0) log.durableGroup++;
  });
  pass(60_000, true);
  pass(5000);
  jump(3_600_000);
  pass(5000);
  assert.deepEqual(changes, []);
});
