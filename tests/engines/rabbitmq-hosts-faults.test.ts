import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { RevokeGrantCommand } from '@aws-sdk/client-kms';
import { describeBroker } from '../support/broker-requests.ts';
import {
  clusterFolder,
  clusterMs,
  clustersMissing,
  describedAs,
  isComplete,
  nodePids,
} from '../support/cluster-machine.ts';
import { installed } from '../support/debian-packages.ts';
import { networkMissing, type TestMachine } from '../support/host-network.ts';
import { JoinedHosts, volumePidOf } from '../support/joined-hosts.ts';
import { grantsOn } from '../support/keys.ts';
import { isRunning, until } from '../support/processes.ts';
import { isLong, writeProof } from '../support/proof.ts';
import { SkewedRabbitMq } from '../support/skewed-rabbitmq.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { eventsNamed } from '../support/trail-events.ts';
import { FaultClients } from './cluster-faults/clients.ts';
import { FaultLedger } from './cluster-faults/ledger.ts';

// Disks and clocks of hosts that fail, in network namespaces: the first host has a small disk, the second
// one a clock that can be set. amqplib, the Java client and pika publish all the time, and a consumer takes
// everything. The tests share a cluster and depend on each other.

const packages = ['faketime', 'librabbitmq-client-java', 'default-jdk-headless', 'python3-pika'];
const skip = isLong
  ? ((await clustersMissing()) ?? (await installed(...packages)) ?? networkMissing() ?? false)
  : 'part of the long tests';

const leaseSeconds = 60;
/** Size of the file system of the first host, MiB. */
const diskMib = 900;
const confirmMs = 120_000;

let hosts: JoinedHosts;
let disk: SmallDisk;
let skewed: SkewedRabbitMq;
let clients: FaultClients | undefined;
const ledger = new FaultLedger();
let begunCount = 0;
/** What was played: for docs/proof. */
const played: { fault: string; seconds: number; confirmed: number; states: string[] }[] = [];

before(async () => {
  if (skip) return;
  skewed = await SkewedRabbitMq.create('rabbit*');
  hosts = await JoinedHosts.start({ count: 3, leaseSeconds }, ({ machines: [first] }) => {
    assert.ok(first !== undefined);
    mkdirSync(first.folder, { recursive: true });
    // Where the next run removes it if this one is killed.
    const made = SmallDisk.mount(diskMib, dirname(first.folder));
    if (typeof made === 'string') throw new Error(made);
    disk = made;
    chmodSync(disk.folder, 0o700);
    execFileSync('mount', ['--bind', disk.folder, first.folder]);
  });
});
after(async () => {
  if (skip) return;
  await clients?.stop();
  await hosts.remove();
  skewed.remove();
  // What failed is no proof.
  if (played.length < begunCount) return;
  writeProof('hosts-faults', {
    rabbitMq: skewed.version,
    hosts: 'the machine of the service and two in network namespaces',
    leaseSeconds,
    played,
    confirmed: ledger.confirmedCount,
    receivedAgain: ledger.againCount,
    lost: ledger.snapshot()().length,
  });
});

/** One of the machines: 1 has the small disk, 2 the clock that can be wrong. */
function machine(number: number): TestMachine {
  const found = hosts.network.machines[number - 1];
  assert.ok(found !== undefined);
  return found;
}

/** The variables of the machine whose clock can be wrong. */
const skewedVariables = () => ({ ...skewed.clockVariables, WAXWING_RABBITMQ_HOME: skewed.home });

/**
 * Plays a fault under load. Afterwards, the broker must run, all nodes must see each other, every publisher
 * must get confirms, and everything that was confirmed must have been received.
 */
async function plays(fault: string, play: () => Promise<void>): Promise<void> {
  begunCount++;
  const { waxwing } = hosts;
  const [startMs, confirmed, states] = [
    performance.now(),
    ledger.confirmedCount,
    new Set<string>(),
  ];
  let isOver = false;
  const looks = (async () => {
    while (!isOver) {
      const found = await describeBroker(waxwing, hosts.brokerId).catch(() => undefined);
      const codes = (found?.ActionsRequired ?? []).map((each) => each.ActionRequiredCode);
      if (found !== undefined) states.add([found.BrokerState, ...codes].join(' '));
      await delay(500);
    }
  })();
  try {
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
    console.error(waxwing.output.slice(-6000));
    for (const each of hosts.network.machines) console.error(each.name, each.output.slice(-3000));
    throw error;
  } finally {
    isOver = true;
    await looks;
  }
  const seconds = Math.round((performance.now() - startMs) / 100) / 10;
  played.push({
    fault,
    seconds,
    confirmed: ledger.confirmedCount - confirmed,
    states: [...states],
  });
}

/** Waits until each publisher gets another confirm. */
async function confirms(): Promise<void> {
  const before = clients?.prefixes.map((name) => [name, ledger.confirmedOf(name)] as const) ?? [];
  const stuck = () => before.filter(([name, known]) => ledger.confirmedOf(name) <= known);
  await until(
    () => `confirms for ${stuck().map(([name]) => name)}`,
    () => stuck().length === 0,
    confirmMs,
  );
}

const actionCodes = async () =>
  ((await describeBroker(hosts.waxwing, hosts.brokerId)).ActionsRequired ?? []).map(
    ({ ActionRequiredCode }) => ActionRequiredCode,
  );

/** Waits until the service has said something. @param from the length of its output before */
const says = (pattern: RegExp, from: number) =>
  until(`${pattern}`, () => pattern.test(hosts.waxwing.output.slice(from)), clusterMs);

test('a machine whose clock is days behind cannot join, and is told why', { skip }, async () => {
  const late = machine(2);
  skewed.setClock(-20 * 24 * 60);
  hosts.join(late, 2, skewedVariables());
  assert.notEqual(await late.ended(), 0);
  assert.match(late.output, /not yet valid.*by the clock of this machine, it is 20/);
  assert.equal(hosts.hostOf(late), undefined);
});

test('a machine whose clock is 13 h behind joins, but gets no lease until its clock is right', {
  skip,
}, async () => {
  const late = machine(2);
  late.output = '';
  skewed.setClock(-13 * 60);
  hosts.join(late, 2, skewedVariables());
  const pattern = /the clock of this machine is 13 h 0 min behind .*12 h are allowed/;
  await until('it says so', () => pattern.test(late.output), clusterMs);
  assert.equal(hosts.hostOf(late)?.isConnected, false);
  await says(/the clock of host 'wxtest-2' is 13 h 0 min behind/, 0);
  await until(
    'its refusal is an event',
    async () =>
      (await eventsNamed(hosts.waxwing, 'ConnectHost')).some(
        ({ errorCode }) => errorCode === 'ClockWrong',
      ),
    clusterMs,
  );
  skewed.setClock(0);
  await hosts.isConnected(late);
});

test('a cluster has nodes on the host with a small disk and on that with the clock', {
  skip,
}, async () => {
  hosts.join(machine(1), 1);
  await hosts.isConnected(machine(1));
  await hosts.createCluster('ledger');
  assert.deepEqual(
    hosts.split().used.map(({ name }) => name),
    ['wxtest-1', 'wxtest-2'],
  );
  const { ca, environment } = hosts.waxwing;
  const caFile = environment['WAXWING_CA_FILE'] ?? '';
  clients = new FaultClients({ url: hosts.url, ca, caFile }, ledger);
  await clients.start();
  await confirms();
});

test('a slow volume of a host', { skip }, () =>
  plays('volume of a host slow, 20 s', async () => {
    const [pid, node] = [volumePidOf(machine(1)), machine(1).nodes[0]];
    const endMs = performance.now() + 20_000;
    while (performance.now() < endMs) {
      process.kill(pid, 'SIGSTOP');
      await delay(80);
      process.kill(pid, 'SIGCONT');
      await delay(20);
    }
    assert.deepEqual(machine(1).nodes, [node]);
  }),
);

test(
  'a volume of a host that stands still for good ends its node, which comes back',
  {
    skip,
  },
  () =>
    plays('volume of a host stopped for good', async () => {
      const [from, node = 0] = [hosts.waxwing.output.length, machine(1).nodes[0]];
      process.kill(volumePidOf(machine(1)), 'SIGSTOP');
      await until('its node has ended', () => !isRunning(node), clusterMs);
      await says(/node \d was stopped: its volume does not work/, from);
    }),
);

test('a full disk of a host is an alarm that names the host', { skip }, () =>
  plays('disk of a host full, 60 s', async () => {
    const from = hosts.waxwing.output.length;
    disk.fill();
    try {
      await says(
        /\(host 'wxtest-1'\) is low on disk space: \d+ MiB are free|node \d ended .* and is started/,
        from,
      );
      await delay(60_000);
      // Without the node, the others serve clients: there is no alarm then.
      const [codes, isWhole] = [await actionCodes(), await isComplete(hosts.waxwing, 3)];
      if (isWhole) assert.deepEqual(codes, ['RABBITMQ_DISK_ALARM']);
    } finally {
      disk.free();
    }
  }),
);

/** How far the clock of a node is ahead, minutes, as its process was started. */
function startedWithClock(host: TestMachine): boolean {
  const [pid = 0] = host.nodes;
  return readFileSync(`/proc/${pid}/environ`, 'latin1').includes('FAKETIME_TIMESTAMP_FILE=');
}

test(
  'a clock of a host that jumps two hours ends its lease once, and its node goes on with it',
  {
    skip,
  },
  () =>
    plays('clock of a host jumps 2 h ahead', async () => {
      const [from, [node = 0]] = [hosts.waxwing.output.length, machine(2).nodes];
      skewed.setClock(120);
      await until('its node has ended', () => !isRunning(node), clusterMs);
      const isTold = () => machine(2).output.includes('the lease has ended');
      await until('the host says why', isTold, clusterMs);
      await says(/the clock of host 'wxtest-2' is 2 h 0 min ahead/, from);
      await hosts.recovered();
      assert.ok(startedWithClock(machine(2)));
      const difference = hosts.hostOf(machine(2))?.clockDifferenceSeconds ?? 0;
      assert.ok(Math.abs(difference - 7200) < 60, `${difference}`);
      assert.match(hosts.node('list'), /wxtest-2 .*, its clock is 2 h 0 min ahead/);
    }),
);

test('a clock of a host that is set back five hours changes nothing', { skip }, () =>
  plays('clock of a host 5 h behind, including at a start of its node', async () => {
    const [from, [node = 0]] = [hosts.waxwing.output.length, machine(2).nodes];
    skewed.setClock(-300);
    await says(/the clock of host 'wxtest-2' is 5 h 0 min behind/, from);
    assert.ok(isRunning(node));
    // The certificates of nodes must be valid for it, and its own for them.
    process.kill(node, 'SIGKILL');
    await until('its node has ended', () => !isRunning(node), clusterMs);
    // The others report an ended node as running for some seconds.
    const isStarted = () => ![undefined, node].includes(machine(2).nodes[0]);
    await until('its node was started again', isStarted, clusterMs);
    await hosts.recovered();
    skewed.setClock(0);
    await says(/the clock of host 'wxtest-2' is right again/, from);
  }),
);

test('a node that is to be started when the lease of its host ends comes back', { skip }, () =>
  plays('lease of a host ends at a start of its node', async () => {
    const [node = 0] = machine(2).nodes;
    // Whatever comes first: the end of the lease, the start, or the connection to the service.
    process.kill(node, 'SIGKILL');
    skewed.setClock(120);
    await until('its node has ended', () => !isRunning(node), clusterMs);
    const isStarted = () => ![undefined, node].includes(machine(2).nodes[0]);
    await until('its node was started again', isStarted, clusterMs);
    skewed.setClock(0);
  }),
);

test('a host whose clock is 13 h ahead ends its node, and the others go on', { skip }, () =>
  plays('clock of a host 13 h ahead', async () => {
    const [from, [node = 0]] = [hosts.waxwing.output.length, machine(2).nodes];
    skewed.setClock(13 * 60);
    await until('its node has ended', () => !isRunning(node), clusterMs);
    await until('its volume is unmounted', () => machine(2).volumes.length === 0, clusterMs);
    await says(/the clock of host 'wxtest-2' is 13 h 0 min ahead/, from);
    await hosts.isDisconnected(machine(2));
    await confirms();
    const { BrokerState } = await describeBroker(hosts.waxwing, hosts.brokerId);
    assert.equal(BrokerState, 'RUNNING');
    skewed.setClock(0);
  }),
);

test('a killed agent takes its node along, which comes back with it', { skip }, () =>
  plays('agent of a host killed', async () => {
    const host = machine(1);
    const [agent, [node = 0]] = [host.agentPid, host.nodes];
    process.kill(agent, 'SIGKILL');
    await until('its node has ended', () => !isRunning(node), clusterMs);
    await until('nothing is left', () => host.processes.length === 0, clusterMs);
    assert.deepEqual(host.volumes, []);
    hosts.serve(host);
  }),
);

test('no confirmed message is lost', { skip }, async () => {
  const left = ledger.snapshot();
  await until('all messages', () => left().length === 0, confirmMs);
  assert.ok(ledger.confirmedCount > 1000, `${ledger.confirmedCount}`);
});

test('a revoked grant of one volume ends the nodes of all hosts', { skip }, async () => {
  const { kms } = hosts.waxwing;
  const grants = await grantsOn(kms, hosts.keyArn);
  const { used } = hosts.split();
  assert.equal(used.length, 2);
  const lost = grants.find(({ Name }) => Name !== 'mq_grant' && Name !== 'mq_rabbit_grant');
  await kms.send(new RevokeGrantCommand({ KeyId: hosts.keyArn, GrantId: lost?.GrantId }));
  await describedAs(hosts.waxwing, hosts.brokerId, 'CRITICAL_ACTION_REQUIRED');
  assert.deepEqual(await actionCodes(), ['RABBITMQ_INVALID_KMS_KEY']);
  const own = clusterFolder(hosts.waxwing, hosts.brokerId);
  await until('the own node has ended', () => nodePids(own).size === 0, clusterMs);
  for (const machine of used) {
    await until('its node has ended', () => machine.nodes.length === 0, clusterMs);
    await until('its volume is unmounted', () => machine.volumes.length === 0, clusterMs);
  }
});
