import assert from 'node:assert/strict';
import {
  constants,
  createCipheriv,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  verify,
} from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  type AlgorithmSpec,
  CancelKeyDeletionCommand,
  DecryptCommand,
  DeleteImportedKeyMaterialCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateMacCommand,
  GetParametersForImportCommand,
  GetPublicKeyCommand,
  ImportKeyMaterialCommand,
  type ImportKeyMaterialCommandInput,
  ListKeyRotationsCommand,
  RotateKeyOnDemandCommand,
  SignCommand,
  type WrappingKeySpec,
} from '@aws-sdk/client-kms';
import { createKey } from '../../support/broker-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { scheduleDeletion } from '../../support/keys.ts';
import { eventsNamed } from '../../support/trail-events.ts';

const dayMs = 24 * 3600 * 1000;
let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start();
});
after(() => plane.close());

const text = Buffer.from('attack at dawn');

const externalKey = () => createKey(plane, { Origin: 'EXTERNAL' });

async function parameters(
  KeyId: string,
  WrappingAlgorithm: AlgorithmSpec = 'RSAES_OAEP_SHA_256',
  WrappingKeySpec: WrappingKeySpec = 'RSA_2048',
) {
  const answer = await plane.kms.send(
    new GetParametersForImportCommand({ KeyId, WrappingAlgorithm, WrappingKeySpec }),
  );
  assert.ok(answer.PublicKey && answer.ImportToken);
  const key = Buffer.from(answer.PublicKey);
  return {
    ImportToken: answer.ImportToken,
    publicKey: createPublicKey({ key, format: 'der', type: 'spki' }),
    validTo: answer.ParametersValidTo,
  };
}

type Parameters = Awaited<ReturnType<typeof parameters>>;

/** Parameters for the imports into a key, got once. Each call makes an RSA key. */
const got = new Map<string, Promise<Parameters>>();
function parametersOnce(KeyId: string, algorithm?: AlgorithmSpec): Promise<Parameters> {
  const name = `${KeyId} ${algorithm}`;
  const found = got.get(name) ?? parameters(KeyId, algorithm);
  got.set(name, found);
  return found;
}

function wrap(
  { publicKey }: Pick<Parameters, 'publicKey'>,
  material: Uint8Array,
  algorithm: AlgorithmSpec = 'RSAES_OAEP_SHA_256',
) {
  const oaepHash = algorithm.endsWith('256') ? 'sha256' : 'sha1';
  const options = { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash };
  if (algorithm.startsWith('RSAES')) return publicEncrypt(options, material);
  const ephemeral = randomBytes(32);
  const cipher = createCipheriv('id-aes256-wrap-pad', ephemeral, Buffer.from('a65959a6', 'hex'));
  return Buffer.concat([
    publicEncrypt(options, ephemeral),
    cipher.update(material),
    cipher.final(),
  ]);
}

/** Imports material that does not expire, with changes. */
async function importInto(
  KeyId: string,
  material: Uint8Array,
  changes: Partial<ImportKeyMaterialCommandInput> = {},
  algorithm: AlgorithmSpec = 'RSAES_OAEP_SHA_256',
) {
  const given = await parametersOnce(KeyId, algorithm);
  return plane.kms.send(
    new ImportKeyMaterialCommand({
      KeyId,
      ImportToken: given.ImportToken,
      EncryptedKeyMaterial: wrap(given, material, algorithm),
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      ...changes,
    }),
  );
}

async function describe(KeyId: string) {
  const { KeyMetadata } = await plane.kms.send(new DescribeKeyCommand({ KeyId }));
  assert.ok(KeyMetadata);
  return KeyMetadata;
}

async function rotationsOf(KeyId: string) {
  const IncludeKeyMaterial = 'ALL_KEY_MATERIAL' as const;
  const { Rotations = [] } = await plane.kms.send(
    new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial }),
  );
  return Rotations;
}

async function encrypt(KeyId: string): Promise<Uint8Array> {
  const { CiphertextBlob } = await plane.kms.send(new EncryptCommand({ KeyId, Plaintext: text }));
  assert.ok(CiphertextBlob);
  return CiphertextBlob;
}

const decrypt = (CiphertextBlob: Uint8Array) =>
  plane.kms.send(new DecryptCommand({ CiphertextBlob }));

const pendingImport = { name: 'KMSInvalidStateException', message: /is pending import\.$/ };

const algorithms = [
  'RSAES_OAEP_SHA_1',
  'RSAES_OAEP_SHA_256',
  'RSA_AES_KEY_WRAP_SHA_1',
  'RSA_AES_KEY_WRAP_SHA_256',
] as const;
for (const algorithm of algorithms) {
  test(`material wrapped with ${algorithm} makes a key usable`, async () => {
    const KeyId = await externalKey();
    await assert.rejects(encrypt(KeyId), pendingImport);
    const { KeyMaterialId } = await importInto(KeyId, randomBytes(32), {}, algorithm);
    const metadata = await describe(KeyId);
    assert.equal(metadata.KeyState, 'Enabled');
    assert.equal(metadata.ExpirationModel, 'KEY_MATERIAL_DOES_NOT_EXPIRE');
    assert.equal(metadata.CurrentKeyMaterialId, KeyMaterialId);
    const { Plaintext } = await decrypt(await encrypt(KeyId));
    assert.deepEqual(Buffer.from(Plaintext ?? []), text);
  });
}

test('the token is valid for one key and 24 hours, and the parameters say so', async () => {
  const [KeyId, otherKey] = [await externalKey(), await externalKey()];
  const given = await parameters(KeyId);
  const nowMs = plane.machine.clock.nowMs();
  assert.equal(given.validTo?.getTime(), nowMs + dayMs);
  const request = {
    EncryptedKeyMaterial: wrap(given, randomBytes(32)),
    ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
  } as const;
  const { ImportToken } = given;
  const imported = (changes: { KeyId: string; ImportToken: Uint8Array }) =>
    plane.kms.send(new ImportKeyMaterialCommand({ ...request, ...changes }));
  const invalid = { name: 'InvalidImportTokenException' };
  await assert.rejects(imported({ KeyId: otherKey, ImportToken }), invalid);
  await assert.rejects(imported({ KeyId, ImportToken: ImportToken.slice(1) }), invalid);
  const elsewhere = await parameters(KeyId);
  await assert.rejects(imported({ KeyId, ImportToken: elsewhere.ImportToken }), {
    name: 'InvalidCiphertextException',
  });
  await plane.advance(dayMs);
  await assert.rejects(imported({ KeyId, ImportToken }), { name: 'ExpiredImportTokenException' });
});

test('material of another size or type is refused', async () => {
  const KeyId = await externalKey();
  for (const size of [16, 31, 33]) {
    await assert.rejects(importInto(KeyId, randomBytes(size)), {
      name: 'IncorrectKeyMaterialException',
      message: new RegExp(`it has ${size} bytes; KeySpec SYMMETRIC_DEFAULT requires 32`),
    });
  }
  assert.equal((await describe(KeyId)).KeyState, 'PendingImport');
});

test('retired and unknown ways of wrapping are refused by name', async () => {
  const KeyId = await externalKey();
  for (const [algorithm, spec] of [
    ['RSAES_PKCS1_V1_5', 'RSA_2048'],
    ['RSAES_OAEP_SHA_256', 'SM2'],
  ] as const) {
    await assert.rejects(parameters(KeyId, algorithm, spec), {
      name: 'UnsupportedOperationException',
      message: `Wrapping with ${algorithm} and a key of spec ${spec} is not supported.`,
    });
  }
});

test('keys of another origin have no imported material', async () => {
  const KeyId = await createKey(plane);
  const refused = {
    name: 'UnsupportedOperationException',
    message: /origin is AWS_KMS which is not valid for this operation/,
  };
  await assert.rejects(parameters(KeyId), refused);
  await assert.rejects(plane.kms.send(new DeleteImportedKeyMaterialCommand({ KeyId })), refused);
});

test('deleted material leaves the key pending import until the same material is imported again', async () => {
  const KeyId = await externalKey();
  const material = randomBytes(32);
  const { KeyMaterialId } = await importInto(KeyId, material);
  const blob = await encrypt(KeyId);
  const deleted = await plane.kms.send(new DeleteImportedKeyMaterialCommand({ KeyId }));
  assert.deepEqual([deleted.KeyId, deleted.KeyMaterialId], [KeyId, KeyMaterialId]);
  assert.equal((await describe(KeyId)).KeyState, 'PendingImport');
  assert.equal((await describe(KeyId)).ExpirationModel, undefined);
  await assert.rejects(decrypt(blob), pendingImport);
  // Deleting it again has no effect.
  await plane.kms.send(new DeleteImportedKeyMaterialCommand({ KeyId }));
  await assert.rejects(importInto(KeyId, randomBytes(32)), {
    name: 'IncorrectKeyMaterialException',
    message: /not key material that was imported into this key before/,
  });
  const again = await importInto(KeyId, material);
  assert.equal(again.KeyMaterialId, KeyMaterialId);
  assert.deepEqual(Buffer.from((await decrypt(blob)).Plaintext ?? []), text);
});

test('material expires at its time, which the trail records', async () => {
  const KeyId = await externalKey();
  const material = randomBytes(32);
  const ValidTo = new Date(plane.machine.clock.nowMs() + 5000);
  await importInto(KeyId, material, { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo });
  const blob = await encrypt(KeyId);
  assert.equal((await describe(KeyId)).ValidTo?.getTime(), ValidTo.getTime());
  assert.equal((await describe(KeyId)).ExpirationModel, 'KEY_MATERIAL_EXPIRES');
  // Before the expiry is recorded.
  plane.machine.clock.advance(5000);
  await assert.rejects(decrypt(blob), pendingImport);
  await plane.advance(0);
  assert.equal((await describe(KeyId)).KeyState, 'PendingImport');
  const events = await eventsNamed(plane, 'DeleteExpiredKeyMaterial');
  assert.ok(events.some(({ resources }) => JSON.stringify(resources).includes(KeyId)));
  await importInto(KeyId, material);
  assert.deepEqual(Buffer.from((await decrypt(blob)).Plaintext ?? []), text);
});

const invalidTimes: readonly (readonly [string, Partial<ImportKeyMaterialCommandInput>, RegExp])[] =
  [
    ['no time', { ExpirationModel: undefined }, /A validTo date must be set/],
    ['a time in vain', { ValidTo: new Date() }, /ValidTo is not allowed/],
    [
      'a time in the past',
      { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: new Date(1000) },
      /a time within the next 365 days is allowed/,
    ],
    [
      'a time in years',
      { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: new Date('2099-01-01') },
      /a time within the next 365 days is allowed/,
    ],
  ];
for (const [what, changes, message] of invalidTimes) {
  test(`an expiry with ${what} is refused`, async () => {
    const KeyId = await externalKey();
    await assert.rejects(importInto(KeyId, randomBytes(32), changes), {
      name: 'ValidationException',
      message,
    });
  });
}

test('new material waits for a rotation, after which both decrypt', async () => {
  const KeyId = await externalKey();
  const [first, second] = [randomBytes(32), randomBytes(32)];
  const { KeyMaterialId: firstId } = await importInto(KeyId, first);
  await assert.rejects(plane.kms.send(new RotateKeyOnDemandCommand({ KeyId })), {
    name: 'UnsupportedOperationException',
    message: /no imported key material is pending rotation/,
  });
  const before = await encrypt(KeyId);
  const ImportType = 'NEW_KEY_MATERIAL' as const;
  const KeyMaterialDescription = 'second half of the year';
  const { KeyMaterialId: secondId } = await importInto(KeyId, second, {
    ImportType,
    KeyMaterialDescription,
  });
  assert.equal((await describe(KeyId)).CurrentKeyMaterialId, firstId);
  await assert.rejects(importInto(KeyId, randomBytes(32), { ImportType }), {
    name: 'KMSInvalidStateException',
    message: /has key material that is pending rotation/,
  });
  await assert.rejects(importInto(KeyId, first, { ImportType }), {
    name: 'IncorrectKeyMaterialException',
  });
  const [, pending] = await rotationsOf(KeyId);
  assert.deepEqual(
    [pending?.KeyMaterialState, pending?.ImportState, pending?.KeyMaterialDescription],
    ['PENDING_ROTATION', 'IMPORTED', KeyMaterialDescription],
  );
  await plane.kms.send(new RotateKeyOnDemandCommand({ KeyId }));
  await plane.advance(0);
  assert.equal((await describe(KeyId)).CurrentKeyMaterialId, secondId);
  const after = await encrypt(KeyId);
  assert.equal((await decrypt(before)).KeyMaterialId, firstId);
  assert.equal((await decrypt(after)).KeyMaterialId, secondId);
  assert.deepEqual(
    (await rotationsOf(KeyId)).map((each) => [each.KeyMaterialState, each.RotationType]),
    [
      ['NON_CURRENT', undefined],
      ['CURRENT', 'ON_DEMAND'],
    ],
  );
  // A key needs all of its materials.
  await plane.kms.send(new DeleteImportedKeyMaterialCommand({ KeyId, KeyMaterialId: firstId }));
  await assert.rejects(decrypt(after), pendingImport);
  await importInto(KeyId, first);
  assert.deepEqual(Buffer.from((await decrypt(before)).Plaintext ?? []), text);
});

test('deleting material that is pending rotation withdraws the rotation', async () => {
  const KeyId = await externalKey();
  const { KeyMaterialId: firstId } = await importInto(KeyId, randomBytes(32));
  const { KeyMaterialId } = await importInto(KeyId, randomBytes(32), {
    ImportType: 'NEW_KEY_MATERIAL',
  });
  await plane.kms.send(new RotateKeyOnDemandCommand({ KeyId }));
  await plane.kms.send(new DeleteImportedKeyMaterialCommand({ KeyId, KeyMaterialId }));
  await plane.advance(0);
  const { CurrentKeyMaterialId, KeyState } = await describe(KeyId);
  assert.deepEqual([CurrentKeyMaterialId, KeyState], [firstId, 'Enabled']);
});

test('material that was never imported cannot be deleted or demanded by its id', async () => {
  const KeyId = await externalKey();
  const KeyMaterialId = 'a'.repeat(64);
  await assert.rejects(
    plane.kms.send(new DeleteImportedKeyMaterialCommand({ KeyId, KeyMaterialId })),
    { name: 'NotFoundException' },
  );
  await assert.rejects(importInto(KeyId, randomBytes(32), { KeyMaterialId }), {
    name: 'IncorrectKeyMaterialException',
  });
});

test('a disabled key stays disabled when its material is imported again', async () => {
  const KeyId = await externalKey();
  const material = randomBytes(32);
  await importInto(KeyId, material);
  await plane.kms.send(new DisableKeyCommand({ KeyId }));
  await importInto(KeyId, material);
  assert.equal((await describe(KeyId)).KeyState, 'Disabled');
});

test('a key whose deletion is cancelled awaits the material that was deleted meanwhile', async () => {
  const KeyId = await externalKey();
  await importInto(KeyId, randomBytes(32));
  await scheduleDeletion(plane.kms, KeyId);
  await assert.rejects(parameters(KeyId), { message: /is pending deletion\.$/ });
  await plane.kms.send(new DeleteImportedKeyMaterialCommand({ KeyId }));
  assert.equal((await describe(KeyId)).KeyState, 'PendingDeletion');
  await plane.kms.send(new CancelKeyDeletionCommand({ KeyId }));
  assert.equal((await describe(KeyId)).KeyState, 'PendingImport');
});

test('private keys are imported in PKCS #8, and HMAC keys as bytes', async () => {
  const signer = await createKey(plane, {
    Origin: 'EXTERNAL',
    KeySpec: 'ECC_NIST_P256',
    KeyUsage: 'SIGN_VERIFY',
  });
  await assert.rejects(plane.kms.send(new GetPublicKeyCommand({ KeyId: signer })), pendingImport);
  const wrongCurve = generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey;
  const wrapping = 'RSA_AES_KEY_WRAP_SHA_256';
  const pkcs8 = { format: 'der', type: 'pkcs8' } as const;
  for (const wrong of [wrongCurve.export(pkcs8), randomBytes(32)]) {
    await assert.rejects(importInto(signer, wrong, {}, wrapping), {
      name: 'IncorrectKeyMaterialException',
      message: /not a private key of KeySpec ECC_NIST_P256/,
    });
  }
  const own = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  await importInto(signer, own.privateKey.export(pkcs8), {}, wrapping);
  const { Signature = new Uint8Array() } = await plane.kms.send(
    new SignCommand({ KeyId: signer, Message: text, SigningAlgorithm: 'ECDSA_SHA_256' }),
  );
  assert.ok(verify('sha256', text, own.publicKey, Signature));
  const KeyUsage = 'GENERATE_VERIFY_MAC' as const;
  const mac = await createKey(plane, { Origin: 'EXTERNAL', KeySpec: 'HMAC_512', KeyUsage });
  await importInto(mac, randomBytes(64));
  const MacAlgorithm = 'HMAC_SHA_512' as const;
  const { Mac } = await plane.kms.send(
    new GenerateMacCommand({ KeyId: mac, Message: text, MacAlgorithm }),
  );
  assert.equal(Mac?.length, 64);
});

test('no imported material and no token is written in clear', async () => {
  const KeyId = await externalKey();
  const material = randomBytes(32);
  const given = await parameters(KeyId);
  await plane.kms.send(
    new ImportKeyMaterialCommand({
      KeyId,
      ImportToken: given.ImportToken,
      EncryptedKeyMaterial: wrap(given, material),
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    }),
  );
  const token = Buffer.from(given.ImportToken).toString('base64');
  assert.ok(!plane.written.includes(token.slice(0, 60)));
  assert.ok(!plane.written.includes(material.toString('base64')));
  assert.ok(!plane.written.includes(material.toString('hex')));
});
