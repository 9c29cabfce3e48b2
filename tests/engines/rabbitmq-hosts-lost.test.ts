import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { clusterMs, clustersMissing, describedAs } from '../support/cluster-machine.ts';
import { installed } from '../support/debian-packages.ts';
import { networkMissing, type TestMachine } from '../support/host-network.ts';
import { JoinedHosts } from '../support/joined-hosts.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { eventsNamed } from '../support/trail-events.ts';
import { FaultClients } from './cluster-faults/clients.ts';
import { FaultLedger } from './cluster-faults/ledger.ts';

// Hosts that never come back, and a service that replaces their nodes by itself. The clients are amqplib,
// the Java client and pika.

const packages = ['librabbitmq-client-java', 'default-jdk-headless', 'python3-pika'];
const skip = isLong
  ? ((await clustersMissing()) ?? (await installed(...packages)) ?? networkMissing() ?? false)
  : 'part of the long tests';
const leaseSeconds = 30;
const confirmMs = 120_000;

let hosts: JoinedHosts;
let clients: FaultClients | undefined;
const ledger = new FaultLedger();

before(async () => {
  if (skip) return;
  const args = ['--replace-lost-hosts-after', `${leaseSeconds}`];
  hosts = await JoinedHosts.start({ count: 3, leaseSeconds, args });
  for (const [zone, machine] of hosts.network.machines.entries()) {
    hosts.join(machine, zone);
    await hosts.isConnected(machine);
  }
  await hosts.createCluster('ledger');
  const { ca, environment } = hosts.waxwing;
  const caFile = environment['WAXWING_CA_FILE'] ?? '';
  clients = new FaultClients({ url: hosts.url, ca, caFile }, ledger);
  await clients.start();
});
after(async () => {
  if (skip) return;
  await clients?.stop();
  await hosts.remove();
});

/** Plays a loss. Afterwards, all publishers must get confirms, and all that was confirmed must arrive. */
async function losesNothing(play: () => Promise<void>): Promise<void> {
  try {
    await confirms();
    await play();
    await hosts.recovered();
    await confirms();
    const left = ledger.snapshot();
    await until(
      () => `${left().length} messages, first ${left()[0]}`,
      () => left().length === 0,
      confirmMs,
    );
    assert.deepEqual(clients?.problems, []);
  } catch (error) {
    console.error(hosts.waxwing.output.slice(-8000));
    throw error;
  }
}

async function confirms(): Promise<void> {
  const before = clients?.prefixes.map((name) => [name, ledger.confirmedOf(name)] as const) ?? [];
  const isStuck = () => before.some(([name, known]) => ledger.confirmedOf(name) <= known);
  await until('confirms for all publishers', () => !isStuck(), confirmMs);
}

/** What a machine has of the cluster. */
function volumesOn(machine: TestMachine): string[] {
  const folder = join(machine.folder, 'clusters', hosts.brokerId);
  return existsSync(folder) ? readdirSync(folder) : [];
}

test('a host that is lost together with the service is replaced without hands', { skip }, () =>
  losesNothing(async () => {
    const { used, spare } = hosts.split();
    const [lost, kept] = used;
    assert.ok(lost !== undefined && kept !== undefined && spare !== undefined);
    await Promise.all([lost.lose(), hosts.waxwing.kill()]);
    await hosts.waxwing.restart();
    await hosts.recovered();
    assert.deepEqual([lost.nodes.length, kept.nodes.length, spare.nodes.length], [0, 1, 1]);
    const events = await eventsNamed(hosts.waxwing, 'ReplaceNode');
    assert.deepEqual(
      events.map(({ userIdentity }) => userIdentity),
      [{ accountId: events[0]?.recipientAccountId, invokedBy: 'AWS Internal' }],
    );
    // Much later, it is back after all.
    hosts.serve(lost);
    await until('it removes what it had', () => volumesOn(lost).length === 0, clusterMs);
  }),
);

test(
  'a host that is lost when everything ends at one moment is replaced without hands',
  {
    skip,
  },
  () =>
    losesNothing(async () => {
      const { used, spare } = hosts.split();
      const [lost, kept] = used;
      assert.ok(lost !== undefined && kept !== undefined && spare !== undefined);
      // As if the power failed in all places.
      await Promise.all([lost.lose(), kept.lose(), hosts.waxwing.kill()]);
      await hosts.waxwing.restart();
      hosts.serve(kept);
      // The first start waits for all nodes for four minutes, before the next one replaces the lost one.
      await describedAs(hosts.waxwing, hosts.brokerId, 'RUNNING', 2 * clusterMs);
      await hosts.recovered();
      assert.deepEqual([lost.nodes.length, kept.nodes.length, spare.nodes.length], [0, 1, 1]);
    }),
);

test('a host that is lost after it ended last is replaced without hands', { skip }, () =>
  losesNothing(async () => {
    const { used, spare } = hosts.split();
    const [lost, kept] = used;
    assert.ok(lost !== undefined && kept !== undefined && spare !== undefined);
    // Its agent stands still: the service does not reach it, and its node goes on.
    process.kill(lost.agentPid, 'SIGSTOP');
    await hosts.isDisconnected(lost);
    assert.equal(lost.nodes.length, 1);
    await hosts.waxwing.stop();
    await lost.lose();
    await hosts.waxwing.restart();
    // The others wait for its node, which may be newer, for four minutes; the next start goes on without it.
    await describedAs(hosts.waxwing, hosts.brokerId, 'RUNNING', 3 * clusterMs);
    await hosts.recovered();
    assert.deepEqual([lost.nodes.length, kept.nodes.length, spare.nodes.length], [0, 1, 1]);
  }),
);
