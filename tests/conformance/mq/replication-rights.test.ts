import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../../src/base/secret.ts';
import type { Caller } from '../../../src/calls/caller.ts';
import { allOffers } from '../../../src/control/offers/offers.ts';
import { pairRequest, pairUsers } from '../../support/broker-pair.ts';
import { accountId, ControlPlane } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';
import { allow, deny, policyOf, principalsWith } from '../../support/principal-policies.ts';
import { serviceNamed, signedCall } from '../../support/signed-calls.ts';

// Who may create and promote replicas.

const arn = `arn:aws:iam::${accountId}:user/anna`;
const anna: Caller = { type: 'user', accountId, arn, principalId: 'AIDAANNA', userName: 'anna' };
const credentials = {
  accessKeyId: 'AKIAANNAANNAANNA2222',
  secretAccessKey: 'secret-of-anna-secret-of-anna-secret-ofa',
};

const machine = new Machine(allOffers);
const secret = () => new Secret(credentials.secretAccessKey);
machine.accessKeys.set(credentials.accessKeyId, { caller: anna, secret });
const plane = await ControlPlane.inProcess(undefined, machine);
const [mq, kms] = [serviceNamed(plane, 'mq'), serviceNamed(plane, 'kms')];

const { body: madeKey } = await signedCall(plane, kms, 'CreateKey', {});
const kmsKeyId: string = JSON.parse(madeKey).KeyMetadata.Arn;

/** The members of a request as the wire has them. */
function request(name: string, changes: object = {}) {
  const { BrokerName, Users: _, ...others } = pairRequest(name).input;
  const members = Object.entries({ brokerName: BrokerName, ...others });
  const lower = members.map(([key, value]) => [`${key[0]?.toLowerCase()}${key.slice(1)}`, value]);
  const users = pairUsers.map(({ Username, Password, ReplicationUser }) => ({
    username: Username,
    password: Password,
    replicationUser: ReplicationUser,
  }));
  return { ...Object.fromEntries(lower), users, ...changes };
}

const underKey = { encryptionOptions: { useAwsOwnedKey: false, kmsKeyId } };
const { body: madeBroker } = await signedCall(plane, mq, 'CreateBroker', request('one', underKey));
const { brokerArn: primaryArn, brokerId: primaryId } = JSON.parse(madeBroker);
await plane.settled();

function may(...statements: readonly object[]): void {
  machine.principals = principalsWith({
    [arn]: { identity: [policyOf('identity', ...statements)] },
  });
}

const asAnna = (name: string, input: Record<string, unknown>) =>
  signedCall(plane, mq, name, input, credentials);
const replica = (name: string) =>
  asAnna('CreateBroker', request(name, { dataReplicationPrimaryBrokerArn: primaryArn }));

test('a replica requires mq:CreateReplicaBroker, and to decrypt with the key of the primary', async () => {
  may(allow('mq:*'), deny('mq:CreateReplicaBroker'));
  assert.equal((await replica('two')).status, 403);
  may(allow('mq:*'));
  const refused = await replica('two');
  assert.equal(refused.status, 400);
  const { errorAttribute, message } = JSON.parse(refused.body);
  assert.equal(errorAttribute, 'dataReplicationPrimaryBrokerArn');
  assert.match(
    message,
    /^The data keys of primary broker \[b-.*\] cannot be decrypted: .*kms:Decrypt/,
  );
  may(allow('mq:*'), allow('kms:Decrypt'));
  const made = await replica('two');
  assert.equal(made.status, 200, made.body);
});

test('a promotion requires mq:Promote on the replica', async () => {
  await plane.settled();
  const { body } = await signedCall(plane, mq, 'DescribeBroker', { brokerId: primaryId });
  const { pendingDataReplicationMetadata: pending } = JSON.parse(body);
  const { brokerId } = pending.dataReplicationCounterpart;
  may(allow('mq:*'), deny('mq:Promote', `arn:aws:mq:*:*:broker:*:${brokerId}`));
  const promote = { brokerId, mode: 'FAILOVER' };
  assert.equal((await asAnna('Promote', promote)).status, 403);
  may(allow('mq:Promote', `arn:aws:mq:*:*:broker:*:${brokerId}`));
  const { status, body: answer } = await asAnna('Promote', promote);
  assert.equal(status, 400);
  assert.match(answer, /must be rebooted first/);
});
