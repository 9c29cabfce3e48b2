import assert from 'node:assert/strict';
import { test } from 'node:test';
import { separatedOf } from './partition-healing.ts';

const node = (number: number, ...partitions: readonly string[]) => ({ number, partitions });

test('of a partition, the node is restarted that is separated from most others', () => {
  assert.equal(separatedOf([node(1), node(2), node(3)]), undefined);
  const alone = [node(1, 'rabbit2', 'rabbit3'), node(2, 'rabbit1'), node(3, 'rabbit1')];
  assert.equal(separatedOf(alone)?.number, 1);
  assert.equal(separatedOf([node(1, 'rabbit2'), node(2, 'rabbit1'), node(3)])?.number, 2);
});
