// Descriptions of operating system errors.

import { tmpdir } from 'node:os';
import { relative, resolve, sep } from 'node:path';
import { systemRemedies } from '../base/errors.ts';

/** Errors that a file in another place may not have. */
const errorsOfPlaces: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
]);

const meanings: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'disk quota exceeded',
  EFBIG: 'file too large',
  EMFILE: 'too many open files in this process',
  ENFILE: 'too many open files on this machine',
  EIO: 'input/output error',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
};

/** Whether an error comes from a call to the operating system. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

/**
 * Describes an error in one line: what failed, on which file, and how to fix it.
 *
 * @param dataFolder the data folder of the command, if it has one; only its files move with `--data`
 */
export function describeSystemError(error: NodeJS.ErrnoException, dataFolder?: string): string {
  const { what, remedy } = explainSystemError(error, dataFolder);
  return remedy === undefined ? what : `${what}; ${remedy}`;
}

/** The two parts of the description; there is not always a remedy. */
export function explainSystemError(
  { code = '', syscall = 'a system call', path, message }: NodeJS.ErrnoException,
  dataFolder?: string,
): { readonly what: string; readonly remedy: string | undefined } {
  const what = `cannot ${syscall} ${path ?? 'a file'}: ${meanings[code] ?? message} (${code})`;
  const remedy = systemRemedies[code];
  if (path === undefined || !errorsOfPlaces.has(code)) return { what, remedy };
  return { what, remedy: `${remedy}, or ${otherPlace(path, dataFolder)}` };
}

/** Folders that commands make for themselves. */
const temporary = /^waxwing-(aws|drill|fips)-/;

/** Where the file could be instead. */
function otherPlace(path: string, dataFolder: string | undefined): string {
  const isIn = (file: string, folder: string) => `${file}${sep}`.startsWith(`${folder}${sep}`);
  const file = resolve(path);
  const data = dataFolder === undefined ? undefined : resolve(dataFolder);
  // The folder may be one above, if the data folder could not be created.
  if (data !== undefined && (isIn(file, data) || isIn(data, file))) {
    return 'name another folder with --data';
  }
  if (temporary.test(relative(tmpdir(), file))) return 'name another folder with TMPDIR';
  return 'name another place for it';
}

/**
 * Gives errors of the operating system the path that the user knows: those of open files have none, and
 * temporary names say little.
 */
export async function onFile<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isSystemError(error)) error.path = path;
    throw error;
  }
}
