// Promotions of replicas of pairs of Debian's ActiveMQ that are interrupted, or must not be.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PromoteCommand } from '@aws-sdk/client-mq';
import { mountsOn } from '../../../src/volumes/mounts.ts';
import { BrokerPair } from '../../support/broker-pair.ts';
import { createKey, describeBroker, underKey } from '../../support/broker-requests.ts';
import { disableKey, enableKey } from '../../support/keys.ts';
import { leftIn } from '../../support/mountpoints.ts';
import {
  copiersOf,
  machinesOf,
  mountpointOfPair,
  slowPairsSkip,
} from '../../support/pair-processes.ts';
import { isRunning, until } from '../../support/processes.ts';
import { Waxwing } from '../../support/waxwing.ts';

const skip = await slowPairsSkip();
/** Milliseconds for a change of a state. */
const patienceMs = 240_000;
/** The same after the loss of a key: less than a start may take. */
const lostMs = 120_000;

let waxwing: Waxwing;
let pair: BrokerPair;

before(async () => {
  if (skip !== false) return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker', '--key-effect-delay', '0'] });
  const mode = { DeploymentMode: 'ACTIVE_STANDBY_MULTI_AZ' } as const;
  const [first, second] = [await createKey(waxwing), await createKey(waxwing)];
  const both = [first, second].map((key) => ({ ...mode, ...underKey(key) }));
  pair = await BrokerPair.create(waxwing, 'pair', both[0], both[1], patienceMs);
});

after(async () => {
  if (skip === false) await waxwing.remove();
});

async function keyOf(id: string): Promise<string> {
  const { EncryptionOptions } = await describeBroker(waxwing, id);
  return EncryptionOptions?.KmsKeyId ?? '';
}

/** Asks for a failover, as soon as it is possible, and exchanges the names of both brokers. */
async function failOver(): Promise<void> {
  const [BrokerId, Mode] = [pair.replica, 'FAILOVER'] as const;
  await waxwing.mq.send(new PromoteCommand({ BrokerId, Mode }));
  [pair.primary, pair.replica] = [pair.replica, pair.primary];
}

/** Stops all new processes of a kind as soon as there are some. */
async function frozen(all: () => number[], what: string): Promise<number[]> {
  const before = all();
  let stopped: number[] = [];
  await failOver();
  const isThere = () => {
    stopped = all().filter((pid) => !before.includes(pid));
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    return stopped.length > 0;
  };
  await until(what, isThere, patienceMs);
  return stopped;
}

/** Requires that a broker has ended in the defined way. */
async function requireLocked(id: string, pids: readonly number[]): Promise<void> {
  const { ActionsRequired } = await waxwing.brokerIs(id, 'CRITICAL_ACTION_REQUIRED', lostMs);
  assert.equal(ActionsRequired?.[0]?.ActionRequiredCode, 'BROKER_INVALID_KMS_KEY');
  const mountpoint = mountpointOfPair(waxwing, id);
  const isLocked = async () => (await mountsOn(mountpoint)).length === 0;
  await until('it is not mounted', isLocked, patienceMs);
  assert.deepEqual(leftIn(mountpoint), []);
  assert.deepEqual(pids.filter(isRunning), []);
  assert.deepEqual(machinesOf(waxwing, id), []);
}

test('a key that is disabled while a promoted copy is finished stops it, and loses nothing', {
  skip,
}, async () => {
  await pair.publish('finished', 20);
  await pair.copied();
  const key = await keyOf(pair.replica);
  const pids = await frozen(() => copiersOf(waxwing), 'the copy is being finished');
  await disableKey(waxwing.kms, key);
  await requireLocked(pair.primary, pids);
  await enableKey(waxwing.kms, key);
  await waxwing.brokerIs(pair.primary, 'RUNNING', patienceMs);
  assert.deepEqual(await pair.drain('finished'), pair.confirmed);
});

test('a key that is disabled while a promoted pair starts stops it, and loses nothing', {
  skip,
}, async () => {
  pair.confirmed.length = 0;
  await pair.publish('started', 20);
  await pair.copied();
  const key = await keyOf(pair.replica);
  const id = pair.replica;
  const pids = await frozen(() => machinesOf(waxwing, id), 'the first instance starts');
  await disableKey(waxwing.kms, key);
  await requireLocked(pair.primary, pids);
  await enableKey(waxwing.kms, key);
  await waxwing.brokerIs(pair.primary, 'RUNNING', patienceMs);
  assert.deepEqual(await pair.drain('started'), pair.confirmed);
});

test('a former primary is not promoted while it lacks what its successor has confirmed', {
  skip,
}, async () => {
  await pair.copied();
  const keys = [await keyOf(pair.primary), await keyOf(pair.replica)] as const;
  // The former primary cannot be copied to.
  await disableKey(waxwing.kms, keys[0]);
  await waxwing.brokerIs(pair.primary, 'CRITICAL_ACTION_REQUIRED', patienceMs);
  await failOver();
  await waxwing.brokerIs(pair.primary, 'RUNNING', patienceMs);
  pair.confirmed.length = 0;
  await pair.publish('successor', 20);
  await disableKey(waxwing.kms, keys[1]);
  await waxwing.brokerIs(pair.primary, 'CRITICAL_ACTION_REQUIRED', patienceMs);
  await enableKey(waxwing.kms, keys[0]);
  await waxwing.brokerIs(pair.replica, 'REPLICA', patienceMs);
  const asked = { BrokerId: pair.replica, Mode: 'FAILOVER' } as const;
  await assert.rejects(waxwing.mq.send(new PromoteCommand(asked)), {
    name: 'BadRequestException',
    message: /no complete copy of its primary .* has run since/,
  });
  await enableKey(waxwing.kms, keys[1]);
  await waxwing.brokerIs(pair.primary, 'RUNNING', patienceMs);
  await pair.promote('SWITCHOVER');
  assert.deepEqual(await pair.drain('successor'), pair.confirmed);
});

test('backups of a service with a replica of a pair are refused, and a check names the pair', {
  skip,
}, async () => {
  await pair.copied();
  const file = join(waxwing.folder.root, 'new.backup');
  const backup = (...of: readonly string[]) =>
    waxwing.folder.run(['backup', ...of, file, '--data', waxwing.folder.data]);
  const refusals: readonly [string, RegExp][] = [
    ['--all', new RegExp(`Broker \\[${pair.primary}\\] is a pair, whose volumes cannot be copied`)],
    [pair.primary, /is a pair, whose volumes cannot be copied; create another pair/],
    [pair.replica, new RegExp(`Broker \\[${pair.replica}\\] is a replica\\.`)],
  ];
  for (const [what, message] of refusals) {
    const { code, stderr } = await backup(what);
    assert.equal(code, 1);
    assert.match(stderr, message);
    assert.equal(existsSync(file), false);
  }
  await waxwing.stop();
  const { code, stdout, stderr } = await waxwing.folder.check();
  assert.match(stdout, new RegExp(`${pair.primary}: not checked: its engine is not ours`));
  assert.equal(stderr, 'waxwing: 1 volume could not be checked, for the reasons above\n');
  assert.equal(code, 1);
  await waxwing.restart();
  await waxwing.brokerIs(pair.primary, 'RUNNING', patienceMs);
  await pair.copied();
});
