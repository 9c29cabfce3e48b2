import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  DisableKeyCommand,
  EnableKeyCommand,
  ListGrantsCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { DeleteBrokerCommand, RebootBrokerCommand } from '@aws-sdk/client-mq';
import type { BrokerRecord } from '../../../src/control/broker-record.ts';
import {
  createBroker,
  createKey,
  describeBroker,
  underKey,
} from '../../support/broker-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { killAtEachStep } from '../../support/kill-at-each-step.ts';
import { serviceNamed, signedCall } from '../../support/signed-calls.ts';
import { eventsNamed } from '../../support/trail-events.ts';

// Another KMS key for a running broker, and another data key.

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start();
});
after(() => plane.close());

const call = (own: ControlPlane, name: string, input: Readonly<Record<string, unknown>>) =>
  signedCall(own, serviceNamed(own, 'waxwing-administration'), name, input);

const rewrap = (own: ControlPlane, broker: string, kmsKeyId: string) =>
  call(own, 'RewrapVolume', { broker, kmsKeyId });

async function grantCount(own: ControlPlane, KeyId: string): Promise<number> {
  const { Grants = [] } = await own.kms.send(new ListGrantsCommand({ KeyId }));
  return Grants.length;
}

const brokerOf = (own: ControlPlane, id: string): BrokerRecord => own.control.brokers.require(id);

/** Waits until no change of the keys of a broker is in progress. */
async function changed(own: ControlPlane, id: string): Promise<BrokerRecord> {
  for (let turns = 0; ; turns++) {
    await own.settled();
    const broker = brokerOf(own, id);
    const isDone = broker.keyChange === null && broker.rekeying === null;
    if (isDone && broker.formerKeys.length === 0) return broker;
    assert.ok(turns < 1000, 'the change does not end');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a running broker gets another KMS key, and the grants on the one before are retired', async () => {
  const [from, to] = [await createKey(plane), await createKey(plane)];
  const id = await createBroker(plane, underKey(from));
  const starts = plane.engine.calls.filter((each) => each === 'start').length;
  const { status, event } = await rewrap(plane, id, to);
  assert.equal(status, 200);
  assert.deepEqual(event.requestParameters, { broker: id, kmsKeyId: to });
  assert.deepEqual(
    event.resources?.map(({ ARN }) => ARN),
    [brokerOf(plane, id).arn],
  );
  await changed(plane, id);
  const { EncryptionOptions } = await describeBroker(plane, id);
  assert.deepEqual(EncryptionOptions, { UseAwsOwnedKey: false, KmsKeyId: to });
  assert.deepEqual([await grantCount(plane, from), await grantCount(plane, to)], [0, 2]);
  const again = plane.engine.calls.filter((each) => each === 'start').length;
  assert.equal(again, starts, 'the broker was not restarted');
  const moves = await eventsNamed(plane, 'ReEncrypt');
  assert.ok(moves.length > 0);
  // The broker no longer depends on the key before.
  await plane.kms.send(new ScheduleKeyDeletionCommand({ KeyId: from, PendingWindowInDays: 7 }));
  await plane.mq.send(new RebootBrokerCommand({ BrokerId: id }));
  await plane.settled();
  assert.equal(brokerOf(plane, id).state, 'RUNNING');
  await plane.kms.send(new DisableKeyCommand({ KeyId: to }));
  await plane.settled();
  assert.equal(brokerOf(plane, id).state, 'CRITICAL_ACTION_REQUIRED');
  await plane.kms.send(new EnableKeyCommand({ KeyId: to }));
  await plane.settled();
  assert.equal(brokerOf(plane, id).state, 'RUNNING');
});

test('a grant that other brokers share is kept, and a broker returns to its first key', async () => {
  const [from, to] = [await createKey(plane), await createKey(plane)];
  const id = await createBroker(plane, underKey(from));
  const other = await createBroker(plane, underKey(from));
  await rewrap(plane, id, to);
  await changed(plane, id);
  assert.equal(await grantCount(plane, from), 2);
  await rewrap(plane, id, from);
  const { grants } = await changed(plane, id);
  assert.deepEqual(grants, brokerOf(plane, other).grants);
  assert.deepEqual([await grantCount(plane, from), await grantCount(plane, to)], [3, 0]);
  for (const each of [id, other]) {
    await plane.mq.send(new RebootBrokerCommand({ BrokerId: each }));
    await plane.settled();
    assert.equal(brokerOf(plane, each).state, 'RUNNING');
  }
});

test('a broker with the key of the service gets a key of the customer', async () => {
  const to = await createKey(plane);
  const id = await createBroker(plane);
  await rewrap(plane, id, to);
  await changed(plane, id);
  const { EncryptionOptions } = await describeBroker(plane, id);
  assert.deepEqual(EncryptionOptions, { UseAwsOwnedKey: false, KmsKeyId: to });
});

test('a change is refused for the same key, an unusable key, and a broker that does not run', async () => {
  const [from, to] = [await createKey(plane), await createKey(plane)];
  const id = await createBroker(plane, underKey(from));
  const refused = async (kmsKeyId: string, what: RegExp, broker = id) => {
    const { status, body, event } = await rewrap(plane, broker, kmsKeyId);
    assert.ok(status >= 400 && status < 500, body);
    assert.match(body, what);
    assert.notEqual(event.errorCode, undefined);
  };
  await refused(from, /already uses the KMS key/);
  await refused('alias/none', /KMS key \[alias\/none\] cannot be used/);
  await refused(to, /There is no broker \[none\]/, 'none');
  await refused(`x${'y'.repeat(3000)}`, /kmsKeyId/);
  const rsa = await createKey(plane, { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' });
  await refused(rsa, /Only symmetric encryption keys/);
  await plane.kms.send(new DisableKeyCommand({ KeyId: to }));
  await refused(to, /is in state Disabled/);
  await plane.kms.send(new DisableKeyCommand({ KeyId: from }));
  await plane.settled();
  await refused(await createKey(plane), /must be RUNNING; its state is CRITICAL_ACTION_REQUIRED/);
  assert.equal(brokerOf(plane, id).keyChange, null);
});

test('only one change at a time is accepted', async () => {
  const [from, to] = [await createKey(plane), await createKey(plane)];
  const id = await createBroker(plane, underKey(from));
  const letGo = plane.engine.hold('rewrap');
  await rewrap(plane, id, to);
  for (const second of [
    await rewrap(plane, id, to),
    await call(plane, 'RekeyVolume', { broker: id }),
  ]) {
    assert.equal(second.status, 409);
    assert.match(second.body, /its KMS key is being changed to/);
  }
  const { body } = await call(plane, 'DescribeVolume', { broker: id });
  const { broker } = JSON.parse(body) as { broker: { kmsKeyId: string; newKmsKeyId: string } };
  assert.deepEqual([broker.kmsKeyId, broker.newKmsKeyId], [from, to]);
  letGo();
  assert.equal((await changed(plane, id)).key.arn, to);
});

test('if the new key is lost during the change, the broker keeps its key and runs', async () => {
  const [from, to] = [await createKey(plane), await createKey(plane)];
  const id = await createBroker(plane, underKey(from));
  const letGo = plane.engine.hold('wrappedKeys');
  await rewrap(plane, id, to);
  await plane.kms.send(new DisableKeyCommand({ KeyId: to }));
  letGo();
  const broker = await changed(plane, id);
  assert.deepEqual([broker.key.arn, broker.state], [from, 'RUNNING']);
  assert.equal(await grantCount(plane, to), 0);
  assert.match(
    plane.reports.at(-1)?.text ?? '',
    /was not changed to .*is in state Disabled|was not/,
  );
  await plane.mq.send(new RebootBrokerCommand({ BrokerId: id }));
  await plane.settled();
  assert.equal(brokerOf(plane, id).state, 'RUNNING');
});

test('a broker that is deleted during the change leaves no grant on either key', async () => {
  const [from, to] = [await createKey(plane), await createKey(plane)];
  const id = await createBroker(plane, underKey(from));
  const letGo = plane.engine.hold('rewrap');
  await rewrap(plane, id, to);
  await plane.mq.send(new DeleteBrokerCommand({ BrokerId: id }));
  letGo();
  await plane.settled();
  assert.equal(plane.control.brokers.get(id), undefined);
  assert.deepEqual([await grantCount(plane, from), await grantCount(plane, to)], [0, 0]);
});

test('a process exit at any step of a change of the key leaves a broker that runs', async () => {
  let [from, to, id] = ['', '', ''];
  const outcomes = new Set<string>();
  const steps = await killAtEachStep(
    (own) => rewrap(own, id, to),
    async (own) => {
      [from, to] = [await createKey(own), await createKey(own)];
      id = await createBroker(own, underKey(from));
    },
    async (own, step) => {
      const broker = await changed(own, id);
      outcomes.add(broker.key.arn === to ? 'changed' : 'unchanged');
      assert.equal(broker.state, 'RUNNING', `step ${step}`);
      const counts = [await grantCount(own, from), await grantCount(own, to)];
      // The grant of the service on the new key may be left, as after an interrupted creation.
      if (broker.key.arn === to) assert.deepEqual(counts, [0, 2], `step ${step}`);
      else assert.deepEqual([counts[0], (counts[1] ?? 0) <= 1], [2, true], `step ${step}`);
      await own.mq.send(new RebootBrokerCommand({ BrokerId: id }));
      await own.settled();
      assert.equal(brokerOf(own, id).state, 'RUNNING', `step ${step}`);
      assert.equal(own.engine.running.size, 1);
    },
  );
  assert.ok(steps > 10, `${steps} steps`);
  assert.deepEqual(outcomes, new Set(['unchanged', 'changed']));
});

test('a broker gets a new data key, and its wrapped older one is gone when nothing needs it', async () => {
  const id = await createBroker(plane);
  const { id: volumeId } = plane.volumeOf(id);
  const [before] = await plane.engine.wrappedKeys(id, volumeId);
  plane.engine.isResealing = true;
  const { status, event } = await call(plane, 'RekeyVolume', { broker: id });
  assert.deepEqual([status, event.requestParameters], [200, { broker: id }]);
  await plane.settled();
  const { body } = await call(plane, 'DescribeVolume', { broker: id });
  const shown = JSON.parse(body) as { broker: object; volumes: readonly object[] };
  assert.equal((shown.broker as { isRekeying: boolean }).isRekeying, true);
  assert.deepEqual(shown.volumes, [
    { volumeId, generation: 1, olderGenerations: [0], olderBytes: 1000, totalBytes: 1000 },
  ]);
  const second = await call(plane, 'RekeyVolume', { broker: id });
  assert.match(second.body, /its data is being sealed under a new data key/);
  plane.engine.isResealing = false;
  plane.engine.reseal(id);
  await changed(plane, id);
  const [newest, ...older] = await plane.engine.wrappedKeys(id, volumeId);
  assert.equal(newest?.generation, 1);
  assert.notDeepEqual(newest?.wrappedKey, before?.wrappedKey);
  assert.deepEqual(older, []);
});

test('both data keys of a broker are wrapped again when its KMS key changes', async () => {
  const [from, to] = [await createKey(plane), await createKey(plane)];
  const id = await createBroker(plane, underKey(from));
  const { id: volumeId } = plane.volumeOf(id);
  plane.engine.isResealing = true;
  await call(plane, 'RekeyVolume', { broker: id });
  await plane.settled();
  // A release that does not know the change in progress left the volume with two data keys.
  await plane.store.commit([plane.control.brokers.entry({ updated: id, set: { rekeying: null } })]);
  await rewrap(plane, id, to);
  await changed(plane, id);
  assert.equal((await plane.engine.wrappedKeys(id, volumeId)).length, 2);
  await plane.kms.send(new DisableKeyCommand({ KeyId: from }));
  await plane.mq.send(new RebootBrokerCommand({ BrokerId: id }));
  await plane.settled();
  assert.equal(brokerOf(plane, id).state, 'RUNNING');
  plane.engine.isResealing = false;
});

test('a process exit at any step of a new data key leaves a broker that runs', async () => {
  let id = '';
  const outcomes = new Set<number>();
  await killAtEachStep(
    (own) => call(own, 'RekeyVolume', { broker: id }),
    async (own) => {
      id = await createBroker(own);
    },
    async (own, step) => {
      const broker = await changed(own, id);
      assert.equal(broker.state, 'RUNNING', `step ${step}`);
      const keys = await own.engine.wrappedKeys(id, own.volumeOf(id).id);
      assert.equal(keys.length, 1, `step ${step}`);
      outcomes.add(keys[0]?.generation ?? -1);
    },
  );
  assert.deepEqual(outcomes, new Set([0, 1]));
});
