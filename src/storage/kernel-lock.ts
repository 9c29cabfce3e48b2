// File locks of the kernel.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageFolder } from '../base/package-folder.ts';
import { StorageError } from './errors.ts';

/** The used functions of the native addon of `fs-native-extensions`. */
interface Addon {
  /** Throws `EAGAIN` if somebody else holds the lock. */
  tryLock(fd: number, offset: number, length: number, isExclusive: boolean): void;
}

let addon: Addon | undefined;

/**
 * Loads the prebuilt binary for this platform. The package's own loader finds the same file, but
 * takes 30 ms per process instead of less than one.
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

function loaded(): Addon {
  addon ??= load();
  return addon;
}

/** Loads the binary before the first lock needs it. */
export function preloadLocks(): void {
  try {
    loaded();
  } catch {
    // The first lock reports it.
  }
}

/**
 * Locks an open file exclusively until it is closed, at the latest when the process ends. The lock
 * excludes every other opening of the file, in any process, container or namespace, including this
 * process.
 *
 * On Linux it is an open file description lock (fcntl(2), F_OFD_SETLK), on macOS flock(2).
 *
 * @param fd the descriptor of a file opened for writing
 * @returns false if somebody else holds the lock
 * @throws {NodeJS.ErrnoException} `ENOLCK`, `EOPNOTSUPP` and similar on file systems without locks
 * @throws {StorageError} `disk-failed` if there is no binary for this platform
 */
export function tryLockFile(fd: number): boolean {
  const locks = loaded();
  try {
    locks.tryLock(fd, 0, 0, true);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // the addon throws the kernel's error codes
    if (code === 'EAGAIN' || code === 'EACCES' || code === 'EWOULDBLOCK') return false;
    throw error;
  }
}
