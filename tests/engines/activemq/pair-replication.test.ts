// The replication of pairs of Debian's ActiveMQ to other pairs, with clients of STOMP.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  DeleteBrokerCommand,
  PromoteCommand,
  RebootBrokerCommand,
  UpdateBrokerCommand,
} from '@aws-sdk/client-mq';
import { readable } from '../../../src/cli/drill/plain-text.ts';
import { mountsOn } from '../../../src/volumes/mounts.ts';
import { BrokerPair } from '../../support/broker-pair.ts';
import { createKey, describeBroker, underKey } from '../../support/broker-requests.ts';
import {
  brokerXml,
  createConfiguration,
  updateConfiguration,
} from '../../support/configuration-requests.ts';
import { disableKey, enableKey } from '../../support/keys.ts';
import { leftIn } from '../../support/mountpoints.ts';
import {
  copiersOf,
  machinesOf as javaOf,
  mountpointOfPair,
  pairFolder,
  processesWith,
  slowPairsSkip,
} from '../../support/pair-processes.ts';
import { isRunning, until } from '../../support/processes.ts';
import { hiddenTexts, placesUnder } from '../../support/readable.ts';
import { SmallDisk } from '../../support/small-disk.ts';
import { Waxwing } from '../../support/waxwing.ts';

const skip = await slowPairsSkip();
/** Milliseconds for a change of a state. */
const patienceMs = 240_000;
const canary = 'canary-body-of-a-replica';

let waxwing: Waxwing;
let keys: readonly string[] = [];
let pair: BrokerPair;
let disk: SmallDisk | string = '';
/** The folder of a broker on which the small disk is mounted, too. */
let bound: string | undefined;

before(async () => {
  if (skip !== false) return;
  const args = ['--no-default-broker', '--key-effect-delay', '0'];
  // A machine that stands still for seconds finds idle connections closed by the service.
  waxwing = await Waxwing.start({ args, maxAttempts: 3 });
  keys = [await createKey(waxwing), await createKey(waxwing)];
  const { Id = '' } = await createConfiguration(waxwing);
  const attributes = ' schedulerSupport="true" schedulePeriodForDestinationPurge="0"';
  await updateConfiguration(waxwing, Id, brokerXml('', attributes));
  const both = {
    DeploymentMode: 'ACTIVE_STANDBY_MULTI_AZ',
    Configuration: { Id, Revision: 2 },
  } as const;
  const [first = '', second = ''] = keys;
  pair = await BrokerPair.create(
    waxwing,
    'pair',
    { ...both, ...underKey(first) },
    { ...both, ...underKey(second) },
    patienceMs,
  );
});

after(async () => {
  if (skip !== false) return;
  // Lazy, because the service may use it.
  if (bound !== undefined) execFileSync('umount', ['--lazy', bound]);
  await waxwing.remove();
  if (typeof disk !== 'string') disk.remove();
});

const folderOf = (id: string) => pairFolder(waxwing, id);
const mountpointOfBroker = (id: string) => mountpointOfPair(waxwing, id);

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return ''; // it has ended
  }
}

const copiers = () => copiersOf(waxwing);
const machinesOf = (id: string) => javaOf(waxwing, id);

/** What one of both lists has and the other has not, and what is there twice or in another order. */
function differences(confirmed: readonly string[], found: readonly string[]) {
  const have = new Set(found);
  const numbers = [...have].map((body) => Number(/\d+/.exec(body)?.[0]));
  return {
    lost: confirmed.filter((body) => !have.has(body)),
    isInOrder: numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? 0)),
  };
}

/** The files of the journal of a broker. */
function journalOf(id: string): string[] {
  const folder = join(mountpointOfBroker(id), 'store');
  return readdirSync(folder)
    .filter((name) => /^db-\d+\.log$/.test(name))
    .sort();
}

test('a replica has no ActiveMQ, and nothing listens at its endpoints', { skip }, async () => {
  const { DataReplicationMetadata, BrokerInstances = [] } = await describeBroker(
    waxwing,
    pair.replica,
  );
  assert.equal(DataReplicationMetadata?.DataReplicationRole, 'REPLICA');
  assert.equal(DataReplicationMetadata.DataReplicationCounterpart?.BrokerId, pair.primary);
  assert.equal(BrokerInstances.length, 2);
  await pair.copied();
  assert.deepEqual(machinesOf(pair.replica), []);
  assert.equal(machinesOf(pair.primary).length, 2);
  const [port = 0] = await pair.ports(pair.replica);
  await assert.rejects(fetch(`https://127.0.0.1:${port}`));
});

/** How many messages a large journal has, and the size of each: more than two of its files. */
const large = { count: 90, bytes: 1024 * 1024 };

/** Sends large messages, each of which is confirmed, and returns how they begin. */
async function sendLarge(queue: string): Promise<string[]> {
  const client = await pair.connect();
  const heads = Array.from({ length: large.count }, (_, i) => `large ${i} `);
  for (const head of heads) {
    const headers = { destination: `/queue/${queue}`, persistent: 'true', receipt: head };
    client.send('SEND', headers, head.padEnd(large.bytes, canary));
    const [frame] = await client.frames(1);
    assert.equal(frame?.command, 'RECEIPT');
  }
  client.destroy();
  return heads;
}

const headsOf = (bodies: readonly string[]) =>
  bodies.map((body) => body.slice(0, 20).split('c')[0]);

/** Takes a number of messages of a destination. */
async function take(
  count: number,
  headers: Record<string, string>,
  connect: Record<string, string> = {},
): Promise<string[]> {
  const client = await pair.connect(connect);
  client.send('SUBSCRIBE', { id: 's', ack: 'auto', ...headers });
  const frames = await client.frames(count);
  client.destroy();
  return frames.map(({ body }) => body);
}

const subscriber = { 'client-id': 'reader' };
const subscription = { destination: '/topic/news', 'activemq.subscriptionName': 'all' };

/** Leaves messages for a durable subscriber that is away, and scheduled ones. */
async function leaveForLater(name: string): Promise<string[]> {
  const reader = await pair.connect(subscriber);
  reader.send('SUBSCRIBE', { id: 's', ack: 'auto', receipt: 's', ...subscription });
  await reader.frames(1);
  reader.send('DISCONNECT', { receipt: 'd' });
  await reader.frames(1);
  reader.destroy();
  const client = await pair.connect();
  const bodies = Array.from({ length: 5 }, (_, i) => `${name} ${i}`);
  for (const body of bodies) {
    const later = { AMQ_SCHEDULED_DELAY: '60000' };
    const persistent = { persistent: 'true', receipt: body };
    client.send('SEND', { destination: '/queue/later', ...later, ...persistent }, body);
    client.send('SEND', { destination: '/topic/news', ...persistent }, body);
    await client.frames(2);
  }
  client.destroy();
  return bodies;
}

/** Requires what {@link leaveForLater} left, and nothing else. */
async function requireLater(bodies: readonly string[]): Promise<void> {
  assert.deepEqual(await take(bodies.length, subscription, subscriber), bodies);
  const later = await take(bodies.length, { destination: '/queue/later' });
  assert.deepEqual(later.toSorted(), bodies);
}

test('switchovers under load lose no confirmed message, and keep the order', { skip }, async () => {
  pair.begin('switchovers');
  for (let i = 0; i < 4; i++) {
    const from = pair.confirmed.length;
    await until('some are confirmed', () => pair.confirmed.length > from + 200, patienceMs);
    await pair.promote('SWITCHOVER');
  }
  await pair.stop();
  const taken = await pair.drain('switchovers');
  assert.deepEqual(differences(pair.confirmed, taken), { lost: [], isInOrder: true });
});

test('a switchover keeps durable subscriptions and scheduled messages', { skip }, async () => {
  const bodies = await leaveForLater('switchover');
  await pair.promote('SWITCHOVER');
  await requireLater(bodies);
});

test('a failover after a kill loses nothing that was confirmed before the lag', {
  skip,
}, async () => {
  const bodies = await leaveForLater('failover');
  pair.confirmed.length = 0;
  pair.begin('failovers');
  await until('some are confirmed', () => pair.confirmed.length > 200, patienceMs);
  await pair.copied();
  const copiedMs = (await pair.copiedMs()) ?? 0;
  for (const pid of processesWith(mountpointOfBroker(pair.primary))) process.kill(pid, 'SIGKILL');
  await pair.promote('FAILOVER');
  await pair.stop();
  const taken = await pair.drain('failovers');
  const { lost, isInOrder } = differences(pair.confirmed, taken);
  const isCopied = (body: string) => (pair.confirmedMs.get(body) ?? 0) < copiedMs;
  assert.deepEqual(lost.filter(isCopied), []);
  assert.ok(pair.confirmed.some(isCopied));
  assert.equal(isInOrder, true);
  await requireLater(bodies);
});

test('several files of a journal are copied, and removed as KahaDB removes them', {
  skip,
}, async () => {
  const heads = await sendLarge('large');
  await pair.copied();
  assert.ok(journalOf(pair.primary).length > 2);
  assert.deepEqual(journalOf(pair.replica), journalOf(pair.primary));
  await pair.promote('FAILOVER');
  assert.deepEqual(headsOf(await pair.drain('large')), heads);
  const areSame = () =>
    journalOf(pair.primary).length < 3 &&
    String(journalOf(pair.replica)) === String(journalOf(pair.primary));
  await until('the files are removed', areSame, patienceMs);
});

test('a kill of the service while it copies, and while it swaps the roles, loses nothing', {
  skip,
}, async () => {
  const heads = await sendLarge('kills');
  await waxwing.stop('SIGKILL');
  await waxwing.restart();
  await waxwing.brokerIs(pair.primary, 'RUNNING', patienceMs);
  const Mode = 'SWITCHOVER';
  const asked = () =>
    waxwing.mq.send(new PromoteCommand({ BrokerId: pair.replica, Mode })).then(
      () => true,
      () => false,
    );
  await until('the replica has a copy', asked, patienceMs);
  await until('the primary is stopped', () => machinesOf(pair.primary).length === 0, patienceMs);
  await waxwing.stop('SIGKILL');
  await waxwing.restart();
  [pair.primary, pair.replica] = [pair.replica, pair.primary];
  await waxwing.brokerIs(pair.primary, 'RUNNING', patienceMs);
  await waxwing.brokerIs(pair.replica, 'REPLICA', patienceMs);
  assert.deepEqual(headsOf(await pair.drain('kills')), heads);
});

test('neither volume has readable text, and no process of the copy has a secret', {
  skip,
}, async () => {
  await sendLarge('canaries');
  await pair.copied();
  assert.deepEqual(readable(hiddenTexts(canary), placesUnder(waxwing.folder.data)), []);
  const [copier = 0, ...others] = copiers();
  assert.deepEqual(others, []);
  const status = readFileSync(`/proc/${copier}/status`, 'utf8');
  if (process.geteuid?.() === 0) assert.doesNotMatch(status, /^Uid:(\t\d+)*\t0\b/m);
  assert.match(readFileSync(`/proc/${copier}/limits`, 'utf8'), /core file size +0 +0/);
  await pair.drain('canaries');
});

test('without its key a replica is not mounted, and the primary goes on', { skip }, async () => {
  const { EncryptionOptions } = await describeBroker(waxwing, pair.replica);
  const key = EncryptionOptions?.KmsKeyId ?? '';
  await disableKey(waxwing.kms, key);
  const { ActionsRequired } = await waxwing.brokerIs(
    pair.replica,
    'CRITICAL_ACTION_REQUIRED',
    patienceMs,
  );
  assert.equal(ActionsRequired?.[0]?.ActionRequiredCode, 'BROKER_INVALID_KMS_KEY');
  const mountpoint = mountpointOfBroker(pair.replica);
  await until(
    'it is not mounted',
    async () => (await mountsOn(mountpoint)).length === 0,
    patienceMs,
  );
  assert.deepEqual(leftIn(mountpoint), []);
  pair.confirmed.length = 0;
  await pair.publish('keys', 20);
  await enableKey(waxwing.kms, key);
  await waxwing.brokerIs(pair.replica, 'REPLICA', patienceMs);
  await pair.copied();
});

test('a primary that has lost its key is replaced by its replica', { skip }, async () => {
  const { EncryptionOptions } = await describeBroker(waxwing, pair.primary);
  const key = EncryptionOptions?.KmsKeyId ?? '';
  await disableKey(waxwing.kms, key);
  await waxwing.brokerIs(pair.primary, 'CRITICAL_ACTION_REQUIRED', patienceMs);
  await pair.promote('FAILOVER', 'CRITICAL_ACTION_REQUIRED');
  assert.deepEqual(await pair.drain('keys'), pair.confirmed);
  await enableKey(waxwing.kms, key);
  await waxwing.brokerIs(pair.replica, 'REPLICA', patienceMs);
  await pair.copied();
});

test('a primary that loses its key during a switchover is unmounted, and keeps its role', {
  skip,
}, async () => {
  const { EncryptionOptions } = await describeBroker(waxwing, pair.primary);
  const key = EncryptionOptions?.KmsKeyId ?? '';
  pair.confirmed.length = 0;
  await pair.publish('switched', 20);
  await pair.copied();
  const before = copiers();
  const [BrokerId, Mode] = [pair.replica, 'SWITCHOVER'] as const;
  await waxwing.mq.send(new PromoteCommand({ BrokerId, Mode }));
  let last: number[] = [];
  const isFrozen = () => {
    last = copiers().filter((pid) => !before.includes(pid));
    for (const pid of last) process.kill(pid, 'SIGSTOP');
    return last.length > 0;
  };
  await until('the last copy begins', isFrozen, patienceMs);
  await disableKey(waxwing.kms, key);
  await waxwing.brokerIs(pair.primary, 'CRITICAL_ACTION_REQUIRED', patienceMs);
  assert.equal((await mountsOn(mountpointOfBroker(pair.primary))).length, 0);
  assert.deepEqual(last.filter(isRunning), []);
  await enableKey(waxwing.kms, key);
  await waxwing.brokerIs(pair.primary, 'RUNNING', patienceMs);
  assert.deepEqual(await pair.drain('switched'), pair.confirmed);
});

test('a copy goes on after its process, or the one that serves its volume, was killed or stopped', {
  skip,
}, async () => {
  const mountpoint = mountpointOfBroker(pair.replica);
  const server = () => processesWith(mountpoint).filter((pid) => nameOf(pid) === 'gocryptfs');
  const attacks: readonly [() => number[], NodeJS.Signals][] = [
    [copiers, 'SIGKILL'],
    [server, 'SIGKILL'],
    [copiers, 'SIGSTOP'],
    [server, 'SIGSTOP'],
  ];
  pair.confirmed.length = 0;
  for (const [targets, signal] of attacks) {
    await until('one process runs', () => targets().length === 1, patienceMs);
    const pids = targets();
    for (const pid of pids) process.kill(pid, signal);
    await pair.publish('attacks', 20);
    await pair.copied();
    await until('the process has ended', () => !pids.some(isRunning), patienceMs);
  }
  await waxwing.brokerIs(pair.primary, 'RUNNING');
  await pair.promote('FAILOVER');
  assert.deepEqual(await pair.drain('attacks'), pair.confirmed);
});

test('a copy that cannot be read is not promoted, and begins again after a reboot', {
  skip,
}, async () => {
  pair.confirmed.length = 0;
  await pair.publish('damages', 20);
  await pair.copied();
  const volume = readdirSync(folderOf(pair.replica)).find((name) => name.startsWith('fs-')) ?? '';
  for (const file of ['replica.json', `${volume}/keys.json`]) {
    writeFileSync(join(folderOf(pair.replica), file), '{"format":1,"state":"copy"');
    const [BrokerId, Mode] = [pair.replica, 'FAILOVER'] as const;
    if (file === 'replica.json') {
      const refused = { name: 'BadRequestException', message: /no complete copy/ };
      await assert.rejects(waxwing.mq.send(new PromoteCommand({ BrokerId, Mode })), refused);
    }
    await waxwing.mq.send(new RebootBrokerCommand({ BrokerId }));
    await waxwing.brokerIs(BrokerId, 'REPLICA', patienceMs);
    await pair.copied();
  }
  await pair.promote('FAILOVER');
  assert.deepEqual(await pair.drain('damages'), pair.confirmed);
});

test('a replica whose disk is full keeps its copy, and goes on when there is room', {
  skip,
}, async (t) => {
  disk = SmallDisk.mount(700);
  if (typeof disk === 'string') return t.skip(disk);
  // Its volume is lost, and begins again on a small disk.
  await waxwing.stop();
  rmSync(folderOf(pair.replica), { recursive: true });
  mkdirSync(folderOf(pair.replica));
  execFileSync('mount', ['--bind', disk.folder, folderOf(pair.replica)]);
  bound = folderOf(pair.replica);
  await waxwing.restart();
  await waxwing.brokerIs(pair.primary, 'RUNNING', patienceMs);
  await pair.copied();
  disk.fill();
  pair.confirmed.length = 0;
  await pair.publish('full', 20);
  const reported = () => /data is not replicated.*bytes are free/s.test(waxwing.output);
  await until('it is reported', reported, patienceMs);
  const switchover = { BrokerId: pair.replica, Mode: 'SWITCHOVER' } as const;
  await waxwing.mq.send(new PromoteCommand(switchover));
  const isGivenUp = () => /the switchover was given up/.test(waxwing.output);
  await until('the switchover is given up', isGivenUp, patienceMs);
  await until('the primary goes on', () => pair.publish('full', 1).catch(() => 0), patienceMs);
  disk.free();
  await pair.copied();
  await pair.promote('FAILOVER');
  assert.deepEqual(await pair.drain('full'), pair.confirmed);
  await pair.promote('SWITCHOVER');
  await waxwing.stop();
  execFileSync('umount', [folderOf(pair.replica)]);
  bound = undefined;
  await waxwing.restart();
  await waxwing.brokerIs(pair.primary, 'RUNNING', patienceMs);
  await pair.copied();
});

test('after the pair has ended both brokers have the same messages, and can be deleted', {
  skip,
}, async () => {
  pair.confirmed.length = 0;
  await pair.publish('apart', 20);
  const [BrokerId, DataReplicationMode] = [pair.primary, 'NONE'] as const;
  await pair.copied();
  await waxwing.mq.send(new UpdateBrokerCommand({ BrokerId, DataReplicationMode }));
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId }));
  await waxwing.brokerIs(pair.replica, 'RUNNING', patienceMs);
  await waxwing.brokerIs(pair.primary, 'RUNNING', patienceMs);
  const ids = [pair.primary, pair.replica];
  for (const id of ids) {
    pair.primary = id;
    assert.deepEqual(await pair.drain('apart'), pair.confirmed);
  }
  for (const id of ids) await waxwing.mq.send(new DeleteBrokerCommand({ BrokerId: id }));
  await until('both are gone', () => ids.every((id) => !existsSync(folderOf(id))), patienceMs);
  assert.deepEqual(copiers(), []);
});
