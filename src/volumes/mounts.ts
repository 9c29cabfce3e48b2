// The mounts of this machine, as the kernel lists them.
//
// Nothing here touches a mounted file system: a frozen one would hold up a thread for good.

import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A mounted file system. */
export interface Mount {
  /** The number of its device: `0:39`. */
  readonly device: string;
  /** `fuse.gocryptfs`, `ext4` */
  readonly type: string;
}

/** Reads the lines of `/proc/self/mountinfo`, see proc(5), for one path. */
export function parseMounts(text: string, path: string): Mount[] {
  return linesOf(text).flatMap(({ mountpoint, device, type }) =>
    mountpoint === path ? [{ device, type }] : [],
  );
}

/** The paths of all mountpoints in `/proc/self/mountinfo`, or in that of another process. */
export function mountpointsIn(text: string): string[] {
  return linesOf(text).map(({ mountpoint }) => mountpoint);
}

function linesOf(text: string): (Mount & { readonly mountpoint: string })[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , device, , mountpoint] = before.split(' ');
    const [type] = after.split(' ');
    if (device === undefined || mountpoint === undefined || type === undefined) return [];
    return [{ device, type, mountpoint: unescaped(mountpoint) }];
  });
}

/** Spaces, tabs, newlines and backslashes are octal numbers. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** The file systems mounted on a folder, the visible one last. The path has no symbolic links. */
export async function mountsOn(path: string): Promise<Mount[]> {
  return parseMounts(await readFile('/proc/self/mountinfo', 'utf8'), path);
}

/** The number of the device of the folder above a mountpoint. */
export async function deviceAbove(mountpoint: string): Promise<string> {
  const { dev } = await stat(dirname(mountpoint), { bigint: true });
  // The encoding of makedev(3).
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}
