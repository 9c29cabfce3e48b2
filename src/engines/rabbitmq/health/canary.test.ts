import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransferError } from '../../../transfer/errors.ts';
import { Canary, type CheckedNode, checkMs, failureCountMax } from './canary.ts';

interface Stated extends CheckedNode {
  isChecked: boolean;
  /** What its confirms and connections end with; undefined if they succeed. */
  error: Error | undefined;
  openCount: number;
  /** Whether the queue could be created, of each check. */
  readonly created: boolean[];
}

/** Nodes as stated, and the time. */
function checked(repairing: { readonly refusal?: string; readonly isOfNoUse?: true } = {}) {
  const nodes = [1, 2, 3].map(
    (number): Stated => ({
      number,
      version: '3.10',
      isChecked: true,
      error: undefined,
      openCount: 0,
      created: [],
    }),
  );
  const lines: string[] = [];
  const repairedMs: number[] = [];
  let nowMs = 0;
  const canary = new Canary(nodes, {
    open: async (node) => {
      if (node.error instanceof TransferError) throw node.error;
      node.openCount++;
      return {
        confirm: async (mayCreate) => {
          node.created.push(mayCreate);
          if (node.error !== undefined) throw node.error;
        },
        close: () => {
          node.openCount--;
        },
      };
    },
    repair: async () => {
      repairedMs.push(nowMs);
      if (repairing.refusal !== undefined) return repairing.refusal;
      if (!repairing.isOfNoUse) for (const each of nodes) each.error = undefined;
      return undefined;
    },
    log: (level, text) => void lines.push(`${level}: ${text}`),
    pause: async () => {
      nowMs += 1000;
    },
    nowMs: () => nowMs,
  });
  const pass = async (checks: number) => {
    for (const endMs = nowMs + checks * checkMs; nowMs < endMs; nowMs += 5000) {
      canary.examine();
      await canary.ended;
    }
  };
  const stand = (ms: number) => {
    nowMs += ms;
  };
  return { nodes, lines, repairedMs, canary, pass, stand };
}
const late = new Error('no confirm within 5000 ms');
const missing = new TransferError('login-refused', '530 NOT_ALLOWED - vhost', { replyCode: 530 });
const down = new TransferError('login-refused', '541 INTERNAL_ERROR - vhost is down', {
  replyCode: 541,
});
const closed = new TransferError('connection-failed', 'the server has closed the connection');

test('one node that confirms nothing is told, and the cluster is not silent', async () => {
  const { nodes, lines, canary, pass } = checked();
  await canary.start(true);
  const [first] = nodes;
  assert.ok(first);
  first.error = down;
  await pass(failureCountMax - 1);
  assert.deepEqual([canary.confirms(first), lines], [true, []]);
  await pass(2);
  const text = 'warn: node 1 has confirmed no message to a quorum queue for about a minute';
  assert.deepEqual([canary.confirms(first), lines], [false, [`${text}: ${down.message}`]]);
  assert.equal(canary.isSilent, false);
  first.error = undefined;
  await pass(1);
  assert.deepEqual(
    [canary.confirms(first), lines.slice(1)],
    [true, ['info: node 1 confirms messages again']],
  );
});

test('a cluster is silent if no node confirms, but not during alarms', async () => {
  const { nodes, canary, pass, repairedMs } = checked();
  await canary.start(false);
  for (const node of nodes) node.error = late;
  await pass(failureCountMax);
  assert.ok(!canary.isSilent);
  await pass(1);
  assert.ok(canary.isSilent);
  for (const node of nodes) node.isChecked = false;
  await pass(1);
  assert.ok(!canary.isSilent);
  assert.deepEqual(
    nodes.map((node) => [canary.confirms(node), node.openCount]),
    Array(3).fill([undefined, 0]),
  );
  assert.deepEqual(repairedMs, []);
});

test('a cluster is silent although its nodes are asked in turns only', async () => {
  const { nodes, canary, pass } = checked();
  await canary.start(false);
  for (const node of nodes) node.error = late;
  for (let check = 0; check <= failureCountMax; check++) {
    for (const node of nodes) node.isChecked = node.number !== (check % 3) + 1;
    await pass(1);
  }
  assert.ok(canary.isSilent);
});

test('a service that stood still for long does not call a cluster silent', async () => {
  const { nodes, lines, canary, pass, stand } = checked();
  await canary.start(false);
  await pass(2);
  stand(3_600_000);
  for (const node of nodes) node.error = closed;
  await pass(1);
  assert.ok(!canary.isSilent);
  for (const node of nodes) node.error = undefined;
  await pass(1);
  assert.deepEqual([canary.isSilent, lines], [false, []]);
});

test('a cluster that confirms nothing at its start is silent until it does', async () => {
  const { nodes, lines, canary, pass } = checked();
  for (const node of nodes) node.error = late;
  const started = canary.start(false);
  assert.ok(!canary.isSilent);
  await started;
  assert.ok(canary.isSilent);
  assert.match(
    lines[0] ?? '',
    /^warn: the cluster has confirmed no message since its start: no confirm/,
  );
  for (const node of nodes) node.error = undefined;
  await pass(2);
  assert.ok(!canary.isSilent);
  canary.close();
  assert.deepEqual(
    nodes.map(({ openCount }) => openCount),
    [0, 0, 0],
  );
});

test('a start is not held up by nodes that are asked for something else', async () => {
  const { nodes, canary } = checked();
  for (const node of nodes) node.isChecked = false;
  await canary.start(false);
  assert.deepEqual([canary.isSilent, nodes.map(({ openCount }) => openCount)], [false, [0, 0, 0]]);
});

test('the queue is created and examined with one version and all nodes only', async () => {
  const { nodes, canary, pass } = checked();
  await canary.start(false);
  await pass(1);
  const [first, second] = nodes;
  assert.ok(first && second);
  second.isChecked = false;
  await pass(1);
  second.isChecked = true;
  await pass(1);
  Object.assign(second, { version: '3.11' });
  await pass(1);
  assert.deepEqual(first.created, [true, false, true, false]);
});

test('a virtual host that is missing is created, with one version and all nodes only', async () => {
  const { nodes, lines, repairedMs, canary, pass } = checked();
  for (const node of nodes) node.error = missing;
  const [, , last] = nodes;
  assert.ok(last);
  last.isChecked = false;
  await canary.start(false);
  await pass(8);
  assert.deepEqual([repairedMs, lines, canary.isSilent], [[], [], false]);
  last.isChecked = true;
  await pass(2);
  assert.equal(repairedMs.length, 1);
  assert.deepEqual(
    nodes.map((node) => canary.confirms(node)),
    [true, true, true],
  );
});

test('a virtual host that cannot be created is told once, and says nothing about the nodes', async () => {
  const { nodes, lines, repairedMs, canary, pass } = checked({ refusal: 'the limit is reached' });
  for (const node of nodes) node.error = missing;
  await canary.start(false);
  await pass(40);
  const between = repairedMs.slice(1).map((ms, at) => ms - (repairedMs[at] ?? 0));
  assert.deepEqual(between, [60_000, 120_000, 240_000]);
  assert.equal(canary.isSilent, false);
  assert.deepEqual(lines, [
    'warn: confirms are not checked, because the virtual host waxwing-health cannot be used: the limit is reached',
  ]);
});

test('a virtual host that is refused although it was created is told once, and holds up no start', async () => {
  const { nodes, lines, canary, pass } = checked({ isOfNoUse: true });
  for (const node of nodes) node.error = missing;
  const started = canary.start(true);
  await started;
  await pass(40);
  assert.equal(canary.isSilent, false);
  assert.deepEqual(lines, [
    `warn: confirms are not checked, because the virtual host waxwing-health cannot be used: ${missing.message}`,
  ]);
});

test('checks that are closed while they wait close their connections and say nothing', async () => {
  const opened: (() => void)[] = [];
  const lines: string[] = [];
  let openCount = 0;
  const signals: AbortSignal[] = [];
  const canary = new Canary([{ number: 1, version: '3.10', isChecked: true }], {
    open: async (_, signal) => {
      signals.push(signal);
      await new Promise<void>((resolve) => opened.push(resolve));
      openCount++;
      return {
        confirm: async () => {},
        close: () => void openCount--,
      };
    },
    repair: async () => undefined,
    log: (_, text) => void lines.push(text),
    pause: async () => {},
    nowMs: () => 0,
  });
  canary.open();
  canary.examine();
  await new Promise(setImmediate);
  canary.close();
  assert.equal(signals[0]?.aborted, true);
  for (const resolve of opened) resolve();
  await canary.ended;
  assert.deepEqual([openCount, lines, canary.isSilent], [0, [], false]);
});
