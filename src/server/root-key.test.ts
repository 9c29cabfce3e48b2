import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  isFromFile,
  type RootKeySource,
  rootKeyFile,
  unwrapDataKey,
  wrapDataKey,
} from './root-key.ts';

let folder: string;
let byFile: RootKeySource;
let byPassphrase: RootKeySource;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxwing-root-'));
  byFile = { configFolder: join(folder, 'config'), passphraseFile: undefined };
  byPassphrase = { ...byFile, passphraseFile: join(folder, 'passphrase') };
  await writeFile(join(folder, 'passphrase'), 'correct horse battery staple\n');
});

after(async () => await rm(folder, { recursive: true }));

test('a key file that only its owner can read opens what it sealed', async () => {
  const dataKey = randomBytes(32);
  const wrapped = await wrapDataKey(byFile, 'vol-1', dataKey);
  const file = rootKeyFile(byFile, 'vol-1');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.match(await readFile(file, 'utf8'), /^[0-9a-f]{64}\n$/);
  assert.equal(wrapped.includes(dataKey), false);
  assert.equal(isFromFile(wrapped), true);
  assert.deepEqual(await unwrapDataKey(byFile, 'vol-1', wrapped), dataKey);
});

test('a passphrase opens what it sealed and leaves no file', async () => {
  const dataKey = randomBytes(32);
  const wrapped = await wrapDataKey(byPassphrase, 'vol-2', dataKey);
  assert.equal(isFromFile(wrapped), false);
  await assert.rejects(stat(rootKeyFile(byPassphrase, 'vol-2')), { code: 'ENOENT' });
  assert.deepEqual(await unwrapDataKey(byPassphrase, 'vol-2', wrapped), dataKey);
});

test('another key, passphrase or volume is told as the wrong one', async () => {
  const wrapped = await wrapDataKey(byFile, 'vol-3', randomBytes(32));
  const file = rootKeyFile(byFile, 'vol-3');
  await writeFile(rootKeyFile(byFile, 'vol-4'), await readFile(file));
  await assert.rejects(unwrapDataKey(byFile, 'vol-4', wrapped), { code: 'root-key-wrong' });
  for (const content of ['f'.repeat(64), 'not a key', '']) {
    await writeFile(file, content);
    await assert.rejects(unwrapDataKey(byFile, 'vol-3', wrapped), { code: 'root-key-wrong' });
  }
  const sealed = await wrapDataKey(byPassphrase, 'vol-5', randomBytes(32));
  const other = join(folder, 'other');
  await writeFile(other, 'correct horse battery stable');
  const source = { ...byPassphrase, passphraseFile: other };
  await assert.rejects(unwrapDataKey(source, 'vol-5', sealed), { code: 'root-key-wrong' });
});

test('a key or passphrase that is not there is told as missing', async () => {
  const wrapped = await wrapDataKey(byFile, 'vol-6', randomBytes(32));
  await rm(rootKeyFile(byFile, 'vol-6'));
  await assert.rejects(unwrapDataKey(byFile, 'vol-6', wrapped), { code: 'root-key-missing' });
  const sealed = await wrapDataKey(byPassphrase, 'vol-7', randomBytes(32));
  await assert.rejects(unwrapDataKey(byFile, 'vol-7', sealed), { code: 'root-key-missing' });
});

test('a short passphrase and a wrapped key of another form are refused', async () => {
  const short = join(folder, 'short');
  await writeFile(short, 'tiny');
  const source = { ...byPassphrase, passphraseFile: short };
  await assert.rejects(wrapDataKey(source, 'vol-8', randomBytes(32)), { code: 'setting-invalid' });
  const wrapped = await wrapDataKey(byFile, 'vol-9', randomBytes(32));
  for (const bytes of [Buffer.of(2, 1), Buffer.of(1, 9), wrapped.subarray(0, -1), Buffer.of()]) {
    await assert.rejects(unwrapDataKey(byFile, 'vol-9', bytes), {
      code: 'root-key-format-unknown',
    });
  }
});
