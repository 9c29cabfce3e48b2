import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes, scryptSync } from 'node:crypto';
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
import { sealValue } from '../../crypto/sealed-value.ts';
import type { FileSource, PassphraseSource, RootKeySource } from './source.ts';
import { adoptKeyFile, rootKeyFile } from './sources/key-file.ts';
import type { RootKeyOwner } from './sources/root-key-holder.ts';
import { readWrapping, unwrapDataKey, wrapDataKey } from './wrapping.ts';

let folder: string;
let byFile: FileSource;
let byPassphrase: PassphraseSource;
let count = 0;

/** The owner of one more root key. */
function newOwner() {
  const number = ++count;
  return { folder: `/data/${number}`, volumeId: `sys-${String(number).padStart(17, '0')}` };
}

const change = { atMs: Date.UTC(2026, 1, 3), id: randomBytes(16) };

function wrap(source: RootKeySource, owner: RootKeyOwner, dataKey: Buffer): Promise<Buffer> {
  return wrapDataKey(source, owner, dataKey, change);
}

/** A key of the format of earlier releases: nothing between the source, the salt, and the nonce. */
function firstVersion(key: Buffer, head: Buffer, { volumeId }: RootKeyOwner, dataKey: Buffer) {
  return Buffer.concat([head, sealValue(key, `${head.toString('hex')} ${volumeId}`, dataKey)]);
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxwing-root-'));
  byFile = { kind: 'file', configFolder: join(folder, 'config') };
  byPassphrase = { kind: 'passphrase', file: join(folder, 'passphrase') };
  await write('passphrase', 'correct horse battery staple\n');
});

after(async () => await rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
}

test('a private key file unwraps the data key and names its folder', async () => {
  const [dataKey, owner] = [randomBytes(32), newOwner()];
  const wrapped = await wrap(byFile, owner, dataKey);
  const file = rootKeyFile(byFile, owner.folder);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.match(await readFile(file, 'utf8'), /^# Waxwing root key of "\/data\/1"\n[0-9a-f]{64}\n$/);
  assert.equal(wrapped.includes(dataKey), false);
  assert.deepEqual(await unwrapDataKey(byFile, owner, wrapped), dataKey);
});

test('a passphrase unwraps the data key and leaves no key file', async () => {
  const [dataKey, owner] = [randomBytes(32), newOwner()];
  const wrapped = await wrap(byPassphrase, owner, dataKey);
  assert.ok(!existsSync(rootKeyFile(byFile, owner.folder)));
  assert.deepEqual(await unwrapDataKey(byPassphrase, owner, wrapped), dataKey);
});

test('a volume cannot change the configured source of its root key', async () => {
  const owner = newOwner();
  const sealed = await wrap(byPassphrase, owner, randomBytes(32));
  const wrapped = await wrap(byFile, owner, randomBytes(32));
  await assert.rejects(unwrapDataKey(byPassphrase, owner, wrapped), {
    code: 'root-key-source-other',
    message: /requires a key file, but the passphrase in .*passphrase is configured: unset /,
  });
  await assert.rejects(unwrapDataKey(byFile, owner, sealed), {
    code: 'root-key-source-other',
    message: /requires a passphrase, but none is configured: set WAXWING_ROOT_PASSPHRASE_FILE$/,
  });
  // Neither another key of this user, nor one that the volume's id would lead to.
  const other = newOwner();
  const forged = await wrap(byFile, other, randomBytes(32));
  const claim = { ...owner, volumeId: other.volumeId };
  await assert.rejects(unwrapDataKey(byFile, claim, forged), { code: 'root-key-wrong' });
  await write('evil.key', `${'0'.repeat(64)}\n`);
  const lost = { folder: '/data/lost', volumeId: '../evil' };
  const way = { ...byFile, file: join(folder, 'evil.key') };
  const evil = await wrap(way, lost, randomBytes(32));
  await assert.rejects(unwrapDataKey(byFile, lost, evil), { code: 'root-key-missing' });
});

test('an explicitly configured key file is the only one used', async () => {
  const [dataKey, owner] = [randomBytes(32), newOwner()];
  const source = { ...byFile, file: join(folder, 'named') };
  const wrapped = await wrap(source, owner, dataKey);
  assert.ok(existsSync(join(folder, 'named')) && !existsSync(rootKeyFile(byFile, owner.folder)));
  assert.deepEqual(await unwrapDataKey(source, owner, wrapped), dataKey);
  await assert.rejects(unwrapDataKey(byFile, owner, wrapped), { code: 'root-key-missing' });
});

test('a key file of an earlier release is found by its id and then assigned to the folder', async () => {
  const [dataKey, owner] = [randomBytes(32), newOwner()];
  const wrapped = await wrap(byFile, owner, dataKey);
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
  const wrapped = await wrap(byFile, owner, Buffer.alloc(32, 1));
  const later = { ...newOwner(), folder: owner.folder };
  await wrap(byFile, later, Buffer.alloc(32, 2));
  assert.deepEqual(await unwrapDataKey(byFile, owner, wrapped), Buffer.alloc(32, 1));
});

test('a different key, passphrase or volume is reported as the wrong one', async () => {
  const owner = newOwner();
  const wrapped = await wrap(byFile, owner, randomBytes(32));
  const file = rootKeyFile(byFile, owner.folder);
  const other = { ...owner, volumeId: newOwner().volumeId };
  await assert.rejects(unwrapDataKey(byFile, other, wrapped), { code: 'root-key-wrong' });
  for (const content of ['f'.repeat(64), 'not a key', '']) {
    await writeFile(file, content);
    await assert.rejects(unwrapDataKey(byFile, owner, wrapped), { code: 'root-key-wrong' });
  }
  const sealed = await wrap(byPassphrase, owner, randomBytes(32));
  const passphraseFile = await write('other', 'correct horse battery stable');
  const source = { ...byPassphrase, file: passphraseFile };
  await assert.rejects(unwrapDataKey(source, owner, sealed), { code: 'root-key-wrong' });
});

test('a key file works with other line endings and with any folder name', async () => {
  const [dataKey, owner] = [randomBytes(32), newOwner()];
  const wrapped = await wrap(byFile, owner, dataKey);
  const file = rootKeyFile(byFile, owner.folder);
  const text = await readFile(file, 'utf8');
  for (const other of [text.replaceAll('\n', '\r\n'), text.trimEnd(), `# a remark\r\n${text}`]) {
    await writeFile(file, other);
    assert.deepEqual(await unwrapDataKey(byFile, owner, wrapped), dataKey);
  }
  const odd = { ...newOwner(), folder: '/data/line\u2028separator' };
  const sealed = await wrap(byFile, odd, dataKey);
  assert.deepEqual(await unwrapDataKey(byFile, odd, sealed), dataKey);
});

test('a missing key file is reported with its path, its folder and a remedy', async () => {
  const owner = newOwner();
  const wrapped = await wrap(byFile, owner, randomBytes(32));
  const file = rootKeyFile(byFile, owner.folder);
  await rm(file);
  await assert.rejects(unwrapDataKey(byFile, owner, wrapped), {
    code: 'root-key-missing',
    message:
      `the root key file ${file} is missing. ${owner.folder} cannot be opened without it: ` +
      'restore your copy of it; if the folder was moved or copied, ' +
      'set WAXWING_ROOT_KEY_FILE to its key file',
  });
  const sealed = await wrap(byPassphrase, owner, randomBytes(32));
  const source = { ...byPassphrase, file: '/nowhere' };
  await assert.rejects(unwrapDataKey(source, owner, sealed), {
    code: 'root-key-missing',
    message: 'the passphrase file /nowhere is missing',
  });
});

test('a key or passphrase file that others can use or replace is rejected', async (t) => {
  const owner = newOwner();
  const wrapped = await wrap(byFile, owner, randomBytes(32));
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
  await isRefused({ ...byFile, file: folder }, /is not a regular file/);
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', ['-m', '600', fifo]);
  await isRefused({ ...byFile, file: fifo }, /is not a regular file/);
  const sealed = await wrap(byPassphrase, owner, randomBytes(32));
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
  await unwrapDataKey({ ...byFile, file: join(folder, 'link') }, owner, wrapped);
});

test('a short passphrase and an unknown wrapped key format are rejected', async () => {
  const owner = newOwner();
  const source = { ...byPassphrase, file: await write('short', 'tiny') };
  await assert.rejects(wrap(source, owner, randomBytes(32)), { code: 'root-key-missing' });
  const wrapped = await wrap(byFile, owner, randomBytes(32));
  const long = Buffer.from(wrapped);
  long.writeUInt32BE(0xffff_ffff, 2 + 8 + 16 + 1);
  const cut = wrapped.subarray(0, -1);
  const few = [Buffer.of(3, 1), Buffer.of(2, 1), Buffer.of(1, 9), Buffer.of(1, 4), Buffer.of()];
  for (const bytes of [...few, cut, long, Buffer.concat([wrapped, Buffer.of(0)])]) {
    await assert.rejects(unwrapDataKey(byFile, owner, bytes), {
      code: 'root-key-format-unknown',
    });
  }
});

test('with the FIPS provider, a passphrase is stretched with an approved function', async () => {
  const [dataKey, owner] = [randomBytes(32), newOwner()];
  const plain = await wrap(byPassphrase, owner, dataKey);
  process.execArgv.push('--force-fips');
  try {
    const wrapped = await wrap(byPassphrase, owner, dataKey);
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

test('keys that earlier releases wrapped are unwrapped', async () => {
  const [dataKey, owner] = [randomBytes(32), newOwner()];
  const file = await write('first.key', `${'5a'.repeat(32)}\n`);
  const wrapped = firstVersion(Buffer.alloc(32, 0x5a), Buffer.of(1, 1), owner, dataKey);
  assert.deepEqual(await unwrapDataKey({ ...byFile, file }, owner, wrapped), dataKey);
  const { kind, sinceMs, changeId, label } = readWrapping(wrapped);
  assert.deepEqual([kind, sinceMs, changeId, label], ['file', undefined, undefined, '']);
  const salt = randomBytes(16);
  const parameters = { N: 65_536, r: 8, p: 1, maxmem: 96 * 1024 * 1024 };
  const key = scryptSync('correct horse battery staple', salt, 32, parameters);
  const sealed = firstVersion(key, Buffer.concat([Buffer.of(1, 2), salt]), owner, dataKey);
  assert.deepEqual(await unwrapDataKey(byPassphrase, owner, sealed), dataKey);
});

test('what a wrapped key says is authenticated', async () => {
  const [dataKey, owner] = [randomBytes(32), newOwner()];
  const wrapped = await wrap(byFile, owner, dataKey);
  const { kind, sinceMs, changeId } = readWrapping(wrapped);
  assert.deepEqual([kind, sinceMs, changeId], ['file', change.atMs, change.id.toString('hex')]);
  // Version, source and lengths lead to other errors.
  for (let at = 2; at < 2 + 8 + 16; at++) {
    const other = Buffer.from(wrapped);
    other[at] = (other[at] ?? 0) ^ 1;
    await assert.rejects(unwrapDataKey(byFile, owner, other), { code: 'root-key-wrong' });
  }
});

test('a systemd credential unwraps the data key', async () => {
  const [dataKey, owner] = [randomBytes(32), newOwner()];
  const source = { kind: 'credential', name: 'root', folder } as const;
  await assert.rejects(wrap(source, owner, dataKey), { code: 'root-key-missing' });
  await write('root', `${'0f'.repeat(32)}\n`);
  const wrapped = await wrap(source, owner, dataKey);
  assert.deepEqual(await unwrapDataKey(source, owner, wrapped), dataKey);
  await write('root', `${'f0'.repeat(32)}\n`);
  await assert.rejects(unwrapDataKey(source, owner, wrapped), { code: 'root-key-wrong' });
  await chmod(join(folder, 'root'), 0o644);
  await assert.rejects(unwrapDataKey(source, owner, wrapped), { code: 'not-private' });
  const none = { ...source, folder: undefined };
  await assert.rejects(unwrapDataKey(none, owner, wrapped), {
    code: 'root-key-missing',
    message: /CREDENTIALS_DIRECTORY is not set.*LoadCredential=root/,
  });
});
