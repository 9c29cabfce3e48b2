// The base class of expected errors, and the remedies for errors of the operating system.

/**
 * An expected error, caused by a peer, a user, a disk or a key. Every folder derives one class from
 * it and lists all codes in its own `errors.ts`.
 *
 * The message states what was found and what is allowed, with numbers and units. It never contains
 * a secret or a whole payload.
 */
export class WaxwingError<Code extends string = string> extends Error {
  /** A stable code. Callers use it instead of the message. */
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** What to do about errors of the operating system, by their code, such as `ENOSPC`. */
export const systemRemedies: Readonly<Record<string, string>> = {
  EACCES: 'run as the user who owns it',
  EPERM: 'run as the user who owns it',
  EROFS: 'mount the file system with write access',
  ENOSPC: 'free space on the disk',
  EDQUOT: 'the disk quota of this user is used up; free space',
  EFBIG: 'raise the limit of file sizes (ulimit -f), if the file system permits such a size',
  EMFILE: 'raise the limit of open files (ulimit -n)',
  ENFILE: 'the machine has too many open files; raise fs.file-max',
  EIO: 'the disk failed; look at the kernel log',
};
