import { readFileSync } from 'node:fs';
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { StorageError } from './errors.ts';

/** Who holds a lock. A process id alone is used again; with boot and start time it is not. */
interface Holder {
  readonly pid: number;
  readonly bootId: string;
  readonly startTime: string;
}

function firstLine(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    // Not a system with /proc, or the process is gone: the process id has to do.
    return undefined;
  }
}

/** What the kernel tells of a process: field 3 and what follows, after the name in brackets. */
function fieldsOf(pid: number): string[] {
  const stat = firstLine(`/proc/${pid}/stat`) ?? '';
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** When the process started, in ticks since boot: field 22. */
function startTimeOf(pid: number): string {
  return fieldsOf(pid)[19] ?? '';
}

/** Whether the process has ended and only waits to be noticed, which in a container may be never. */
function hasEnded(pid: number): boolean {
  return ['Z', 'X'].includes(fieldsOf(pid)[0] ?? '');
}

const bootId = () => firstLine('/proc/sys/kernel/random/boot_id') ?? '';

function isAlive(holder: Holder): boolean {
  if (holder.bootId !== bootId()) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return !hasEnded(holder.pid) && startTimeOf(holder.pid) === holder.startTime;
}

/** Who holds the lock as its file says; undefined where a power cut left it without content. */
function parse(text: string): Holder | undefined {
  try {
    const { pid, bootId, startTime } = JSON.parse(text);
    return Number.isInteger(pid) && pid > 0 ? { pid, bootId, startTime } : undefined;
  } catch {
    return undefined;
  }
}

async function isHeld(file: string): Promise<Holder | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const holder = parse(text);
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

/** Links the draft to the lock's name, which succeeds for one process only. */
async function take(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Keeps every other process out of a folder by a file `lock`, and takes over the lock of a process
 * that is no more.
 *
 * @throws {StorageError} `folder-locked`
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const file = `${folder}/lock`;
  const { pid } = process;
  const draft = `${folder}/lock.${pid}`;
  const stale = `${draft}.stale`;
  const holder = { pid, bootId: bootId(), startTime: startTimeOf(pid) };
  await writeFile(draft, JSON.stringify(holder), { mode: 0o600 });
  try {
    while (!(await take(draft, file))) {
      const holder = await isHeld(file);
      if (holder !== undefined) throw locked(folder, holder);
      await moveAside(file, stale);
      // Another process may have taken the lock over between the look and the move.
      const moved = await isHeld(stale);
      if (moved !== undefined) {
        await rename(stale, file);
        throw locked(folder, moved);
      }
      await unlink(stale).catch(ignoreMissing);
    }
  } finally {
    await unlink(draft);
  }
  return () => unlink(file);
}

function locked(folder: string, holder: Holder): StorageError {
  return new StorageError('folder-locked', `${folder} is in use by process ${holder.pid}`);
}

async function moveAside(file: string, stale: string): Promise<void> {
  await rename(file, stale).catch(ignoreMissing);
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
