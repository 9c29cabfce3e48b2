import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { clusterMs, clustersMissing, engineVariables } from '../support/cluster-machine.ts';
import { installed } from '../support/debian-packages.ts';
import {
  HostNetwork,
  networkMissing,
  ownAddress,
  type TestMachine,
} from '../support/host-network.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { Shell, type ShellService } from './shell.ts';
import { snippetsFor } from './snippets.ts';

// The commands of `docs/guides/hosts.md`, on machines in network namespaces, with a real cluster.

const page = 'docs/guides/hosts.md';
const skip = isLong
  ? ((await clustersMissing()) ?? (await installed('awscli')) ?? networkMissing() ?? false)
  : 'part of the long tests';
const folder = '/tmp/waxwing-test-hosts';
const [serve = '', token = '', join_ = '', replace = '', serveAndReplace = '', remove = ''] =
  snippetsFor('tests/documents/hosts-page.test.ts', page, 6);

let network: HostNetwork;
let shell: Shell;
let service: ShellService;
const joined: ChildProcess[] = [];

/** The page has other addresses. */
const withAddresses = (text: string, machine?: TestMachine) =>
  text.replaceAll('10.0.0.1', ownAddress).replaceAll('10.0.0.2', machine?.address ?? '');

before(async () => {
  if (skip) return;
  network = new HostNetwork(3, folder);
  rmSync(folder, { recursive: true, force: true });
  const ports = { WAXWING_API_PORT: '0', WAXWING_AMQPS_PORT: '0', WAXWING_NO_DEFAULT_BROKER: '1' };
  shell = new Shell({ ...engineVariables, ...ports });
});
after(async () => {
  if (skip) return;
  for (const machine of network.machines) await machine.lose();
  await service?.stop().catch(() => {});
  network.remove();
  rmSync(folder, { recursive: true, force: true });
  shell.folder.remove();
});

interface Listed {
  readonly name: string;
  readonly isConnected: boolean;
  readonly nodeCount: number;
}

async function hosts(): Promise<readonly Listed[]> {
  return JSON.parse(await shell.succeed('waxwing node list --json')).hosts;
}

const createCluster = `
aws mq create-broker --broker-name ledger --engine-type RABBITMQ --deployment-mode CLUSTER_MULTI_AZ \\
  --host-instance-type mq.m7g.large --no-publicly-accessible --auto-minor-version-upgrade \\
  --users Username=admin,Password=correct-horse-9`;

/** Lets a machine join as the page shows it, under the name `host-b`, `host-c` or `host-d`. */
async function joins(machine: TestMachine, name: string): Promise<void> {
  await shell.succeed(token);
  const own = new Shell(
    { ...engineVariables, WAXWING_TEST_HOST: name },
    ...['nsenter', `--net=/run/netns/${machine.name}`, 'unshare', '--uts', 'sh', '-c'],
    'hostname "$WAXWING_TEST_HOST" && exec "$0" "$@"',
  );
  copyFileSync(join(shell.folder.root, 'token'), join(own.folder.root, 'token'));
  mkdirSync(folder, { recursive: true });
  // The folder of the host is where the test removes what it leaves.
  const text = withAddresses(join_, machine).replace('--zone b', `--zone ${name.slice(-1)}`);
  const agent = own.begin(`${text} --data ${machine.folder}`);
  joined.push(agent);
  let said = '';
  for (const stream of [agent.stdout, agent.stderr]) {
    stream?.setEncoding('utf8').on('data', (part: string) => {
      said += part;
    });
  }
  const isThere = async () => {
    if (agent.exitCode !== null) throw new Error(`the agent has ended: ${said}`);
    return (await hosts()).some((each) => each.name === name && each.isConnected);
  };
  await until(() => `${name} is connected: ${said}`, isThere, clusterMs);
}

const isRunning = () =>
  until('the cluster runs', async () => (await shell.run('waxwing status')).code === 0, clusterMs);

const nodesOf = async (name: string) =>
  (await hosts()).find((each) => each.name === name)?.nodeCount;

test('the service starts, and three machines join it', { skip }, async () => {
  service = await shell.serve(withAddresses(serve));
  const [b, c, d] = network.machines;
  assert.ok(b && c && d);
  await joins(b, 'host-b');
  await joins(c, 'host-c');
  await joins(d, 'host-d');
});

test('a node of a cluster gets another host, until a host has none', { skip }, async () => {
  await shell.succeed(createCluster, await service.environment());
  await isRunning();
  const before = JSON.stringify(await hosts());
  for (const node of [2, 1, 3]) {
    const command = replace.replace('ledger 2', `ledger ${node}`);
    // It is refused while the cluster takes in the node before.
    const isBegun = async () => (await shell.run(command)).code === 0;
    await until(`node ${node} moves`, isBegun, clusterMs);
    await isRunning();
    if ((await nodesOf('host-b')) === 0) break;
  }
  assert.notEqual(JSON.stringify(await hosts()), before);
  assert.equal(await nodesOf('host-b'), 0);
});

test('a host without nodes is removed, and its agent ends', { skip }, async () => {
  assert.equal(await shell.succeed(remove), 'The host is removed.\n');
  const [agent] = joined;
  assert.ok(agent);
  await until('the agent has ended', () => agent.exitCode !== null, clusterMs);
  assert.equal(agent.exitCode, 3);
  assert.equal(await nodesOf('host-b'), undefined);
});

test('the service starts again with hosts that it may replace', { skip }, async () => {
  await service.stop();
  service = await shell.serve(withAddresses(serveAndReplace));
  await isRunning();
});
