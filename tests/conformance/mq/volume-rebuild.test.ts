import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DisableKeyCommand } from '@aws-sdk/client-kms';
import { RebootBrokerCommand, UpdateBrokerCommand } from '@aws-sdk/client-mq';
import { WaxwingError } from '../../../src/base/errors.ts';
import { createBroker, createKey, underKey } from '../../support/broker-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';
import { serviceNamed, signedCall } from '../../support/signed-calls.ts';
import { eventsNamed } from '../../support/trail-events.ts';

// A volume of a cluster that is created again, and the order of upgrades of clusters.

const cluster = { DeploymentMode: 'CLUSTER_MULTI_AZ', HostInstanceType: 'mq.m7g.large' } as const;
const single = { engineType: 'RABBITMQ', deploymentMode: 'SINGLE_INSTANCE' } as const;
const rolledBack = new WaxwingError('volume-rolled-back', 'node 2 has an older copy');

let plane: ControlPlane;
before(async () => {
  const kind = { engineType: 'RABBITMQ', deploymentMode: 'CLUSTER_MULTI_AZ' } as const;
  plane = await ControlPlane.start(new Machine([single, kind]));
});
after(() => plane.close());

const rebuild = (broker: string, volumeId: string) =>
  signedCall(plane, serviceNamed(plane, 'waxwing-administration'), 'RebuildVolume', {
    broker,
    volumeId,
  });
const recordOf = (id: string) => plane.control.brokers.require(id);
const volumesOf = (id: string) => recordOf(id).volumes.map((volume) => volume.id);

/** A cluster whose next starts fail until the returned function is called. */
async function failing(key?: string): Promise<{ id: string; heal: () => void }> {
  const id = await createBroker(plane, { ...cluster, ...(key === undefined ? {} : underKey(key)) });
  plane.engine.fail('start', rolledBack);
  plane.engine.crash(id);
  await plane.settled();
  plane.control.supervisor.tick();
  await plane.settled();
  assert.equal(recordOf(id).state, 'CRITICAL_ACTION_REQUIRED');
  assert.equal(recordOf(id).action?.code, 'BROKER_VOLUME_ROLLED_BACK');
  return { id, heal: () => plane.engine.fail('start', undefined) };
}

test('a volume of a cluster that cannot start gets a new data key, and the broker runs', async () => {
  const { id, heal } = await failing();
  const [refusal] = await eventsNamed(plane, 'RefuseVolume');
  assert.deepEqual(refusal?.['serviceEventDetails'], {
    code: 'volume-rolled-back',
    message: 'node 2 has an older copy',
  });
  assert.match(JSON.stringify(refusal?.['resources']), new RegExp(id));
  const [first = '', second = ''] = volumesOf(id);
  const wrapped = async (volumeId: string) =>
    (await plane.engine.wrappedKeys(id, volumeId)).map(({ wrappedKey }) => wrappedKey);
  const before = [await wrapped(first), await wrapped(second)];
  heal();
  const { status, event } = await rebuild(id, second);
  assert.deepEqual([status, event.requestParameters], [200, { broker: id, volumeId: second }]);
  await plane.settled();
  const { state, action, volumes } = recordOf(id);
  assert.deepEqual([state, action], ['RUNNING', null]);
  assert.ok(volumes.every(({ isMade, epoch, mountedEpoch }) => isMade && epoch === mountedEpoch));
  assert.deepEqual(await wrapped(first), before[0]);
  assert.notDeepEqual(await wrapped(second), before[1]);
  const { volumes: started = [] } = plane.engine.running.get(id) ?? {};
  assert.deepEqual(
    started.map(({ isRebuilt, epochMin }) => [isRebuilt, epochMin > 0]),
    [
      [false, true],
      [true, false],
      [false, true],
    ],
  );
});

test('as long as a start has not succeeded, the same volume is created again before each', async () => {
  const { id, heal } = await failing();
  const [first = '', second = ''] = volumesOf(id);
  assert.equal((await rebuild(id, second)).status, 200);
  await plane.settled();
  assert.equal(recordOf(id).state, 'CRITICAL_ACTION_REQUIRED');
  const other = await rebuild(id, first);
  assert.equal(other.status, 400);
  assert.match(other.body, new RegExp(`Volume .${second}.* is being created again`));
  heal();
  const count = () => plane.engine.calls.filter((call) => call === 'rebuild').length;
  const before = count();
  await plane.mq.send(new RebootBrokerCommand({ BrokerId: id }));
  await plane.settled();
  assert.equal(recordOf(id).state, 'RUNNING');
  assert.equal(count(), before + 1);
});

test('volumes are created again only of clusters that cannot start and whose key is usable', async () => {
  const running = await createBroker(plane, cluster);
  const [volume = ''] = volumesOf(running);
  const one = await createBroker(plane);
  const key = await createKey(plane);
  const lost = await createBroker(plane, { ...cluster, ...underKey(key) });
  await plane.kms.send(new DisableKeyCommand({ KeyId: key }));
  await plane.settled();
  const { id, heal } = await failing();
  for (const [broker, volumeId, text] of [
    [running, volume, /is RUNNING; a volume is created again only if/],
    [one, volumesOf(one)[0] ?? '', /is not a cluster/],
    [lost, volumesOf(lost)[0] ?? '', /its KMS key cannot be used/],
    [id, volume, /has no volume .*; its volumes are vol-/],
    ['no-such-broker', volume, /There is no broker/],
    [id, 'x'.repeat(65), /64/],
    [id, '', /./],
  ] as const) {
    const { status, body } = await rebuild(broker, volumeId);
    assert.ok(status >= 400 && status < 500, `${broker}: ${status}`);
    assert.match(body, text);
  }
  heal();
});

test('a cluster is upgraded one step at a time', async () => {
  const BrokerId = await createBroker(plane, { ...cluster, EngineVersion: '3.13' });
  const update = (EngineVersion: string) =>
    plane.mq.send(new UpdateBrokerCommand({ BrokerId, EngineVersion }));
  await assert.rejects(update('4.3'), {
    name: 'BadRequestException',
    ErrorAttribute: 'engineVersion',
    message:
      /from engine version \[3\.13\] to \[4\.3\] directly; permitted are the steps \[4\.2, 4\.3\]/,
  });
  await update('4.2');
});
