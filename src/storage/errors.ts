// The errors of the storage.

import { systemRemedies, WaxwingError } from '../base/errors.ts';

/**
 * The error codes of volumes.
 *
 * - `disk-failed`: a read, write or sync failed
 * - `folder-locked`: another process has opened the volume
 * - `volume-exists`: a volume already exists in the folder
 * - `not-a-volume`: the folder has no volume, or its header is unreadable
 * - `format-too-new`: the volume was written by a later release
 * - `wrong-key`: the data key does not match the header
 * - `key-invalid`: a data key cannot be listed, or is not
 * - `volume-damaged`: synced data was modified
 * - `volume-rolled-back`: a file is older than another file of the volume
 * - `sealed-file-damaged`: a sealed file was modified, cut short or moved
 * - `record-invalid`: the parts of a record do not match its lengths; it is not written
 * - `log-failed`: a write failed earlier, or the log is closed, so nothing is written any more
 * - `freeze-refused`: a volume cannot be frozen now
 * - `freeze-ended`: a frozen position ended before it was copied
 * - `not-a-backup`: a file is not a backup
 * - `backup-damaged`: a backup was modified, cut off, or mixed with another one; or its key is wrong
 * - `backup-refused`: something cannot be part of a backup
 */
export type StorageErrorCode =
  | 'disk-failed'
  | 'folder-locked'
  | 'volume-exists'
  | 'not-a-volume'
  | 'format-too-new'
  | 'wrong-key'
  | 'key-invalid'
  | 'volume-damaged'
  | 'volume-rolled-back'
  | 'sealed-file-damaged'
  | 'record-invalid'
  | 'log-failed'
  | 'freeze-refused'
  | 'freeze-ended'
  | 'not-a-backup'
  | 'backup-damaged'
  | 'backup-refused';

/** A volume or its disk is in an invalid state. */
export class StorageError extends WaxwingError<StorageErrorCode> {}

/**
 * The error for an operation on a disk that failed, with the remedy.
 *
 * @param doing the operation, such as `writing /data/volume`
 */
export function diskFailed(doing: string, cause: unknown): StorageError {
  const {
    code = '',
    path,
    message,
  }: NodeJS.ErrnoException = cause instanceof Error ? cause : new Error(String(cause));
  // Node does not name the file if an operation on an open file fails.
  const file = path !== undefined && !message.includes(path) ? ` ${path}` : '';
  const remedy = systemRemedies[code];
  const what = `${doing} failed: ${message}${file}${remedy === undefined ? '' : `; ${remedy}`}`;
  return new StorageError('disk-failed', what, { cause });
}

/** Converts errors of the operating system; other errors are returned unchanged. */
export function diskFailure(doing: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof WaxwingError || !('code' in cause))
    return cause;
  return diskFailed(doing, cause);
}

/** Whether an operation failed only because the disk is full, so that it can be tried again. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof StorageError) return isDiskFull(error.cause);
  return (error as NodeJS.ErrnoException).code === 'ENOSPC';
}
