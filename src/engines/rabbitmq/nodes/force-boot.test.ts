import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newestOf, startWithoutLost } from './force-boot.ts';
import type { Node } from './node.ts';

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

/** Nodes that do not serve, and what is done to them. */
function stoppedNodes(...seen: (readonly number[])[]) {
  const done: string[] = [];
  const nodes = seen.map((running, i) => {
    const number = i + 1;
    const hosted = {
      lastSeen: async () => ({ running: running.map(nameOf), changedMs: number }),
      command: async (_: unknown, __: number, { kind }: { kind: string }) =>
        void done.push(`${kind} ${number}`),
    };
    return {
      ...node(number, 'a', running).node,
      hosted: async () => hosted,
      stop: async () => void done.push(`stop ${number}`),
      start: () => void done.push(`start ${number}`),
    } as unknown as Node;
  });
  return { nodes, done };
}

test('nodes start without one that ended before them, although it has its data', async () => {
  const { nodes, done } = stoppedNodes([1, 2], [1, 2], [1, 2, 3]);
  await startWithoutLost(nodes.slice(0, 2), 4369, nodes.slice(2));
  assert.deepEqual(done, ['stop 1', 'stop 2', 'force-boot 2', 'start 1', 'start 2']);
});

test('nodes do not start without one that may have ended after them', async () => {
  const { nodes, done } = stoppedNodes([1, 2, 3], [1, 2, 3], [1, 2, 3]);
  await assert.rejects(
    startWithoutLost(nodes.slice(0, 2), 4369, nodes.slice(2)),
    /node 3 does not run, and the others wait for what it knows/,
  );
  assert.deepEqual(done, ['stop 1', 'stop 2']);
});
