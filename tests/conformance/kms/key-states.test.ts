import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DeleteImportedKeyMaterialCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  GetParametersForImportCommand,
  GetPublicKeyCommand,
  type KMSServiceException,
  ListAliasesCommand,
  ListGrantsCommand,
  ListKeyPoliciesCommand,
  ListKeyRotationsCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateKeyDescriptionCommand,
} from '@aws-sdk/client-kms';
import { createKey } from '../../support/broker-requests.ts';
import { accountId, ControlPlane } from '../../support/control-plane.ts';

// The developer guide's table "Key states of AWS KMS keys", operation by operation.

const rootArn = `arn:aws:iam::${accountId}:root`;

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start();
});
after(() => plane.close());

type State = (typeof states)[number];

/** A key, with what an operation on it may need. */
interface Fixture {
  readonly KeyId: string;
  readonly AliasName: string;
  readonly GrantId: string;
  readonly CiphertextBlob: Uint8Array | undefined;
  /** Refusals for an enabled key. */
  readonly other: { readonly KeyId: string; readonly CiphertextBlob: Uint8Array };
}

let count = 0;

async function encrypted(KeyId: string): Promise<Uint8Array> {
  const Plaintext = Buffer.from('secret');
  const answer = await plane.kms.send(new EncryptCommand({ KeyId, Plaintext }));
  assert.ok(answer.CiphertextBlob);
  return answer.CiphertextBlob;
}

/** A key that awaits its material can be granted to nobody; its grant is another key's. */
async function fixture(state: State): Promise<Fixture> {
  count += 1;
  const isExternal = state === 'PendingImport';
  const KeyId = await createKey(plane, isExternal ? { Origin: 'EXTERNAL' } : {});
  const otherId = await createKey(plane);
  const other = { KeyId: otherId, CiphertextBlob: await encrypted(otherId) };
  const AliasName = `alias/state-${count}`;
  await plane.kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyId }));
  const granted = isExternal ? otherId : KeyId;
  const { GrantId = '' } = await plane.kms.send(
    new CreateGrantCommand({
      KeyId: granted,
      GranteePrincipal: rootArn,
      Operations: ['Decrypt'],
    }),
  );
  const CiphertextBlob = isExternal ? undefined : await encrypted(KeyId);
  if (state === 'Disabled') await plane.kms.send(new DisableKeyCommand({ KeyId }));
  if (state === 'PendingDeletion') await plane.kms.send(new ScheduleKeyDeletionCommand({ KeyId }));
  return { KeyId, AliasName, GrantId, CiphertextBlob, other };
}

const policy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: rootArn }, Action: 'kms:*', Resource: '*' }],
});
const Plaintext = Buffer.from('x');
const unused = () => `alias/state-new-${++count}`;

/** Sends one operation; what it needs beyond the key is made before. */
const operations: Readonly<Record<string, (f: Fixture) => Promise<unknown>>> = {
  CancelKeyDeletion: ({ KeyId }) => plane.kms.send(new CancelKeyDeletionCommand({ KeyId })),
  CreateAlias: ({ KeyId: TargetKeyId }) =>
    plane.kms.send(new CreateAliasCommand({ AliasName: unused(), TargetKeyId })),
  CreateGrant: ({ KeyId }) =>
    plane.kms.send(
      new CreateGrantCommand({ KeyId, GranteePrincipal: rootArn, Operations: ['Decrypt'] }),
    ),
  Decrypt: ({ CiphertextBlob }) => plane.kms.send(new DecryptCommand({ CiphertextBlob })),
  DeleteAlias: ({ AliasName }) => plane.kms.send(new DeleteAliasCommand({ AliasName })),
  DeleteImportedKeyMaterial: ({ KeyId }) =>
    plane.kms.send(new DeleteImportedKeyMaterialCommand({ KeyId })),
  DescribeKey: ({ KeyId }) => plane.kms.send(new DescribeKeyCommand({ KeyId })),
  DisableKey: ({ KeyId }) => plane.kms.send(new DisableKeyCommand({ KeyId })),
  DisableKeyRotation: ({ KeyId }) => plane.kms.send(new DisableKeyRotationCommand({ KeyId })),
  EnableKey: ({ KeyId }) => plane.kms.send(new EnableKeyCommand({ KeyId })),
  EnableKeyRotation: ({ KeyId }) => plane.kms.send(new EnableKeyRotationCommand({ KeyId })),
  Encrypt: ({ KeyId }) => plane.kms.send(new EncryptCommand({ KeyId, Plaintext })),
  GenerateDataKey: ({ KeyId }) =>
    plane.kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })),
  GenerateDataKeyPair: ({ KeyId }) =>
    plane.kms.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256' })),
  GenerateDataKeyWithoutPlaintext: ({ KeyId }) =>
    plane.kms.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, NumberOfBytes: 64 })),
  GetKeyPolicy: ({ KeyId }) => plane.kms.send(new GetKeyPolicyCommand({ KeyId })),
  GetKeyRotationStatus: ({ KeyId }) => plane.kms.send(new GetKeyRotationStatusCommand({ KeyId })),
  GetParametersForImport: ({ KeyId }) =>
    plane.kms.send(
      new GetParametersForImportCommand({
        KeyId,
        WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
        WrappingKeySpec: 'RSA_2048',
      }),
    ),
  ListAliases: ({ KeyId }) => plane.kms.send(new ListAliasesCommand({ KeyId })),
  ListGrants: ({ KeyId }) => plane.kms.send(new ListGrantsCommand({ KeyId })),
  ListKeyPolicies: ({ KeyId }) => plane.kms.send(new ListKeyPoliciesCommand({ KeyId })),
  ListKeyRotations: ({ KeyId }) => plane.kms.send(new ListKeyRotationsCommand({ KeyId })),
  ListResourceTags: ({ KeyId }) => plane.kms.send(new ListResourceTagsCommand({ KeyId })),
  PutKeyPolicy: ({ KeyId }) => plane.kms.send(new PutKeyPolicyCommand({ KeyId, Policy: policy })),
  'ReEncrypt from': ({ CiphertextBlob, other }) =>
    plane.kms.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: other.KeyId })),
  'ReEncrypt to': ({ KeyId, other: { CiphertextBlob } }) =>
    plane.kms.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: KeyId })),
  RetireGrant: ({ KeyId, GrantId }) => plane.kms.send(new RetireGrantCommand({ KeyId, GrantId })),
  RevokeGrant: ({ KeyId, GrantId }) => plane.kms.send(new RevokeGrantCommand({ KeyId, GrantId })),
  RotateKeyOnDemand: ({ KeyId }) => plane.kms.send(new RotateKeyOnDemandCommand({ KeyId })),
  ScheduleKeyDeletion: ({ KeyId }) => plane.kms.send(new ScheduleKeyDeletionCommand({ KeyId })),
  TagResource: ({ KeyId }) =>
    plane.kms.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'a', TagValue: '' }] })),
  UntagResource: ({ KeyId }) => plane.kms.send(new UntagResourceCommand({ KeyId, TagKeys: ['a'] })),
  'UpdateAlias from': ({ AliasName, other }) =>
    plane.kms.send(new UpdateAliasCommand({ AliasName, TargetKeyId: other.KeyId })),
  UpdateKeyDescription: ({ KeyId }) =>
    plane.kms.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'd' })),
};

type Answer = keyof typeof refusals | 'ok';

const states = ['Enabled', 'Disabled', 'PendingDeletion', 'PendingImport'] as const;

/** Refused operations, and the message after the key's ARN. */
const refusals = {
  disabled: ['DisabledException', ' is disabled.'],
  'pending deletion': ['KMSInvalidStateException', ' is pending deletion.'],
  'not pending deletion': ['KMSInvalidStateException', ' is not pending deletion.'],
  'pending import': ['KMSInvalidStateException', ' is pending import.'],
  'of another origin': [
    'UnsupportedOperationException',
    ' origin is EXTERNAL which is not valid for this operation.',
  ],
  'not imported': [
    'UnsupportedOperationException',
    ' origin is AWS_KMS which is not valid for this operation.',
  ],
} as const;

/** Answers by state, in the order above; undefined for what cannot be asked. */
type Row = readonly [Answer, Answer, Answer, Answer | undefined];

const always: Row = ['ok', 'ok', 'ok', 'ok'];
const managing: Row = ['ok', 'ok', 'pending deletion', 'ok'];
const toggling: Row = ['ok', 'ok', 'pending deletion', 'pending import'];
const using: Row = ['ok', 'disabled', 'pending deletion', 'pending import'];
/** Without material there is neither a ciphertext nor a grant. */
const usingUp: Row = ['ok', 'disabled', 'pending deletion', undefined];
const rotating: Row = ['ok', 'disabled', 'pending deletion', 'of another origin'];
const ending: Row = ['ok', 'ok', 'ok', undefined];

const table: Readonly<Record<string, Row>> = {
  CancelKeyDeletion: ['not pending deletion', 'not pending deletion', 'ok', 'not pending deletion'],
  CreateAlias: managing,
  CreateGrant: using,
  Decrypt: usingUp,
  DeleteAlias: always,
  DeleteImportedKeyMaterial: ['not imported', 'not imported', 'not imported', 'ok'],
  DescribeKey: always,
  DisableKey: toggling,
  DisableKeyRotation: rotating,
  EnableKey: toggling,
  EnableKeyRotation: rotating,
  Encrypt: using,
  GenerateDataKey: using,
  GenerateDataKeyPair: using,
  GenerateDataKeyWithoutPlaintext: using,
  GetKeyPolicy: always,
  GetKeyRotationStatus: ['ok', 'ok', 'ok', 'of another origin'],
  GetParametersForImport: ['not imported', 'not imported', 'pending deletion', 'ok'],
  ListAliases: always,
  ListGrants: always,
  ListKeyPolicies: always,
  ListKeyRotations: always,
  ListResourceTags: always,
  PutKeyPolicy: always,
  'ReEncrypt from': usingUp,
  'ReEncrypt to': using,
  RetireGrant: ending,
  RevokeGrant: ending,
  RotateKeyOnDemand: rotating,
  ScheduleKeyDeletion: managing,
  TagResource: managing,
  UntagResource: managing,
  'UpdateAlias from': always,
  UpdateKeyDescription: managing,
};

for (const [name, send] of Object.entries(operations)) {
  for (const [index, state] of states.entries()) {
    const answer = table[name]?.[index];
    if (answer === undefined) continue;
    const what = answer === 'ok' ? 'succeeds' : `says that it is ${answer}`;
    test(`${name} with a key in state ${state} ${what}`, async () => {
      const made = await fixture(state);
      if (answer === 'ok') {
        await send(made);
        return;
      }
      await assert.rejects(send(made), (error: KMSServiceException) => {
        const [name, message] = refusals[answer];
        assert.equal(error.name, name);
        assert.equal(error.message, `${made.KeyId}${message}`);
        assert.equal(error.$metadata.httpStatusCode, 400);
        return true;
      });
    });
  }
}

test('an alias cannot be moved to a key that is pending deletion', async () => {
  const { AliasName } = await fixture('Enabled');
  const { KeyId: TargetKeyId } = await fixture('PendingDeletion');
  await assert.rejects(plane.kms.send(new UpdateAliasCommand({ AliasName, TargetKeyId })), {
    name: 'KMSInvalidStateException',
    message: `${TargetKeyId} is pending deletion.`,
  });
});

const otherTypes = [
  [
    'Sign',
    { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
    (KeyId: string) =>
      plane.kms.send(
        new SignCommand({ KeyId, Message: Plaintext, SigningAlgorithm: 'ECDSA_SHA_256' }),
      ),
  ],
  [
    'GetPublicKey',
    { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
    (KeyId: string) => plane.kms.send(new GetPublicKeyCommand({ KeyId })),
  ],
  [
    'GenerateMac',
    { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
    (KeyId: string) =>
      plane.kms.send(
        new GenerateMacCommand({ KeyId, Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' }),
      ),
  ],
] as const;
for (const [name, request, send] of otherTypes) {
  test(`${name} is refused in the states of the key that forbid it`, async () => {
    const external = await createKey(plane, { ...request, Origin: 'EXTERNAL' });
    await assert.rejects(send(external), { message: `${external} is pending import.` });
    const KeyId = await createKey(plane, request);
    await send(KeyId);
    await plane.kms.send(new DisableKeyCommand({ KeyId }));
    await assert.rejects(send(KeyId), {
      name: 'DisabledException',
      message: `${KeyId} is disabled.`,
    });
    await plane.kms.send(new ScheduleKeyDeletionCommand({ KeyId }));
    await assert.rejects(send(KeyId), {
      name: 'KMSInvalidStateException',
      message: `${KeyId} is pending deletion.`,
    });
  });
}
