import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  chmod,
  chown,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  adoptKeyFile,
  type RootKeySource,
  rootKeyFile,
  unwrapDataKey,
  wrapDataKey,
} from './root-key.ts';

let folder: string;
let byFile: RootKeySource;
let byPassphrase: RootKeySource;
let count = 0;

/** The owner of one more root key. */
function newOwner() {
  const number = ++count;
  return { folder: `/data/${number}`, volumeId: `sys-${String(number).padStart(17, '0')}` };
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxwing-root-'));
  byFile = { configFolder: join(folder, 'config'), passphraseFile: undefined };
  byPassphrase = { ...byFile, passphraseFile: join(folder, 'passphrase') };
  await write('passphrase', 'correct horse battery staple\n');
});

after(async () => await rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
}

test('a private key file unwraps the data key and names its folder', async () => {
  const [dataKey, owner] = [randomBytes(32), newOwner()];
  const wrapped = await wrapDataKey(byFile, owner, dataKey);
  const file = rootKeyFile(byFile, owner.folder);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.match(await readFile(file, 'utf8'), /^# Waxwing root key of "\/data\/1"\n[0-9a-f]{64}\n$/);
  assert.equal(wrapped.includes(dataKey), false);
  assert.deepEqual(await unwrapDataKey(byFile, owner, wrapped), dataKey);
});

test('a passphrase unwraps the data key and leaves no key file', async () => {
  const [dataKey, owner] = [randomBytes(32), newOwner()];
  const wrapped = await wrapDataKey(byPassphrase, owner, dataKey);
  assert.ok(!existsSync(rootKeyFile(byPassphrase, owner.folder)));
  assert.deepEqual(await unwrapDataKey(byPassphrase, owner, wrapped), dataKey);
});

test('a volume cannot change the configured source of its root key', async () => {
  const owner = newOwner();
  const sealed = await wrapDataKey(byPassphrase, owner, randomBytes(32));
  const wrapped = await wrapDataKey(byFile, owner, randomBytes(32));
  await assert.rejects(unwrapDataKey(byPassphrase, owner, wrapped), {
    code: 'root-key-source-other',
    message: /requires a key file, but WAXWING_ROOT_PASSPHRASE_FILE is set/,
  });
  await assert.rejects(unwrapDataKey(byFile, owner, sealed), {
    code: 'root-key-source-other',
    message: /requires a passphrase, but none is configured: set WAXWING_ROOT_PASSPHRASE_FILE$/,
  });
  // Neither another key of this user, nor one that the volume's id would lead to.
  const other = newOwner();
  const forged = await wrapDataKey(byFile, other, randomBytes(32));
  const claim = { ...owner, volumeId: other.volumeId };
  await assert.rejects(unwrapDataKey(byFile, claim, forged), { code: 'root-key-wrong' });
  await write('evil.key', `${'0'.repeat(64)}\n`);
  const lost = { folder: '/data/lost', volumeId: '../evil' };
  const way = { ...byFile, keyFile: join(folder, 'evil.key') };
  const evil = await wrapDataKey(way, lost, randomBytes(32));
  await assert.rejects(unwrapDataKey(byFile, lost, evil), { code: 'root-key-missing' });
});

test('an explicitly configured key file is the only one used', async () => {
  const [dataKey, owner] = [randomBytes(32), newOwner()];
  const source = { ...byFile, keyFile: join(folder, 'named') };
  const wrapped = await wrapDataKey(source, owner, dataKey);
  assert.ok(existsSync(join(folder, 'named')) && !existsSync(rootKeyFile(byFile, owner.folder)));
  assert.deepEqual(await unwrapDataKey(source, owner, wrapped), dataKey);
  await assert.rejects(unwrapDataKey(byFile, owner, wrapped), { code: 'root-key-missing' });
  const both = { ...byPassphrase, keyFile: join(folder, 'named') };
  await assert.rejects(unwrapDataKey(both, owner, wrapped), { code: 'setting-invalid' });
});

test('a key file of an earlier release is found by its id and then assigned to the folder', async () => {
  const [dataKey, owner] = [randomBytes(32), newOwner()];
  const wrapped = await wrapDataKey(byFile, owner, dataKey);
  const file = rootKeyFile(byFile, owner.folder);
  const earlier = join(byFile.configFolder, `${owner.volumeId}.key`);
  await rename(file, earlier);
  assert.deepEqual(await unwrapDataKey(byFile, owner, wrapped), dataKey);
  adoptKeyFile(byFile, owner);
  await rm(earlier);
  assert.deepEqual(await unwrapDataKey(byFile, owner, wrapped), dataKey);
});

test('a new volume in the same folder keeps the existing key file', async () => {
  const owner = newOwner();
  const wrapped = await wrapDataKey(byFile, owner, Buffer.alloc(32, 1));
  const later = { ...newOwner(), folder: owner.folder };
  await wrapDataKey(byFile, later, Buffer.alloc(32, 2));
  assert.deepEqual(await unwrapDataKey(byFile, owner, wrapped), Buffer.alloc(32, 1));
});

test('a different key, passphrase or volume is reported as the wrong one', async () => {
  const owner = newOwner();
  const wrapped = await wrapDataKey(byFile, owner, randomBytes(32));
  const file = rootKeyFile(byFile, owner.folder);
  const other = { ...owner, volumeId: newOwner().volumeId };
  await assert.rejects(unwrapDataKey(byFile, other, wrapped), { code: 'root-key-wrong' });
  for (const content of ['f'.repeat(64), 'not a key', '']) {
    await writeFile(file, content);
    await assert.rejects(unwrapDataKey(byFile, owner, wrapped), { code: 'root-key-wrong' });
  }
  const sealed = await wrapDataKey(byPassphrase, owner, randomBytes(32));
  const passphraseFile = await write('other', 'correct horse battery stable');
  const source = { ...byPassphrase, passphraseFile };
  await assert.rejects(unwrapDataKey(source, owner, sealed), { code: 'root-key-wrong' });
});

test('a key file works with other line endings and with any folder name', async () => {
  const [dataKey, owner] = [randomBytes(32), newOwner()];
  const wrapped = await wrapDataKey(byFile, owner, dataKey);
  const file = rootKeyFile(byFile, owner.folder);
  const text = await readFile(file, 'utf8');
  for (const other of [text.replaceAll('\n', '\r\n'), text.trimEnd(), `# a remark\r\n${text}`]) {
    await writeFile(file, other);
    assert.deepEqual(await unwrapDataKey(byFile, owner, wrapped), dataKey);
  }
  const odd = { ...newOwner(), folder: '/data/line\u2028separator' };
  const sealed = await wrapDataKey(byFile, odd, dataKey);
  assert.deepEqual(await unwrapDataKey(byFile, odd, sealed), dataKey);
});

test('a missing key file is reported with its path, its folder and a remedy', async () => {
  const owner = newOwner();
  const wrapped = await wrapDataKey(byFile, owner, randomBytes(32));
  const file = rootKeyFile(byFile, owner.folder);
  await rm(file);
  await assert.rejects(unwrapDataKey(byFile, owner, wrapped), {
    code: 'root-key-missing',
    message:
      `the root key file ${file} is missing. ${owner.folder} cannot be opened without it: ` +
      'restore your copy of it; if the folder was moved or copied, ' +
      'set WAXWING_ROOT_KEY_FILE to its key file',
  });
  const sealed = await wrapDataKey(byPassphrase, owner, randomBytes(32));
  const source = { ...byPassphrase, passphraseFile: '/nowhere' };
  await assert.rejects(unwrapDataKey(source, owner, sealed), {
    code: 'root-key-missing',
    message: 'the passphrase file /nowhere is missing',
  });
});

test('a key or passphrase file that others can use or replace is rejected', async (t) => {
  const owner = newOwner();
  const wrapped = await wrapDataKey(byFile, owner, randomBytes(32));
  const file = rootKeyFile(byFile, owner.folder);
  const isRefused = (source: RootKeySource, message: RegExp, bytes = wrapped) =>
    assert.rejects(unwrapDataKey(source, owner, bytes), { code: 'not-private', message });
  for (const mode of [0o644, 0o640, 0o660, 0o602]) {
    await chmod(file, mode);
    await isRefused(byFile, /has mode 06\d\d: other users can use it; run: chmod 600 '/);
  }
  await chmod(file, 0o600);
  await chmod(byFile.configFolder, 0o777);
  await isRefused(byFile, /config has mode 0777: other users can write in it; run: chmod go-w '/);
  await chmod(byFile.configFolder, 0o1777); // nobody can replace what is another's
  await unwrapDataKey(byFile, owner, wrapped);
  await chmod(byFile.configFolder, 0o700);
  await isRefused({ ...byFile, keyFile: folder }, /is not a regular file/);
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', ['-m', '600', fifo]);
  await isRefused({ ...byFile, keyFile: fifo }, /is not a regular file/);
  const sealed = await wrapDataKey(byPassphrase, owner, randomBytes(32));
  await chmod(join(folder, 'passphrase'), 0o622);
  await isRefused(byPassphrase, /passphrase has mode 0622/, sealed);
  await chmod(join(folder, 'passphrase'), 0o600);
  if (process.geteuid?.() !== 0) {
    t.diagnostic('not root: files of other users are not tried');
    return;
  }
  await chown(file, 12345, 0);
  await isRefused(byFile, /belongs to user 12345, who can change what is in it; it must belong to/);
  await chown(file, 0, 0);
  await symlink(file, join(folder, 'link'));
  await unwrapDataKey({ ...byFile, keyFile: join(folder, 'link') }, owner, wrapped);
});

test('a short passphrase and an unknown wrapped key format are rejected', async () => {
  const owner = newOwner();
  const source = { ...byPassphrase, passphraseFile: await write('short', 'tiny') };
  await assert.rejects(wrapDataKey(source, owner, randomBytes(32)), { code: 'root-key-missing' });
  const wrapped = await wrapDataKey(byFile, owner, randomBytes(32));
  for (const bytes of [Buffer.of(2, 1), Buffer.of(1, 9), wrapped.subarray(0, -1), Buffer.of()]) {
    await assert.rejects(unwrapDataKey(byFile, owner, bytes), {
      code: 'root-key-format-unknown',
    });
  }
});

test('with the FIPS provider, a passphrase is stretched with an approved function', async () => {
  const [dataKey, owner] = [randomBytes(32), newOwner()];
  const plain = await wrapDataKey(byPassphrase, owner, dataKey);
  process.execArgv.push('--force-fips');
  try {
    const wrapped = await wrapDataKey(byPassphrase, owner, dataKey);
    assert.deepEqual([plain[1], wrapped[1]], [2, 3]);
    assert.deepEqual(await unwrapDataKey(byPassphrase, owner, wrapped), dataKey);
    await assert.rejects(unwrapDataKey(byPassphrase, owner, plain), {
      code: 'root-key-source-other',
      message: /with scrypt, which FIPS 140-3 does not approve/,
    });
    process.execArgv.pop();
    assert.deepEqual(await unwrapDataKey(byPassphrase, owner, wrapped), dataKey);
  } finally {
    process.execArgv = process.execArgv.filter((each) => each !== '--force-fips');
  }
});
