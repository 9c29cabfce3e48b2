import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { lockFolder } from './lock.ts';

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function folder(): Promise<string> {
  const made = await mkdtemp(`${tmpdir()}/waxwing-lock-`);
  folders.push(made);
  return made;
}

test('a lock leaves nothing but itself, and nothing when it is let go', async () => {
  const at = await folder();
  const unlock = await lockFolder(at);
  assert.deepEqual(await readdir(at), ['lock']);
  assert.equal(JSON.parse(await readFile(`${at}/lock`, 'utf8')).pid, process.pid);
  assert.equal(statSync(`${at}/lock`).mode & 0o777, 0o600);
  await unlock();
  assert.deepEqual(await readdir(at), []);
});

test('a lock that is held is refused again and again, also where it was taken over', async () => {
  for (const stale of [undefined, '', JSON.stringify({ pid: 1, bootId: 'x', startTime: '1' })]) {
    const at = await folder();
    if (stale !== undefined) await writeFile(`${at}/lock`, stale);
    const unlock = await lockFolder(at);
    for (let i = 0; i < 3; i++) {
      await assert.rejects(lockFolder(at), {
        code: 'folder-locked',
        message: `${at} is in use by process ${process.pid}`,
      });
      assert.deepEqual(await readdir(at), ['lock']);
    }
    await unlock();
  }
});

test('the lock of a process whose id another has now, or of before a restart, is taken over', async () => {
  const at = await folder();
  const unlock = await lockFolder(at);
  const mine = JSON.parse(await readFile(`${at}/lock`, 'utf8'));
  await unlock();
  for (const other of [
    { ...mine, startTime: '1' },
    { ...mine, bootId: 'of another start of the machine' },
    { ...mine, pid: 2 ** 22 + 1 },
    { ...mine, pid: -1 },
    { ...mine, pid: 'x' },
  ]) {
    await writeFile(`${at}/lock`, JSON.stringify(other));
    await (await lockFolder(at))();
    assert.equal(existsSync(`${at}/lock`), false);
  }
});

test('a folder that is not there is not locked', async () => {
  const at = await folder();
  await assert.rejects(lockFolder(`${at}/missing`), { code: 'ENOENT' });
});

/** A process that has ended and whose parent never asks for its end; what its lock would say. */
async function zombie() {
  // The shell becomes `sleep`, which waits for no child; the child ends and stays in the list.
  const parent = spawn('sh', ['-c', 'sh -c "echo \\$\\$; cat /proc/\\$\\$/stat" & exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const text of parent.stdout) {
    said += String(text);
    if (/\n.*\n/.test(said)) break;
  }
  const [pid = '', stat = ''] = said.split('\n');
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const state = () => / ([A-Z]) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  while (state() !== 'Z') await new Promise((resolve) => setImmediate(resolve));
  return { holder: { pid: Number(pid), bootId, startTime }, end: () => parent.kill('SIGKILL') };
}

test('a process that has ended holds nothing, though nobody has asked for its end', async () => {
  const at = await folder();
  const { holder, end } = await zombie();
  await writeFile(`${at}/lock`, JSON.stringify(holder));
  const unlock = await lockFolder(at);
  end();
  assert.equal(JSON.parse(await readFile(`${at}/lock`, 'utf8')).pid, process.pid);
  await unlock();
});
