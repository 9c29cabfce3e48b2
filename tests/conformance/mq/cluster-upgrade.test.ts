import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DeleteBrokerCommand, RebootBrokerCommand, UpdateBrokerCommand } from '@aws-sdk/client-mq';
import type { BrokerSpec, RunningBroker } from '../../../src/control/engine.ts';
import {
  createBroker,
  createKey,
  describeBroker,
  underKey,
} from '../../support/broker-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { disableKey } from '../../support/keys.ts';
import { Machine } from '../../support/machine.ts';
import { trailEvents } from '../../support/trail-events.ts';

// The record of a cluster whose nodes are upgraded one by one, with an engine that has no nodes.

const kind = { engineType: 'RABBITMQ', deploymentMode: 'CLUSTER_MULTI_AZ' } as const;
const cluster = {
  DeploymentMode: kind.deploymentMode,
  HostInstanceType: 'mq.m7g.large',
  EngineVersion: '3.13',
} as const;
const message = 'the upgrade to RabbitMQ 4.2 has stopped: node 2 does not run with it';

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start(new Machine([kind]));
});
after(() => plane.close());

/** Makes the engine upgrade these nodes at the next restart, and then stop or not. */
function engineUpgrades(id: string, numbers: readonly number[], isStopped: boolean): BrokerSpec[] {
  const asked: BrokerSpec[] = [];
  plane.engine.restart = async (spec): Promise<RunningBroker> => {
    asked.push(spec);
    for (const number of numbers) await plane.engine.events?.upgrading(id, number, '4.2');
    const problem = { code: 'upgrade-stopped', message };
    return { ports: spec.ports, mounted: [], ...(isStopped && { problem }) };
  };
  return asked;
}

const versionsOf = (instances: BrokerSpec['instances']) =>
  instances.map(({ engineVersion }) => engineVersion);

async function reboot(BrokerId: string): Promise<void> {
  await plane.mq.send(new RebootBrokerCommand({ BrokerId }));
  await plane.settled();
}

test('an upgrade that stops is stated, the cluster runs, and a reboot goes on', async () => {
  const id = await createBroker(plane, cluster);
  const update = (EngineVersion: string) =>
    plane.mq.send(new UpdateBrokerCommand({ BrokerId: id, EngineVersion }));
  await update('4.2');
  const first = engineUpgrades(id, [3, 2], true);
  await reboot(id);
  assert.deepEqual(
    first.map((spec) => [spec.previousVersion, spec.engineVersion, versionsOf(spec.instances)]),
    [['3.13', '4.2', ['3.13', '3.13', '3.13']]],
  );
  const stopped = await describeBroker(plane, id);
  assert.deepEqual(
    [stopped.BrokerState, stopped.EngineVersion, stopped.PendingEngineVersion],
    ['CRITICAL_ACTION_REQUIRED', '3.13', '4.2'],
  );
  const action = { ActionRequiredCode: 'BROKER_UPGRADE_STOPPED', ActionRequiredInfo: message };
  assert.deepEqual(stopped.ActionsRequired, [action]);
  assert.ok(plane.control.supervisor.isUp(id));
  assert.ok(!plane.engine.calls.some((call) => call.startsWith('stop')));
  await assert.rejects(update('3.13'), /An upgrade to engine version \[4.2\] has begun/);
  await update('4.2');

  const second = engineUpgrades(id, [1], false);
  await reboot(id);
  assert.deepEqual(
    second.map(({ instances }) => versionsOf(instances)),
    [['3.13', '4.2', '4.2']],
  );
  const done = await describeBroker(plane, id);
  assert.deepEqual(
    [done.BrokerState, done.EngineVersion, done.PendingEngineVersion, done.ActionsRequired],
    ['RUNNING', '4.2', undefined, []],
  );
  const { instances } = plane.control.brokers.require(id);
  assert.deepEqual(versionsOf(instances), [undefined, undefined, undefined]);
  const names = (await trailEvents(plane))
    .filter(({ eventName }) => /Upgrade/.test(String(eventName)))
    .map(({ eventName, serviceEventDetails: details }) => {
      return `${eventName} ${(details as Record<string, unknown>)['node'] ?? ''}`.trim();
    });
  assert.deepEqual(names, [
    ...['UpgradeNode 3', 'UpgradeNode 2', 'StopUpgrade', 'UpgradeNode 1', 'CompleteUpgrade'],
  ]);
  await assert.rejects(update('3.13'), /downgrades are not supported/);
});

test('an upgrade without an interruption leaves no versions of instances', async () => {
  const id = await createBroker(plane, cluster);
  await plane.mq.send(new UpdateBrokerCommand({ BrokerId: id, EngineVersion: '4.2' }));
  engineUpgrades(id, [3, 2, 1], false);
  await reboot(id);
  const { instances, engineVersion, state } = plane.control.brokers.require(id);
  assert.deepEqual([engineVersion, state], ['4.2', 'RUNNING']);
  assert.deepEqual(versionsOf(instances), [undefined, undefined, undefined]);
});

test('an upgrade goes on after the service was started again', async () => {
  const id = await createBroker(plane, cluster);
  await plane.mq.send(new UpdateBrokerCommand({ BrokerId: id, EngineVersion: '4.2' }));
  engineUpgrades(id, [3], true);
  await reboot(id);
  plane = await plane.restart();
  await plane.settled();
  const spec = plane.engine.running.get(id);
  assert.deepEqual([spec?.previousVersion, spec?.engineVersion], ['3.13', '4.2']);
  assert.deepEqual(versionsOf(spec?.instances ?? []), ['3.13', '3.13', '4.2']);
  const { BrokerState, EngineVersion } = await describeBroker(plane, id);
  assert.deepEqual([BrokerState, EngineVersion], ['RUNNING', '4.2']);
});

test('the version cannot be changed once the reboot has begun, before the first node too', async () => {
  const id = await createBroker(plane, cluster);
  const update = (EngineVersion: string) =>
    plane.mq.send(new UpdateBrokerCommand({ BrokerId: id, EngineVersion }));
  await update('4.2');
  await update('3.13'); // nothing has begun
  assert.equal((await describeBroker(plane, id)).PendingEngineVersion, undefined);
  await update('4.2');
  plane.engine.restart = async (spec): Promise<RunningBroker> => {
    await assert.rejects(update('3.13'), /An upgrade to engine version \[4.2\] has begun/);
    await update('4.2');
    const problem = { code: 'upgrade-stopped', message };
    return { ports: spec.ports, mounted: [], problem };
  };
  await reboot(id);
  const stopped = await describeBroker(plane, id);
  assert.deepEqual(
    [stopped.BrokerState, stopped.EngineVersion, stopped.PendingEngineVersion],
    ['CRITICAL_ACTION_REQUIRED', '3.13', '4.2'],
  );
  // No node has the new version.
  await update('3.13');
  assert.equal((await describeBroker(plane, id)).PendingEngineVersion, undefined);
});

/** Makes the engine upgrade a cluster until that is given up. Then the cluster does not run. */
function engineWaits(id: string, meanwhile: () => Promise<unknown>): void {
  let giveUp = (_: Error) => {};
  plane.engine.abandon = (brokerId) => {
    assert.equal(brokerId, id);
    giveUp(new Error('the cluster is being stopped'));
  };
  plane.engine.restart = () =>
    new Promise((_, reject) => {
      giveUp = reject;
      void meanwhile();
    });
}

test('an upgrade is given up when the broker is deleted', async () => {
  const id = await createBroker(plane, cluster);
  await plane.mq.send(new UpdateBrokerCommand({ BrokerId: id, EngineVersion: '4.2' }));
  engineWaits(id, () => plane.mq.send(new DeleteBrokerCommand({ BrokerId: id })));
  const before = plane.engine.calls.length;
  await reboot(id);
  await assert.rejects(describeBroker(plane, id), { name: 'NotFoundException' });
  assert.ok(plane.engine.calls.slice(before).includes('remove'));
});

test('an upgrade is given up when the key is disabled', async () => {
  const keyArn = await createKey(plane);
  const id = await createBroker(plane, { ...cluster, ...underKey(keyArn) });
  await plane.mq.send(new UpdateBrokerCommand({ BrokerId: id, EngineVersion: '4.2' }));
  engineWaits(id, () => disableKey(plane.kms, keyArn));
  await reboot(id);
  const { BrokerState, ActionsRequired } = await describeBroker(plane, id);
  assert.equal(BrokerState, 'CRITICAL_ACTION_REQUIRED');
  assert.equal(ActionsRequired?.[0]?.ActionRequiredCode, 'RABBITMQ_INVALID_KMS_KEY');
  assert.ok(!plane.control.supervisor.isUp(id));
  assert.deepEqual(plane.engine.calls.slice(-1), ["stop: the broker's KMS key cannot be used"]);
});
