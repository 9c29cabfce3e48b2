import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetKeyPolicyCommand,
  ListAliasesCommand,
  ListKeyPoliciesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateKeyDescriptionCommand,
} from '@aws-sdk/client-kms';
import { createKey } from '../../support/broker-requests.ts';
import { accountId, ControlPlane, region } from '../../support/control-plane.ts';
import { eventsNamed } from '../../support/trail-events.ts';

const dayMs = 24 * 3600 * 1000;
const rootArn = `arn:aws:iam::${accountId}:root`;

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start();
});
after(() => plane.close());

async function describe(KeyId: string) {
  const { KeyMetadata } = await plane.kms.send(new DescribeKeyCommand({ KeyId }));
  assert.ok(KeyMetadata);
  return KeyMetadata;
}

function create(changes: CreateKeyCommandInput) {
  return plane.kms.send(new CreateKeyCommand(changes));
}

function idOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

test('a key is created as requested, and later descriptions are the same', async () => {
  const { KeyMetadata } = await create({
    Description: 'orders',
    Tags: [{ TagKey: 'team', TagValue: 'shop' }],
  });
  assert.ok(KeyMetadata);
  const { KeyId = '', CurrentKeyMaterialId = '', ...rest } = KeyMetadata;
  assert.match(KeyId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.match(CurrentKeyMaterialId, /^[0-9a-f]{64}$/);
  assert.deepEqual(rest, {
    AWSAccountId: accountId,
    Arn: `arn:aws:kms:${region}:${accountId}:key/${KeyId}`,
    CreationDate: new Date(plane.machine.clock.nowMs()),
    Enabled: true,
    Description: 'orders',
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: 'Enabled',
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: false,
  });
  assert.deepEqual(await describe(KeyId), KeyMetadata);
  assert.deepEqual(await describe(KeyMetadata.Arn ?? ''), KeyMetadata);
  const { Tags } = await plane.kms.send(new ListResourceTagsCommand({ KeyId }));
  assert.deepEqual(Tags, [{ TagKey: 'team', TagValue: 'shop' }]);
});

const kinds: readonly [CreateKeyCommandInput, algorithms: object][] = [
  [
    { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' },
    { EncryptionAlgorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] },
  ],
  [{ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }, { SigningAlgorithms: ['ECDSA_SHA_256'] }],
  [{ KeySpec: 'ECC_NIST_P384', KeyUsage: 'KEY_AGREEMENT' }, { KeyAgreementAlgorithms: ['ECDH'] }],
  [{ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }, { MacAlgorithms: ['HMAC_SHA_256'] }],
];
for (const [request, algorithms] of kinds) {
  test(`a key of ${request.KeySpec} lists its algorithms and has no key material here`, async () => {
    const { KeyMetadata } = await create(request);
    assert.deepEqual({ ...KeyMetadata, ...request, ...algorithms }, KeyMetadata);
    assert.equal(KeyMetadata?.CurrentKeyMaterialId, undefined);
  });
}

const refusedKeys: readonly [what: string, CreateKeyCommandInput, name: string, text: RegExp][] = [
  [
    'both names of the kind of key',
    { KeySpec: 'SYMMETRIC_DEFAULT', CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT' },
    'ValidationException',
    /KeySpec and CustomerMasterKeySpec/,
  ],
  [
    'a usage that does not fit',
    { KeySpec: 'HMAC_256', KeyUsage: 'SIGN_VERIFY' },
    'ValidationException',
    /SIGN_VERIFY is not compatible with KeySpec HMAC_256/,
  ],
  [
    'no usage where one must be named',
    { KeySpec: 'ECC_NIST_P256' },
    'ValidationException',
    /must specify a KeyUsage/,
  ],
  [
    'a key store outside',
    { Origin: 'EXTERNAL_KEY_STORE', XksKeyId: 'x' },
    'UnsupportedOperationException',
    /Custom key stores/,
  ],
  [
    'a policy that is not JSON',
    { Policy: 'allow all' },
    'MalformedPolicyDocumentException',
    /not valid JSON/,
  ],
  [
    'a policy that locks its maker out',
    { Policy: policy({ AWS: 'arn:aws:iam::999999999999:root' }, 'kms:*') },
    'MalformedPolicyDocumentException',
    /will not allow you to update the key policy/,
  ],
  [
    'a policy for nobody who can be',
    { Policy: policy({ AWS: 'everybody' }, 'kms:*') },
    'MalformedPolicyDocumentException',
    /invalid principals/,
  ],
  [
    'the same tag twice',
    {
      Tags: [
        { TagKey: 'a', TagValue: '1' },
        { TagKey: 'a', TagValue: '2' },
      ],
    },
    'TagException',
    /Duplicate/,
  ],
  ['a reserved tag', { Tags: [{ TagKey: 'aws:x', TagValue: '' }] }, 'TagException', /aws:/],
];
for (const [what, request, name, message] of refusedKeys) {
  test(`a key with ${what} is refused`, async () => {
    await assert.rejects(create(request), { name, message });
  });
}

function policy(Principal: object, ...Action: string[]): string {
  const statement = { Effect: 'Allow', Principal, Action, Resource: '*' };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

test('keys in every state are listed in pages, each once', async () => {
  const own = await ControlPlane.start();
  try {
    const made: string[] = [];
    for (let i = 0; i < 7; i++) made.push(await createKey(own));
    await own.kms.send(new DisableKeyCommand({ KeyId: made[0] }));
    await own.kms.send(new ScheduleKeyDeletionCommand({ KeyId: made[1] }));
    const pages: number[] = [];
    const found: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await own.kms.send(new ListKeysCommand({ Limit: 3, Marker }));
      assert.equal(page.Truncated, page.NextMarker !== undefined);
      const { Keys = [] } = page;
      pages.push(Keys.length);
      found.push(...Keys.map(({ KeyArn = '' }) => KeyArn));
      for (const { KeyId = '', KeyArn = '' } of Keys) assert.equal(KeyId, idOf(KeyArn));
      Marker = page.NextMarker;
    } while (Marker !== undefined);
    assert.deepEqual(pages, [3, 3, 1]);
    assert.deepEqual(found.toSorted(), made.toSorted());
    await assert.rejects(own.kms.send(new ListKeysCommand({ Marker: 'bm90IG91cnM=' })), {
      name: 'InvalidMarkerException',
    });
    await assert.rejects(own.kms.send(new ListKeysCommand({ Limit: 1001 })), {
      name: 'ValidationException',
      message:
        "1 validation error detected: Value '1001' at 'limit' failed to satisfy constraint: " +
        'Member must have value less than or equal to 1000',
    });
  } finally {
    await own.close();
  }
});

test('a marker from one list is refused by another list', async () => {
  const KeyId = await createKey(plane);
  await createKey(plane);
  const { NextMarker } = await plane.kms.send(new ListKeysCommand({ Limit: 1 }));
  assert.ok(NextMarker);
  await assert.rejects(plane.kms.send(new ListAliasesCommand({ Marker: NextMarker })), {
    name: 'InvalidMarkerException',
  });
  await assert.rejects(plane.kms.send(new ListResourceTagsCommand({ KeyId, Marker: NextMarker })), {
    name: 'InvalidMarkerException',
  });
});

const unknownId = '00000000-0000-4000-8000-000000000000';
const unknownKeys: readonly [what: string, KeyId: string, name: string, message: string][] = [
  [
    'a key id that there is not',
    unknownId,
    'NotFoundException',
    `Key 'arn:aws:kms:${region}:${accountId}:key/${unknownId}' does not exist`,
  ],
  ['what is not a key id', 'nonsense', 'NotFoundException', "Invalid keyId 'nonsense'"],
  [
    'an alias that there is not',
    'alias/none',
    'NotFoundException',
    `Alias arn:aws:kms:${region}:${accountId}:alias/none is not found.`,
  ],
  [
    "another region's key",
    `arn:aws:kms:eu-north-1:${accountId}:key/${unknownId}`,
    'NotFoundException',
    'Invalid arn eu-north-1',
  ],
  [
    'an ARN of something else',
    'arn:aws:s3:::bucket',
    'InvalidArnException',
    'Invalid arn arn:aws:s3:::bucket',
  ],
];
for (const [what, KeyId, name, message] of unknownKeys) {
  test(`DescribeKey of ${what} is refused with the error of AWS`, async () => {
    await assert.rejects(plane.kms.send(new DescribeKeyCommand({ KeyId })), { name, message });
  });
}

test('DisableKey and EnableKey change the key state and are idempotent', async () => {
  const KeyId = await createKey(plane);
  for (const _ of [1, 2]) await plane.kms.send(new DisableKeyCommand({ KeyId }));
  const disabled = await describe(KeyId);
  assert.equal(disabled.KeyState, 'Disabled');
  assert.equal(disabled.Enabled, false);
  for (const _ of [1, 2]) await plane.kms.send(new EnableKeyCommand({ KeyId }));
  assert.equal((await describe(KeyId)).KeyState, 'Enabled');
});

test('key management operations do not accept an alias', async () => {
  const TargetKeyId = await createKey(plane);
  await plane.kms.send(new CreateAliasCommand({ AliasName: 'alias/managed', TargetKeyId }));
  await assert.rejects(plane.kms.send(new DisableKeyCommand({ KeyId: 'alias/managed' })), {
    name: 'NotFoundException',
    message: "Invalid keyId 'alias/managed'",
  });
});

for (const PendingWindowInDays of [1, 6, 31, 365]) {
  test(`a pending window of ${PendingWindowInDays} days is refused`, async () => {
    const KeyId = await createKey(plane);
    await assert.rejects(
      plane.kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays })),
      {
        name: 'ValidationException',
        message: `PendingWindowInDays is ${PendingWindowInDays}; 7 to 30 are allowed`,
      },
    );
    assert.equal((await describe(KeyId)).KeyState, 'Enabled');
  });
}

test('a key is deleted after 30 days by default', async () => {
  const KeyId = await createKey(plane);
  const nowMs = plane.machine.clock.nowMs();
  const { $metadata: _, ...answer } = await plane.kms.send(
    new ScheduleKeyDeletionCommand({ KeyId: idOf(KeyId) }),
  );
  const DeletionDate = new Date(nowMs + 30 * dayMs);
  assert.deepEqual(answer, {
    KeyId,
    DeletionDate,
    KeyState: 'PendingDeletion',
    PendingWindowInDays: 30,
  });
  assert.deepEqual((await describe(KeyId)).DeletionDate, DeletionDate);
});

test('a key is pending until its deletion date, then deleted with its aliases and grants', async () => {
  const KeyId = await createKey(plane);
  const AliasName = 'alias/short-lived';
  await plane.kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyId }));
  const grant = { KeyId, GranteePrincipal: rootArn, Operations: ['Decrypt' as const] };
  await plane.kms.send(new CreateGrantCommand(grant));
  await plane.kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  await plane.advance(7 * dayMs - 1);
  assert.equal((await describe(AliasName)).KeyState, 'PendingDeletion');
  await plane.advance(1);
  await assert.rejects(describe(KeyId), { name: 'NotFoundException' });
  await assert.rejects(describe(AliasName), { name: 'NotFoundException' });
  assert.deepEqual([...plane.kmsDomain.journal.grantsOf(idOf(KeyId))], []);
  const [deleted] = (await eventsNamed(plane, 'DeleteKey')).filter(
    ({ resources }) => resources?.[0]?.ARN === KeyId,
  );
  assert.equal(deleted?.eventType, 'AwsServiceEvent');
  assert.deepEqual(deleted?.userIdentity, { accountId, invokedBy: 'AWS Internal' });
  assert.deepEqual(deleted?.serviceEventDetails, { keyId: idOf(KeyId) });
});

test('cancelling a deletion leaves the key disabled, regardless of its earlier state', async () => {
  const KeyId = await createKey(plane);
  await plane.kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  const cancelled = await plane.kms.send(new CancelKeyDeletionCommand({ KeyId: idOf(KeyId) }));
  assert.equal(cancelled.KeyId, KeyId);
  const { KeyState, DeletionDate } = await describe(KeyId);
  assert.deepEqual([KeyState, DeletionDate], ['Disabled', undefined]);
  await plane.advance(8 * dayMs);
  assert.equal((await describe(KeyId)).KeyState, 'Disabled');
  await plane.kms.send(new EnableKeyCommand({ KeyId }));
  assert.equal((await describe(KeyId)).KeyState, 'Enabled');
});

test('an EXTERNAL key is pending import, and again after its deletion is cancelled', async () => {
  const { KeyMetadata } = await create({ Origin: 'EXTERNAL' });
  const KeyId = KeyMetadata?.Arn ?? '';
  assert.equal(KeyMetadata?.KeyState, 'PendingImport');
  await plane.kms.send(new ScheduleKeyDeletionCommand({ KeyId }));
  await plane.kms.send(new CancelKeyDeletionCommand({ KeyId }));
  assert.equal((await describe(KeyId)).KeyState, 'PendingImport');
});

test("a key's description can be changed", async () => {
  const KeyId = await createKey(plane, { Description: 'before' });
  await plane.kms.send(new UpdateKeyDescriptionCommand({ KeyId, Description: '' }));
  assert.equal((await describe(KeyId)).Description, '');
});

test('PutKeyPolicy replaces the default policy, which delegates to the account', async () => {
  const KeyId = await createKey(plane);
  const before = await plane.kms.send(new GetKeyPolicyCommand({ KeyId }));
  assert.equal(before.PolicyName, 'default');
  assert.deepEqual(JSON.parse(before.Policy ?? ''), {
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: rootArn },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });
  const Policy = policy({ AWS: rootArn }, 'kms:PutKeyPolicy', 'kms:GetKeyPolicy');
  await plane.kms.send(new PutKeyPolicyCommand({ KeyId, Policy }));
  const after = await plane.kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }));
  assert.equal(after.Policy, Policy);
  await assert.rejects(describe(KeyId), {
    name: 'AccessDeniedException',
    message:
      `User: ${rootArn} is not authorized to perform: kms:DescribeKey on resource: ${KeyId} ` +
      'because no resource-based policy allows the kms:DescribeKey action',
  });
});

test('a policy that locks out its caller requires BypassPolicyLockoutSafetyCheck', async () => {
  const KeyId = await createKey(plane);
  const Policy = policy({ AWS: rootArn }, 'kms:DescribeKey');
  const put = { KeyId, Policy };
  await assert.rejects(plane.kms.send(new PutKeyPolicyCommand(put)), {
    name: 'MalformedPolicyDocumentException',
    message: 'The new key policy will not allow you to update the key policy in the future.',
  });
  await plane.kms.send(new PutKeyPolicyCommand({ ...put, BypassPolicyLockoutSafetyCheck: true }));
  await assert.rejects(plane.kms.send(new PutKeyPolicyCommand(put)), {
    name: 'AccessDeniedException',
  });
});

test('a key has one policy named default, and other policy names are refused', async () => {
  const KeyId = await createKey(plane);
  const { PolicyNames } = await plane.kms.send(new ListKeyPoliciesCommand({ KeyId }));
  assert.deepEqual(PolicyNames, ['default']);
  await assert.rejects(plane.kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'other' })), {
    name: 'NotFoundException',
    message: 'No such policy exists',
  });
});

test('tags are added, replaced, listed in pages and removed', async () => {
  const KeyId = await createKey(plane);
  const Tags = ['a', 'b', 'c'].map((TagKey) => ({ TagKey, TagValue: '1' }));
  await plane.kms.send(new TagResourceCommand({ KeyId, Tags }));
  const replaced = [{ TagKey: 'b', TagValue: '2' }];
  await plane.kms.send(new TagResourceCommand({ KeyId, Tags: replaced }));
  const first = await plane.kms.send(new ListResourceTagsCommand({ KeyId, Limit: 2 }));
  assert.deepEqual(first.Tags, [{ TagKey: 'a', TagValue: '1' }, ...replaced]);
  const second = await plane.kms.send(
    new ListResourceTagsCommand({ KeyId, Limit: 2, Marker: first.NextMarker }),
  );
  assert.deepEqual([second.Tags?.length, second.Truncated], [1, false]);
  await plane.kms.send(new UntagResourceCommand({ KeyId, TagKeys: ['a', 'c', 'unknown'] }));
  const left = await plane.kms.send(new ListResourceTagsCommand({ KeyId }));
  assert.deepEqual(left.Tags, replaced);
  await assert.rejects(plane.kms.send(new ListResourceTagsCommand({ KeyId, Limit: 51 })), {
    name: 'ValidationException',
  });
});
