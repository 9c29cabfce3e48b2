// Mountpoints of services and hosts that are gone.
//
// A service removes those of its volumes when it ends. One that was killed, and never starts again, leaves the
// folders on which its volumes were mounted.
// A folder that is still used as a mountpoint is never removed. The kernel refuses that for mounts that this process
// sees; for those of other mount namespaces it would unmount the volume, so that they are looked for before.

import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { removeEmpty, runtimeFolder } from './mountpoint.ts';
import { mountpointsIn } from './mounts.ts';

/** Age of the last change of a folder that is removed, milliseconds. A volume that is mounted changes it first. */
const ageMs = 3_600_000;
/** The folder of all services, and those of hosts. */
const groupName = /^(?:mounts|h-[0-9a-f]{17})$/;
const sharedGroup = 'mounts';
const volumeName = /^(?:vol|fs)-[0-9a-f]{17}$/;
/** The first namespace of processes, in which all of them are visible: `PROC_PID_INIT_INO` of Linux. */
const firstNamespace = 'pid:[4026531836]';

/** What is looked at; other values are for tests. */
export interface UnusedOptions {
  readonly folder: string;
  readonly processes: string;
  readonly nowMs: number;
}

/**
 * Removes empty mountpoints of the superuser that no process of this machine sees mounted and that nobody has
 * changed for an hour, and the empty folders of hosts around them. Nothing is removed unless all processes are
 * visible. Links are not followed.
 */
export async function removeUnusedMountpoints({
  folder = runtimeFolder,
  processes = '/proc',
  nowMs = systemClock.nowMs(),
}: Partial<UnusedOptions> = {}): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  if ((await readlink(join(processes, 'self/ns/pid'))) !== firstNamespace) return;
  const groups = await namesIn(folder, groupName);
  const used = groups.length === 0 ? undefined : await mountedAnywhere(processes);
  if (used === undefined) return;
  for (const group of groups) await removeIn(join(folder, group), used, nowMs);
}

/** @param used the names of mounted folders: a frozen file system would hold up a thread */
async function removeIn(group: string, used: ReadonlySet<string>, nowMs: number): Promise<void> {
  if (!(await lstat(group)).isDirectory()) return;
  // A name that others use too stays: one of them may be about to create a folder in it.
  const isUnused = basename(group) !== sharedGroup && (await isOld(group, 0o711, nowMs));
  for (const name of await namesIn(group, volumeName)) {
    if (used.has(name)) continue;
    if (await isOld(join(group, name), 0o555, nowMs)) await removeEmpty(join(group, name));
  }
  if (isUnused) await removeEmpty(group);
}

async function isOld(path: string, mode: number, nowMs: number): Promise<boolean> {
  const found = await lstat(path);
  const isOurs = found.isDirectory() && found.uid === 0 && (found.mode & 0o7777) === mode;
  return isOurs && nowMs - found.ctimeMs >= ageMs;
}

/**
 * The last names of all mountpoints, in all mount namespaces: a namespace may have the folder at another path.
 *
 * @returns undefined if a process cannot be examined
 */
async function mountedAnywhere(processes: string): Promise<Set<string> | undefined> {
  const names = new Set<string>();
  const seen = new Set<string>();
  for (const pid of await namesIn(processes, /^\d+$/)) {
    try {
      const namespace = await readlink(join(processes, pid, 'ns/mnt'));
      if (seen.has(namespace)) continue;
      const text = await readFile(join(processes, pid, 'mountinfo'), 'utf8');
      for (const path of mountpointsIn(text)) names.add(path.slice(path.lastIndexOf('/') + 1));
      seen.add(namespace);
    } catch (error) {
      // It has ended.
      if (!['ENOENT', 'ESRCH', 'EINVAL'].includes(codeOf(error))) return undefined;
    }
  }
  return seen.size > 0 ? names : undefined;
}

async function namesIn(folder: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => pattern.test(name));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
