import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  constants,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  publicEncrypt,
  verify as verifyByNode,
} from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  type CreateKeyCommandInput,
  DecryptCommand,
  DeriveSharedSecretCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  type KeySpec,
  ReEncryptCommand,
  SignCommand,
  type SignCommandInput,
  type SigningAlgorithmSpec,
  VerifyCommand,
  VerifyMacCommand,
} from '@aws-sdk/client-kms';
import { createKey } from '../../support/broker-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { disableKey } from '../../support/keys.ts';

let plane: ControlPlane;
let folder = '';
const made = new Map<string, Promise<string>>();
before(async () => {
  plane = await ControlPlane.start();
  folder = mkdtempSync(join(tmpdir(), 'waxwing-keys-'));
});
after(async () => {
  rmSync(folder, { recursive: true });
  await plane.close();
});

/** A key of each type, made once. */
function keyOf(request: CreateKeyCommandInput): Promise<string> {
  const name = JSON.stringify(request);
  const key = made.get(name) ?? createKey(plane, request);
  made.set(name, key);
  return key;
}

const signer = (KeySpec: KeySpec) => keyOf({ KeySpec, KeyUsage: 'SIGN_VERIFY' });

async function publicKeyOf(KeyId: string): Promise<Buffer> {
  const { PublicKey } = await plane.kms.send(new GetPublicKeyCommand({ KeyId }));
  assert.ok(PublicKey);
  return Buffer.from(PublicKey);
}

async function sign(
  KeyId: string,
  SigningAlgorithm: SigningAlgorithmSpec,
  Message: Uint8Array,
  changes: Partial<SignCommandInput> = {},
): Promise<Buffer> {
  const request = { KeyId, SigningAlgorithm, Message, ...changes };
  const answer = await plane.kms.send(new SignCommand(request));
  assert.equal(answer.KeyId, KeyId);
  assert.equal(answer.SigningAlgorithm, SigningAlgorithm);
  return Buffer.from(answer.Signature ?? []);
}

const message = Buffer.from('transfer 100 to anna');
const other = Buffer.from('transfer 900 to otto');

const signing: readonly (readonly [KeySpec, SigningAlgorithmSpec])[] = [
  ...(['PKCS1_V1_5', 'PSS'] as const).flatMap((scheme) =>
    (['256', '384', '512'] as const).map(
      (bits) => ['RSA_2048', `RSASSA_${scheme}_SHA_${bits}`] as const,
    ),
  ),
  ['ECC_NIST_P256', 'ECDSA_SHA_256'],
  ['ECC_NIST_P384', 'ECDSA_SHA_384'],
  ['ECC_NIST_P521', 'ECDSA_SHA_512'],
  ['ECC_SECG_P256K1', 'ECDSA_SHA_256'],
];

/** Verifies by `node:crypto`, which only takes messages. */
function isValid(spki: Buffer, algorithm: string, text: Buffer, signature: Buffer): boolean {
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const hash = `sha${algorithm.slice(-3)}`;
  if (!algorithm.includes('PSS')) return verifyByNode(hash, text, key, signature);
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  return verifyByNode(hash, text, { key, padding, saltLength }, signature);
}

/** Verifies a digest by the openssl command. */
function isValidByOpenssl(
  spki: Buffer,
  algorithm: string,
  digest: Buffer,
  signature: Buffer,
): boolean {
  const files = { spki, digest, signature };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  const bits = algorithm.slice(-3);
  const pss = ['rsa_padding_mode:pss', 'rsa_pss_saltlen:digest'];
  const options = [
    ...(algorithm.startsWith('RSA') ? [`digest:sha${bits}`] : []),
    ...(algorithm.includes('PSS') ? pss : []),
  ];
  const command = ['pkeyutl', '-verify', '-pubin', '-keyform', 'DER', '-inkey', 'spki'];
  const given = ['-in', 'digest', '-sigfile', 'signature'];
  const all = [...command, ...given, ...options.flatMap((option) => ['-pkeyopt', option])];
  try {
    const said = execFileSync('openssl', all, { cwd: folder, stdio: 'pipe' });
    return said.includes('Verified Successfully');
  } catch {
    return false;
  }
}

for (const [spec, algorithm] of signing) {
  test(`${spec} signs messages and digests with ${algorithm}, as node:crypto and openssl verify`, async () => {
    const KeyId = await signer(spec);
    const spki = await publicKeyOf(KeyId);
    const digest = createHash(`sha${algorithm.slice(-3)}`)
      .update(message)
      .digest();
    const ofMessage = await sign(KeyId, algorithm, message);
    const ofDigest = await sign(KeyId, algorithm, digest, { MessageType: 'DIGEST' });
    for (const signature of [ofMessage, ofDigest]) {
      assert.ok(isValid(spki, algorithm, message, signature));
      assert.ok(!isValid(spki, algorithm, other, signature));
      assert.ok(isValidByOpenssl(spki, algorithm, digest, signature));
      const common = { KeyId, SigningAlgorithm: algorithm, Signature: signature };
      for (const said of [
        { ...common, Message: message },
        { ...common, Message: digest, MessageType: 'DIGEST' as const },
      ]) {
        const { SignatureValid } = await plane.kms.send(new VerifyCommand(said));
        assert.equal(SignatureValid, true);
        const changed = Buffer.from(signature);
        changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
        const wrong = [
          { ...said, Message: Buffer.alloc(said.Message.length, 9) },
          { ...said, Signature: changed },
          { ...said, Signature: signature.subarray(1) },
        ];
        for (const request of wrong) {
          await assert.rejects(plane.kms.send(new VerifyCommand(request)), {
            name: 'KMSInvalidSignatureException',
          });
        }
      }
    }
  });
}

test('ECC_NIST_EDWARDS25519 signs messages, not digests', async () => {
  const KeyId = await signer('ECC_NIST_EDWARDS25519');
  const signature = await sign(KeyId, 'ED25519_SHA_512', message);
  const key = createPublicKey({ key: await publicKeyOf(KeyId), format: 'der', type: 'spki' });
  assert.ok(verifyByNode(null, message, key, signature));
  const request = { KeyId, SigningAlgorithm: 'ED25519_SHA_512', Message: message } as const;
  await plane.kms.send(new VerifyCommand({ ...request, Signature: signature }));
  await assert.rejects(plane.kms.send(new SignCommand({ ...request, MessageType: 'DIGEST' })), {
    name: 'ValidationException',
    message: /MessageType DIGEST is not valid/,
  });
});

test('a digest of another length, and EXTERNAL_MU, are refused', async () => {
  const KeyId = await signer('ECC_NIST_P256');
  await assert.rejects(sign(KeyId, 'ECDSA_SHA_256', message, { MessageType: 'DIGEST' }), {
    name: 'ValidationException',
    message: /it has 20 bytes; 32 are allowed/,
  });
  await assert.rejects(sign(KeyId, 'ECDSA_SHA_256', message, { MessageType: 'EXTERNAL_MU' }), {
    name: 'ValidationException',
    message: /MessageType EXTERNAL_MU is not valid for algorithm ECDSA_SHA_256/,
  });
});

test('an algorithm or usage of other keys is refused', async () => {
  const KeyId = await signer('ECC_NIST_P256');
  for (const algorithm of ['ECDSA_SHA_384', 'RSASSA_PSS_SHA_256'] as const) {
    await assert.rejects(sign(KeyId, algorithm, message), { name: 'InvalidKeyUsageException' });
  }
  await assert.rejects(sign(await keyOf({}), 'ECDSA_SHA_256', message), {
    name: 'InvalidKeyUsageException',
    message: /key usage is ENCRYPT_DECRYPT which is not valid for Sign/,
  });
  await assert.rejects(plane.kms.send(new GetPublicKeyCommand({ KeyId: await keyOf({}) })), {
    name: 'UnsupportedOperationException',
  });
  const request = { KeyId, Plaintext: message } as const;
  await assert.rejects(plane.kms.send(new EncryptCommand(request)), {
    name: 'InvalidKeyUsageException',
  });
});

test('a disabled key signs nothing, and a dry run only checks', async () => {
  const KeyId = await createKey(plane, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
  await assert.rejects(sign(KeyId, 'ECDSA_SHA_256', message, { DryRun: true }), {
    name: 'DryRunOperationException',
  });
  await disableKey(plane.kms, KeyId);
  for (const DryRun of [true, false]) {
    await assert.rejects(sign(KeyId, 'ECDSA_SHA_256', message, { DryRun }), {
      name: 'DisabledException',
    });
  }
});

test('GetPublicKey and DescribeKey agree on the algorithms of a key', async () => {
  const KeyId = await signer('ECC_NIST_P384');
  const {
    PublicKey,
    $metadata: _,
    ...shown
  } = await plane.kms.send(new GetPublicKeyCommand({ KeyId }));
  assert.ok(PublicKey);
  assert.deepEqual(shown, {
    KeyId,
    CustomerMasterKeySpec: 'ECC_NIST_P384',
    KeySpec: 'ECC_NIST_P384',
    KeyUsage: 'SIGN_VERIFY',
    SigningAlgorithms: ['ECDSA_SHA_384'],
  });
  const { KeyMetadata } = await plane.kms.send(new DescribeKeyCommand({ KeyId }));
  assert.deepEqual(KeyMetadata?.SigningAlgorithms, shown.SigningAlgorithms);
  assert.equal(KeyMetadata?.CurrentKeyMaterialId, undefined);
});

for (const algorithm of ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] as const) {
  test(`RSA keys encrypt and decrypt with ${algorithm}`, async () => {
    const KeyId = await keyOf({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' });
    const key = createPublicKey({ key: await publicKeyOf(KeyId), format: 'der', type: 'spki' });
    const oaepHash = algorithm === 'RSAES_OAEP_SHA_1' ? 'sha1' : 'sha256';
    const byNode = publicEncrypt({ key, oaepHash }, message);
    const common = { KeyId, EncryptionAlgorithm: algorithm };
    const { CiphertextBlob: byKms } = await plane.kms.send(
      new EncryptCommand({ ...common, Plaintext: message }),
    );
    for (const CiphertextBlob of [byNode, byKms]) {
      const opened = await plane.kms.send(new DecryptCommand({ ...common, CiphertextBlob }));
      assert.deepEqual(Buffer.from(opened.Plaintext ?? []), message);
      assert.equal(opened.EncryptionAlgorithm, algorithm);
      assert.equal(opened.KeyMaterialId, undefined);
    }
    const sizeMax = algorithm === 'RSAES_OAEP_SHA_1' ? 214 : 190;
    await plane.kms.send(new EncryptCommand({ ...common, Plaintext: Buffer.alloc(sizeMax) }));
    await assert.rejects(
      plane.kms.send(new EncryptCommand({ ...common, Plaintext: Buffer.alloc(sizeMax + 1) })),
      { name: 'ValidationException', message: new RegExp(`this key allow ${sizeMax}$`) },
    );
    await assert.rejects(
      plane.kms.send(
        new EncryptCommand({ ...common, Plaintext: message, EncryptionContext: { a: 'b' } }),
      ),
      { name: 'ValidationException', message: /EncryptionContext is not valid for asymmetric/ },
    );
    await assert.rejects(
      plane.kms.send(new DecryptCommand({ ...common, CiphertextBlob: Buffer.alloc(256, 1) })),
      { name: 'InvalidCiphertextException' },
    );
    await assert.rejects(
      plane.kms.send(
        new DecryptCommand({ CiphertextBlob: byNode, EncryptionAlgorithm: algorithm }),
      ),
      { name: 'ValidationException', message: /key id is required/ },
    );
  });
}

test('ReEncrypt moves between symmetric and RSA keys', async () => {
  const rsa = await keyOf({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' });
  const symmetric = await keyOf({});
  const { CiphertextBlob } = await plane.kms.send(
    new EncryptCommand({ KeyId: symmetric, Plaintext: message }),
  );
  const moved = await plane.kms.send(
    new ReEncryptCommand({
      CiphertextBlob,
      DestinationKeyId: rsa,
      DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    }),
  );
  assert.equal(moved.DestinationKeyMaterialId, undefined);
  assert.match(moved.SourceKeyMaterialId ?? '', /^[0-9a-f]{64}$/);
  const back = await plane.kms.send(
    new ReEncryptCommand({
      CiphertextBlob: moved.CiphertextBlob,
      SourceKeyId: rsa,
      SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      DestinationKeyId: symmetric,
    }),
  );
  const { Plaintext } = await plane.kms.send(
    new DecryptCommand({ CiphertextBlob: back.CiphertextBlob }),
  );
  assert.deepEqual(Buffer.from(Plaintext ?? []), message);
});

test('DeriveSharedSecret agrees with the owner of the other key', async () => {
  const KeyId = await keyOf({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' });
  const peer = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const publicKey = createPublicKey({
    key: await publicKeyOf(KeyId),
    format: 'der',
    type: 'spki',
  });
  const wanted = diffieHellman({ privateKey: peer.privateKey, publicKey });
  const request = {
    KeyId,
    KeyAgreementAlgorithm: 'ECDH',
    PublicKey: peer.publicKey.export({ format: 'der', type: 'spki' }),
  } as const;
  const derived = await plane.kms.send(new DeriveSharedSecretCommand(request));
  assert.deepEqual(Buffer.from(derived.SharedSecret ?? []), wanted);
  assert.equal(derived.KeyOrigin, 'AWS_KMS');
  const onOther = generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey;
  for (const PublicKey of [onOther.export({ format: 'der', type: 'spki' }), Buffer.from('no')]) {
    await assert.rejects(plane.kms.send(new DeriveSharedSecretCommand({ ...request, PublicKey })), {
      name: 'ValidationException',
      message: /not a public key of KeySpec ECC_NIST_P256/,
    });
  }
  const Recipient = { AttestationDocument: Buffer.from('x') };
  await assert.rejects(plane.kms.send(new DeriveSharedSecretCommand({ ...request, Recipient })), {
    name: 'UnsupportedOperationException',
    message: 'Recipient is not supported.',
  });
});

for (const bits of ['224', '256', '384', '512'] as const) {
  test(`HMAC_${bits} keys generate and verify HMACs`, async () => {
    const KeyId = await keyOf({ KeySpec: `HMAC_${bits}`, KeyUsage: 'GENERATE_VERIFY_MAC' });
    const MacAlgorithm = `HMAC_SHA_${bits}` as const;
    const request = { KeyId, MacAlgorithm, Message: message };
    const { Mac = new Uint8Array() } = await plane.kms.send(new GenerateMacCommand(request));
    const key = plane.kmsDomain.journal.key(KeyId.slice(KeyId.lastIndexOf('/') + 1));
    const [material] = key?.materials ?? [];
    assert.ok(key && material);
    const wanted = plane.kmsDomain.materials.use(key, material, (bytes) => {
      assert.ok(bytes.length >= Number(bits) / 8);
      return createHmac(`sha${bits}`, bytes).update(message).digest();
    });
    assert.deepEqual(Buffer.from(Mac), wanted);
    const verified = await plane.kms.send(new VerifyMacCommand({ ...request, Mac }));
    assert.equal(verified.MacValid, true);
    for (const wrong of [
      { ...request, Mac, Message: other },
      { ...request, Mac: Mac.slice(1) },
    ]) {
      await assert.rejects(plane.kms.send(new VerifyMacCommand(wrong)), {
        name: 'KMSInvalidMacException',
      });
    }
  });
}

const pairs = ['RSA_2048', 'ECC_NIST_P256', 'ECC_SECG_P256K1', 'ECC_NIST_EDWARDS25519'] as const;
for (const KeyPairSpec of pairs) {
  test(`GenerateDataKeyPair makes pairs of ${KeyPairSpec}, whose private key can be decrypted`, async () => {
    const KeyId = await keyOf({});
    const EncryptionContext = { tenant: 'a' };
    const request = { KeyId, KeyPairSpec, EncryptionContext };
    const pair = await plane.kms.send(new GenerateDataKeyPairCommand(request));
    assert.equal(pair.KeyPairSpec, KeyPairSpec);
    const { Plaintext, KeyMaterialId } = await plane.kms.send(
      new DecryptCommand({ CiphertextBlob: pair.PrivateKeyCiphertextBlob, EncryptionContext }),
    );
    assert.equal(KeyMaterialId, pair.KeyMaterialId);
    assert.deepEqual(Plaintext, pair.PrivateKeyPlaintext);
    const key = Buffer.from(Plaintext ?? []);
    const publicKey = createPublicKey(
      createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
    ).export({ format: 'der', type: 'spki' });
    assert.deepEqual(Buffer.from(pair.PublicKey ?? []), publicKey);
    const sealed = await plane.kms.send(new GenerateDataKeyPairWithoutPlaintextCommand(request));
    assert.ok(!('PrivateKeyPlaintext' in sealed));
    const opened = await plane.kms.send(
      new DecryptCommand({ CiphertextBlob: sealed.PrivateKeyCiphertextBlob, EncryptionContext }),
    );
    assert.notDeepEqual(opened.Plaintext, Plaintext);
  });
}

test('data key pairs need a symmetric key, and ML-KEM and SM2 are refused by name', async () => {
  const KeyId = await signer('ECC_NIST_P256');
  const request = { KeyId, KeyPairSpec: 'ECC_NIST_P256' } as const;
  await assert.rejects(plane.kms.send(new GenerateDataKeyPairCommand(request)), {
    name: 'InvalidKeyUsageException',
  });
  for (const KeyPairSpec of ['ML_KEM_768', 'SM2'] as const) {
    const refused = { KeyId: await keyOf({}), KeyPairSpec };
    await assert.rejects(plane.kms.send(new GenerateDataKeyPairCommand(refused)), {
      name: 'UnsupportedOperationException',
      message: new RegExp(
        `^The key spec ${KeyPairSpec} is not supported; RSA_2048, .*25519 are\\.$`,
      ),
    });
  }
  await assert.rejects(createKey(plane, { KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY' }), {
    name: 'UnsupportedOperationException',
    message: /The key spec ML_DSA_44 is not supported/,
  });
});

test('an account can wait for a few key pairs only, and other calls do not wait for them', async () => {
  const request = { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' } as const;
  const KeyId = await keyOf({});
  let endedCount = 0;
  const creating = Array.from({ length: 12 }, () =>
    createKey(plane, request).finally(() => {
      endedCount += 1;
    }),
  );
  const results = Promise.allSettled(creating);
  await plane.kms.send(new DescribeKeyCommand({ KeyId }));
  assert.ok(endedCount < creating.length, 'the pairs are still being generated');
  const refused = (await results).filter((result) => result.status === 'rejected');
  assert.ok(refused.length > 0 && refused.length < creating.length);
  for (const { reason } of refused) assert.equal(reason.name, 'ThrottlingException');
  await createKey(plane, request);
});

test('no private key is in the journal, the trail, or an answer', async () => {
  const KeyId = await signer('ECC_NIST_P256');
  const key = plane.kmsDomain.journal.key(KeyId.slice(KeyId.lastIndexOf('/') + 1));
  const [material] = key?.materials ?? [];
  assert.ok(key && material);
  const pkcs8 = plane.kmsDomain.materials.use(key, material, (bytes) => Buffer.from(bytes));
  const scalar = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({
    format: 'jwk',
  }).d;
  assert.ok(scalar);
  const bytes = Buffer.from(scalar, 'base64url');
  for (const encoding of ['base64', 'base64url', 'hex'] as const) {
    assert.ok(!plane.written.includes(bytes.toString(encoding).slice(0, 40)));
  }
});
