import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Background } from '../broker/turns/background.ts';
import { InputGate } from './input-gate.ts';

/** A gate with a clock and turns that the test controls. */
function gateWithClock() {
  const clock = { nowMs: 0 };
  const deferred: (() => void)[] = [];
  const background = new Background(
    4096,
    {
      monotonicMs: () => clock.nowMs,
      isBehind: () => false,
      again: () => {},
      failed: assert.fail,
    },
    (next) => deferred.push(next),
  );
  const input = {
    isSuspended: false,
    suspend: () => {
      input.isSuspended = true;
    },
    resume: () => {
      input.isSuspended = false;
      return Buffer.alloc(0);
    },
  };
  const nothing = () => {};
  const connection = {
    receive: nothing,
    setReading: nothing,
    requestFlush: nothing,
    ended: nothing,
  };
  const gate = new InputGate(input, background, connection);
  const nextTurn = () => {
    for (const next of deferred.splice(0)) next();
  };
  return { gate, input, clock, nextTurn };
}

test('input that takes long continues in a later turn, however few units it counts', () => {
  const { gate, input, clock, nextTurn } = gateWithClock();
  gate.beginPiece();
  gate.count(64);
  clock.nowMs = 5;
  gate.count(64);
  assert.equal(input.isSuspended, false);
  clock.nowMs = 5.1;
  gate.count(64);
  assert.equal(input.isSuspended, true);
  gate.count(64); // of the frame that is being handled
  nextTurn();
  assert.equal(input.isSuspended, false);
  assert.equal(gate.isBusy, false);
});

test('the time of a turn does not count for the next one', () => {
  const { gate, input, clock, nextTurn } = gateWithClock();
  for (const nowMs of [0, 4, 8, 12, 16]) {
    clock.nowMs = nowMs;
    gate.beginPiece();
    gate.count(64);
    assert.equal(input.isSuspended, false);
    nextTurn();
  }
});
