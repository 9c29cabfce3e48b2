import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { lockFolder } from './lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-lock-'));
const file = join(folder, 'lock');
after(() => rmSync(folder, { recursive: true }));

test('a lock names its process, is for its owner alone, and is gone when it is let go', async () => {
  const unlock = await lockFolder(folder);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(JSON.parse(readFileSync(file, 'utf8')).pid, process.pid);
  await assert.rejects(lockFolder(folder), {
    code: 'folder-locked',
    message: `${folder} is in use by process ${process.pid}`,
  });
  await unlock();
  const again = await lockFolder(folder);
  await again();
});

/** Has a process whose parent never asks for its end leave its lock behind. */
async function zombieLock(): Promise<{ end(): void }> {
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
  writeFileSync(file, JSON.stringify({ pid: Number(pid), bootId, startTime }));
  return { end: () => parent.kill('SIGKILL') };
}

test('a process that has ended holds nothing, though nobody has asked for its end', async () => {
  const zombie = await zombieLock();
  const unlock = await lockFolder(folder);
  zombie.end();
  assert.equal(JSON.parse(readFileSync(file, 'utf8')).pid, process.pid);
  await unlock();
});
