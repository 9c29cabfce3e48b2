import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newestOf } from './force-boot.ts';

const nameOf = (number: number) => `rabbit${number}@n${number}`;
const node = (number: number, hostId: string, running: readonly number[], changedMs = 0) => ({
  node: { number, place: { name: nameOf(number) }, host: { id: hostId } },
  lastSeen: { running: running.map(nameOf), changedMs },
});
const newest = (...nodes: ReturnType<typeof node>[]) => newestOf(nodes).node.number;

test('the node that saw the end of the other is the newer one, on whichever machine', () => {
  assert.equal(newest(node(1, 'a', [1, 2, 3], 9), node(2, 'b', [2, 3], 1)), 2);
  assert.equal(newest(node(1, 'a', [1], 1), node(2, 'b', [1, 2, 3], 9)), 1);
  assert.equal(newest(node(1, 'a', [1, 2, 3], 9), node(2, 'a', [2, 3], 1)), 2);
});

test('nodes that ended at the same moment know the same; on one machine, the last change decides', () => {
  assert.equal(newest(node(1, 'a', [1, 2, 3], 1), node(2, 'b', [1, 2, 3], 9)), 1);
  assert.equal(newest(node(1, 'a', [1, 2, 3], 1), node(2, 'a', [1, 2, 3], 9)), 2);
});

test('of nodes that were separated, none is the newer one', () => {
  assert.throws(() => newest(node(1, 'a', [1]), node(2, 'b', [2])), /nodes 2 and 1 were separated/);
  // One that never ran knows nothing.
  assert.equal(newest(node(1, 'a', [1, 2]), node(2, 'a', [])), 1);
});
