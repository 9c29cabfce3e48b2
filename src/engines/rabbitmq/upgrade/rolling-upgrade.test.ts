import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RollingUpgrade, type UpgradeActions, type UpgradedNode } from './rolling-upgrade.ts';

// The order of the steps of an upgrade, with nodes that only tell what was done to them.

class RecordedNode implements UpgradedNode {
  isHeld = false;
  isDrained = false;
  isUp = true;
  version: string;
  installed = ['3.9', '3.10'];
  readonly number: number;
  readonly host: UpgradedNode['host'];
  readonly api = { get: async () => ({ rabbitmq_version: `${this.version}.8` }) };

  constructor(number: number, version = '3.9') {
    this.number = number;
    this.version = version;
    const pluginsOf = (wanted: string) => (this.installed.includes(wanted) ? [] : undefined);
    this.host = { name: `host-${number}`, pluginsOf };
  }

  sees(): boolean {
    return this.isUp;
  }
}

/** Three nodes and what was done. */
class Recorded {
  readonly nodes: readonly RecordedNode[];
  readonly done: string[] = [];
  /** Commands that fail, and how often. */
  readonly failures = new Map<string, number>();
  /** While this command runs, the connection to the host is lost. */
  hostLost: string | undefined = undefined;
  /** Nodes whose process ends when it starts. */
  readonly broken = new Set<number>();
  readonly upgrade: RollingUpgrade<RecordedNode>;
  #nowMs = 0;

  constructor(versions: readonly string[] = ['3.9', '3.9', '3.9']) {
    this.nodes = versions.map((version, i) => new RecordedNode(i + 1, version));
    this.upgrade = new RollingUpgrade(this.nodes, this.#actions);
  }

  get #actions(): UpgradeActions<RecordedNode> {
    return {
      until: async (isTrue) => {
        for (let look = 0; look < 9; look++) if (isTrue()) return;
        throw new Error('it takes too long');
      },
      command: async ({ number }, { kind }) => {
        if (kind === this.hostLost) throw new Error(`host 'host-${number}' is not connected`);
        this.done.push(`${kind} ${number}`);
        const left = this.failures.get(kind) ?? 0;
        this.failures.set(kind, left - 1);
        return left > 0 ? 'exit code 69' : undefined;
      },
      record: async ({ number }, version) => void this.done.push(`record ${number} ${version}`),
      restart: async (node) => {
        if (this.hostLost === 'restart') throw new Error('its volume cannot be used');
        this.done.push(`start ${node.number} ${node.version}`);
        node.isUp = !this.broken.has(node.number);
        while (!node.isUp && this.upgrade.mayStart(node)) this.upgrade.ended(node, 'exit code 3');
      },
      end: async (node) => {
        node.isUp = false;
        this.done.push(`end ${node.number}`);
      },
      pause: async () => {
        this.#nowMs += 60_000;
      },
      nowMs: () => this.#nowMs,
      log: () => {},
    };
  }

  /** What was done to the nodes, without the checks. */
  get steps(): string[] {
    return this.done.filter((each) => /^(record|start|end|revive|enable-flags)/.test(each));
  }
}

test('each node is checked, drained, recorded and started, the last one first', async () => {
  const cluster = new Recorded();
  await cluster.upgrade.run('3.10');
  const ofNode = (number: number) => [
    `check-quorum ${number}`,
    `check-mirrors ${number}`,
    `drain ${number}`,
    `record ${number} 3.10`,
    `start ${number} 3.10`,
  ];
  assert.deepEqual(cluster.done, [
    'enable-flags 1',
    ...ofNode(3),
    ...ofNode(2),
    ...ofNode(1),
    'enable-flags 1',
    'rebalance 1',
  ]);
  assert.ok(cluster.nodes.every(({ isDrained, isHeld }) => !isDrained && !isHeld));
});

test('a node is taken when no queue needs it, and nodes of version 4 have no mirrors', async () => {
  const cluster = new Recorded(['4.0', '4.0', '4.0']);
  for (const node of cluster.nodes) node.installed = ['4.0', '4.1'];
  cluster.failures.set('check-quorum', 2);
  await cluster.upgrade.run('4.1');
  const checks = cluster.done.filter((each) => each.startsWith('check-'));
  assert.deepEqual(checks, [
    ...Array(3).fill('check-quorum 3'),
    'check-quorum 2',
    'check-quorum 1',
  ]);
});

test('a node that a queue needs for longer is left as it is', async () => {
  const cluster = new Recorded();
  cluster.failures.set('check-quorum', 99);
  await assert.rejects(cluster.upgrade.run('3.10'), /node 3 is needed for the majority of a queue/);
  assert.deepEqual(cluster.steps, ['enable-flags 1']);
});

test('feature flags that cannot be enabled stop the upgrade before the first node', async () => {
  const cluster = new Recorded();
  cluster.failures.set('enable-flags', 99);
  await assert.rejects(cluster.upgrade.run('3.10'), /could not enable all feature flags/);
  assert.ok(cluster.steps.every((each) => each === 'enable-flags 1'));
});

test('no second node is taken while the first does not run, and a retry begins with it', async () => {
  const cluster = new Recorded();
  cluster.broken.add(3);
  const why = /stopped: node 3 does not run with it: its process ended 3 times \(exit code 3\)/;
  await assert.rejects(cluster.upgrade.run('3.10'), why);
  assert.deepEqual(cluster.steps, ['enable-flags 1', 'record 3 3.10', 'start 3 3.10', 'end 3']);
  const [, , third] = cluster.nodes;
  assert.ok(third?.isHeld && !cluster.upgrade.mayStart(third));
  await assert.rejects(cluster.upgrade.run('3.10'), why);
  cluster.broken.clear();
  cluster.done.length = 0;
  await cluster.upgrade.run('3.10');
  assert.deepEqual(cluster.steps, [
    'start 3 3.10',
    ...['record 2 3.10', 'start 2 3.10', 'record 1 3.10', 'start 1 3.10', 'enable-flags 1'],
  ]);
});

test('an upgrade of an earlier process goes on with the nodes that are left', async () => {
  const cluster = new Recorded(['3.9', '3.10', '3.10']);
  await cluster.upgrade.run('3.10');
  assert.deepEqual(cluster.steps, ['record 1 3.10', 'start 1 3.10', 'enable-flags 1']);
});

test('nothing is changed while an old node does not run', async () => {
  const cluster = new Recorded(['3.9', '3.9', '3.10']);
  const [first] = cluster.nodes;
  assert.ok(first !== undefined);
  first.isUp = false;
  await assert.rejects(cluster.upgrade.run('3.10'), /it takes too long/);
  assert.deepEqual(cluster.steps, []);
});

test('a host without the version keeps the upgrade from beginning', async () => {
  const cluster = new Recorded();
  const [, second] = cluster.nodes;
  assert.ok(second !== undefined);
  second.installed = ['3.9'];
  const why = /has not begun: host 'host-2' of node 2 has no RabbitMQ 3.10 that can be used/;
  await assert.rejects(cluster.upgrade.run('3.10'), why);
  assert.deepEqual(cluster.done, []);
});

test('a node that states another version is not counted as upgraded', async () => {
  const cluster = new Recorded();
  const [, , third] = cluster.nodes;
  assert.ok(third !== undefined);
  third.api.get = async () => ({ rabbitmq_version: '3.9.0' });
  await assert.rejects(cluster.upgrade.run('3.10'), /node 3 states another version than 3.10/);
  assert.deepEqual(cluster.steps.slice(-2), ['start 3 3.10', 'end 3']);
});

test('a drain that cannot be undone keeps clients from the node', async () => {
  const ends = [];
  for (const failures of [0, 1]) {
    const cluster = new Recorded();
    cluster.failures.set('revive', failures);
    cluster.hostLost = 'drain';
    await assert.rejects(cluster.upgrade.run('3.10'), /node 3 on host 'host-3': .*not connected/);
    assert.deepEqual(cluster.steps, ['enable-flags 1', 'revive 3']);
    ends.push(cluster.nodes.map(({ isDrained }) => isDrained));
  }
  assert.deepEqual(ends, [
    [false, false, false],
    [false, false, true],
  ]);
});

test('a node whose host is lost after it was recorded is started with the new version later', async () => {
  const cluster = new Recorded();
  cluster.hostLost = 'restart';
  await assert.rejects(cluster.upgrade.run('3.10'), /its volume cannot be used/);
  assert.deepEqual(cluster.steps, ['enable-flags 1', 'record 3 3.10', 'end 3']);
  cluster.hostLost = undefined;
  cluster.done.length = 0;
  await cluster.upgrade.run('3.10');
  assert.deepEqual(cluster.steps, [
    'start 3 3.10',
    'record 2 3.10',
    'start 2 3.10',
    'record 1 3.10',
    'start 1 3.10',
    'enable-flags 1',
  ]);
});
