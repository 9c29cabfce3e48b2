import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  ConnectCustomKeyStoreCommand,
  CreateCustomKeyStoreCommand,
  CreateGrantCommand,
  DecapsulateCommand,
  DecryptCommand,
  DeleteCustomKeyStoreCommand,
  DescribeCustomKeyStoresCommand,
  DescribeKeyCommand,
  DisconnectCustomKeyStoreCommand,
  EncapsulateCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateMacCommand,
  GenerateRandomCommand,
  type GrantOperation,
  type KeySpec,
  type KeyUsageType,
  ReEncryptCommand,
  ReplicateKeyCommand,
  SignCommand,
  UpdateCustomKeyStoreCommand,
  UpdatePrimaryRegionCommand,
} from '@aws-sdk/client-kms';
import { createKey } from '../../support/broker-requests.ts';
import { accountId, ControlPlane, region } from '../../support/control-plane.ts';
import { disableKey } from '../../support/keys.ts';

// What this service does not have, and dry runs, which refuse every call.

let plane: ControlPlane;
let keyArn = '';
let mac = '';
before(async () => {
  plane = await ControlPlane.start();
  keyArn = await createKey(plane);
  mac = await createKey(plane, { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' });
});
after(() => plane.close());

const text = Buffer.from('attack at dawn');
const unsupported = 'UnsupportedOperationException';

test('a multi-Region key is a primary key without replicas', async () => {
  const arn = await createKey(plane, { MultiRegion: true });
  assert.match(arn, /:key\/mrk-[0-9a-f]{32}$/);
  const { KeyMetadata } = await plane.kms.send(new DescribeKeyCommand({ KeyId: arn }));
  assert.equal(KeyMetadata?.MultiRegion, true);
  assert.deepEqual(KeyMetadata.MultiRegionConfiguration, {
    MultiRegionKeyType: 'PRIMARY',
    PrimaryKey: { Arn: arn, Region: region },
    ReplicaKeys: [],
  });
  const { CiphertextBlob } = await plane.kms.send(
    new EncryptCommand({ KeyId: arn, Plaintext: text }),
  );
  const { Plaintext, KeyId } = await plane.kms.send(new DecryptCommand({ CiphertextBlob }));
  assert.deepEqual([Buffer.from(Plaintext ?? []), KeyId], [text, arn]);
  await assert.rejects(
    plane.kms.send(new ReplicateKeyCommand({ KeyId: arn, ReplicaRegion: 'eu-west-1' })),
    {
      name: unsupported,
      message: /cannot be replicated to eu-west-1: this service has one region/,
    },
  );
  await assert.rejects(
    plane.kms.send(new UpdatePrimaryRegionCommand({ KeyId: arn, PrimaryRegion: 'eu-west-1' })),
    { name: unsupported, message: /has no replica in eu-west-1/ },
  );
});

test('custom key stores are refused, and there are none', async () => {
  await assert.rejects(
    plane.kms.send(new CreateCustomKeyStoreCommand({ CustomKeyStoreName: 'hsm' })),
    { name: unsupported, message: 'Custom key stores are not supported.' },
  );
  await assert.rejects(createKey(plane, { Origin: 'AWS_CLOUDHSM', CustomKeyStoreId: 'cks-1' }), {
    name: unsupported,
  });
  const { CustomKeyStores, Truncated } = await plane.kms.send(
    new DescribeCustomKeyStoresCommand({}),
  );
  assert.deepEqual([CustomKeyStores, Truncated], [[], false]);
  const CustomKeyStoreId = 'cks-1234567890abcdef0';
  const missing = { name: 'CustomKeyStoreNotFoundException' };
  const store = { CustomKeyStoreId };
  await assert.rejects(plane.kms.send(new ConnectCustomKeyStoreCommand(store)), missing);
  await assert.rejects(plane.kms.send(new DisconnectCustomKeyStoreCommand(store)), missing);
  await assert.rejects(plane.kms.send(new DeleteCustomKeyStoreCommand(store)), missing);
  await assert.rejects(plane.kms.send(new UpdateCustomKeyStoreCommand(store)), missing);
  await assert.rejects(plane.kms.send(new DescribeCustomKeyStoresCommand(store)), missing);
  await assert.rejects(
    plane.kms.send(new GenerateRandomCommand({ NumberOfBytes: 1, CustomKeyStoreId })),
    missing,
  );
});

test('encapsulation is refused', async () => {
  const KeyId = keyArn;
  const EncapsulationAlgorithm = 'ML_KEM' as const;
  await assert.rejects(plane.kms.send(new EncapsulateCommand({ KeyId, EncapsulationAlgorithm })), {
    name: unsupported,
    message: /encapsulation is not supported/,
  });
  const SharedSecretCiphertextBlob = text;
  await assert.rejects(
    plane.kms.send(
      new DecapsulateCommand({ KeyId, EncapsulationAlgorithm, SharedSecretCiphertextBlob }),
    ),
    { name: unsupported },
  );
});

test('Recipient is refused by every operation that has it', async () => {
  const Recipient = { AttestationDocument: text };
  const KeyId = keyArn;
  const refused = { name: unsupported, message: 'Recipient is not supported.' };
  const CiphertextBlob = text;
  await assert.rejects(plane.kms.send(new DecryptCommand({ CiphertextBlob, Recipient })), refused);
  await assert.rejects(
    plane.kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', Recipient })),
    refused,
  );
  await assert.rejects(
    plane.kms.send(
      new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256', Recipient }),
    ),
    refused,
  );
  await assert.rejects(
    plane.kms.send(new GenerateRandomCommand({ NumberOfBytes: 1, Recipient })),
    refused,
  );
});

const dryRun = { name: 'DryRunOperationException' };

test('a dry run of decryption can ignore the ciphertext if it names the key', async () => {
  const DryRunModifiers = ['IGNORE_CIPHERTEXT' as const];
  const common = { DryRun: true, DryRunModifiers };
  await assert.rejects(plane.kms.send(new DecryptCommand({ KeyId: keyArn, ...common })), dryRun);
  const moving = { SourceKeyId: keyArn, DestinationKeyId: keyArn, ...common };
  await assert.rejects(plane.kms.send(new ReEncryptCommand(moving)), dryRun);
  const CiphertextBlob = text;
  await assert.rejects(
    plane.kms.send(new DecryptCommand({ CiphertextBlob, KeyId: keyArn, ...common })),
    dryRun,
  );
  for (const wrong of [common, { KeyId: keyArn, DryRunModifiers }]) {
    await assert.rejects(plane.kms.send(new DecryptCommand(wrong)), {
      name: 'ValidationException',
      message: /only valid in a dry run that names the key/,
    });
  }
});

test('a dry run answers like the call where it is refused', async () => {
  const disabled = await createKey(plane);
  await disableKey(plane.kms, disabled);
  const calls = (KeyId: string) => [
    new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'RSA_4096', DryRun: true }),
    new EncryptCommand({ KeyId, Plaintext: text, DryRun: true }),
  ];
  for (const call of calls(keyArn)) {
    // biome-ignore lint/suspicious/noExplicitAny: the client's commands have no common type.
    await assert.rejects(plane.kms.send(call as any), dryRun);
  }
  for (const call of calls(disabled)) {
    // biome-ignore lint/suspicious/noExplicitAny: the client's commands have no common type.
    await assert.rejects(plane.kms.send(call as any), { name: 'DisabledException' });
  }
  const hmac = { KeyId: mac, Message: text, MacAlgorithm: 'HMAC_SHA_256' as const, DryRun: true };
  await assert.rejects(plane.kms.send(new GenerateMacCommand(hmac)), dryRun);
  await assert.rejects(
    plane.kms.send(
      new SignCommand({
        KeyId: mac,
        Message: text,
        SigningAlgorithm: 'ECDSA_SHA_256',
        DryRun: true,
      }),
    ),
    { name: 'InvalidKeyUsageException' },
  );
});

const allGrantOperations = [
  'Decrypt',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'ReEncryptFrom',
  'Sign',
  'Verify',
  'GetPublicKey',
  'GenerateMac',
  'VerifyMac',
  'DeriveSharedSecret',
  'DescribeKey',
  'CreateGrant',
  'RetireGrant',
] as const;
const management = ['DescribeKey', 'CreateGrant', 'RetireGrant'];
const grantable: readonly (readonly [KeySpec, KeyUsageType, readonly string[]])[] = [
  [
    'SYMMETRIC_DEFAULT',
    'ENCRYPT_DECRYPT',
    ['Decrypt', 'Encrypt', 'GenerateDataKey', 'GenerateDataKeyPair', 'ReEncryptFrom'],
  ],
  ['ECC_NIST_P256', 'SIGN_VERIFY', ['Sign', 'Verify', 'GetPublicKey']],
  ['ECC_NIST_P256', 'KEY_AGREEMENT', ['GetPublicKey', 'DeriveSharedSecret']],
  ['HMAC_256', 'GENERATE_VERIFY_MAC', ['GenerateMac', 'VerifyMac']],
  ['RSA_2048', 'ENCRYPT_DECRYPT', ['Decrypt', 'Encrypt', 'ReEncryptFrom', 'GetPublicKey']],
];
for (const [KeySpec, KeyUsage, operations] of grantable) {
  test(`grants on keys for ${KeyUsage} of ${KeySpec} allow what such keys can do`, async () => {
    const KeyId = await createKey(plane, { KeySpec, KeyUsage });
    const allowed: GrantOperation[] = [];
    for (const operation of allGrantOperations) {
      const request = {
        KeyId,
        GranteePrincipal: `arn:aws:iam::${accountId}:role/r`,
        Operations: [operation],
      };
      try {
        await plane.kms.send(new CreateGrantCommand(request));
        allowed.push(operation);
      } catch (error) {
        assert.equal((error as Error).name, 'ValidationException');
      }
    }
    assert.deepEqual(
      allowed,
      allGrantOperations.filter((name) => [...operations, ...management].includes(name)),
    );
  });
}
