import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync, statSync, symlinkSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { lockFolder } from './lock.ts';

const folders: string[] = [];
const children = new Set<ChildProcess>();
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
});

async function folder(): Promise<string> {
  const made = await mkdtemp(`${tmpdir()}/waxwing-lock-`);
  folders.push(made);
  return made;
}

const held = (at: string) => ({
  code: 'folder-locked',
  message: `${at} is in use by process ${process.pid}`,
});

test('a lock leaves only its file, which is private and names its process', async () => {
  const at = await folder();
  const unlock = await lockFolder(at);
  assert.deepEqual(await readdir(at), ['lock']);
  assert.equal(JSON.parse(await readFile(`${at}/lock`, 'utf8')).pid, process.pid);
  assert.equal(statSync(`${at}/lock`).mode & 0o777, 0o600);
  await unlock();
  assert.equal(statSync(`${at}/lock`).size, 0);
  await (await lockFolder(at))();
});

test('a held lock is refused repeatedly, whatever stale content its file had', async () => {
  for (const stale of [undefined, '', JSON.stringify({ pid: 1, bootId: 'x', startTime: '1' })]) {
    const at = await folder();
    if (stale !== undefined) await writeFile(`${at}/lock`, stale);
    const unlock = await lockFolder(at);
    for (let i = 0; i < 3; i++) {
      await assert.rejects(lockFolder(at), held(at));
      assert.deepEqual(await readdir(at), ['lock']);
    }
    await unlock();
  }
});

test('a lock holds even if its file is emptied or names another process', async () => {
  const at = await folder();
  const unlock = await lockFolder(at);
  for (const text of ['', '{', JSON.stringify({ pid: 2 ** 22 + 1, by: 'kernel' })]) {
    await writeFile(`${at}/lock`, text);
    await assert.rejects(lockFolder(at), { code: 'folder-locked' });
  }
  await unlock();
});

/** What a release without kernel locks writes into its lock file. */
async function earlierHolder(at: string): Promise<Record<string, unknown>> {
  const unlock = await lockFolder(at);
  const { pid, bootId, startTime } = JSON.parse(await readFile(`${at}/lock`, 'utf8'));
  await unlock();
  return { pid, bootId, startTime };
}

test('the lock of a running process of an earlier release is respected', async () => {
  const at = await folder();
  await writeFile(`${at}/lock`, JSON.stringify(await earlierHolder(at)));
  await assert.rejects(lockFolder(at), held(at));
});

test('a lock of an earlier release is taken over if its process is gone', async () => {
  const at = await folder();
  const mine = await earlierHolder(at);
  for (const other of [
    { ...mine, startTime: '1' },
    { ...mine, bootId: 'of another start of the machine' },
    { ...mine, pid: 2 ** 22 + 1 },
    { ...mine, pid: -1 },
    { ...mine, pid: 'x' },
  ]) {
    await writeFile(`${at}/lock`, JSON.stringify(other));
    await (await lockFolder(at))();
  }
});

test('a missing folder, or one whose lock is a symbolic link, cannot be locked', async () => {
  const at = await folder();
  await assert.rejects(lockFolder(`${at}/missing`), { code: 'ENOENT' });
  await writeFile(`${at}/elsewhere`, 'content');
  symlinkSync(`${at}/elsewhere`, `${at}/lock`);
  await assert.rejects(lockFolder(at), { code: 'disk-failed', message: /is a symbolic link/ });
  assert.equal(readFileSync(`${at}/elsewhere`, 'utf8'), 'content');
});

/** Tries to lock a folder, says how it went, and holds the lock until it is killed. */
const program = `
  const { lockFolder } = await import(process.argv[1]);
  process.stdout.write(await lockFolder(process.argv[2]).then(() => 'held', (error) => error.message));
  setInterval(() => {}, 1000);`;

/** Has a process of its own try to lock a folder. */
async function locker(at: string, before: readonly string[] = []) {
  const module = new URL('./lock.js', import.meta.url).href;
  const node = [process.execPath, '--input-type=module', '-e', program, module, at];
  const [command = '', ...args] = [...before, ...node];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  const said = await new Promise<string>((resolve) => child.stdout.once('data', resolve));
  const end = async () => {
    // Closed once nobody has the pipe any more, also where the lock's holder is a child's child.
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.stdout.resume();
    child.kill('SIGKILL');
    await ended;
    children.delete(child);
  };
  return { pid: child.pid, said: String(said), end };
}

test('exactly one of three processes that lock a folder at once succeeds, in every round', async () => {
  const at = await folder();
  for (let round = 0; round < 5; round++) {
    const all = await Promise.all([locker(at), locker(at), locker(at)]);
    const [holder, ...more] = all.filter(({ said }) => said === 'held');
    assert.deepEqual(more, []);
    const refused = all.filter((each) => each !== holder);
    for (const { said } of refused) {
      // Between the lock and its holder's name in the file there is a moment.
      assert.match(said, new RegExp(` is in use by (process ${holder?.pid}|another process)$`));
    }
    await Promise.all(all.map(({ end }) => end()));
  }
});

test('a lock ends with its process, however the process ends', async () => {
  const at = await folder();
  const holder = await locker(at);
  assert.equal(holder.said, 'held');
  await assert.rejects(lockFolder(at), { message: `${at} is in use by process ${holder.pid}` });
  await holder.end();
  await (await lockFolder(at))();
});

const unshare = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const [command = '', ...unshareArgs] = unshare;
const canUnshare = spawnSync(command, [...unshareArgs, 'true']).status === 0;

test('only one of several processes in different PID namespaces holds the lock', {
  skip: canUnshare ? false : 'no right to make PID namespaces (unshare --pid, as root)',
}, async () => {
  const at = await folder();
  const holder = await locker(at, unshare);
  assert.equal(holder.said, 'held');
  const other = await locker(at, unshare);
  assert.match(other.said, / is in use by process 1 of another container or machine \("/);
  await assert.rejects(lockFolder(at), { code: 'folder-locked' });
  await holder.end();
  await other.end();
  await (await lockFolder(at))();
});
