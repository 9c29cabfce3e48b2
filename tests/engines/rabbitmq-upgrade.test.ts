import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { CreateBrokerCommand, RebootBrokerCommand, UpdateBrokerCommand } from '@aws-sdk/client-mq';
import { Shell } from '../documents/shell.ts';
import { snippetsFor } from '../documents/snippets.ts';
import { createKey, password, underKey } from '../support/broker-requests.ts';
import {
  clusterFolder,
  clusterMs,
  clusterRequest,
  clustersMissing,
  describedAs,
  removeClusters,
} from '../support/cluster-machine.ts';
import { installed } from '../support/debian-packages.ts';
import { disableKey, enableKey } from '../support/keys.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { secondVersionMissing, TwoRabbitMqs } from '../support/two-rabbitmqs.ts';
import {
  newerVersion,
  olderVersion,
  UpgradedCluster,
  upgradeMs,
} from '../support/upgraded-cluster.ts';
import { Waxwing } from '../support/waxwing.ts';

// A real cluster gets another version of RabbitMQ while clients publish and consume.

const skip =
  (await clustersMissing()) ??
  (isLong ? undefined : 'part of the long tests') ??
  secondVersionMissing() ??
  false;

let rabbitMqs: TwoRabbitMqs;
before(async () => {
  if (!skip) rabbitMqs = await TwoRabbitMqs.make();
});
after(() => {
  if (!skip) rabbitMqs.remove();
});

let waxwing: Waxwing;
let keyArn = '';
let brokerId = '';
let cluster: UpgradedCluster;
afterEach(() => (skip ? undefined : removeClusters(waxwing)));

/** What the guide shows, with the folders and versions of this machine. */
const [variables = '', ask = ''] = snippetsFor(
  'tests/engines/rabbitmq-upgrade.test.ts',
  'docs/guides/clusters.md',
  2,
);

/** The variables that a snippet of the guide exports. */
async function shownVariables(): Promise<Record<string, string>> {
  const real = rabbitMqs.variables;
  const text = variables
    .replace(/(WAXWING_RABBITMQ_HOME=)\S+/, `$1${real['WAXWING_RABBITMQ_HOME']}`)
    .replace(/(WAXWING_ERLANG_HOME=)\S+/, `$1${real['WAXWING_ERLANG_HOME']}`);
  const printed = await new Shell().succeed(`${text}\nenv`);
  return Object.fromEntries(
    Object.keys(real).map((name) => [name, printed.split(`\n${name}=`)[1]?.split('\n')[0] ?? '']),
  );
}

/** A service with a cluster of the older version. */
async function olderCluster(env = rabbitMqs.variables): Promise<void> {
  const args = ['--no-default-broker'];
  waxwing = await Waxwing.start({ args, env, maxAttempts: 5 });
  keyArn = await createKey(waxwing);
  const request = {
    BrokerName: 'ledger',
    EngineVersion: olderVersion,
    PubliclyAccessible: false,
    Users: [{ Username: 'admin', Password: password }],
    ...clusterRequest,
    ...underKey(keyArn),
  };
  const { BrokerId = '' } = await waxwing.mq.send(new CreateBrokerCommand(request));
  brokerId = BrokerId;
  await waxwing.brokerIs(brokerId, 'RUNNING', clusterMs);
  cluster = new UpgradedCluster({ waxwing, brokerId, folders: [clusterFolder(waxwing, brokerId)] });
  await cluster.complete();
  await cluster.declareQueue();
}

test('nodes are upgraded one by one, while clients publish and consume', { skip }, async (t) => {
  const why = await installed('awscli');
  if (why !== undefined) return t.skip(why);
  await olderCluster(await shownVariables());
  await cluster.losesNothing(async () => {
    const env = { ...waxwing.environment, BROKER_ID: brokerId };
    await new Shell(env).succeed(ask.replace(/(--engine-version) \S+/, `$1 ${newerVersion}`));
    await waxwing.brokerIs(brokerId, 'RUNNING', upgradeMs);
  });
  await cluster.isUpgraded();
  assert.deepEqual(await cluster.events(), [
    'UpgradeNode 3',
    'UpgradeNode 2',
    'UpgradeNode 1',
    'CompleteUpgrade',
  ]);
  const downgrade = new UpdateBrokerCommand({ BrokerId: brokerId, EngineVersion: olderVersion });
  await assert.rejects(waxwing.mq.send(downgrade), /downgrades are not supported/);
});

test('no second node is taken while one does not run with the new version', { skip }, async () => {
  await olderCluster();
  rabbitMqs.break();
  try {
    await cluster.losesNothing(async () => {
      await cluster.ask();
      const action = (await describedAs(waxwing, brokerId, 'CRITICAL_ACTION_REQUIRED'))
        .ActionsRequired?.[0];
      assert.equal(action?.ActionRequiredCode, 'BROKER_UPGRADE_STOPPED');
      assert.match(action?.ActionRequiredInfo ?? '', /node 3 does not run with it.*exit code 3/);
      assert.deepEqual(cluster.runningNodes, [1, 2]);
      const other = new UpdateBrokerCommand({ BrokerId: brokerId, EngineVersion: olderVersion });
      await assert.rejects(
        waxwing.mq.send(other),
        /An upgrade to engine version \[3.10\] has begun/,
      );
    });
    // Another start of the service changes nothing: two nodes run, and the reason is stated.
    await waxwing.kill();
    await waxwing.restart();
    const stoppedTwice = ['UpgradeNode 3', 'StopUpgrade', 'StopUpgrade'];
    await until(
      'the upgrade has stopped again',
      async () => isDeepStrictEqual(await cluster.events().catch(() => []), stoppedTwice),
      upgradeMs,
    );
    const { ActionsRequired } = await describedAs(waxwing, brokerId, 'CRITICAL_ACTION_REQUIRED');
    assert.equal(ActionsRequired?.[0]?.ActionRequiredCode, 'BROKER_UPGRADE_STOPPED');
    assert.deepEqual(cluster.runningNodes, [1, 2]);
    await cluster.losesNothing(async () => {});
  } finally {
    rabbitMqs.repair();
  }
  await cluster.losesNothing(async () => {
    await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: brokerId }));
    await waxwing.brokerIs(brokerId, 'RUNNING', upgradeMs);
  });
  await cluster.isUpgraded();
  assert.deepEqual((await cluster.events()).slice(-3), [
    'UpgradeNode 2',
    'UpgradeNode 1',
    'CompleteUpgrade',
  ]);
});

test('an upgrade goes on after the service was killed', { skip }, async () => {
  await olderCluster();
  await cluster.losesNothing(async () => {
    await cluster.ask();
    await cluster.areTaken(2);
    await waxwing.kill();
    await waxwing.restart();
    await waxwing.brokerIs(brokerId, 'RUNNING', upgradeMs);
  }, false);
  await cluster.isUpgraded();
  const taken = (await cluster.events()).filter((text) => text.startsWith('UpgradeNode'));
  assert.deepEqual(taken, ['UpgradeNode 3', 'UpgradeNode 2', 'UpgradeNode 1']);
});

test('an upgrade is given up when the key is disabled, and goes on', { skip }, async () => {
  await olderCluster();
  await cluster.losesNothing(async () => {
    await cluster.ask();
    await cluster.areTaken(1);
    await disableKey(waxwing.kms, keyArn);
    const { ActionsRequired } = await describedAs(waxwing, brokerId, 'CRITICAL_ACTION_REQUIRED');
    assert.equal(ActionsRequired?.[0]?.ActionRequiredCode, 'RABBITMQ_INVALID_KMS_KEY');
    await until('the nodes have ended', () => cluster.runningNodes.length === 0, clusterMs);
    await enableKey(waxwing.kms, keyArn);
    await waxwing.brokerIs(brokerId, 'RUNNING', upgradeMs);
  }, false);
  await cluster.isUpgraded();
});
