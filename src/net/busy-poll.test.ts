import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BusyPoll } from './busy-poll.ts';

const peer = {};

/** A peer whose answers come when the test says, and a clock that the test moves. */
function watched() {
  let nowMs = 1000;
  let lookCount = 0;
  const busyPoll = new BusyPoll(() => {
    lookCount++;
    // A little each time: nothing here may wait for ever.
    nowMs += 0.001;
    return nowMs;
  });
  return {
    busyPoll,
    /** Something is written, and the answer to it comes so much later. */
    exchange(gapMs: number): void {
      busyPoll.wrote(peer);
      nowMs += gapMs;
      busyPoll.received(peer, 100);
    },
    pass(ms: number): void {
      nowMs += ms;
    },
    /** Whether it polls: it then looks at the clock in each turn. */
    async isPolling(): Promise<boolean> {
      await nextTurn();
      const before = lookCount;
      for (let i = 0; i < 3; i++) await nextTurn();
      return lookCount > before;
    },
  };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('a peer is busy-polled after several consecutive quick answers', async () => {
  const { busyPoll, exchange, isPolling } = watched();
  for (let i = 0; i < 3; i++) exchange(0.05);
  busyPoll.wrote(peer);
  assert.equal(await isPolling(), false);
  busyPoll.received(peer, 100);
  exchange(0.05);
  busyPoll.wrote(peer);
  assert.equal(await isPolling(), true);
  busyPoll.received(peer, 100);
});

test('the event loop sleeps once the answer has arrived', async () => {
  const { busyPoll, exchange, isPolling } = watched();
  for (let i = 0; i < 20; i++) exchange(0.05);
  busyPoll.wrote(peer);
  assert.equal(await isPolling(), true);
  busyPoll.received(peer, 100);
  assert.equal(await isPolling(), false);
});

test('a missing answer stops busy polling until there are quick answers again', async () => {
  const { busyPoll, exchange, pass, isPolling } = watched();
  for (let i = 0; i < 20; i++) exchange(0.05);
  busyPoll.wrote(peer);
  assert.equal(await isPolling(), true);
  pass(0.5);
  assert.equal(await isPolling(), false);
  busyPoll.received(peer, 100);
  for (let i = 0; i < 3; i++) exchange(0.05);
  busyPoll.wrote(peer);
  assert.equal(await isPolling(), false);
});

test('a slow peer is never busy-polled', async () => {
  const { busyPoll, exchange, isPolling } = watched();
  for (let i = 0; i < 100; i++) exchange(1);
  busyPoll.wrote(peer);
  assert.equal(await isPolling(), false);
});

test('a peer that sends large data is not busy-polled, however quick it is', async () => {
  const { busyPoll, exchange, isPolling } = watched();
  for (let i = 0; i < 20; i++) exchange(0.05);
  // Nothing was written that this would answer.
  busyPoll.received(peer, 16_384);
  busyPoll.wrote(peer);
  assert.equal(await isPolling(), false);
});

test('no peer is busy-polled while several peers are active', async () => {
  const { busyPoll, exchange, isPolling } = watched();
  const other = {};
  for (let i = 0; i < 20; i++) exchange(0.05);
  busyPoll.wrote(other);
  assert.equal(await isPolling(), false);
  busyPoll.received(other, 100);
  for (let i = 0; i < 20; i++) exchange(0.05);
  busyPoll.wrote(peer);
  busyPoll.received(other, 100);
  busyPoll.wrote(peer);
  assert.equal(await isPolling(), false);
});

test('a peer is not busy-polled if others get what it sends', async () => {
  const { busyPoll, exchange, isPolling } = watched();
  const consumer = {};
  for (const more of [consumer, undefined]) {
    for (let i = 0; i < 20; i++) {
      exchange(0.05);
      busyPoll.wroteMore(more);
    }
    busyPoll.wrote(peer);
    assert.equal(await isPolling(), false);
    busyPoll.received(peer, 100);
  }
  for (let i = 0; i < 20; i++) exchange(0.05);
  busyPoll.wroteMore(peer);
  busyPoll.wrote(peer);
  assert.equal(await isPolling(), true, 'it gets more itself');
  busyPoll.received(peer, 100);
});
