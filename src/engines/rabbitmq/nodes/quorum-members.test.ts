import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../base/clock.ts';
import type { NodeCommand } from '../hosts/node-host.ts';
import type { NodeApi } from './node-api.ts';
import { mayHaveMember, removeMember } from './quorum-members.ts';

const name = 'rabbit2@n2';
const node = { number: 2, place: { name } } as Parameters<typeof removeMember>[0];

/** A cluster whose queue has these members in turn, one list for each look. */
function cluster(problem: string | undefined, ...looks: readonly (readonly string[])[]) {
  const commands: string[] = [];
  let look = 0;
  const get = async (path: string) => {
    assert.match(path, /^\/queues\?page=1&/);
    const members = looks[Math.min(look++, looks.length - 1)];
    return { page_count: 1, items: [{ name: 'orders', vhost: '/', type: 'quorum', members }] };
  };
  const seed = { api: { get } as Pick<NodeApi, 'get'> as NodeApi };
  const command = async ({ kind }: NodeCommand) => {
    commands.push(kind);
    return kind === 'forget' ? problem : undefined;
  };
  return { commands, seed, command };
}

const soon = () => systemClock.monotonicMs() + 60_000;

test('a queue may have a member on a node until its members are known to be others', () => {
  assert.equal(mayHaveMember({ type: 'quorum', members: ['rabbit1@n1', name] }, name), true);
  assert.equal(mayHaveMember({ type: 'quorum' }, name), true);
  assert.equal(mayHaveMember({ type: 'quorum', members: ['rabbit1@n1'] }, name), false);
  assert.equal(mayHaveMember({ type: 'classic' }, name), false);
});

test('a node is removed from the queues that still count it', async () => {
  const { commands, ...parts } = cluster(undefined, [name], []);
  await removeMember(node, { ...parts, endMs: soon() });
  assert.deepEqual(commands, ['forget', 'shrink']);
});

test('a node that the cluster does not know any more is removed from its queues', async () => {
  const { commands, ...parts } = cluster('exit code 64; {:not_a_cluster_node, …}', []);
  await removeMember(node, { ...parts, endMs: soon() });
  assert.deepEqual(commands, ['forget']);
});

test('a node that may still be a member does not join', async () => {
  const silent = cluster('exit code 69', []);
  await assert.rejects(removeMember(node, { ...silent, endMs: soon() }), {
    message: 'node 2 was not removed from the cluster: exit code 69',
  });
  const kept = cluster(undefined, [name]);
  await assert.rejects(removeMember(node, { ...kept, endMs: systemClock.monotonicMs() - 1 }), {
    message: "node 2 was not removed from the queue 'orders' in virtual host '/'",
  });
});
