import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  ListKeysCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import {
  type CreateBrokerCommandInput,
  DeleteBrokerCommand,
  RebootBrokerCommand,
} from '@aws-sdk/client-mq';
import { PasswordChecker } from '../../../src/crypto/password.ts';
import {
  brokerRequest,
  createBroker,
  createKey,
  describeBroker,
  password,
  underKey,
} from '../../support/broker-requests.ts';
import { accountId, ControlPlane, region } from '../../support/control-plane.ts';
import { eventsNamed } from '../../support/trail-events.ts';

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start();
});
after(() => plane.close());

const unknownKey = `arn:aws:kms:${region}:${accountId}:key/00000000-0000-4000-8000-000000000000`;

test('a new broker is CREATION_IN_PROGRESS until its engine runs', async () => {
  const release = plane.engine.hold('start');
  const { BrokerId = '', BrokerArn } = await plane.mq.send(brokerRequest({ BrokerName: 'slow' }));
  assert.match(BrokerId, /^b-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal(BrokerArn, `arn:aws:mq:${region}:${accountId}:broker:slow:${BrokerId}`);
  const early = await describeBroker(plane, BrokerId);
  assert.equal(early.BrokerState, 'CREATION_IN_PROGRESS');
  assert.deepEqual(early.BrokerInstances, []);
  await assert.rejects(plane.mq.send(new RebootBrokerCommand({ BrokerId })), {
    name: 'BadRequestException',
    message: `Broker [${BrokerId}] cannot be rebooted in state CREATION_IN_PROGRESS, it must be RUNNING.`,
  });
  release();
  await plane.settled();
  const { BrokerState, BrokerInstances } = await describeBroker(plane, BrokerId);
  assert.equal(BrokerState, 'RUNNING');
  assert.match(BrokerInstances?.[0]?.Endpoints?.[0] ?? '', /^amqps:\/\/localhost:\d+$/);
});

test('only a hash of a password is stored and given to the engine', async () => {
  const id = await createBroker(plane);
  const { users } = plane.engine.running.get(id) ?? {};
  assert.equal(users?.length, 1);
  const { username, passwordHash = '' } = users?.[0] ?? {};
  assert.equal(username, 'admin');
  const origin = { source: '192.0.2.1', user: username ?? '', isGone: false };
  const found = await new PasswordChecker().verify(password, passwordHash, origin);
  assert.equal(found, 'right');
  assert.doesNotMatch(plane.written, new RegExp(password));
});

test('without encryption options, an AWS owned key that nobody sees is used', async () => {
  const id = await createBroker(plane);
  assert.deepEqual((await describeBroker(plane, id)).EncryptionOptions, { UseAwsOwnedKey: true });
  const same = await createBroker(plane, { EncryptionOptions: { UseAwsOwnedKey: true } });
  const { key } = plane.control.brokers.require(id);
  assert.deepEqual(plane.control.brokers.require(same).key, key);
  const { Keys } = await plane.kms.send(new ListKeysCommand({}));
  assert.equal((Keys ?? []).length, 0);
  await assert.rejects(plane.kms.send(new DescribeKeyCommand({ KeyId: key.arn })), {
    name: 'NotFoundException',
  });
  assert.deepEqual(await eventsNamed(plane, 'CreateGrant'), []);
});

test('the AWS managed key is created on first use as alias/aws/mq and shared', async () => {
  const managed = { EncryptionOptions: { UseAwsOwnedKey: false } };
  const first = await createBroker(plane, managed);
  const { KeyMetadata } = await plane.kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/mq' }));
  assert.equal(KeyMetadata?.KeyManager, 'AWS');
  const expected = { UseAwsOwnedKey: false, KmsKeyId: KeyMetadata?.Arn };
  assert.deepEqual((await describeBroker(plane, first)).EncryptionOptions, expected);
  const second = await createBroker(plane, managed);
  assert.deepEqual((await describeBroker(plane, second)).EncryptionOptions, expected);
});

test('a customer managed key can be named in four ways and is returned as its ARN', async () => {
  const arn = await createKey(plane);
  const keyId = arn.slice(arn.lastIndexOf('/') + 1);
  await plane.kms.send(new CreateAliasCommand({ AliasName: 'alias/brokers', TargetKeyId: keyId }));
  const aliasArn = `arn:aws:kms:${region}:${accountId}:alias/brokers`;
  for (const name of [arn, keyId, 'alias/brokers', aliasArn]) {
    const id = await createBroker(plane, underKey(name));
    const { BrokerState, EncryptionOptions } = await describeBroker(plane, id);
    assert.equal(BrokerState, 'RUNNING', name);
    assert.deepEqual(EncryptionOptions, { UseAwsOwnedKey: false, KmsKeyId: arn }, name);
  }
});

test('a key that is not a symmetric encryption key is refused', async () => {
  for (const [KeySpec, KeyUsage] of [
    ['RSA_2048', 'ENCRYPT_DECRYPT'],
    ['ECC_NIST_P256', 'SIGN_VERIFY'],
    ['HMAC_256', 'GENERATE_VERIFY_MAC'],
  ] as const) {
    const arn = await createKey(plane, { KeySpec, KeyUsage });
    await assert.rejects(plane.mq.send(brokerRequest(underKey(arn))), {
      name: 'BadRequestException',
      ErrorAttribute: 'kmsKeyId',
      message:
        `KMS key [${arn}] is of spec ${KeySpec} for ${KeyUsage}. Only symmetric encryption keys ` +
        '(SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT) are supported.',
    });
  }
});

test('a key that is disabled, pending deletion or pending import is refused with its state', async () => {
  const arn = await createKey(plane);
  const refused = (state: string) =>
    assert.rejects(plane.mq.send(brokerRequest(underKey(arn))), {
      name: 'BadRequestException',
      ErrorAttribute: 'kmsKeyId',
      message: `KMS key [${arn}] is in state ${state}, it must be Enabled.`,
    });
  await plane.kms.send(new DisableKeyCommand({ KeyId: arn }));
  await refused('Disabled');
  await plane.kms.send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 7 }));
  await refused('PendingDeletion');
  await plane.kms.send(new CancelKeyDeletionCommand({ KeyId: arn }));
  await refused('Disabled');
  const imported = await createKey(plane, { Origin: 'EXTERNAL' });
  await assert.rejects(plane.mq.send(brokerRequest(underKey(imported))), {
    message: `KMS key [${imported}] is in state PendingImport, it must be Enabled.`,
  });
});

test('a key that does not exist or is in another region or account is refused', async () => {
  for (const name of [
    unknownKey,
    unknownKey.slice(-36),
    'alias/nobody',
    unknownKey.replace(region, 'eu-west-1'),
    unknownKey.replace(accountId, '999999999999'),
    'not a key',
  ]) {
    await assert.rejects(plane.mq.send(brokerRequest(underKey(name))), {
      name: 'BadRequestException',
      ErrorAttribute: 'kmsKeyId',
      message: new RegExp(`^KMS key \\[${name}\\] cannot be used: .+`),
    });
  }
});

test('a key whose policy denies CreateGrant is refused, and nothing is left behind', async () => {
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: ['kms:DescribeKey', 'kms:PutKeyPolicy', 'kms:ListGrants'],
        Resource: '*',
      },
    ],
  });
  const arn = await createKey(plane, { Policy });
  const request = brokerRequest(underKey(arn));
  await assert.rejects(plane.mq.send(request), {
    name: 'BadRequestException',
    ErrorAttribute: 'kmsKeyId',
    message:
      /^KMS key \[.+\] does not allow the grant: User: .+ is not authorized to perform: kms:CreateGrant/,
  });
  assert.equal(plane.control.brokers.withName(request.input.BrokerName ?? ''), undefined);
});

test('kmsKeyId cannot be combined with useAwsOwnedKey', async () => {
  const EncryptionOptions = { UseAwsOwnedKey: true, KmsKeyId: unknownKey };
  await assert.rejects(plane.mq.send(brokerRequest({ EncryptionOptions })), {
    name: 'BadRequestException',
    ErrorAttribute: 'encryptionOptions',
    message: /Specify either kmsKeyId or useAwsOwnedKey/,
  });
});

test('the same request with the same creator request id returns the same broker', async () => {
  const request = brokerRequest({ CreatorRequestId: 'token-1', Tags: { a: '1', b: '2' } });
  const [one, other] = await Promise.all([plane.mq.send(request), plane.mq.send(request)]);
  assert.equal(one.BrokerId, other.BrokerId);
  await plane.settled();
  // Some clients send the members of a map in any order.
  const Tags = { b: '2', a: '1' };
  const later = await plane.mq.send(brokerRequest({ ...request.input, Tags }));
  assert.deepEqual([later.BrokerId, later.BrokerArn], [one.BrokerId, one.BrokerArn]);
});

test('a different request with the same creator request id is a conflict', async () => {
  await createBroker(plane, { CreatorRequestId: 'token-2' });
  await assert.rejects(plane.mq.send(brokerRequest({ CreatorRequestId: 'token-2' })), {
    name: 'ConflictException',
    ErrorAttribute: 'creatorRequestId',
    message: 'The creator request id [token-2] was used for a request with other parameters.',
  });
});

const password2 = 'another-horse-battery';
const user = { Username: 'admin', Password: password };

test('any difference with the same creator request id is a conflict, even a password', async () => {
  const first = { BrokerName: 'token-3', CreatorRequestId: 'token-3', Users: [user] };
  const { BrokerId } = await plane.mq.send(brokerRequest(first));
  const changes: Partial<CreateBrokerCommandInput>[] = [
    { Users: [{ ...user, Password: password2 }] },
    { Users: [{ ...user, Username: 'other' }] },
    { Users: [{ ...user, ConsoleAccess: true }] },
    { Users: [{ ...user, Groups: ['g'] }] },
    { Tags: { a: 'b' } },
    { PubliclyAccessible: true },
    { EngineVersion: '3.13' },
  ];
  for (const change of changes) {
    await assert.rejects(plane.mq.send(brokerRequest({ ...first, ...change })), {
      name: 'ConflictException',
      ErrorAttribute: 'creatorRequestId',
    });
  }
  assert.equal((await plane.mq.send(brokerRequest(first))).BrokerId, BrokerId);
  await plane.settled();
  plane = await plane.restart();
  assert.equal((await plane.mq.send(brokerRequest(first))).BrokerId, BrokerId);
  for (const secret of [password, password2]) assert.equal(plane.written.includes(secret), false);
});

test('a creator request id has 1 to 128 characters', async () => {
  for (const CreatorRequestId of ['', 'x'.repeat(129), 'x'.repeat(2000)]) {
    await assert.rejects(plane.mq.send(brokerRequest({ CreatorRequestId })), {
      name: 'BadRequestException',
      ErrorAttribute: 'creatorRequestId',
      message: /Member must have length (less|greater) than or equal to (1|128)$/,
    });
  }
});

test('a broker name in use is a conflict until that broker is deleted', async () => {
  const BrokerId = await createBroker(plane, { BrokerName: 'taken' });
  const again = () => plane.mq.send(brokerRequest({ BrokerName: 'taken' }));
  await assert.rejects(again(), {
    name: 'ConflictException',
    ErrorAttribute: 'brokerName',
    message: 'Broker with name [taken] already exists. Broker names must be unique.',
  });
  await plane.mq.send(new DeleteBrokerCommand({ BrokerId }));
  await plane.settled();
  await again();
});

test('one of two simultaneous requests with the same name is a conflict', async () => {
  const send = () => plane.mq.send(brokerRequest({ BrokerName: 'raced' }));
  const answers = await Promise.allSettled([send(), send()]);
  const failed = answers.filter((answer) => answer.status === 'rejected');
  assert.equal(failed.length, 1);
  assert.equal(failed[0]?.reason.name, 'ConflictException');
});
