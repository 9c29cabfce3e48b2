import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateAliasCommand,
  DecryptCommand,
  type DecryptCommandInput,
  EncryptCommand,
  type EncryptCommandInput,
  GenerateDataKeyCommand,
  type GenerateDataKeyCommandInput,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateRandomCommand,
  ReEncryptCommand,
} from '@aws-sdk/client-kms';
import { createKey } from '../../support/broker-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';

let plane: ControlPlane;
let keyArn = '';
let otherArn = '';
before(async () => {
  plane = await ControlPlane.start();
  keyArn = await createKey(plane);
  otherArn = await createKey(plane);
});
after(() => plane.close());

const context = { tenant: 'a', 'aws:ebs:id': 'vol-1' };
const text = Buffer.from('attack at dawn');

async function encrypt(changes: Partial<EncryptCommandInput> = {}) {
  const answer = await plane.kms.send(
    new EncryptCommand({
      KeyId: keyArn,
      Plaintext: text,
      EncryptionContext: context,
      ...changes,
    }),
  );
  assert.ok(answer.CiphertextBlob);
  return answer.CiphertextBlob;
}

function decrypt(CiphertextBlob: Uint8Array, changes: Partial<DecryptCommandInput> = {}) {
  return plane.kms.send(
    new DecryptCommand({ CiphertextBlob, EncryptionContext: context, ...changes }),
  );
}

test('Decrypt does not require the key id', async () => {
  const answer = await plane.kms.send(new EncryptCommand({ KeyId: keyArn, Plaintext: text }));
  assert.equal(answer.KeyId, keyArn);
  assert.equal(answer.EncryptionAlgorithm, 'SYMMETRIC_DEFAULT');
  const { CiphertextBlob } = answer;
  const { $metadata: _, ...opened } = await plane.kms.send(new DecryptCommand({ CiphertextBlob }));
  const { Plaintext = [], KeyMaterialId = '', ...rest } = opened;
  assert.deepEqual(Buffer.from(Plaintext), text);
  assert.match(KeyMaterialId, /^[0-9a-f]{64}$/);
  assert.deepEqual(rest, { KeyId: keyArn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' });
});

test('encrypting the same plaintext twice gives different ciphertexts without the plaintext', async () => {
  const [first, second] = [Buffer.from(await encrypt()), Buffer.from(await encrypt())];
  assert.notDeepEqual(first, second);
  assert.equal(first.includes(text), false);
});

for (const size of [1, 4096]) {
  test(`${size} bytes can be encrypted and decrypted`, async () => {
    const Plaintext = Buffer.alloc(size, 7);
    const blob = await encrypt({ Plaintext });
    assert.ok(blob.length <= 6144);
    assert.deepEqual(Buffer.from((await decrypt(blob)).Plaintext ?? []), Plaintext);
  });
}

for (const size of [0, 4097]) {
  test(`${size} bytes are refused, and the error does not repeat them`, async () => {
    await assert.rejects(encrypt({ Plaintext: Buffer.alloc(size, 7) }), {
      name: 'ValidationException',
      message: /^1 validation error detected: Value '\*\*\*' at 'plaintext' /,
    });
  });
}

const otherContexts: readonly [what: string, context: Record<string, string> | undefined][] = [
  ['no context', undefined],
  ['an empty context', {}],
  ['another value', { ...context, tenant: 'b' }],
  ['a value of another case', { ...context, tenant: 'A' }],
  ['a pair less', { tenant: 'a' }],
  ['a pair more', { ...context, more: '' }],
  ['a key of another case', { Tenant: 'a', 'aws:ebs:id': 'vol-1' }],
  ['the border between key and value moved', { tenanta: '', 'aws:ebs:id': 'vol-1' }],
];
for (const [what, EncryptionContext] of otherContexts) {
  test(`a ciphertext cannot be decrypted with ${what}`, async () => {
    const blob = await encrypt();
    await assert.rejects(decrypt(blob, { EncryptionContext }), {
      name: 'InvalidCiphertextException',
    });
  });
}

test('the order of context pairs does not matter, and no context equals an empty context', async () => {
  const blob = await encrypt();
  const EncryptionContext = { 'aws:ebs:id': 'vol-1', tenant: 'a' };
  assert.deepEqual(Buffer.from((await decrypt(blob, { EncryptionContext })).Plaintext ?? []), text);
  const bare = await encrypt({ EncryptionContext: {} });
  await decrypt(bare, { EncryptionContext: undefined });
});

test('an encryption context larger than 8192 bytes is refused', async () => {
  await assert.rejects(encrypt({ EncryptionContext: { k: 'v'.repeat(8192) } }), {
    name: 'ValidationException',
    message: /^EncryptionContext of 8201 bytes is larger than the allowed 8192$/,
  });
});

test('a ciphertext with any changed or missing byte cannot be decrypted', async () => {
  const blob = Buffer.from(await encrypt());
  const keyIdBytes = { from: 6, to: 22 };
  for (let at = 0; at < blob.length; at++) {
    const changed = Buffer.from(blob);
    changed[at] = (changed[at] ?? 0) ^ 1;
    // A blob that asks for another key may not say whether there is one.
    const isKeyId = at >= keyIdBytes.from && at < keyIdBytes.to;
    const name = isKeyId ? 'AccessDeniedException' : 'InvalidCiphertextException';
    await assert.rejects(decrypt(changed), { name }, `byte ${at}`);
  }
  for (const size of [1, 97, blob.length - 1]) {
    await assert.rejects(decrypt(blob.subarray(0, size)), { name: 'InvalidCiphertextException' });
  }
});

test('a specified key must be the key of the ciphertext', async () => {
  const blob = await encrypt();
  await decrypt(blob, { KeyId: keyArn });
  await plane.kms.send(new CreateAliasCommand({ AliasName: 'alias/right', TargetKeyId: keyArn }));
  await decrypt(blob, { KeyId: 'alias/right' });
  await assert.rejects(decrypt(blob, { KeyId: otherArn }), {
    name: 'IncorrectKeyException',
    message: 'The key ID in the request does not identify a CMK that can perform this operation.',
  });
  await assert.rejects(decrypt(blob, { KeyId: 'alias/none' }), { name: 'NotFoundException' });
});

test('Decrypt without a ciphertext names the missing member', async () => {
  await assert.rejects(plane.kms.send(new DecryptCommand({ CiphertextBlob: undefined })), {
    name: 'ValidationException',
    message: /'ciphertextBlob' failed to satisfy constraint: Member must not be null$/,
  });
});

test('an algorithm of another key type is refused', async () => {
  await assert.rejects(encrypt({ EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }), {
    name: 'InvalidKeyUsageException',
  });
});

test('a signing key can neither encrypt nor generate data keys', async () => {
  const KeyId = await createKey(plane, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
  const message = /key usage is SIGN_VERIFY which is not valid for/;
  await assert.rejects(encrypt({ KeyId }), { name: 'InvalidKeyUsageException', message });
  await assert.rejects(plane.kms.send(new GenerateDataKeyCommand({ KeyId, NumberOfBytes: 32 })), {
    name: 'InvalidKeyUsageException',
    message,
  });
});

test('Encrypt with an RSA key needs an algorithm of RSA keys', async () => {
  const KeyId = await createKey(plane, { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' });
  await assert.rejects(encrypt({ KeyId, EncryptionContext: undefined }), {
    name: 'InvalidKeyUsageException',
    message: /has KeySpec RSA_2048, for which algorithm SYMMETRIC_DEFAULT is not valid/,
  });
});

for (const [size, asked] of [
  [32, { KeySpec: 'AES_256' }],
  [16, { KeySpec: 'AES_128' }],
  [1, { NumberOfBytes: 1 }],
  [1024, { NumberOfBytes: 1024 }],
] as const) {
  test(`a data key of ${JSON.stringify(asked)} has ${size} bytes and can be decrypted`, async () => {
    const made = await plane.kms.send(
      new GenerateDataKeyCommand({ KeyId: keyArn, EncryptionContext: context, ...asked }),
    );
    const { Plaintext, CiphertextBlob } = made;
    assert.ok(Plaintext && CiphertextBlob);
    assert.equal(Plaintext.length, size);
    const opened = await decrypt(CiphertextBlob);
    assert.deepEqual(opened.Plaintext, Plaintext);
    assert.deepEqual([made.KeyId, made.KeyMaterialId], [opened.KeyId, opened.KeyMaterialId]);
  });
}

test('a data key without plaintext returns only the ciphertext and can be decrypted', async () => {
  const { $metadata: _, ...made } = await plane.kms.send(
    new GenerateDataKeyWithoutPlaintextCommand({ KeyId: keyArn, NumberOfBytes: 64 }),
  );
  assert.deepEqual(Object.keys(made).sort(), ['CiphertextBlob', 'KeyId', 'KeyMaterialId']);
  assert.ok(made.CiphertextBlob);
  const { Plaintext } = await decrypt(made.CiphertextBlob, { EncryptionContext: undefined });
  assert.equal(Plaintext?.length, 64);
  assert.equal(Buffer.from(Plaintext ?? []).equals(Buffer.alloc(64)), false);
});

const wrongSizes: readonly Partial<GenerateDataKeyCommandInput>[] = [
  {},
  { KeySpec: 'AES_256', NumberOfBytes: 32 },
  { NumberOfBytes: 0 },
  { NumberOfBytes: 1025 },
];
for (const asked of wrongSizes) {
  test(`a data key of ${JSON.stringify(asked)} is refused`, async () => {
    const both = [GenerateDataKeyCommand, GenerateDataKeyWithoutPlaintextCommand];
    for (const Command of both) {
      await assert.rejects(plane.kms.send(new Command({ KeyId: keyArn, ...asked })), {
        name: 'ValidationException',
      });
    }
  });
}

test('ReEncrypt changes the key and the encryption context of a ciphertext', async () => {
  const CiphertextBlob = await encrypt();
  const DestinationEncryptionContext = { tenant: 'b' };
  const moved = await plane.kms.send(
    new ReEncryptCommand({
      CiphertextBlob,
      SourceEncryptionContext: context,
      DestinationKeyId: otherArn,
      DestinationEncryptionContext,
    }),
  );
  assert.deepEqual([moved.SourceKeyId, moved.KeyId], [keyArn, otherArn]);
  assert.notEqual(moved.SourceKeyMaterialId, moved.DestinationKeyMaterialId);
  assert.ok(moved.CiphertextBlob);
  const opened = await decrypt(moved.CiphertextBlob, {
    EncryptionContext: DestinationEncryptionContext,
  });
  assert.deepEqual([Buffer.from(opened.Plaintext ?? []), opened.KeyId], [text, otherArn]);
  await assert.rejects(decrypt(moved.CiphertextBlob), { name: 'InvalidCiphertextException' });
});

test('ReEncrypt requires the correct source context and source key', async () => {
  const CiphertextBlob = await encrypt();
  const request = { CiphertextBlob, DestinationKeyId: otherArn };
  await assert.rejects(plane.kms.send(new ReEncryptCommand(request)), {
    name: 'InvalidCiphertextException',
  });
  const named = { ...request, SourceEncryptionContext: context, SourceKeyId: otherArn };
  await assert.rejects(plane.kms.send(new ReEncryptCommand(named)), {
    name: 'IncorrectKeyException',
  });
});

test('a dry run reports success or the error, and returns no data', async () => {
  const blob = await encrypt();
  const text = 'The request would have succeeded, but the DryRun option is set.';
  const would = { name: 'DryRunOperationException', message: text };
  await assert.rejects(decrypt(blob, { DryRun: true }), would);
  await assert.rejects(encrypt({ DryRun: true }), would);
  await assert.rejects(decrypt(blob, { DryRun: true, EncryptionContext: {} }), {
    name: 'InvalidCiphertextException',
  });
});

test('a request for a Nitro enclave recipient is refused, not answered in clear text', async () => {
  const Recipient = {
    KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' as const,
    AttestationDocument: Buffer.from('document'),
  };
  const refused = {
    name: 'UnsupportedOperationException',
    message: 'Recipient is not supported.',
  };
  await assert.rejects(decrypt(await encrypt(), { Recipient }), refused);
  const dataKey = { KeyId: keyArn, NumberOfBytes: 32, Recipient };
  await assert.rejects(plane.kms.send(new GenerateDataKeyCommand(dataKey)), refused);
  const random = new GenerateRandomCommand({ NumberOfBytes: 8, Recipient });
  await assert.rejects(plane.kms.send(random), refused);
});

test('GenerateRandom returns the requested number of bytes, which differ each time', async () => {
  const draw = () => plane.kms.send(new GenerateRandomCommand({ NumberOfBytes: 32 }));
  const [first, second] = [await draw(), await draw()];
  assert.equal(first.Plaintext?.length, 32);
  assert.notDeepEqual(first.Plaintext, second.Plaintext);
  await assert.rejects(plane.kms.send(new GenerateRandomCommand({})), {
    name: 'ValidationException',
  });
});
