import assert from 'node:assert/strict';
import { test } from 'node:test';
import { separatedOf, silentOf } from './partition-healing.ts';

const node = (number: number, ...partitions: readonly string[]) => ({ number, partitions });

test('of a partition, the node is restarted that is separated from most others', () => {
  assert.equal(separatedOf([node(1), node(2), node(3)]), undefined);
  const alone = [node(1, 'rabbit2', 'rabbit3'), node(2, 'rabbit1'), node(3, 'rabbit1')];
  assert.equal(separatedOf(alone)?.number, 1);
  assert.equal(separatedOf([node(1, 'rabbit2'), node(2, 'rabbit1'), node(3)])?.number, 2);
});

/** A node whose process runs; `seen` running nodes as it says, undefined if its port is closed. */
const asked = (number: number, seen: number | undefined, more = {}) => ({
  number,
  isRunning: true,
  hasAnswered: true,
  isClosed: seen === undefined,
  sees: (count: number) => seen !== undefined && seen >= count,
  ...more,
});

test('a node that stopped listening while the others run is restarted, and no other', () => {
  const others = [asked(2, 2), asked(3, 2)];
  assert.equal(silentOf([asked(1, undefined), ...others])?.number, 1);
  assert.equal(silentOf([asked(1, 3), ...others]), undefined);
  // It is under load, is starting, has ended, or the others wait themselves.
  assert.equal(silentOf([asked(1, undefined, { isClosed: false }), ...others]), undefined);
  assert.equal(silentOf([asked(1, undefined, { hasAnswered: false }), ...others]), undefined);
  assert.equal(silentOf([asked(1, undefined, { isRunning: false }), ...others]), undefined);
  assert.equal(silentOf([asked(1, undefined), asked(2, undefined), asked(3, 1)]), undefined);
  assert.equal(silentOf([asked(1, undefined), asked(2, 1), asked(3, 2)]), undefined);
});
