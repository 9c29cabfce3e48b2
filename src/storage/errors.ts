import { WaxwingError } from '../base/errors.ts';

/**
 * What can go wrong with a volume.
 *
 * - `disk-failed`: the disk refused a read, a write or a sync
 * - `folder-locked`: another process has the volume open
 * - `volume-exists`: a volume is to be made where one is
 * - `not-a-volume`: there is no volume in the folder, or its header is unreadable
 * - `format-too-new`: a later release wrote the volume
 * - `wrong-key`: the header does not open under the given data key
 * - `key-invalid`: a data key cannot be listed, or is not
 * - `volume-damaged`: bytes that were synced are not what they were
 * - `volume-rolled-back`: a file is older than another file of the volume says
 * - `record-invalid`: a record's parts do not fit its lengths; such a record is not written
 * - `log-failed`: a write failed earlier, or the log is closed, so nothing is written any more
 * - `freeze-refused`: a volume cannot be frozen now
 * - `freeze-ended`: a frozen position ended before it was copied
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
  | 'record-invalid'
  | 'log-failed'
  | 'freeze-refused'
  | 'freeze-ended';

/** A volume or its disk is not as it must be. */
export class StorageError extends WaxwingError<StorageErrorCode> {}

/** An error of the operating system as one of storage; any other is left as it is. */
export function diskFailure(doing: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof WaxwingError || !('code' in cause))
    return cause;
  return new StorageError('disk-failed', `${doing} failed: ${cause.message}`, { cause });
}
