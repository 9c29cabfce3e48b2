// Volumes on this machine's gocryptfs and FUSE.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createSecretKey, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { readable } from '../../src/cli/drill/plain-text.ts';
import { encryptionProblem } from '../../src/volumes/capabilities.ts';
import { EncryptedVolume } from '../../src/volumes/encrypted-volume.ts';
import { mountpointOf, removeGroup } from '../../src/volumes/mountpoint.ts';
import { mountsOn } from '../../src/volumes/mounts.ts';
import { until } from '../support/processes.ts';
import { hiddenTexts, placesOf, placesUnder } from '../support/readable.ts';

const root = mkdtempSync(join(tmpdir(), 'waxwing-volume-'));
chmodSync(root, 0o711); // the owner passes through
const problem = await encryptionProblem();
const isSkipped = problem === undefined ? false : `volumes cannot be encrypted here: ${problem}`;
const owner = { uid: process.getuid?.() === 0 ? 1234 : (process.getuid?.() ?? 0), gid: 1234 };
const newKey = () => createSecretKey(randomBytes(32));
const volumes: EncryptedVolume[] = [];
const users: ChildProcess[] = [];

after(async () => {
  for (const child of users) child.kill('SIGKILL');
  for (const volume of volumes) await volume.destroy();
  rmSync(root, { recursive: true, force: true });
});

/** Makes a volume that is not created yet, and what it reported. */
function place(
  name: string,
  folderAbove = join(root, 'mounts'),
): { readonly volume: EncryptedVolume; readonly ends: string[] } {
  const id = `fs-${name}`;
  const ends: string[] = [];
  const mountpoint = join(folderAbove, id);
  const folder = join(root, 'volumes', id);
  const volume = new EncryptedVolume({ id, folder, mountpoint }, (detail) => ends.push(detail));
  volumes.push(volume);
  return { volume, ends };
}

async function mounted(name: string) {
  const { volume, ends } = place(name);
  const key = newKey();
  await volume.create(key, Buffer.from(`wrapped key of ${name}`));
  const mountpoint = await volume.unlock(key, owner);
  return { volume, ends, key, mountpoint };
}

/** The processes of gocryptfs that serve a mountpoint. */
function servers(mountpoint: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const line = textOf(`/proc/${pid}/cmdline`);
      return line.startsWith('gocryptfs') && line.includes(mountpoint);
    })
    .map(Number);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // the process has ended
  }
}

/** A process that has a file of a volume open. */
async function user(path: string): Promise<ChildProcess> {
  const child = spawn('/bin/sh', ['-c', 'exec 9>"$1"; echo open; exec sleep 1000', 'user', path]);
  users.push(child);
  await once(child.stdout, 'data');
  return child;
}

const moduleUrl = new URL('../../src/volumes/encrypted-volume.js', import.meta.url).href;
/** A program that mounts a volume with the key on its input. */
const mounter = `
import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { EncryptedVolume } from '${moduleUrl}';
const volume = new EncryptedVolume(JSON.parse(process.env.place), () => {});
await volume.unlock(createSecretKey(readFileSync(0)), JSON.parse(process.env.owner));
process.once('SIGUSR2', () => volume.fence().then(() => process.kill(process.pid, 'SIGKILL')));
console.log('mounted');
setInterval(() => {}, 1000);
`;

test('what is written to a volume is found in none of its files', { skip: isSkipped }, async () => {
  const { volume, key, mountpoint } = await mounted('canary');
  writeFileSync(join(mountpoint, 'name-with-canary'), 'body-with-canary '.repeat(1000));
  assert.equal(statSync(join(mountpoint, 'name-with-canary')).uid, owner.uid);
  assert.equal(await volume.problem(), undefined);
  const hidden = [
    ...hiddenTexts('name-with-canary', 'body-with-canary'),
    { name: 'data key', bytes: key.export() },
  ];
  const [server = 0] = servers(mountpoint);
  const shown = placesOf(server);
  assert.ok(shown[0]?.bytes.includes(mountpoint));
  assert.deepEqual(readable(hidden, shown), []);
  await volume.lock({ isForced: false });
  const places = placesUnder(volume.place.folder);
  assert.ok(places.some(({ bytes }) => bytes.length > 17_000));
  assert.deepEqual(readable(hidden, places), []);
  assert.ok(!existsSync(join(mountpoint, 'name-with-canary')));
  await volume.unlock(key, owner);
  assert.match(readFileSync(join(mountpoint, 'name-with-canary'), 'utf8'), /^body-with-canary/);
});

test('the owner creates folders and files, and has locks', { skip: isSkipped }, async () => {
  const { mountpoint } = await mounted('0wner');
  const script = 'mkdir d && cd d && echo x > f && flock --nonblock f cat f';
  const user = process.getuid?.() === 0 ? { uid: owner.uid, gid: owner.gid } : {};
  const child = spawn('/bin/sh', ['-c', script], { cwd: mountpoint, ...user });
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
});

test('files that are created at the same time all exist', { skip: isSkipped }, async () => {
  const { mountpoint } = await mounted('parallel');
  const script = 'for i in $(seq 100); do mkdir $0-$i && echo x > $0-$i/f || exit 1; done';
  const user = process.getuid?.() === 0 ? { uid: owner.uid, gid: owner.gid } : {};
  const codes = await Promise.all(
    Array.from({ length: 8 }, async (_, number) => {
      const options = { cwd: mountpoint, ...user };
      const [code] = await once(spawn('/bin/sh', ['-c', script, `${number}`], options), 'exit');
      return code;
    }),
  );
  assert.deepEqual(codes, Array(8).fill(0));
});

test('another data key mounts nothing', { skip: isSkipped }, async () => {
  const { volume, key, mountpoint } = await mounted('wrongkey');
  writeFileSync(join(mountpoint, 'file'), 'x');
  await volume.lock({ isForced: false });
  await assert.rejects(volume.unlock(newKey(), owner), { code: 'volume-key-wrong' });
  assert.equal(await volume.state(), 'locked');
  assert.deepEqual(readdirSync(mountpoint), []);
  await volume.unlock(key, owner);
  assert.deepEqual(readdirSync(mountpoint), ['file']);
});

test('the files of another volume do not open with its key', { skip: isSkipped }, async () => {
  const { volume, key } = await mounted('original');
  await volume.lock({ isForced: false });
  const { volume: other } = place('copied');
  mkdirSync(join(root, 'volumes'), { recursive: true });
  const text = readFileSync(join(volume.place.folder, 'keys.json'), 'utf8');
  await other.create(newKey(), Buffer.from('x'));
  writeFileSync(join(other.place.folder, 'keys.json'), text);
  await assert.rejects(other.unlock(key, owner), { code: 'volume-damaged' });
});

test('a locked mountpoint cannot be written, except by the superuser', {
  skip: isSkipped,
}, async () => {
  const { volume, key, mountpoint } = await mounted('bare');
  await volume.lock({ isForced: false });
  assert.equal(statSync(mountpoint).mode & 0o777, 0o555);
  if (process.getuid?.() === 0) {
    writeFileSync(join(mountpoint, 'leak'), 'plaintext');
    await assert.rejects(volume.unlock(key, owner), {
      code: 'mountpoint-unsafe',
      message: /1 files were written/,
    });
    rmSync(join(mountpoint, 'leak'));
  } else assert.throws(() => writeFileSync(join(mountpoint, 'leak'), 'x'), { code: 'EACCES' });
  await volume.unlock(key, owner);
});

test('of a locked volume of the superuser, no mountpoint is left', {
  skip: isSkipped || (process.getuid?.() === 0 ? false : 'needs the superuser'),
}, async () => {
  const group = `h-${randomBytes(9).toString('hex').slice(1)}`;
  const key = newKey();
  const { volume } = place(
    randomBytes(8).toString('hex'),
    dirname(mountpointOf(root, 'vol', group)),
  );
  await volume.create(key, Buffer.from('wrapped key'));
  const mountpoint = await volume.unlock(key, owner);
  writeFileSync(join(mountpoint, 'kept'), 'x');
  await volume.lock({ isForced: false });
  assert.ok(!existsSync(mountpoint));
  await volume.unlock(key, owner);
  assert.deepEqual(readdirSync(mountpoint), ['kept']);
  await removeGroup(group);
  assert.ok(existsSync(mountpoint));
  await volume.lock({ isForced: true });
  await removeGroup(group);
  assert.ok(!existsSync(dirname(mountpoint)));
});

test('a volume in use is unmounted only by force', { skip: isSkipped }, async () => {
  const { volume, ends, mountpoint } = await mounted('busy');
  const child = await user(join(mountpoint, 'open'));
  await assert.rejects(volume.lock({ isForced: false }), { code: 'volume-busy' });
  assert.equal(await volume.state(), 'mounted');
  assert.equal(await volume.problem(), undefined);
  await volume.fence();
  const late = () => writeFileSync(join(mountpoint, 'late'), 'x');
  assert.throws(late, { code: /^(ENOTCONN|ECONNABORTED)$/ });
  child.kill('SIGKILL');
  await volume.lock({ isForced: true });
  assert.equal(await volume.state(), 'locked');
  assert.deepEqual(await mountsOn(mountpoint), []);
  assert.deepEqual(servers(mountpoint), []);
  assert.deepEqual(ends, []);
});

test('the end of the process that serves a volume is reported', { skip: isSkipped }, async () => {
  const { volume, ends, key, mountpoint } = await mounted('crash');
  writeFileSync(join(mountpoint, 'kept'), 'x');
  for (const pid of servers(mountpoint)) process.kill(pid, 'SIGKILL');
  await until('the end is reported', () => ends.length === 1);
  assert.match(ends[0] ?? '', /137/);
  assert.equal(await volume.state(), 'fenced');
  assert.match((await volume.problem()) ?? '', /fenced/);
  await volume.unlock(key, owner);
  assert.deepEqual(readdirSync(mountpoint), ['kept']);
});

test('a frozen volume is found by the check, and can be locked', { skip: isSkipped }, async () => {
  const { volume, ends, key, mountpoint } = await mounted('frozen');
  for (const pid of servers(mountpoint)) process.kill(pid, 'SIGSTOP');
  assert.match((await volume.problem()) ?? '', /did not answer within 2000 ms/);
  await volume.lock({ isForced: true });
  assert.equal(await volume.state(), 'locked');
  assert.deepEqual(servers(mountpoint), []);
  assert.deepEqual(ends, []);
  await volume.unlock(key, owner);
  await until('the killed check is gone', async () => (await volume.problem()) === undefined);
});

test('a mount ends with the process that made it, and the next one replaces it', {
  skip: isSkipped,
}, async () => {
  const { volume, key, mountpoint } = await mounted('left');
  writeFileSync(join(mountpoint, 'kept'), 'x');
  await volume.lock({ isForced: false });
  const other = spawn(process.execPath, ['--input-type=module', '-e', mounter], {
    env: { place: JSON.stringify(volume.place), owner: JSON.stringify(owner) },
  });
  other.stdin.end(key.export());
  await once(other.stdout, 'data');
  assert.equal(servers(mountpoint).length, 1);
  assert.equal(await volume.state(), 'fenced');
  other.kill('SIGKILL');
  await until('nothing serves the volume', () => servers(mountpoint).length === 0);
  await volume.unlock(key, owner);
  assert.deepEqual(readdirSync(mountpoint), ['kept']);
  assert.equal((await mountsOn(mountpoint)).length, 1);
});

test('a mount is freed if the process that made it is killed after it has fenced it', {
  skip: isSkipped,
}, async () => {
  const { volume, key, mountpoint } = await mounted('fenced');
  await volume.lock({ isForced: false });
  const other = spawn(process.execPath, ['--input-type=module', '-e', mounter], {
    env: { place: JSON.stringify(volume.place), owner: JSON.stringify(owner) },
  });
  other.stdin.end(key.export());
  await once(other.stdout, 'data');
  await user(join(mountpoint, 'open')); // an engine that has not ended yet
  other.kill('SIGUSR2');
  await once(other, 'exit');
  await until('nothing is mounted', async () => (await mountsOn(mountpoint)).length === 0, 20_000);
});

test('the wrapped keys are replaced while a volume is mounted', { skip: isSkipped }, async () => {
  const { volume } = await mounted('rewrap');
  const keys = [{ generation: 0, wrappedKey: Buffer.from('wrapped again') }];
  await volume.rewrap(keys);
  assert.deepEqual(await volume.wrappedKeys(), keys);
  assert.equal(await volume.problem(), undefined);
});

test('a destroyed volume leaves nothing', { skip: isSkipped }, async () => {
  const { volume, key, mountpoint } = await mounted('destroyed');
  writeFileSync(join(mountpoint, 'file'), 'x');
  await volume.destroy();
  assert.equal(await volume.state(), 'missing');
  assert.ok(!existsSync(volume.place.folder) && !existsSync(mountpoint));
  await assert.rejects(volume.unlock(key, owner), { code: 'volume-missing' });
});
