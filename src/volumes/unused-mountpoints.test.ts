import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { removeUnusedMountpoints } from './unused-mountpoints.ts';

const isSuperuser = process.geteuid?.() === 0;
const skip = isSuperuser ? false : 'needs the superuser';
/** Whether this process may mount in a namespace of its own. */
const mayMount = isSuperuser && spawnSync('unshare', ['--mount', 'true']).status === 0;
const skipMounts = mayMount ? false : 'needs the right to mount';

const host = 'h-0123456789abcdef0';
const id = (digit: number) => `vol-${String(digit).repeat(17)}`;
const later = () => Date.now() + 2 * 3_600_000;

let folder: string;
/** A list of this process and others: not every machine lets its superuser examine all. */
let processes: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxwing-run-'));
  processes = join(folder, 'processes');
  await mkdir(processes);
  await symlink('/proc/self', join(processes, 'self'));
  await symlink(`/proc/${process.pid}`, join(processes, String(process.pid)));
});
afterEach(() => rm(folder, { recursive: true }));

/** Creates a mountpoint. */
async function made(group: string, name: string, mode = 0o555): Promise<string> {
  const path = join(folder, group, name);
  await mkdir(join(folder, group), { recursive: true });
  await chmod(join(folder, group), 0o711);
  await mkdir(path);
  await chmod(path, mode);
  return path;
}

test('an empty mountpoint that was not changed for an hour is removed', { skip }, async () => {
  const gone = [await made('mounts', id(1)), await made(host, id(2))];
  await removeUnusedMountpoints({ folder, processes });
  assert.deepEqual(gone.map(existsSync), [true, true]);
  await removeUnusedMountpoints({ folder, processes, nowMs: later() });
  assert.deepEqual(gone.map(existsSync), [false, false]);
  assert.deepEqual(
    [existsSync(join(folder, 'mounts')), existsSync(join(folder, host))],
    [true, false],
  );
});

test('what is no empty mountpoint of the superuser stays', { skip }, async () => {
  const full = await made('mounts', id(1));
  await writeFile(join(full, 'plaintext'), '');
  const kept = [
    full,
    await made('mounts', id(2), 0o755),
    await made('mounts', 'vol-1'),
    await made('mounts', 'other'),
    await made('h-1', id(3)),
  ];
  const outside = join(folder, 'outside');
  await mkdir(outside);
  kept.push(await made('outside', id(4)));
  await symlink(outside, join(folder, host));
  await symlink(outside, join(folder, 'mounts', id(5)));
  kept.push(join(folder, host), join(folder, 'mounts', id(5)));
  await removeUnusedMountpoints({ folder, processes, nowMs: later() });
  assert.deepEqual(
    kept.filter((path) => !existsSync(path)),
    [],
  );
});

test('nothing is removed if some processes are not visible', { skip }, async () => {
  const kept = await made('mounts', id(1));
  await rm(join(processes, 'self'));
  await mkdir(join(processes, 'self/ns'), { recursive: true });
  await symlink('pid:[4026532000]', join(processes, 'self/ns/pid'));
  await removeUnusedMountpoints({ folder, processes, nowMs: later() });
  assert.ok(existsSync(kept));
});

test('nothing is removed if a process cannot be examined', { skip }, async () => {
  const kept = await made('mounts', id(1));
  await symlink(join(processes, '7'), join(processes, '7'));
  await removeUnusedMountpoints({ folder, processes, nowMs: later() });
  assert.ok(existsSync(kept));
  await rm(join(processes, '7'));
  await removeUnusedMountpoints({ folder, processes, nowMs: later() });
  assert.ok(!existsSync(kept));
});

test('a folder that another mount namespace uses stays, and stays mounted there', {
  skip: skipMounts,
}, async () => {
  const mounted = await made(host, id(1));
  const script = 'mount -t tmpfs none "$1" && echo mounted && read -r line && mountpoint "$1"';
  const args = ['--mount', '--', '/bin/sh', '-c', script, 'sh', mounted];
  const other = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(other.stdout, 'data');
  await symlink(`/proc/${other.pid}`, join(processes, String(other.pid)));
  await removeUnusedMountpoints({ folder, processes, nowMs: later() });
  assert.ok(existsSync(mounted));
  other.stdin.end('\n');
  const [code] = await once(other, 'exit');
  assert.equal(code, 0);
  await removeUnusedMountpoints({ folder, processes, nowMs: later() });
  assert.ok(!existsSync(mounted));
});
