import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heartbeats } from './heartbeats.ts';

/** Ticks twice a second for some seconds; returns the milliseconds at which something was due. */
function ticks(
  heartbeats: Heartbeats,
  seconds: number,
  had: { received?: boolean; written?: (ms: number) => boolean } = {},
): string[] {
  const found: string[] = [];
  for (let ms = 500; ms <= seconds * 1000; ms += 500) {
    const due = heartbeats.tick(1_000_000 + ms, had.received ?? true, had.written?.(ms) ?? false);
    if (due !== 'nothing') found.push(`${due} ${ms}`);
    if (due === 'end') break;
  }
  return found;
}

const begun = (intervalMs: number) => {
  const heartbeats = new Heartbeats();
  heartbeats.tick(1_000_000, true, true);
  heartbeats.start(intervalMs);
  return heartbeats;
};

test('heartbeats are sent every half interval while nothing else is written', () => {
  assert.deepEqual(ticks(begun(1000), 2), ['send 500', 'send 1000', 'send 1500', 'send 2000']);
  assert.deepEqual(ticks(begun(4000), 9), ['send 2000', 'send 4000', 'send 6000', 'send 8000']);
  assert.deepEqual(ticks(begun(3000), 5), ['send 1500', 'send 3000', 'send 4500']);
});

test('after the first one, no heartbeat is sent while other data is written', () => {
  assert.deepEqual(ticks(begun(4000), 20, { written: (ms) => ms % 1500 === 0 }), ['send 2000']);
});

test('a peer is never left without data for a whole interval', () => {
  for (let at = 500; at <= 8000; at += 500) {
    const written = (ms: number) => ms === at;
    const sent = ticks(begun(4000), 20, { written }).map((text) => Number(text.split(' ')[1]));
    const said = [...sent, at].sort((a, b) => a - b);
    for (const [i, ms] of said.entries()) assert.ok(ms - (said[i - 1] ?? 0) <= 4000, `${said}`);
  }
});

test('a silent peer is disconnected after two intervals', () => {
  assert.equal(ticks(begun(2000), 20, { received: false }).at(-1), 'end 4500');
});

test('without an interval, no heartbeat is due', () => {
  assert.deepEqual(ticks(begun(0), 100, { received: false }), []);
});
