// The folders on which encrypted volumes are mounted.
//
// While its volume is not mounted, nothing may be written to such a folder: an engine that outlives
// its volume would leave plaintext there.

import { chmod, lstat, mkdir, readdir, realpath, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { VolumeError } from './errors.ts';

/** Folders of the superuser, in memory, which the users of engines can pass through. */
export const runtimeFolder = '/run/waxwing';

/**
 * The mountpoint of a volume. The data folder is closed to other users, so the superuser mounts
 * outside of it: engines run as another user.
 *
 * @param id `vol-` or `fs-`, and hexadecimal digits
 * @param group a name for the volumes of one host, which has copies of none of another
 */
export function mountpointOf(dataFolder: string, id: string, group = 'mounts'): string {
  const isSuperuser = process.geteuid?.() === 0;
  return isSuperuser ? join(runtimeFolder, group, id) : join(dataFolder, 'mounts', id);
}

/** The path without symbolic links. The folder above exists. */
export async function realMountpoint(mountpoint: string): Promise<string> {
  return join(await realpath(dirname(mountpoint)), basename(mountpoint));
}

/** Creates the folders above a mountpoint; other users can only pass through them. */
export async function createParents(mountpoint: string): Promise<void> {
  const parent = dirname(mountpoint);
  await mkdir(parent, { recursive: true, mode: 0o711 });
  if (!parent.startsWith(runtimeFolder)) return;
  // The mode that `mkdir` gives depends on the umask.
  for (const folder of [runtimeFolder, parent]) await chmod(folder, 0o711);
}

/**
 * Creates a mountpoint if necessary, and takes away everybody's right to write to it.
 *
 * @throws {VolumeError} `mountpoint-unsafe` if it is not a folder of this user, or not empty
 */
export async function prepareMountpoint(mountpoint: string): Promise<void> {
  await mkdir(mountpoint, { mode: 0o555 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const found = await lstat(mountpoint);
  if (!found.isDirectory()) throw unsafe(`${mountpoint} is not a folder`);
  const user = process.geteuid?.();
  if (found.uid !== user) {
    throw unsafe(`${mountpoint} belongs to user ${found.uid}; it must belong to ${user}`);
  }
  await chmod(mountpoint, 0o555);
  await checkEmpty(mountpoint);
}

/**
 * Checks that nothing was written to a mountpoint. Only call it while nothing is mounted.
 *
 * @throws {VolumeError} `mountpoint-unsafe`
 */
export async function checkEmpty(mountpoint: string): Promise<void> {
  const names = await readdir(mountpoint);
  if (names.length === 0) return;
  const text =
    `${names.length} files were written to ${mountpoint} while no volume was mounted, without ` +
    'encryption; examine and remove them';
  throw unsafe(text);
}

/**
 * Removes an empty mountpoint on which nothing is mounted, if only the superuser can create it again. Where the
 * engine has the user of the service, it stays: the engine might create it and write plaintext there.
 */
export async function removeMountpoint(mountpoint: string): Promise<void> {
  if (mountpoint.startsWith(`${runtimeFolder}/`)) await removeEmpty(mountpoint);
}

/** Removes the folder with the mountpoints of a host, if there is none left. */
export async function removeGroup(group: string): Promise<void> {
  await removeEmpty(join(runtimeFolder, group));
}

/** Removes a folder unless it has contents, is mounted, or is gone. */
export async function removeEmpty(path: string): Promise<void> {
  await rmdir(path).catch((error: NodeJS.ErrnoException) => {
    if (!['ENOTEMPTY', 'EBUSY', 'ENOENT'].includes(error.code ?? '')) throw error;
  });
}

function unsafe(text: string): VolumeError {
  return new VolumeError('mountpoint-unsafe', text);
}
