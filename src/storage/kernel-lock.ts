import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageFolder } from '../base/package-folder.ts';
import { StorageError } from './errors.ts';

/** What is used of the native part of `fs-native-extensions`. */
interface Addon {
  /** Throws `EAGAIN` where somebody else holds the lock. */
  tryLock(fd: number, offset: number, length: number, isExclusive: boolean): void;
}

let addon: Addon | undefined;

/**
 * Loads the prebuilt binary of this platform. The package's own loader finds the same file, but takes
 * 30 ms for it in each process; this takes less than one.
 */
function load(): Addon {
  const platform = `${process.platform}-${process.arch}`;
  const name = `fs-native-extensions/prebuilds/${platform}/fs-native-extensions.node`;
  try {
    return createRequire(join(packageFolder, 'package.json'))(name) as Addon;
  } catch (cause) {
    const text = `cannot lock files: the package fs-native-extensions does not load on ${platform}`;
    throw new StorageError('disk-failed', `${text}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Takes an exclusive lock on an open file, which the kernel keeps until the file is closed: at the
 * latest when the process ends, however it ends. It excludes every other opening of the file,
 * whichever process, container or namespace it is in, and other openings by this process too.
 *
 * On Linux it is an open file description lock (fcntl(2), F_OFD_SETLK), on macOS flock(2).
 *
 * @param fd of a file opened for writing
 * @returns false where somebody else holds it
 * @throws {NodeJS.ErrnoException} `ENOLCK`, `EOPNOTSUPP` and the like on file systems without locks
 * @throws {StorageError} `disk-failed` where there is no binary for this platform
 */
export function tryLockFile(fd: number): boolean {
  addon ??= load();
  try {
    addon.tryLock(fd, 0, 0, true);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // the addon gives the kernel's own names
    if (code === 'EAGAIN' || code === 'EACCES' || code === 'EWOULDBLOCK') return false;
    throw error;
  }
}
