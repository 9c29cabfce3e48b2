import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants, createPublicKey, publicEncrypt, randomBytes, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { awsCliJson } from '../support/aws-cli.ts';
import { Boto3 } from '../support/boto3.ts';
import { clientEnvironment } from '../support/client-environment.ts';
import { ControlPlane, Machine } from '../support/control-plane.ts';
import { findPrograms } from '../support/other-programs.ts';

// Keys of several types are created and used, material is imported, and a key is deleted. The
// JavaScript SDK does the same in tests/conformance/kms.

let plane: ControlPlane;
let folder = '';
before(async () => {
  const machine = new Machine();
  // The clients sign with the time of this machine.
  machine.clock.advance(systemClock.nowMs() - machine.clock.nowMs());
  plane = await ControlPlane.start(machine);
  folder = mkdtempSync(join(tmpdir(), 'waxwing-kms-walk-'));
});
after(async () => {
  rmSync(folder, { recursive: true });
  await plane.close();
});

const message = Buffer.from('transfer 100 to anna');

/** A file in the folder, in the form in which the CLI reads bytes. */
function file(name: string, bytes: Uint8Array): string {
  writeFileSync(join(folder, name), bytes);
  return `fileb://${join(folder, name)}`;
}

const bytesOf = (base64: string) => Buffer.from(base64, 'base64');

function publicKeyOf(spki: Buffer) {
  return createPublicKey({ key: spki, format: 'der', type: 'spki' });
}

async function walkOfTheCli(path: string): Promise<void> {
  const env = clientEnvironment(plane);
  const endpoint = ['--endpoint-url', plane.endpoint.url];
  const kms = (command: string, options: Readonly<Record<string, string>>) => {
    const given = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    return awsCliJson(path, ['kms', command, ...given, ...endpoint], env);
  };
  const created = await kms('create-key', {
    'key-spec': 'ECC_NIST_P256',
    'key-usage': 'SIGN_VERIFY',
  });
  const signer = { 'key-id': created.KeyMetadata.KeyId };
  const { PublicKey } = await kms('get-public-key', signer);
  const algorithm = { 'signing-algorithm': 'ECDSA_SHA_256' };
  const signing = { ...signer, ...algorithm, message: file('message', message) };
  const { Signature } = await kms('sign', signing);
  const signature = bytesOf(Signature);
  assert.ok(verify('sha256', message, publicKeyOf(bytesOf(PublicKey)), signature));
  const given = { ...signing, signature: file('signature', signature) };
  assert.equal((await kms('verify', given)).SignatureValid, true);
  await assert.rejects(
    kms('verify', { ...given, message: file('other', Buffer.from('no')) }),
    /KMSInvalidSignatureException/,
  );

  const mac = await kms('create-key', {
    'key-spec': 'HMAC_256',
    'key-usage': 'GENERATE_VERIFY_MAC',
  });
  const macking = {
    'key-id': mac.KeyMetadata.Arn,
    'mac-algorithm': 'HMAC_SHA_256',
    message: file('message', message),
  };
  const { Mac } = await kms('generate-mac', macking);
  const verified = await kms('verify-mac', { ...macking, mac: file('mac', bytesOf(Mac)) });
  assert.equal(verified.MacValid, true);

  const external = await kms('create-key', { origin: 'EXTERNAL' });
  const own = { 'key-id': external.KeyMetadata.KeyId };
  const parameters = await kms('get-parameters-for-import', {
    ...own,
    'wrapping-algorithm': 'RSAES_OAEP_SHA_256',
    'wrapping-key-spec': 'RSA_2048',
  });
  // Wrapped by the openssl command, as AWS's guide describes it.
  const material = randomBytes(32);
  file('material', material);
  file('wrapping', bytesOf(parameters.PublicKey));
  const padding = ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha256', 'rsa_mgf1_md:sha256'];
  const wrapping = ['-encrypt', '-pubin', '-keyform', 'DER', '-inkey', 'wrapping'];
  const files = ['-in', 'material', '-out', 'wrapped'];
  const options = padding.flatMap((option) => ['-pkeyopt', option]);
  execFileSync('openssl', ['pkeyutl', ...wrapping, ...files, ...options], { cwd: folder });
  await kms('import-key-material', {
    ...own,
    'import-token': file('token', bytesOf(parameters.ImportToken)),
    'encrypted-key-material': file('wrapped', readFileSync(join(folder, 'wrapped'))),
    'expiration-model': 'KEY_MATERIAL_DOES_NOT_EXPIRE',
  });
  const { CiphertextBlob } = await kms('encrypt', { ...own, plaintext: file('message', message) });
  const blob = file('blob', bytesOf(CiphertextBlob));
  const { Plaintext } = await kms('decrypt', { 'ciphertext-blob': blob });
  assert.deepEqual(bytesOf(Plaintext), message);
  const pair = await kms('generate-data-key-pair', { ...own, 'key-pair-spec': 'ECC_NIST_P384' });
  assert.equal(publicKeyOf(bytesOf(pair.PublicKey)).asymmetricKeyDetails?.namedCurve, 'secp384r1');
  await kms('delete-imported-key-material', own);
  await assert.rejects(kms('decrypt', { 'ciphertext-blob': blob }), /is pending import/);
  const { KeyState } = await kms('schedule-key-deletion', {
    ...own,
    'pending-window-in-days': '7',
  });
  assert.equal(KeyState, 'PendingDeletion');
}

async function walkOfBoto3(path: string): Promise<void> {
  const python = new Boto3(path, plane);
  const kms = (name: string, input: object) => python.call('kms', name, input);
  const bytes = (given: Buffer) => ({ $bytes: given.toString('base64') });
  try {
    const usage = { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' };
    const { KeyMetadata: rsa } = await kms('create_key', usage);
    const { PublicKey } = await kms('get_public_key', { KeyId: rsa.KeyId });
    const key = publicKeyOf(bytesOf(PublicKey.$bytes));
    const padded = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
    const { Plaintext } = await kms('decrypt', {
      KeyId: rsa.Arn,
      CiphertextBlob: bytes(publicEncrypt(padded, message)),
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    });
    assert.deepEqual(bytesOf(Plaintext.$bytes), message);

    const { KeyMetadata: external } = await kms('create_key', { Origin: 'EXTERNAL' });
    const { KeyId } = external;
    const parameters = await kms('get_parameters_for_import', {
      KeyId,
      WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
      WrappingKeySpec: 'RSA_2048',
    });
    const wrapping = { ...padded, key: publicKeyOf(bytesOf(parameters.PublicKey.$bytes)) };
    await kms('import_key_material', {
      KeyId,
      ImportToken: parameters.ImportToken,
      EncryptedKeyMaterial: bytes(publicEncrypt(wrapping, randomBytes(32))),
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    });
    const { KeyMetadata: now } = await kms('describe_key', { KeyId });
    assert.equal(now.KeyState, 'Enabled');
    const pair = { KeyId, KeyPairSpec: 'ECC_NIST_P256' };
    const sealed = await kms('generate_data_key_pair_without_plaintext', pair);
    assert.equal('PrivateKeyPlaintext' in sealed, false);
    await assert.rejects(kms('replicate_key', { KeyId, ReplicaRegion: 'eu-west-1' }), {
      code: 'UnsupportedOperationException',
      status: 400,
    });
    const { CustomKeyStores } = await kms('describe_custom_key_stores', {});
    assert.deepEqual(CustomKeyStores, []);
  } finally {
    python.close();
  }
}

const walks = [
  {
    title: 'creates, uses, imports and deletes keys',
    programs: await findPrograms({
      name: 'aws',
      versionArguments: ['--version'],
      package: 'awscli',
    }),
    walk: walkOfTheCli,
  },
  {
    title: 'creates, uses and imports keys',
    programs: await findPrograms({
      name: 'python3',
      versionArguments: ['-c', 'import boto3; print("boto3", boto3.__version__)'],
      package: 'python3-boto3',
    }),
    walk: walkOfBoto3,
  },
];

for (const { title, programs, walk } of walks) {
  if (typeof programs === 'string') {
    test(title, { skip: programs }, () => {});
    continue;
  }
  for (const { path, version } of programs) {
    test(`${version} ${title}`, async () => {
      await walk(path);
      assert.deepEqual(plane.unexpectedErrors, []);
    });
  }
}
