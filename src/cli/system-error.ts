// Descriptions of operating system errors.

/** Remedies for errors of the operating system, by code. */
const remedies: Readonly<Record<string, string>> = {
  EACCES: 'run as the user who owns it, or name another folder with --data',
  EPERM: 'run as the user who owns it, or name another folder with --data',
  EROFS: 'the file system is read-only; name another folder with --data',
  ENOSPC: 'free space on the disk, or name another folder with --data',
  EDQUOT: 'the disk quota of this user is used up; free space, or name another folder with --data',
  EMFILE: 'raise the limit of open files (ulimit -n)',
  ENFILE: 'the machine has too many open files; raise fs.file-max',
  EIO: 'the disk failed; look at the kernel log',
};

const meanings: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'disk quota exceeded',
  EMFILE: 'too many open files in this process',
  ENFILE: 'too many open files on this machine',
  EIO: 'input/output error',
  ENOENT: 'no such file or folder',
};

/** Whether an error comes from a call to the operating system. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

/** Describes an error in one line: what failed, on which file, and how to fix it. */
export function describeSystemError(error: NodeJS.ErrnoException): string {
  const { code = '', syscall = 'a system call', path = 'a file' } = error;
  const meaning = meanings[code] ?? error.message;
  const remedy = remedies[code];
  return `cannot ${syscall} ${path}: ${meaning} (${code})${remedy ? `; ${remedy}` : ''}`;
}
