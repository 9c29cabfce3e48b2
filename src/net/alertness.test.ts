import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Alertness } from './alertness.ts';

const peer = {};

/** A peer whose answers come when the test says, and a clock that the test moves. */
function watched() {
  let nowMs = 1000;
  let lookCount = 0;
  const alertness = new Alertness(() => {
    lookCount++;
    // A little each time: nothing here may wait for ever.
    nowMs += 0.001;
    return nowMs;
  });
  return {
    alertness,
    /** Something is written, and the answer to it comes so much later. */
    exchange(gapMs: number): void {
      alertness.wrote(peer);
      nowMs += gapMs;
      alertness.received(peer, 100);
    },
    pass(ms: number): void {
      nowMs += ms;
    },
    /** Whether it keeps the event loop awake: it then looks at the clock in each turn. */
    async isAwake(): Promise<boolean> {
      await nextTurn();
      const before = lookCount;
      for (let i = 0; i < 3; i++) await nextTurn();
      return lookCount > before;
    },
  };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('a peer whose answers came quickly, one after the other, is waited for awake', async () => {
  const { alertness, exchange, isAwake } = watched();
  for (let i = 0; i < 3; i++) exchange(0.05);
  alertness.wrote(peer);
  assert.equal(await isAwake(), false);
  alertness.received(peer, 100);
  exchange(0.05);
  alertness.wrote(peer);
  assert.equal(await isAwake(), true);
  alertness.received(peer, 100);
});

test('once the answer has come the loop may sleep again', async () => {
  const { alertness, exchange, isAwake } = watched();
  for (let i = 0; i < 20; i++) exchange(0.05);
  alertness.wrote(peer);
  assert.equal(await isAwake(), true);
  alertness.received(peer, 100);
  assert.equal(await isAwake(), false);
});

test('an answer that does not come ends it, and quick ones must come again first', async () => {
  const { alertness, exchange, pass, isAwake } = watched();
  for (let i = 0; i < 20; i++) exchange(0.05);
  alertness.wrote(peer);
  assert.equal(await isAwake(), true);
  pass(0.5);
  assert.equal(await isAwake(), false);
  alertness.received(peer, 100);
  for (let i = 0; i < 3; i++) exchange(0.05);
  alertness.wrote(peer);
  assert.equal(await isAwake(), false);
});

test('a peer that takes its time is never waited for awake', async () => {
  const { alertness, exchange, isAwake } = watched();
  for (let i = 0; i < 100; i++) exchange(1);
  alertness.wrote(peer);
  assert.equal(await isAwake(), false);
});

test('a peer that sends much at once is not waited for awake, however quick it is', async () => {
  const { alertness, exchange, isAwake } = watched();
  for (let i = 0; i < 20; i++) exchange(0.05);
  // Nothing was written that this would answer.
  alertness.received(peer, 16_384);
  alertness.wrote(peer);
  assert.equal(await isAwake(), false);
});

test('of several peers none is waited for awake, however quick each is', async () => {
  const { alertness, exchange, isAwake } = watched();
  const other = {};
  for (let i = 0; i < 20; i++) exchange(0.05);
  alertness.wrote(other);
  assert.equal(await isAwake(), false);
  alertness.received(other, 100);
  for (let i = 0; i < 20; i++) exchange(0.05);
  alertness.wrote(peer);
  alertness.received(other, 100);
  alertness.wrote(peer);
  assert.equal(await isAwake(), false);
});
