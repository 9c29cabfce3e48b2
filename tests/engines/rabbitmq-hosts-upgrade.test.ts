import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import {
  clusterFolder,
  clustersMissing,
  describedAs,
  nodePids,
} from '../support/cluster-machine.ts';
import { networkMissing, type TestMachine } from '../support/host-network.ts';
import { JoinedHosts } from '../support/joined-hosts.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { secondVersionMissing, TwoRabbitMqs } from '../support/two-rabbitmqs.ts';
import { olderVersion, UpgradedCluster, upgradeMs } from '../support/upgraded-cluster.ts';

// A real cluster over three machines, this one and two in network namespaces, gets another version of RabbitMQ
// while clients publish and consume.

const skip = isLong
  ? ((await clustersMissing()) ?? secondVersionMissing() ?? networkMissing() ?? false)
  : 'part of the long tests';
const leaseSeconds = 120;

let rabbitMqs: TwoRabbitMqs;
before(async () => {
  if (!skip) rabbitMqs = await TwoRabbitMqs.make();
});
after(() => {
  if (!skip) rabbitMqs.remove();
});

let hosts: JoinedHosts;
afterEach(() => (skip ? undefined : hosts.remove()));

/** A service with a cluster of the older version over three machines. */
async function olderCluster(): Promise<UpgradedCluster> {
  hosts = await JoinedHosts.start({ count: 2, leaseSeconds, variables: rabbitMqs.variables });
  for (const [zone, machine] of hosts.network.machines.entries()) {
    hosts.join(machine, zone);
    await hosts.isConnected(machine);
  }
  await hosts.createCluster('ledger', olderVersion);
  const { waxwing, brokerId, network } = hosts;
  assert.deepEqual(
    network.machines.map(({ nodes }) => nodes.length),
    [1, 1],
  );
  const others = network.machines.map(({ folder }) => join(folder, 'clusters', brokerId));
  const folders = [clusterFolder(waxwing, brokerId), ...others];
  const cluster = new UpgradedCluster({ waxwing, brokerId, folders });
  assert.deepEqual(cluster.runningNodes, [1, 2, 3]);
  await cluster.declareQueue();
  return cluster;
}

const running = () => describedAs(hosts.waxwing, hosts.brokerId, 'RUNNING', upgradeMs);

test('nodes on three machines are upgraded one by one', { skip }, async () => {
  const cluster = await olderCluster();
  await cluster.losesNothing(async () => {
    await cluster.ask();
    await running();
  });
  await cluster.isUpgraded();
  assert.deepEqual(await cluster.events(), [
    'UpgradeNode 3',
    'UpgradeNode 2',
    'UpgradeNode 1',
    'CompleteUpgrade',
  ]);
  assert.deepEqual(
    hosts.network.machines.map(({ nodes }) => nodes.length),
    [1, 1],
  );
});

test('an upgrade over three machines goes on after the service was killed', { skip }, async () => {
  const cluster = await olderCluster();
  await cluster.losesNothing(async () => {
    await cluster.ask();
    await cluster.areTaken(2);
    await hosts.waxwing.kill();
    await hosts.waxwing.restart();
    await running();
  }, false);
  await cluster.isUpgraded();
  const taken = (await cluster.events()).filter((text) => text.startsWith('UpgradeNode'));
  assert.deepEqual(taken, ['UpgradeNode 3', 'UpgradeNode 2', 'UpgradeNode 1']);
});

/** The machine of the node that is taken first. */
function machineOfLast(): TestMachine {
  const { network, brokerId } = hosts;
  const found = network.machines.find(({ folder }) =>
    nodePids(join(folder, 'clusters', brokerId)).has(3),
  );
  assert.ok(found !== undefined);
  return found;
}

/** Waits until the upgrade has stopped because of the node. */
async function stopped(cluster: UpgradedCluster): Promise<void> {
  const code = 'CRITICAL_ACTION_REQUIRED';
  const found = await describedAs(hosts.waxwing, hosts.brokerId, code, upgradeMs);
  const [action] = found.ActionsRequired ?? [];
  assert.equal(action?.ActionRequiredCode, 'BROKER_UPGRADE_STOPPED');
  assert.match(action?.ActionRequiredInfo ?? '', /node 3/);
  assert.deepEqual(cluster.runningNodes, [1, 2]);
}

test('an upgrade stops when the host of its node is lost, and goes on by itself', {
  skip,
}, async () => {
  const cluster = await olderCluster();
  const machine = machineOfLast();
  await cluster.losesNothing(async () => {
    await cluster.ask();
    await cluster.areTaken(1);
    await machine.lose();
    await stopped(cluster);
    hosts.serve(machine);
    await running();
  });
  await cluster.isUpgraded();
  assert.deepEqual(await cluster.events(), [
    'UpgradeNode 3',
    'StopUpgrade',
    'UpgradeNode 2',
    'UpgradeNode 1',
    'CompleteUpgrade',
  ]);
});

test('an upgrade stops when the host of a node is lost that is being drained', {
  skip,
}, async () => {
  const cluster = await olderCluster();
  const machine = machineOfLast();
  await cluster.losesNothing(async () => {
    await cluster.ask();
    await until('the node is drained', () => machine.runs('drain'), upgradeMs);
    await machine.lose();
    await stopped(cluster);
    hosts.serve(machine);
    await hosts.complete();
    await cluster.reboot();
    await running();
  });
  await cluster.isUpgraded();
  assert.deepEqual(await cluster.events(), [
    'StopUpgrade',
    'UpgradeNode 3',
    'UpgradeNode 2',
    'UpgradeNode 1',
    'CompleteUpgrade',
  ]);
});
