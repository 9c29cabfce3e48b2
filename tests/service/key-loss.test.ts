import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateGrantCommand, type GrantListEntry, RevokeGrantCommand } from '@aws-sdk/client-kms';
import { DeleteBrokerCommand, ListBrokersCommand, RebootBrokerCommand } from '@aws-sdk/client-mq';
import { createKey, describeBroker, underKey } from '../support/broker-requests.ts';
import {
  cancelDeletion,
  disableKey,
  enableKey,
  grantsOn,
  scheduleDeletion,
} from '../support/keys.ts';
import { isRunning, until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { eventsNamed } from '../support/trail-events.ts';
import { Waxwing } from '../support/waxwing.ts';

// The loss of a key stops its brokers in a defined way, and its recovery restarts them.

/** Milliseconds within which the loss of a key must have taken effect. */
const effectMs = 10_000;

let waxwing: Waxwing;
let keyArn = '';
let brokerId = '';
before(async () => {
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  keyArn = await createKey(waxwing);
  brokerId = await waxwing.createBroker(underKey(keyArn));
});
after(() => waxwing.remove());

const bodies = Array.from({ length: 30 }, (_, i) => `message ${i}`);

/** Takes the key away and proves that the broker is locked as it must be. */
async function isLockedBy(id: string, takeAway: () => Promise<unknown>): Promise<void> {
  const clients = await Promise.all(
    [1, 2].map(async () => waxwing.connect(await waxwing.brokerUrl(id))),
  );
  const pid = waxwing.brokerPid(id);
  assert.ok(isRunning(pid));
  await takeAway();
  const { ActionsRequired } = await waxwing.brokerIs(id, 'CRITICAL_ACTION_REQUIRED', effectMs);
  assert.equal(ActionsRequired?.[0]?.ActionRequiredCode, 'RABBITMQ_INVALID_KMS_KEY');
  assert.match(ActionsRequired?.[0]?.ActionRequiredInfo ?? '', /key/);
  for (const client of clients) assert.match(await client.ended, /KMS key cannot be used/);
  await until('its process is gone', () => !isRunning(pid), effectMs);
  await assert.rejects(waxwing.mq.send(new RebootBrokerCommand({ BrokerId: id })), {
    name: 'BadRequestException',
    message: /RABBITMQ_INVALID_KMS_KEY/,
  });
}

test('disabling a key disconnects clients with the reason and ends the broker process', async () => {
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  await client.publish('orders', bodies);
  await isLockedBy(brokerId, () => disableKey(waxwing.kms, keyArn));
});

test('a broker with a disabled key stays stopped after a service restart', async () => {
  assert.equal(await waxwing.stop(), 0);
  await waxwing.restart();
  const { BrokerState } = await describeBroker(waxwing, brokerId);
  assert.equal(BrokerState, 'CRITICAL_ACTION_REQUIRED');
  // A process that was started in advance, before the records were read, is ended once no broker needs it.
  await until('no process of a broker runs', () => waxwing.children.length === 0, effectMs);
});

test('enabling the key restarts the broker automatically with every message', async () => {
  await enableKey(waxwing.kms, keyArn);
  const { ActionsRequired } = await waxwing.brokerIs(brokerId, 'RUNNING');
  assert.deepEqual(ActionsRequired ?? [], []);
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  assert.deepEqual(await client.take('orders', 10), bodies.slice(0, 10));
  await client.close();
});

test('a key pending deletion stops its broker; cancelling and enabling the key restarts it', async () => {
  await isLockedBy(brokerId, () => scheduleDeletion(waxwing.kms, keyArn));
  await cancelDeletion(waxwing.kms, keyArn);
  const { BrokerState } = await describeBroker(waxwing, brokerId);
  assert.equal(BrokerState, 'CRITICAL_ACTION_REQUIRED');
  await enableKey(waxwing.kms, keyArn);
  await waxwing.brokerIs(brokerId, 'RUNNING');
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  assert.deepEqual(await client.take('orders'), bodies.slice(10));
  await client.close();
});

test('a lost key of one broker does not affect brokers with other keys', async () => {
  const other = await waxwing.createBroker(underKey(await createKey(waxwing)));
  const client = await waxwing.connect(await waxwing.brokerUrl(other));
  await isLockedBy(brokerId, () => disableKey(waxwing.kms, keyArn));
  await client.publish('orders', ['still here']);
  assert.deepEqual(await client.take('orders'), ['still here']);
  await client.close();
  await enableKey(waxwing.kms, keyArn);
  await waxwing.brokerIs(brokerId, 'RUNNING');
});

test('a process that does not end by itself is killed, and its key with it', async () => {
  const pid = waxwing.brokerPid(brokerId);
  process.kill(pid, 'SIGSTOP');
  await disableKey(waxwing.kms, keyArn);
  await until('its process is gone', () => !isRunning(pid), effectMs);
  await waxwing.brokerIs(brokerId, 'CRITICAL_ACTION_REQUIRED');
  await enableKey(waxwing.kms, keyArn);
  await waxwing.brokerIs(brokerId, 'RUNNING');
});

/** How often the service has asked for a key, refused or not. */
async function lookCount(): Promise<number> {
  return (await eventsNamed(waxwing, 'DescribeKey')).length;
}

/**
 * The closest replacement that a customer can create for the lost grant; customers cannot grant to
 * a service principal.
 */
async function grantByHand({ Operations, Constraints }: GrantListEntry): Promise<void> {
  const grant = { KeyId: keyArn, Operations, ...(Constraints && { Constraints }) };
  await assert.rejects(
    waxwing.kms.send(new CreateGrantCommand({ ...grant, GranteePrincipal: 'mq.amazonaws.com' })),
    /does not refer to a valid principal/,
  );
  const GranteePrincipal = `arn:aws:iam::${keyArn.split(':')[4]}:root`;
  await waxwing.kms.send(new CreateGrantCommand({ ...grant, GranteePrincipal }));
}

for (const which of ['volume', 'service'] as const) {
  test(`revoking the ${which} grant stops the broker permanently: no key or grant restores it`, async () => {
    keyArn = await createKey(waxwing);
    brokerId = await waxwing.createBroker(underKey(keyArn));
    const grants = await grantsOn(waxwing.kms, keyArn);
    const [lost] = grants.filter(({ Name }) => (Name === 'mq_grant') === (which === 'service'));
    assert.ok(lost);
    const { GrantId } = lost;
    await isLockedBy(brokerId, () =>
      waxwing.kms.send(new RevokeGrantCommand({ KeyId: keyArn, GrantId })),
    );
    await grantByHand(lost);
    await disableKey(waxwing.kms, keyArn);
    const before = await lookCount();
    await enableKey(waxwing.kms, keyArn);
    await until('the service has looked', async () => (await lookCount()) > before);
    const { BrokerState } = await describeBroker(waxwing, brokerId);
    assert.equal(BrokerState, 'CRITICAL_ACTION_REQUIRED');
    // A restart reads either loss in the same way.
    if (which === 'service' && !isLong) return;
    assert.equal(await waxwing.stop(), 0);
    await waxwing.restart();
    const { BrokerState: after } = await describeBroker(waxwing, brokerId);
    assert.equal(after, BrokerState);
  });

  test(`a broker without its ${which} grant can be deleted`, async () => {
    await waxwing.mq.send(new DeleteBrokerCommand({ BrokerId: brokerId }));
    await until('it is gone', async () => {
      const { BrokerSummaries } = await waxwing.mq.send(new ListBrokersCommand({}));
      return BrokerSummaries?.every(({ BrokerId }) => BrokerId !== brokerId);
    });
  });
}
