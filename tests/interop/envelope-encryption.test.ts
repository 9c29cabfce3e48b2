import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { before, test } from 'node:test';
import {
  AlgorithmSuiteIdentifier,
  buildClient,
  CommitmentPolicy,
  type getClient,
  KmsKeyringNode,
} from '@aws-crypto/client-node';
import { KMS as KmsClient, RotateKeyOnDemandCommand } from '@aws-sdk/client-kms';
import { packageFolder } from '../../src/base/package-folder.ts';
import { createKey } from '../support/broker-requests.ts';
import { isLong } from '../support/proof.ts';
import { sharedWaxwing } from '../support/shared-waxwing.ts';
import { eventsNamed } from '../support/trail-events.ts';
import type { Waxwing } from '../support/waxwing.ts';
import type { Ended } from '../support/waxwing-folder.ts';

// The AWS Encryption SDK for JavaScript with KMS keys of the service, and the example of the guide.

const folder = join(packageFolder, 'examples', 'envelope-encryption');

let waxwing: Waxwing;
before(async () => {
  waxwing = await sharedWaxwing();
});

type Variables = Readonly<Record<string, string>>;

/** Runs a program of the example. */
function run(file: string, args: readonly string[], more: Variables = {}): Promise<Ended> {
  const env = { ...waxwing.folder.environment(waxwing.environment), ...more };
  const child = spawn(process.execPath, [join(folder, file), ...args], { env });
  const ended = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      ended[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...ended }));
  });
}

test('the example encrypts for tenants, and a consumer reads only messages of its own', async () => {
  const made = await run('set-up.mjs', ['acme', 'globex']);
  assert.equal(made.code, 0, made.stderr);
  const { keyArn, publisher, consumers } = JSON.parse(made.stdout) as {
    readonly keyArn: string;
    readonly publisher: Variables;
    readonly consumers: Readonly<Record<string, Variables>>;
  };
  const as = (variables: Variables | undefined) => ({ ...variables, KEY_ARN: keyArn });
  const texts = ['an order of Acme', 'another order'];
  const sent = await run('publisher.mjs', ['acme', ...texts], as(publisher));
  assert.equal(sent.code, 0, sent.stderr);
  assert.equal(sent.stdout, '2 messages of acme published\n');
  const client = await waxwing.connect();
  const channel = await client.model.createChannel();
  const message = await channel.get('orders.acme');
  assert.ok(message);
  assert.ok(!message.content.includes('order of'), 'the broker has only a ciphertext');
  channel.nack(message);
  await channel.close();
  await client.close();

  const other = await run('consumer.mjs', ['globex', 'orders.acme'], as(consumers['globex']));
  assert.equal(other.code, 1);
  assert.match(other.stderr, /AccessDeniedException|is not authorized to perform: kms:Decrypt/);
  assert.equal(other.stdout, '');
  const own = await run('consumer.mjs', ['acme'], as(consumers['acme']));
  assert.equal(own.code, 0, own.stderr);
  assert.equal(own.stdout, `${texts.join('\n')}\n`);
  // The publisher can make data keys, and decrypt none.
  await run('publisher.mjs', ['acme', 'a third one'], as(publisher));
  const forbidden = await run('consumer.mjs', ['acme'], as(publisher));
  assert.equal(forbidden.code, 1);

  const generated = await eventsNamed(waxwing, 'GenerateDataKey');
  const [event] = generated.filter(({ resources }) => resources?.[0]?.ARN === keyArn);
  assert.deepEqual(event?.requestParameters, {
    keyId: keyArn,
    numberOfBytes: 32,
    encryptionContext: { tenant: 'acme', purpose: 'orders' },
  });
});

/** The SDK, whose KMS client trusts the service. */
function sdk(keyArn: string) {
  const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
  const { environment: env } = waxwing;
  const client = new KmsClient({
    endpoint: env['AWS_ENDPOINT_URL'] ?? '',
    region: env['AWS_REGION'] ?? '',
    credentials: {
      accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
    requestHandler: { httpsAgent: waxwing.agent },
  });
  // The types of its packages do not agree under `exactOptionalPropertyTypes`.
  const clientProvider = (() => client) as unknown as ReturnType<typeof getClient>;
  const keyring = new KmsKeyringNode({ generatorKeyId: keyArn, clientProvider });
  return { encrypt, decrypt, keyring };
}

test('the default suite signs messages; changed ones and other keys are refused', async () => {
  const { encrypt, decrypt, keyring } = sdk(await createKey(waxwing));
  const plaintext = Buffer.alloc(10_000, 'plain');
  const encryptionContext = { tenant: 'acme' };
  const { result } = await encrypt(keyring, plaintext, { encryptionContext });
  const opened = await decrypt(keyring, result);
  assert.deepEqual(opened.plaintext, plaintext);
  assert.equal(opened.messageHeader.encryptionContext['tenant'], 'acme');
  assert.ok('aws-crypto-public-key' in opened.messageHeader.encryptionContext);
  const changed = Buffer.from(result);
  const at = changed.indexOf('acme');
  assert.ok(at > 0);
  changed.write('acmf', at);
  await assert.rejects(decrypt(keyring, changed));
  const body = Buffer.from(result);
  body[body.length - 500] = (body[body.length - 500] ?? 0) ^ 1;
  await assert.rejects(decrypt(keyring, body));
  const other = sdk(await createKey(waxwing));
  await assert.rejects(other.decrypt(other.keyring, result));
});

const python = join(packageFolder, 'tests', 'interop', 'envelope_messages.py');

/** Runs the second implementation of the format, in Python. */
async function inPython(args: readonly string[], input: Buffer): Promise<Buffer> {
  const env = waxwing.folder.environment(waxwing.environment);
  const child = spawn('/usr/bin/python3', [python, ...args], { env });
  const printed: Buffer[] = [];
  let errors = '';
  child.stdout.on('data', (part: Buffer) => printed.push(part));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(errors);
  return Buffer.concat(printed);
}

test('messages pass between the SDK and an implementation of the format with boto3', async (t) => {
  const imports = 'import boto3, cryptography';
  const hasModules = spawnSync('/usr/bin/python3', ['-c', imports]).status === 0;
  if (!hasModules) return t.skip('/usr/bin/python3 lacks boto3 or cryptography');
  const keyArn = await createKey(waxwing);
  const { encrypt, decrypt, keyring } = sdk(keyArn);
  const encryptionContext = { tenant: 'acme', purpose: 'orders', größe: '3 µm' };
  const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;
  for (const size of isLong ? [0, 1, 4096, 10_000] : [0, 10_000]) {
    const plaintext = Buffer.alloc(size, 'plain');
    const { result } = await encrypt(keyring, plaintext, { encryptionContext, suiteId });
    assert.deepEqual(await inPython(['open'], result), plaintext);
    const sealed = await inPython(['seal', keyArn, JSON.stringify(encryptionContext)], plaintext);
    const opened = await decrypt(keyring, sealed);
    assert.deepEqual(opened.plaintext, plaintext);
    assert.deepEqual({ ...opened.messageHeader.encryptionContext }, encryptionContext);
    if (size === 0) continue;
    const changed = Buffer.from(result);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    await assert.rejects(inPython(['open'], changed), /InvalidTag/);
  }
});

test('messages of before a rotation are decrypted after it, and a second key wraps the same data key', async () => {
  const [first, second] = [await createKey(waxwing), await createKey(waxwing)];
  const { encrypt, decrypt, keyring } = sdk(first);
  const { result } = await encrypt(keyring, 'before');
  await waxwing.kms.send(new RotateKeyOnDemandCommand({ KeyId: first }));
  assert.equal((await decrypt(keyring, result)).plaintext.toString(), 'before');
  // Encrypt wraps the data key under each further key, so that either key opens the message.
  const { clientProvider } = keyring;
  const both = new KmsKeyringNode({ generatorKeyId: first, keyIds: [second], clientProvider });
  const doubly = await encrypt(both, 'twice');
  const only = sdk(second);
  assert.equal((await only.decrypt(only.keyring, doubly.result)).plaintext.toString(), 'twice');
});
