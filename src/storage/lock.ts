// The lock of a volume.

import * as fs from 'node:fs';
import { hostname } from 'node:os';
import { StorageError } from './errors.ts';
import { tryLockFile } from './kernel-lock.ts';

/**
 * The holder of a lock according to the lock file. It is only used for messages, except for `by`.
 */
interface Holder {
  readonly pid: number;
  readonly bootId: string;
  /** Clock ticks since boot. */
  readonly startTime: string;
  /**
   * `kernel` if the holder also has the kernel's lock. Earlier releases had none: there, the file
   * itself is the lock while the process that it names is alive.
   */
  readonly by?: string;
  readonly host?: string;
  /** The PID namespace of `pid`. */
  readonly pidNamespace?: string;
}

const contentBytesMax = 4096;

function firstLine(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8').trim();
  } catch {
    // There is no /proc, or the process has ended: the process id must suffice.
    return undefined;
  }
}

/**
 * The status of a process from the kernel: field 3 and the following, after the name in brackets.
 */
function fieldsOf(pid: number): string[] {
  const stat = firstLine(`/proc/${pid}/stat`) ?? '';
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** The start time of a process in clock ticks since boot: field 22. */
function startTimeOf(pid: number): string {
  return fieldsOf(pid)[19] ?? '';
}

/** Whether a process is a zombie, which may never be reaped in a container. */
function hasEnded(pid: number): boolean {
  return ['Z', 'X'].includes(fieldsOf(pid)[0] ?? '');
}

const bootId = () => firstLine('/proc/sys/kernel/random/boot_id') ?? '';

function pidNamespace(): string {
  try {
    return fs.readlinkSync('/proc/self/ns/pid');
  } catch {
    return ''; // not Linux: there is only one namespace
  }
}

function isAlive(holder: Holder): boolean {
  if (holder.bootId !== bootId()) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return !hasEnded(holder.pid) && startTimeOf(holder.pid) === holder.startTime;
}

/** The holder according to the file; undefined if it is unreadable. */
function readHolder(fd: number): Holder | undefined {
  const bytes = Buffer.alloc(contentBytesMax);
  const size = fs.readSync(fd, bytes, 0, contentBytesMax, 0);
  try {
    const holder = JSON.parse(bytes.toString('utf8', 0, size)) as Holder;
    return Number.isInteger(holder.pid) && holder.pid > 0 ? holder : undefined;
  } catch {
    return undefined;
  }
}

function writeHolder(fd: number): void {
  const { pid } = process;
  const holder: Holder = {
    pid,
    bootId: bootId(),
    startTime: startTimeOf(pid),
    by: 'kernel',
    host: hostname(),
    pidNamespace: pidNamespace(),
  };
  fs.ftruncateSync(fd);
  fs.writeSync(fd, JSON.stringify(holder), 0);
}

function locked(folder: string, holder: Holder | undefined): StorageError {
  return new StorageError('folder-locked', `${folder} is in use by ${nameOf(holder)}`);
}

function nameOf(holder: Holder | undefined): string {
  if (holder === undefined) return 'another process';
  const { pid, host, pidNamespace: namespace = pidNamespace() } = holder;
  if (holder.bootId === bootId() && namespace === pidNamespace()) {
    // The previous holder may still be named until its successor writes the file.
    return isAlive(holder) ? `process ${pid}` : 'another process';
  }
  return `process ${pid} of another container or machine (${JSON.stringify(host ?? 'unknown')})`;
}

/** Whether another file has replaced the lock file: releases without kernel locks rename it. */
function isReplaced(fd: number, file: string): boolean {
  const found = fs.lstatSync(file, { throwIfNoEntry: false });
  const { dev, ino } = fs.fstatSync(fd);
  return found === undefined || found.ino !== ino || found.dev !== dev;
}

/** Opens and locks the file; undefined if it must be tried again. */
function take(folder: string, file: string): number | undefined {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = fs.constants;
  const fd = fs.openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  let isTaken = false;
  try {
    if (!tryLockFile(fd)) throw locked(folder, readHolder(fd));
    if (isReplaced(fd, file)) return undefined;
    const holder = readHolder(fd);
    if (holder !== undefined && holder.by !== 'kernel' && isAlive(holder)) {
      throw locked(folder, holder);
    }
    writeHolder(fd);
    isTaken = true;
    return fd;
  } finally {
    if (!isTaken) fs.closeSync(fd);
  }
}

/**
 * Locks a folder against other processes with a kernel lock on its file `lock`, until it is
 * released or the process ends. The file is never removed, because two processes could then lock
 * different files with the same name.
 *
 * @returns a function that releases the lock
 * @throws {StorageError} `folder-locked`; `disk-failed` if the file system does not support locks
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const file = `${folder}/lock`;
  let fd: number | undefined;
  while (fd === undefined) {
    try {
      fd = take(folder, file);
    } catch (error) {
      throw lockFailure(folder, error);
    }
  }
  const held = fd;
  return async () => {
    fs.ftruncateSync(held);
    fs.closeSync(held);
  };
}

function lockFailure(folder: string, error: unknown): unknown {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ELOOP') {
    return new StorageError('disk-failed', `${folder}/lock is a symbolic link; remove it`);
  }
  if (!['ENOLCK', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EINVAL'].includes(code)) return error;
  const text = `the file system of ${folder} does not lock files (${code})`;
  return new StorageError('disk-failed', `${text}; a volume needs one that does`, { cause: error });
}
