import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import { ControlError } from '../../control/errors.ts';
import type { MovedNode } from '../../engines/rabbitmq/hosts/host-directory.ts';
import { LostHosts } from './lost-hosts.ts';

const afterMs = 1000;

/** An engine with a node on each host `a` and `b`. */
function lostHosts() {
  const clock = new ManualClock();
  const places = new Map([
    [1, 'a'],
    [2, 'b'],
  ]);
  const [moved, logged]: [MovedNode[], string[]] = [[], []];
  const state = { refusal: '' };
  const lost = new LostHosts({
    afterMs,
    clock,
    engine: {
      nodesOn: (id) =>
        [...places].flatMap(([number, on]) => (on === id ? [{ brokerId: 'b-1', number }] : [])),
      moveNode: async (_brokerId, number) => {
        if (state.refusal !== '') throw new ControlError('conflict', state.refusal);
        places.set(number, 'c');
        return 'c';
      },
    },
    log: { warn: (_, text) => void logged.push(text), error: (_, text) => void logged.push(text) },
    entries: (node) => {
      moved.push(node);
      return [];
    },
    commit: async () => {},
  });
  const look = (...connected: string[]) =>
    lost.look(['a', 'b', 'c'].map((id) => ({ id, name: id, isConnected: connected.includes(id) })));
  return { clock, moved, logged, state, look };
}

test('the node of a host moves once it was away for long enough without a break', async () => {
  const { clock, moved, look } = lostHosts();
  await look('b', 'c');
  clock.advance(afterMs - 1);
  await look('b', 'c');
  await look('a', 'b', 'c');
  await look('b', 'c');
  clock.advance(afterMs - 1);
  await look('b', 'c');
  assert.deepEqual(moved, []);
  clock.advance(1);
  await look('b', 'c');
  await look('b', 'c');
  assert.deepEqual(moved, [{ brokerId: 'b-1', node: 1, from: 'a', to: 'c' }]);
});

test('a node that cannot move yet is tried again, and each reason is logged once', async () => {
  const { clock, moved, logged, state, look } = lostHosts();
  await look('b', 'c');
  clock.advance(afterMs);
  state.refusal = '1 other nodes serve clients; 2 are needed';
  await look('b', 'c');
  await look('b', 'c');
  assert.equal(logged.length, 1);
  assert.match(logged[0] ?? '', /node 1 of the lost host 'a' cannot be replaced yet: 1 other/);
  state.refusal = '';
  await look('b', 'c');
  assert.equal(moved.length, 1);
});
