// Errors of encrypted volumes.

import { WaxwingError } from '../base/errors.ts';

/** The codes of {@link VolumeError}. */
export type VolumeErrorCode =
  /** This machine cannot encrypt volumes: a program, a device or a right is missing. */
  | 'volumes-unsupported'
  /** There is no volume in the folder. */
  | 'volume-missing'
  /** The file with the wrapped data keys is damaged. */
  | 'volume-damaged'
  /** The data key is not the one that the volume was created with. */
  | 'volume-key-wrong'
  /** The volume could not be created or mounted. */
  | 'volume-failed'
  /** Processes use the volume. */
  | 'volume-busy'
  /** Processes could write, or have written, to the mountpoint of a volume that is not mounted. */
  | 'mountpoint-unsafe';

/** An operation on an encrypted volume failed. The text contains no key. */
export class VolumeError extends WaxwingError<VolumeErrorCode> {}
