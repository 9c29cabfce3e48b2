import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../../src/base/secret.ts';
import type { Caller } from '../../../src/calls/caller.ts';
import { password } from '../../support/broker-requests.ts';
import { accountId, ControlPlane } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';
import { allow, deny, policyOf, principalsWith } from '../../support/principal-policies.ts';
import { serviceNamed, signedCall } from '../../support/signed-calls.ts';

// The permissions of Amazon MQ that have no operation of their own.

type Json = Record<string, unknown>;

const arn = `arn:aws:iam::${accountId}:user/anna`;
const anna: Caller = { type: 'user', accountId, arn, principalId: 'AIDAANNA', userName: 'anna' };
const credentials = {
  accessKeyId: 'AKIAANNAANNAANNA2222',
  secretAccessKey: 'secret-of-anna-secret-of-anna-secret-ofa',
};

const machine = new Machine();
const secret = () => new Secret(credentials.secretAccessKey);
machine.accessKeys.set(credentials.accessKeyId, { caller: anna, secret });
const plane = await ControlPlane.inProcess(undefined, machine);
const mq = serviceNamed(plane, 'mq');
// The first broker would need the permission to create the role.
const linked = { AWSServiceName: 'mq.amazonaws.com' };
await signedCall(plane, serviceNamed(plane, 'iam'), 'CreateServiceLinkedRole', linked);

function may(...statements: readonly object[]): void {
  machine.principals = principalsWith({
    [arn]: { identity: [policyOf('identity', ...statements)] },
  });
}

const asAnna = (name: string, input: Json) => signedCall(plane, mq, name, input, credentials);

const broker = {
  brokerName: 'orders',
  deploymentMode: 'SINGLE_INSTANCE',
  engineType: 'RABBITMQ',
  hostInstanceType: 'mq.m7g.medium',
  publiclyAccessible: false,
  users: [{ username: 'admin', password }],
};

async function deniedAction(name: string, input: Json): Promise<string | undefined> {
  const { status, body } = await asAnna(name, input);
  if (status !== 403) return undefined;
  return /perform: (\S+) on resource: (\S+)/.exec(body)?.slice(1, 3).join(' on ');
}

test('creating a broker with tags requires mq:CreateTags too', async () => {
  may(allow('mq:CreateBroker'));
  const tags = { team: 'orders' };
  assert.equal(await deniedAction('CreateBroker', { ...broker, tags }), 'mq:CreateTags on *');
});

test('creating a replica requires mq:CreateReplicaBroker on the primary', async () => {
  may(allow('mq:*'), deny('mq:CreateReplicaBroker'));
  const primary = `arn:aws:mq:us-west-2:${accountId}:broker:first:b-1`;
  const input = { ...broker, dataReplicationPrimaryBrokerArn: primary };
  assert.equal(await deniedAction('CreateBroker', input), `mq:CreateReplicaBroker on ${primary}`);
});

test('a configuration that names a role requires iam:PassRole on it for Amazon MQ', async () => {
  const role = `arn:aws:iam::${accountId}:role/certificates`;
  const made = await signedCall(plane, mq, 'CreateConfiguration', {
    name: 'with-role',
    engineType: 'RABBITMQ',
  });
  const { id } = JSON.parse(made.body);
  const data = Buffer.from(`aws.arns.assume_role_arn = ${role}\n`).toString('base64');
  const revised = await signedCall(plane, mq, 'UpdateConfiguration', { configurationId: id, data });
  assert.equal(revised.status, 200, revised.body);
  const input = { ...broker, configuration: { id, revision: 2 } };
  may(allow('mq:*'));
  assert.equal(await deniedAction('CreateBroker', input), `iam:PassRole on ${role}`);
  const toOthers = { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } };
  may(allow('mq:*'), { ...allow('iam:PassRole'), Condition: toOthers });
  assert.equal(await deniedAction('CreateBroker', input), `iam:PassRole on ${role}`);
  const toMq = { StringEquals: { 'iam:PassedToService': 'mq.amazonaws.com' } };
  may(allow('mq:*'), { ...allow('iam:PassRole', role), Condition: toMq });
  assert.equal(await deniedAction('CreateBroker', input), undefined);
});

test('permission on one broker gives no permission on another', async () => {
  may(allow('mq:*'));
  const create = async (brokerName: string) => {
    const { status, body } = await asAnna('CreateBroker', { ...broker, brokerName });
    assert.equal(status, 200, body);
    return JSON.parse(body) as { brokerId: string; brokerArn: string };
  };
  const [own, other] = [await create('own'), await create('other')];
  await plane.settled();
  may(allow('mq:*', own.brokerArn));
  assert.equal((await asAnna('DescribeBroker', { brokerId: own.brokerId })).status, 200);
  assert.equal(
    await deniedAction('DescribeBroker', { brokerId: other.brokerId }),
    `mq:DescribeBroker on ${other.brokerArn}`,
  );
  // What does not exist is not told apart from what is forbidden.
  assert.equal(
    await deniedAction('DescribeBroker', { brokerId: 'b-none' }),
    'mq:DescribeBroker on *',
  );
});

test('changing the authentication of a RabbitMQ broker requires its own permission', async () => {
  may(allow('mq:*'));
  const { body } = await asAnna('CreateBroker', { ...broker, brokerName: 'access' });
  const { brokerId, brokerArn } = JSON.parse(body);
  await plane.settled();
  const input = { brokerId, authenticationStrategy: 'CONFIG_MANAGED' };
  may(allow('mq:*'), deny('mq:UpdateBrokerAccessConfiguration'));
  assert.equal(
    await deniedAction('UpdateBroker', input),
    `mq:UpdateBrokerAccessConfiguration on ${brokerArn}`,
  );
  assert.equal(await deniedAction('UpdateBroker', { brokerId }), undefined);
});

test("a broker with a customer managed key requires the caller's key permissions via Amazon MQ", async () => {
  const kms = serviceNamed(plane, 'kms');
  const { body } = await signedCall(plane, kms, 'CreateKey', {});
  const kmsKeyId = String(JSON.parse(body).KeyMetadata.Arn);
  const encryptionOptions = { useAwsOwnedKey: false, kmsKeyId };
  const create = (brokerName: string) =>
    asAnna('CreateBroker', { ...broker, brokerName, encryptionOptions });
  may(allow('mq:*'));
  const refused = await create('sealed-a');
  assert.equal(refused.status, 400);
  assert.match(refused.body, /no identity-based policy allows the kms:DescribeKey action/);
  const through = { StringEquals: { 'kms:ViaService': 'mq.us-west-2.amazonaws.com' } };
  may(allow('mq:*'), { ...allow(['kms:CreateGrant', 'kms:DescribeKey']), Condition: through });
  assert.equal((await create('sealed-b')).status, 200);
  await plane.settled();
  const direct = await signedCall(plane, kms, 'DescribeKey', { KeyId: kmsKeyId }, credentials);
  assert.equal(direct.status, 400);
});
