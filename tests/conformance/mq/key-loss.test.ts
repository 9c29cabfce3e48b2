import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CancelKeyDeletionCommand,
  CreateGrantCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetKeyPolicyCommand,
  ListGrantsCommand,
  PutKeyPolicyCommand,
  RevokeGrantCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { DeleteBrokerCommand, RebootBrokerCommand } from '@aws-sdk/client-mq';
import {
  createBroker,
  createKey,
  describeBroker,
  underKey,
} from '../../support/broker-requests.ts';
import { accountId, ControlPlane } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';

// The guide's page "RabbitMQ on Amazon MQ: Invalid AWS Key Management Service Key".

const dayMs = 24 * 3600 * 1000;
const rootArn = `arn:aws:iam::${accountId}:root`;

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start();
});
after(() => plane.close());

async function brokerUnderKey(on = plane) {
  const KeyId = await createKey(on);
  const BrokerId = await createBroker(on, underKey(KeyId));
  return { KeyId, BrokerId };
}

async function requireRunning(BrokerId: string, on = plane): Promise<void> {
  const { BrokerState, ActionsRequired } = await describeBroker(on, BrokerId);
  assert.deepEqual([BrokerState, ActionsRequired], ['RUNNING', []]);
  assert.ok(on.engine.running.has(BrokerId));
}

async function requireLost(BrokerId: string, info: RegExp, on = plane): Promise<void> {
  const { BrokerState, ActionsRequired = [] } = await describeBroker(on, BrokerId);
  assert.equal(BrokerState, 'CRITICAL_ACTION_REQUIRED');
  const [action] = ActionsRequired;
  assert.equal(action?.ActionRequiredCode, 'RABBITMQ_INVALID_KMS_KEY');
  assert.match(action?.ActionRequiredInfo ?? '', info);
  assert.equal(on.engine.running.has(BrokerId), false, 'its process is ended, its key with it');
}

test('disabling a key stops its broker with a reason, and enabling it restarts the broker', async () => {
  const { KeyId, BrokerId } = await brokerUnderKey();
  const before = plane.volumeOf(BrokerId);
  await plane.kms.send(new DisableKeyCommand({ KeyId }));
  await plane.settled();
  await requireLost(BrokerId, /is in state Disabled, it must be Enabled\.$/);
  assert.equal(plane.engine.calls.at(-1), "stop: the broker's KMS key cannot be used");
  await plane.kms.send(new EnableKeyCommand({ KeyId }));
  await plane.settled();
  await requireRunning(BrokerId);
  const { id, epoch } = plane.volumeOf(BrokerId);
  assert.deepEqual([id, epoch], [before.id, before.epoch + 1], 'the same data');
});

test('a broker without its key cannot be rebooted, and the error gives the reason', async () => {
  const { KeyId, BrokerId } = await brokerUnderKey();
  await plane.kms.send(new DisableKeyCommand({ KeyId }));
  await plane.settled();
  await assert.rejects(plane.mq.send(new RebootBrokerCommand({ BrokerId })), {
    name: 'BadRequestException',
    ErrorAttribute: 'brokerState',
    message: `Broker [${BrokerId}] cannot be rebooted in state CRITICAL_ACTION_REQUIRED (RABBITMQ_INVALID_KMS_KEY).`,
  });
});

test('a key pending deletion stops its broker until cancelled and enabled', async () => {
  const { KeyId, BrokerId } = await brokerUnderKey();
  await plane.kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  await plane.settled();
  await requireLost(BrokerId, /is in state PendingDeletion/);
  await plane.kms.send(new CancelKeyDeletionCommand({ KeyId }));
  await plane.settled();
  await requireLost(BrokerId, /is in state Disabled/);
  await plane.kms.send(new EnableKeyCommand({ KeyId }));
  await plane.settled();
  await requireRunning(BrokerId);
});

test('a broker whose key is deleted cannot be recovered, but can be deleted', async () => {
  const { KeyId, BrokerId } = await brokerUnderKey();
  await plane.kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  await plane.advance(7 * dayMs);
  await requireLost(BrokerId, /does not exist$/);
  await plane.mq.send(new DeleteBrokerCommand({ BrokerId }));
  await plane.settled();
  await assert.rejects(describeBroker(plane, BrokerId), { name: 'NotFoundException' });
  assert.equal(plane.machine.folders.has(BrokerId), false);
});

for (const which of ['service', 'volume'] as const) {
  test(`a broker cannot be recovered after revocation of its ${which} grant`, async () => {
    const { KeyId, BrokerId } = await brokerUnderKey();
    const { id: volumeId, grantId } = plane.volumeOf(BrokerId);
    const [granted] = plane.control.brokers.require(BrokerId).grants;
    const GrantId = (which === 'volume' ? grantId : granted?.id) ?? '';
    await plane.kms.send(new RevokeGrantCommand({ KeyId, GrantId }));
    await plane.settled();
    const gone = new RegExp(`^The grant ${GrantId} on the KMS key .* is gone`);
    const refused = /is not authorized to perform: kms:/;
    const info = new RegExp(`${gone.source}|${refused.source}`);
    await requireLost(BrokerId, info);
    await plane.kms.send(new DisableKeyCommand({ KeyId }));
    await plane.kms.send(new EnableKeyCommand({ KeyId }));
    const EncryptionContextSubset = { 'aws:ebs:id': volumeId };
    const Constraints = { EncryptionContextSubset };
    const Operations = ['Decrypt' as const];
    const byHand = { KeyId, GranteePrincipal: rootArn, Operations, Constraints };
    await plane.kms.send(new CreateGrantCommand(byHand));
    await plane.advance(2 * 3_600_000);
    await requireLost(BrokerId, info);
    await assert.rejects(plane.mq.send(new RebootBrokerCommand({ BrokerId })), {
      name: 'BadRequestException',
    });
    await plane.mq.send(new DeleteBrokerCommand({ BrokerId }));
    await plane.settled();
    const { Grants = [] } = await plane.kms.send(new ListGrantsCommand({ KeyId }));
    assert.deepEqual(
      Grants.map(({ GranteePrincipal }) => GranteePrincipal),
      [rootArn],
      'the one made by hand is not ours to retire',
    );
  });
}

test('a key policy that denies the service stops the broker until the denial is removed', async () => {
  const { KeyId, BrokerId } = await brokerUnderKey();
  const { Policy = '' } = await plane.kms.send(new GetKeyPolicyCommand({ KeyId }));
  const policy = JSON.parse(Policy);
  const deny = {
    Effect: 'Deny',
    Principal: { Service: 'mq.amazonaws.com' },
    Action: 'kms:Decrypt',
    Resource: '*',
  };
  const denying = JSON.stringify({ ...policy, Statement: [...policy.Statement, deny] });
  await plane.kms.send(new PutKeyPolicyCommand({ KeyId, Policy: denying }));
  await plane.settled();
  await requireLost(BrokerId, /with an explicit deny in a resource-based policy$/);
  await plane.kms.send(new PutKeyPolicyCommand({ KeyId, Policy }));
  await plane.settled();
  await requireRunning(BrokerId);
});

test('brokers with other keys keep running', async () => {
  const { KeyId, BrokerId } = await brokerUnderKey();
  const others = [(await brokerUnderKey()).BrokerId, await createBroker(plane)];
  await plane.kms.send(new DisableKeyCommand({ KeyId }));
  await plane.settled();
  await requireLost(BrokerId, /Disabled/);
  for (const other of others) await requireRunning(other);
});

test('all brokers of a key stop and recover together', async () => {
  const { KeyId, BrokerId } = await brokerUnderKey();
  const second = await createBroker(plane, underKey(KeyId));
  await plane.kms.send(new DisableKeyCommand({ KeyId }));
  await plane.settled();
  for (const id of [BrokerId, second]) await requireLost(id, /Disabled/);
  await plane.kms.send(new EnableKeyCommand({ KeyId }));
  await plane.settled();
  for (const id of [BrokerId, second]) await requireRunning(id);
});

test('a key change takes effect after the configured delay', async () => {
  const machine = new Machine();
  machine.keyEffectDelayMs = 300_000;
  const slow = await ControlPlane.start(machine);
  try {
    const { KeyId, BrokerId } = await brokerUnderKey(slow);
    await slow.kms.send(new DisableKeyCommand({ KeyId }));
    await slow.advance(299_999);
    await requireRunning(BrokerId, slow);
    await slow.advance(1);
    await requireLost(BrokerId, /Disabled/, slow);
  } finally {
    await slow.close();
  }
});

test('a broker with a disabled key does not start with the service until the key is enabled', async () => {
  let own = await ControlPlane.start();
  try {
    const { KeyId, BrokerId } = await brokerUnderKey(own);
    await own.kms.send(new DisableKeyCommand({ KeyId }));
    own = await own.restart();
    await own.settled();
    await requireLost(BrokerId, /Disabled/, own);
    assert.deepEqual(own.engine.calls, []);
    await own.kms.send(new EnableKeyCommand({ KeyId }));
    await own.settled();
    await requireRunning(BrokerId, own);
  } finally {
    await own.close();
  }
});

test('a key change without notification is detected within one hour', async () => {
  const { KeyId, BrokerId } = await brokerUnderKey();
  const { journal } = plane.kmsDomain;
  const key = journal.key(KeyId.slice(KeyId.lastIndexOf('/') + 1));
  assert.ok(key);
  // Simulates a change in an external key service.
  journal.apply({ put: 'key', key: { ...key, state: 'Unavailable' } });
  await plane.settled();
  await requireRunning(BrokerId);
  await plane.advance(3_600_000);
  await requireLost(BrokerId, /is in state Unavailable/);
  journal.apply({ put: 'key', key });
  await plane.advance(3_600_000);
  await requireRunning(BrokerId);
});
