import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { RebootBrokerCommand } from '@aws-sdk/client-mq';
import { clusterMs, clustersMissing, isComplete } from '../support/cluster-machine.ts';
import { installed } from '../support/debian-packages.ts';
import { networkMissing, type TestMachine } from '../support/host-network.ts';
import { JoinedHosts } from '../support/joined-hosts.ts';
import { disableKey, enableKey } from '../support/keys.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { eventsNamed } from '../support/trail-events.ts';
import type { Waxwing } from '../support/waxwing.ts';

// A real cluster over three machines: this one, and two of three others in network namespaces. The tests
// share it and depend on each other. The publisher is pika.

const skip = isLong
  ? ((await clustersMissing()) ?? (await installed('python3-pika')) ?? networkMissing() ?? false)
  : 'part of the long tests';
// The service notices a separated machine after 25 s at the latest, and a test some time later.
const leaseSeconds = 120;

const publisher = `
import os, ssl, sys, time, pika
stop, confirmed = sys.argv[1:3]
context = ssl.create_default_context(cafile=os.environ['CA_FILE'])
def connect():
    parameters = pika.URLParameters(os.environ['URL'])
    parameters.ssl_options = pika.SSLOptions(context, 'localhost')
    parameters.socket_timeout = parameters.blocked_connection_timeout = 10
    connection = pika.BlockingConnection(parameters)
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare('ledger', durable=True, arguments={'x-queue-type': 'quorum'})
    return connection, channel
number, connection = 0, None
with open(confirmed, 'a') as file:
    while not os.path.exists(stop):
        number += 1
        body = '%s %d' % (confirmed, number)
        try:
            if connection is None: connection, channel = connect()
            channel.basic_publish('', 'ledger', body.encode(), pika.BasicProperties(delivery_mode=2), mandatory=True)
            file.write(body + '\\n')
            file.flush()
            time.sleep(0.01) # as many as possible would take the processors from the nodes
        except Exception:
            try: connection.close()
            except Exception: pass
            connection = None
            time.sleep(0.2)
`;
const consumer = `
import os, ssl, pika
parameters = pika.URLParameters(os.environ['URL'])
parameters.ssl_options = pika.SSLOptions(ssl.create_default_context(cafile=os.environ['CA_FILE']), 'localhost')
connection = pika.BlockingConnection(parameters)
channel = connection.channel()
channel.basic_qos(prefetch_count=200)
for method, properties, body in channel.consume('ledger', inactivity_timeout=5):
    if method is None: break
    print(body.decode())
    channel.basic_ack(method.delivery_tag)
connection.close()
`;

let hosts: JoinedHosts;
let waxwing: Waxwing;
let runs = 0;

before(async () => {
  if (skip) return;
  hosts = await JoinedHosts.start({ count: 3, leaseSeconds });
  waxwing = hosts.waxwing;
});
after(() => (skip ? undefined : hosts.remove()));

const complete = () => hosts.complete();
const node = (...args: string[]) => hosts.node(...args);
const isDisconnected = (machine: TestMachine) => hosts.isDisconnected(machine);

function usedMachine(): TestMachine {
  const [machine] = hosts.split().used;
  assert.ok(machine !== undefined);
  return machine;
}

/** Publishes meanwhile, and proves that all that was confirmed can be consumed. */
async function losesNothing(meanwhile: () => Promise<void>): Promise<void> {
  runs++;
  const [stop, confirmed] = [
    join(waxwing.folder.data, '..', `stop-${runs}`),
    `/tmp/waxwing-ok-${runs}`,
  ];
  rmSync(confirmed, { force: true });
  const env = {
    PATH: process.env['PATH'],
    URL: hosts.url,
    CA_FILE: waxwing.environment['WAXWING_CA_FILE'],
  };
  const child: ChildProcess = spawn('/usr/bin/python3', ['-c', publisher, stop, confirmed], {
    env,
  });
  const count = () =>
    existsSync(confirmed) ? readFileSync(confirmed, 'utf8').split('\n').length : 0;
  try {
    await until('messages are confirmed', () => count() > 200, clusterMs);
    await meanwhile();
    const before = count();
    await until('messages are confirmed again', () => count() > before + 200, clusterMs);
  } finally {
    writeFileSync(stop, '');
    if (child.exitCode === null) await once(child, 'exit');
  }
  const wanted = new Set(readFileSync(confirmed, 'utf8').trim().split('\n'));
  const left = new Set(wanted);
  await until(
    () => `${left.size} of ${wanted.size} messages arrive`,
    () => {
      // While the leader of the queue changes, RabbitMQ ends the connections that ask for messages.
      try {
        const options = { encoding: 'utf8', env, maxBuffer: 2 ** 28, stdio: 'pipe' } as const;
        const found = execFileSync('/usr/bin/python3', ['-c', consumer], options);
        for (const body of found.split('\n')) left.delete(body);
      } catch {}
      return left.size === 0;
    },
    clusterMs,
  );
  rmSync(confirmed, { force: true });
}

test('machines join with a token each, which is no argument of a program', { skip }, async () => {
  for (const [i, machine] of hosts.network.machines.entries()) {
    const token = hosts.join(machine, i);
    await hosts.isConnected(machine);
    const identity = readFileSync(join(machine.folder, 'host.json'), 'utf8');
    assert.ok(!identity.includes('PRIVATE KEY'));
    const secret = token.split('.')[1] ?? '';
    for (const { pid } of machine.processes) {
      assert.ok(!readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(secret));
    }
  }
  const joined = await eventsNamed(waxwing, 'JoinHost');
  assert.equal(joined.length, 3);
  const makers = await eventsNamed(waxwing, 'CreateJoinToken');
  assert.equal(makers.length, 3);
  for (const { additionalEventData } of joined) {
    assert.deepEqual(additionalEventData, { tokenCreatedBy: makers[0]?.userIdentity.arn });
  }
});

test('a cluster has its nodes on three machines in different zones', { skip }, async () => {
  await hosts.createCluster('ledger');
  const { used, spare } = hosts.split();
  assert.equal(used.length, 2);
  assert.equal(spare?.nodes.length, 0);
  for (const machine of used) {
    assert.equal(machine.nodes.length, 1);
    assert.equal(machine.volumes.length, 1);
    // The wrapped data key stays with the service.
    const folder = join(machine.folder, 'clusters', hosts.brokerId);
    for (const volume of readdirSync(folder)) {
      const { keys } = JSON.parse(readFileSync(join(folder, volume, 'keys.json'), 'utf8'));
      assert.deepEqual(keys, [{ generation: 0, wrappedKey: '' }]);
    }
  }
});

test('a lost machine loses nothing, and its node rejoins when it is back', { skip }, () =>
  losesNothing(async () => {
    const machine = usedMachine();
    await machine.lose();
    await isDisconnected(machine);
    assert.equal(await isComplete(waxwing, 3), false);
    hosts.serve(machine);
    await complete();
    assert.equal(machine.nodes.length, 1);
  }),
);

test('a separated machine keeps its node while it has a lease', { skip }, () =>
  losesNothing(async () => {
    const machine = usedMachine();
    const [pid] = machine.nodes;
    machine.setLink(false);
    await isDisconnected(machine);
    assert.deepEqual(machine.nodes, [pid]);
    machine.setLink(true);
    // If RabbitMQ has seen a partition, the service restarts the node to end it.
    await complete();
    assert.equal(machine.nodes.length, 1);
  }),
);

test('a machine without a lease ends its node and forgets its key', { skip }, () =>
  losesNothing(async () => {
    const machine = usedMachine();
    machine.setLink(false);
    await until('its node has ended', () => machine.nodes.length === 0, clusterMs);
    await until('its volume is unmounted', () => machine.volumes.length === 0, clusterMs);
    assert.match(machine.output, /the lease has ended/);
    machine.setLink(true);
    await complete();
  }),
);

test('the node of a lost machine is replaced on another one', { skip }, () =>
  losesNothing(async () => {
    const { used, spare } = hosts.split();
    const [machine] = used;
    assert.ok(machine !== undefined && spare !== undefined);
    await machine.lose();
    await isDisconnected(machine);
    // The nodes are 1 to 3; that of this machine is one of them.
    const replaced = [1, 2, 3].filter((number) => {
      try {
        return node('replace', 'ledger', `${number}`, '--host', spare.name) !== '';
      } catch (error) {
        assert.match(String(error), /serve clients|being started/);
        return false;
      }
    });
    assert.equal(replaced.length, 1);
    await complete();
    assert.equal(spare.nodes.length, 1);
    hosts.serve(machine);
    const folder = join(machine.folder, 'clusters', hosts.brokerId);
    await until('the lost machine removes what it had', () => volumesIn(folder) === 0, clusterMs);
  }),
);

const volumesIn = (folder: string) => (existsSync(folder) ? readdirSync(folder).length : 0);

test('a reboot restarts one node after the other, on all machines', { skip }, () =>
  losesNothing(async () => {
    const pids = hosts.network.machines.flatMap((machine) => machine.nodes);
    await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: hosts.brokerId }));
    await waxwing.brokerIs(hosts.brokerId, 'RUNNING', clusterMs);
    await complete();
    const now = hosts.network.machines.flatMap((machine) => machine.nodes);
    assert.equal(now.length, 2);
    assert.ok(!now.some((pid) => pids.includes(pid)));
  }),
);

test('a disabled key ends the nodes of all machines, and its return starts them', { skip }, () =>
  losesNothing(async () => {
    await disableKey(waxwing.kms, hosts.keyArn);
    await waxwing.brokerIs(hosts.brokerId, 'CRITICAL_ACTION_REQUIRED', clusterMs);
    for (const machine of hosts.network.machines) {
      await until('its node has ended', () => machine.nodes.length === 0, clusterMs);
      await until('its volume is unmounted', () => machine.volumes.length === 0, clusterMs);
    }
    await enableKey(waxwing.kms, hosts.keyArn);
    await waxwing.brokerIs(hosts.brokerId, 'RUNNING', clusterMs);
    await complete();
  }),
);

test('a killed service finds its hosts again, and nothing is lost', { skip }, () =>
  losesNothing(async () => {
    await waxwing.kill();
    await waxwing.restart();
    await waxwing.brokerIs(hosts.brokerId, 'RUNNING', clusterMs);
    await complete();
  }),
);

test('a machine and the service that are killed at the same moment lose nothing', { skip }, () =>
  losesNothing(async () => {
    const machine = usedMachine();
    await Promise.all([machine.lose(), waxwing.kill()]);
    await waxwing.restart();
    // The cluster runs without the machine, as long as it is away.
    await waxwing.brokerIs(hosts.brokerId, 'RUNNING', clusterMs);
    hosts.serve(machine);
    await complete();
    assert.equal(machine.nodes.length, 1);
  }),
);

test('a removed host ends everything, and cannot come back', { skip }, async () => {
  const machine = usedMachine();
  const identity = join(machine.folder, 'host.json');
  const stolen = readFileSync(identity);
  assert.throws(() => node('remove', machine.name), /has 1 nodes/);
  node('remove', machine.name, '--force');
  assert.equal(await machine.ended(), 3);
  assert.deepEqual(machine.nodes, []);
  assert.deepEqual(machine.volumes, []);
  assert.equal(volumesIn(join(machine.folder, 'clusters')), 0);
  machine.output = '';
  assert.ok(!existsSync(identity));
  writeFileSync(identity, stolen);
  hosts.serve(machine);
  await until('it is refused', () => machine.output.includes('no connection'), clusterMs);
  assert.equal(hosts.hostOf(machine), undefined);
  await until(
    'its refusal is an event',
    async () => (await eventsNamed(waxwing, 'ConnectHost')).length > 0,
    clusterMs,
  );
  for (const name of ['CreateJoinToken', 'ReplaceNode', 'RemoveHost']) {
    const [event] = await eventsNamed(waxwing, name);
    assert.equal(event?.userIdentity.type, 'Root', name);
  }
});
