import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyPolicyCommand,
  ListAliasesCommand,
  ListGrantsCommand,
  ListKeysCommand,
  ListRetirableGrantsCommand,
  PutKeyPolicyCommand,
  RevokeGrantCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UpdateKeyDescriptionCommand,
} from '@aws-sdk/client-kms';
import {
  brokerRequest,
  createBroker,
  createKey,
  describeBroker,
  underKey,
} from '../../support/broker-requests.ts';
import { accountId, ControlPlane, region } from '../../support/control-plane.ts';
import { eventsNamed, trailEvents } from '../../support/trail-events.ts';

// Keys that no user of the account created: the one that Amazon MQ owns, which is invisible, and
// the one that it manages in the account, alias/aws/mq.

const rootArn = `arn:aws:iam::${accountId}:root`;

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start();
});
after(() => plane.close());

test('the AWS owned key is not listed, cannot be addressed and is in no event', async () => {
  const id = await createBroker(plane);
  const { key } = plane.control.brokers.require(id);
  assert.equal(key.owner, 'service');
  const KeyId = key.arn;
  assert.equal(JSON.stringify(await trailEvents(plane)).includes(KeyId), false);
  const { Keys } = await plane.kms.send(new ListKeysCommand({}));
  assert.deepEqual(Keys, []);
  for (const name of [KeyId, KeyId.slice(KeyId.lastIndexOf('/') + 1)]) {
    const ways = [
      plane.kms.send(new DescribeKeyCommand({ KeyId: name })),
      plane.kms.send(new DisableKeyCommand({ KeyId: name })),
      plane.kms.send(new ScheduleKeyDeletionCommand({ KeyId: name })),
      plane.kms.send(new EncryptCommand({ KeyId: name, Plaintext: Buffer.from('x') })),
      plane.kms.send(new ListGrantsCommand({ KeyId: name })),
      plane.kms.send(new GetKeyPolicyCommand({ KeyId: name })),
    ];
    for (const way of ways) await assert.rejects(way, { name: 'NotFoundException' });
  }
  for (const RetiringPrincipal of ['mq.amazonaws.com', `ec2.${region}.amazonaws.com`]) {
    const { Grants } = await plane.kms.send(new ListRetirableGrantsCommand({ RetiringPrincipal }));
    assert.deepEqual(Grants, []);
  }
  const { EncryptionOptions } = await describeBroker(plane, id);
  assert.deepEqual(EncryptionOptions, { UseAwsOwnedKey: true });
});

test('a ciphertext of the AWS owned key is refused like any unknown ciphertext', async () => {
  const id = await createBroker(plane);
  const { id: volumeId } = plane.volumeOf(id);
  const [wrapped] = await plane.engine.wrappedKeys(id, volumeId);
  const CiphertextBlob = wrapped?.wrappedKey;
  await assert.rejects(
    plane.kms.send(
      new DecryptCommand({ CiphertextBlob, EncryptionContext: { 'aws:ebs:id': volumeId } }),
    ),
    { name: 'AccessDeniedException', message: /^The ciphertext refers to a customer master key/ },
  );
});

test('alias/aws/mq is listed without a key before its first use', async () => {
  const { Aliases } = await plane.kms.send(new ListAliasesCommand({}));
  const AliasArn = `arn:aws:kms:${region}:${accountId}:alias/aws/mq`;
  assert.deepEqual(Aliases, [{ AliasName: 'alias/aws/mq', AliasArn }]);
});

test('alias/aws/mq is created once per account, when a broker first needs it', async () => {
  const other = await ControlPlane.start();
  try {
    const EncryptionOptions = { UseAwsOwnedKey: false };
    const first = await createBroker(other, { EncryptionOptions });
    const second = await createBroker(other, { EncryptionOptions });
    const { Keys = [] } = await other.kms.send(new ListKeysCommand({}));
    assert.equal(Keys.length, 1);
    const KeyArn = Keys[0]?.KeyArn;
    for (const id of [first, second]) {
      const described = await describeBroker(other, id);
      assert.deepEqual(described.EncryptionOptions, { UseAwsOwnedKey: false, KmsKeyId: KeyArn });
      assert.equal(described.BrokerState, 'RUNNING');
    }
    const alias = await other.kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/mq' }));
    assert.equal(alias.KeyMetadata?.Arn, KeyArn);
    const { Grants = [] } = await other.kms.send(new ListGrantsCommand({ KeyId: KeyArn }));
    assert.equal(Grants.length, 3, "one shared, and one a broker's volume");
    assert.equal((await eventsNamed(other, 'CreateGrant')).length, 4, 'two a broker');
  } finally {
    await other.close();
  }
});

test('describing alias/aws/mq creates the key', async () => {
  const { KeyMetadata } = await plane.kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/mq' }));
  assert.equal(KeyMetadata?.KeyManager, 'AWS');
  assert.equal(KeyMetadata?.AWSAccountId, accountId);
  assert.match(KeyMetadata?.Description ?? '', /^Default key that protects my Amazon MQ data/);
  const again = await plane.kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/mq' }));
  assert.deepEqual(again.KeyMetadata, KeyMetadata);
  const { Policy } = await plane.kms.send(new GetKeyPolicyCommand({ KeyId: KeyMetadata?.KeyId }));
  assert.match(Policy ?? '', /"kms:ViaService":"mq\.us-west-2\.amazonaws\.com"/);
});

const Plaintext = Buffer.from('x');

test('the AWS managed key can be viewed, but only its service can use or change it', async () => {
  const { KeyMetadata } = await plane.kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/mq' }));
  const KeyId = KeyMetadata?.Arn ?? '';
  const grant = { KeyId, GranteePrincipal: rootArn, Operations: ['Decrypt' as const] };
  const ways: Readonly<Record<string, () => Promise<unknown>>> = {
    Encrypt: () => plane.kms.send(new EncryptCommand({ KeyId: 'alias/aws/mq', Plaintext })),
    GenerateDataKey: () =>
      plane.kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })),
    CreateGrant: () => plane.kms.send(new CreateGrantCommand(grant)),
    DisableKey: () => plane.kms.send(new DisableKeyCommand({ KeyId })),
    ScheduleKeyDeletion: () => plane.kms.send(new ScheduleKeyDeletionCommand({ KeyId })),
    CancelKeyDeletion: () => plane.kms.send(new CancelKeyDeletionCommand({ KeyId })),
    PutKeyPolicy: () => plane.kms.send(new PutKeyPolicyCommand({ KeyId, Policy: '{}' })),
    TagResource: () =>
      plane.kms.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'a', TagValue: '' }] })),
    UpdateKeyDescription: () =>
      plane.kms.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'mine' })),
    CreateAlias: () =>
      plane.kms.send(new CreateAliasCommand({ AliasName: 'alias/mine', TargetKeyId: KeyId })),
  };
  for (const [operation, send] of Object.entries(ways)) {
    await assert.rejects(send(), {
      name: 'AccessDeniedException',
      message:
        `User: ${rootArn} is not authorized to perform: kms:${operation} on resource: ${KeyId} ` +
        `because no resource-based policy allows the kms:${operation} action`,
    });
  }
});

test('grants of the AWS managed key can be revoked, and the brokers notice', async () => {
  const id = await createBroker(plane, { EncryptionOptions: { UseAwsOwnedKey: false } });
  const { key } = plane.control.brokers.require(id);
  const GrantId = plane.volumeOf(id).grantId ?? undefined;
  await plane.kms.send(new RevokeGrantCommand({ KeyId: key.arn, GrantId }));
  await plane.advance(10_000);
  const described = await describeBroker(plane, id);
  assert.equal(described.BrokerState, 'CRITICAL_ACTION_REQUIRED');
  assert.equal(described.ActionsRequired?.[0]?.ActionRequiredCode, 'RABBITMQ_INVALID_KMS_KEY');
});

const otherKinds = [
  { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' },
  { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
  { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
] as const;
for (const kind of otherKinds) {
  test(`a broker with a ${kind.KeySpec} key is refused with the supported key type`, async () => {
    const key = await createKey(plane, kind);
    await assert.rejects(plane.mq.send(brokerRequest(underKey(key))), {
      name: 'BadRequestException',
      ErrorAttribute: 'kmsKeyId',
      message:
        `KMS key [${key}] is of spec ${kind.KeySpec} for ${kind.KeyUsage}. Only symmetric ` +
        'encryption keys (SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT) are supported.',
    });
    const { Grants } = await plane.kms.send(new ListGrantsCommand({ KeyId: key }));
    assert.deepEqual(Grants, []);
  });
}

test('a broker with a key that is disabled, pending deletion or missing is refused', async () => {
  const disabled = await createKey(plane);
  await plane.kms.send(new DisableKeyCommand({ KeyId: disabled }));
  const pending = await createKey(plane);
  await plane.kms.send(new ScheduleKeyDeletionCommand({ KeyId: pending }));
  const unknown = `arn:aws:kms:${region}:${accountId}:key/00000000-0000-4000-8000-000000000000`;
  const refusals: readonly [key: string, message: string][] = [
    [disabled, `KMS key [${disabled}] is in state Disabled, it must be Enabled.`],
    [pending, `KMS key [${pending}] is in state PendingDeletion, it must be Enabled.`],
    [unknown, `KMS key [${unknown}] cannot be used: Key '${unknown}' does not exist`],
  ];
  for (const [key, message] of refusals) {
    await assert.rejects(plane.mq.send(brokerRequest(underKey(key))), {
      name: 'BadRequestException',
      ErrorAttribute: 'kmsKeyId',
      message,
    });
  }
});
