import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransferError } from '../../../transfer/errors.ts';
import { Canary, type CheckedNode, silentMs } from './canary.ts';

interface Stated extends CheckedNode {
  isChecked: boolean;
  /** What its confirms and connections end with; undefined if they succeed. */
  error: Error | undefined;
  openCount: number;
}

/** Nodes as stated, and the time. */
function checked(refusal?: string) {
  const nodes = [1, 2, 3].map(
    (number): Stated => ({
      number,
      version: '3.10',
      isChecked: true,
      error: undefined,
      openCount: 0,
    }),
  );
  const lines: string[] = [];
  const repaired: number[] = [];
  let nowMs = 0;
  const canary = new Canary(nodes, {
    open: async (node) => {
      if (node.error instanceof TransferError) throw node.error;
      node.openCount++;
      return {
        confirm: async () => {
          if (node.error !== undefined) throw node.error;
        },
        close: () => {
          node.openCount--;
        },
      };
    },
    repair: async (node) => {
      repaired.push(node.number);
      if (refusal === undefined) for (const each of nodes) each.error = undefined;
      return refusal;
    },
    log: (level, text) => void lines.push(`${level}: ${text}`),
    pause: async () => {
      nowMs += 1000;
    },
    nowMs: () => nowMs,
  });
  const pass = async (ms: number) => {
    for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 5000) {
      canary.examine();
      await canary.ended;
    }
  };
  return { nodes, lines, repaired, canary, pass };
}
const late = new Error('no confirm within 5000 ms');
const missing = new TransferError('login-refused', '530 NOT_ALLOWED - vhost', { replyCode: 530 });

test('one node that confirms nothing is told, and the cluster is not silent', async () => {
  const { nodes, lines, canary, pass } = checked();
  await canary.start(true);
  const [first] = nodes;
  assert.ok(first);
  first.error = late;
  await pass(silentMs - 10_000);
  assert.deepEqual([canary.confirms(first), lines], [true, []]);
  await pass(60_000);
  const text = 'warn: node 1 has confirmed no message to a quorum queue for 60 s';
  assert.deepEqual([canary.confirms(first), lines], [false, [`${text}: ${late.message}`]]);
  assert.equal(canary.isSilent, false);
  first.error = undefined;
  await pass(20_000);
  assert.deepEqual(
    [canary.confirms(first), lines.slice(1)],
    [true, ['info: node 1 confirms messages again']],
  );
});

test('a cluster is silent if no node confirms, but not during alarms', async () => {
  const { nodes, canary, pass, repaired } = checked();
  await canary.start(false);
  for (const node of nodes) node.error = late;
  await pass(2 * silentMs);
  assert.ok(canary.isSilent);
  for (const node of nodes) node.isChecked = false;
  await pass(20_000);
  assert.ok(!canary.isSilent);
  assert.deepEqual(
    nodes.map((node) => [canary.confirms(node), node.openCount]),
    Array(3).fill([undefined, 0]),
  );
  assert.deepEqual(repaired, []);
});

test('a cluster that confirms nothing at its start is silent until it does', async () => {
  const { nodes, lines, canary, pass } = checked();
  for (const node of nodes) node.error = late;
  await canary.start(false);
  assert.ok(canary.isSilent);
  assert.match(
    lines[0] ?? '',
    /^warn: the cluster has confirmed no message since its start: no confirm/,
  );
  for (const node of nodes) node.error = undefined;
  await pass(20_000);
  assert.ok(!canary.isSilent);
  canary.close();
  assert.deepEqual(
    nodes.map(({ openCount }) => openCount),
    [0, 0, 0],
  );
});

test('a virtual host that is missing is created, with one version and all nodes only', async () => {
  const { nodes, lines, repaired, canary, pass } = checked();
  for (const node of nodes) node.error = missing;
  const [, , last] = nodes;
  assert.ok(last);
  last.isChecked = false;
  await canary.start(false);
  await pass(2 * silentMs);
  assert.deepEqual([repaired, lines, canary.isSilent], [[], [], false]);
  last.isChecked = true;
  await pass(20_000);
  assert.deepEqual(repaired, [1]);
  assert.deepEqual(
    nodes.map((node) => canary.confirms(node)),
    [true, true, true],
  );
});

test('a virtual host that cannot be created is told once, and says nothing about the nodes', async () => {
  const { nodes, lines, repaired, canary, pass } = checked('the limit is reached');
  for (const node of nodes) node.error = missing;
  await canary.start(false);
  await pass(5 * silentMs);
  assert.ok(repaired.length > 2 && repaired.length < 8, `${repaired.length} attempts`);
  assert.equal(canary.isSilent, false);
  assert.deepEqual(lines, [
    'warn: confirms are not checked: the virtual host waxwing-health is missing: the limit is reached',
  ]);
});
