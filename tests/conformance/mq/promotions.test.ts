import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms';
import { UpdateBrokerCommand } from '@aws-sdk/client-mq';
import { WaxwingError } from '../../../src/base/errors.ts';
import { allOffers } from '../../../src/control/offers/offers.ts';
import type { EngineReplicas } from '../../../src/control/volumes/engine-volumes.ts';
import { createKey, underKey } from '../../support/broker-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';
import { PlanePairs } from '../../support/plane-pairs.ts';
import { until } from '../../support/processes.ts';
import { serviceNamed, signedCall } from '../../support/signed-calls.ts';

// Promotions that must not be, are given up, or are interrupted.

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start(new Machine(allOffers));
});
after(() => plane.close());

const pairs = new PlanePairs(() => plane);
const promote = (id: string, mode: 'SWITCHOVER' | 'FAILOVER') => pairs.promote(id, mode);
const shown = (id: string) => pairs.shown(id);

const no = undefined;

test('a former primary without a copy is not promoted once its successor has run', async () => {
  const { primary, replica } = await pairs.paired();
  await promote(replica, 'FAILOVER');
  await plane.settled();
  assert.equal((await shown(replica))[0], 'RUNNING');
  // Before the first copy, the new primary ends and does not start again.
  plane.engine.fail('start', new WaxwingError('volume-damaged', 'a segment is damaged'));
  plane.engine.crash(replica);
  await plane.settled();
  assert.equal((await shown(replica))[0], 'CRITICAL_ACTION_REQUIRED');
  plane.engine.fail('start', undefined);
  await assert.rejects(promote(primary, 'FAILOVER'), {
    name: 'BadRequestException',
    message:
      `Broker [${primary}] cannot be promoted: it has no complete copy of its primary [${replica}] yet, ` +
      `only what it had before the roles were swapped, and [${replica}] has run since. ` +
      'To use that without what was confirmed since, set the data replication mode of ' +
      `[${replica}] to NONE.`,
  });
  const DataReplicationMode = 'NONE';
  await plane.mq.send(new UpdateBrokerCommand({ BrokerId: replica, DataReplicationMode }));
  await plane.advance(1000);
  assert.deepEqual(await shown(primary), ['RUNNING', 'NONE', no, no, no, no, no]);
});

test('a former primary is not promoted if its successor starts after the request', async () => {
  const { primary, replica } = await pairs.paired();
  const release = plane.engine.hold('start');
  await promote(replica, 'FAILOVER');
  await until('the new primary starts', () => plane.engine.calls.at(-1) === 'start');
  await promote(primary, 'FAILOVER');
  release();
  await plane.settled();
  assert.deepEqual((await shown(replica)).slice(0, 3), ['RUNNING', 'CRDR', 'PRIMARY']);
  await plane.advance(1000);
  assert.deepEqual((await shown(primary)).slice(0, 3), ['REPLICA', 'CRDR', 'REPLICA']);
  await promote(primary, 'SWITCHOVER');
  await plane.settled();
  assert.deepEqual((await shown(primary)).slice(0, 3), ['RUNNING', 'CRDR', 'PRIMARY']);
});

/** Replaces parts of the replicas of the engine until the returned function is called. */
function withReplicas(parts: Partial<EngineReplicas>): () => void {
  const { replicas } = plane.engine.volumes;
  assert.ok(replicas);
  const whole = { ...replicas };
  Object.assign(replicas, parts);
  return () => void Object.assign(replicas, whole);
}

test('a former primary takes over from a successor that takes long to start', async () => {
  const { primary, replica } = await pairs.paired();
  const { engine } = plane;
  const start = engine.start.bind(engine);
  let giveUp: ((error: Error) => void) | undefined;
  const startsLong = () =>
    new Promise<never>((_, reject) => {
      Object.assign(engine, { start });
      giveUp = reject;
    });
  Object.assign(engine, { start: startsLong });
  engine.abandon = (id) => giveUp?.(new WaxwingError('engine-failed', `${id} is given up`));
  await promote(replica, 'FAILOVER');
  await until('the new primary starts', () => giveUp !== undefined);
  await promote(primary, 'FAILOVER');
  await plane.settled();
  Object.assign(engine, { abandon: undefined });
  assert.deepEqual((await shown(primary)).slice(0, 3), ['RUNNING', 'CRDR', 'PRIMARY']);
  await plane.advance(1000);
  assert.deepEqual((await shown(replica)).slice(0, 3), ['REPLICA', 'CRDR', 'REPLICA']);
});

test('a copy from before the roles were swapped twice is none of a primary that has run', async () => {
  const { primary, replica } = await pairs.paired();
  const fails = () => Promise.reject(new WaxwingError('volume-failed', 'it is not mounted'));
  // The copy is not started, and then not replaced.
  const restore = withReplicas({ adopt: fails, primary: fails });
  await promote(replica, 'FAILOVER');
  await plane.settled();
  await promote(primary, 'FAILOVER');
  await plane.settled();
  assert.deepEqual((await shown(primary)).slice(0, 3), ['RUNNING', 'CRDR', 'PRIMARY']);
  await assert.rejects(promote(replica, 'FAILOVER'), { message: /no complete copy/ });
  restore();
  await plane.advance(2000);
  await promote(replica, 'FAILOVER');
  await plane.settled();
  assert.deepEqual((await shown(replica)).slice(0, 3), ['RUNNING', 'CRDR', 'PRIMARY']);
});

test('a promotion stops when the key is lost while its copy is finished, and goes on with it', async () => {
  const key = await createKey(plane);
  const { replica } = await pairs.paired(underKey(key));
  let giveUp: ((error: Error) => void) | undefined;
  const adopt = () =>
    new Promise<never>((_, reject) => {
      giveUp = reject;
    });
  const restore = withReplicas({ adopt });
  plane.engine.abandon = (id) => giveUp?.(new WaxwingError('volume-failed', `${id} is given up`));
  await promote(replica, 'FAILOVER');
  await until('the copy is being finished', () => giveUp !== undefined);
  await plane.kms.send(new DisableKeyCommand({ KeyId: key }));
  const lost = plane.advance(60_000);
  restore();
  await lost;
  const { BrokerState, ActionsRequired } = await pairs.describe(replica);
  assert.equal(BrokerState, 'CRITICAL_ACTION_REQUIRED');
  assert.equal(ActionsRequired?.[0]?.ActionRequiredCode, 'BROKER_INVALID_KMS_KEY');
  Object.assign(plane.engine, { abandon: undefined });
  await plane.kms.send(new EnableKeyCommand({ KeyId: key }));
  await plane.advance(0);
  assert.deepEqual((await shown(replica)).slice(0, 3), ['RUNNING', 'CRDR', 'PRIMARY']);
});

test('the service is not backed up while a promoted replica has no volume yet', async () => {
  const { primary, replica } = await pairs.paired();
  const backup = () =>
    signedCall(plane, serviceNamed(plane, 'waxwing-administration'), 'CreateBackup', {
      scope: 'SERVICE',
    });
  let isBegun = false;
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const whole = plane.engine.volumes.replicas?.adopt;
  const restore = withReplicas({
    adopt: async (...of) => {
      isBegun = true;
      await finished;
      await whole?.(...of);
    },
  });
  await promote(replica, 'FAILOVER');
  await until('the copy is being finished', () => isBegun);
  const { status, body } = await backup();
  assert.equal(status, 409);
  assert.match(body, new RegExp(`Broker \\[${replica}\\], which is REBOOT_IN_PROGRESS, has no`));
  finish();
  restore();
  await plane.settled();
  assert.equal((await shown(replica))[0], 'RUNNING');
  // What hinders it now is that the volumes of this service are in memory.
  assert.match((await backup()).body, /freeze-refused/);
  assert.equal((await shown(primary))[0], 'REPLICA');
});
