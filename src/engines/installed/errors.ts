// Errors of looking for installed engines.

import { WaxwingError } from '../../base/errors.ts';

/** The codes of {@link InstallationError}. */
export type InstallationErrorCode =
  /** There is no such engine on this machine, or not in the configured folder. */
  | 'engine-not-found'
  /** A program was found, but it does not run or does not state its version. */
  | 'engine-unusable';

/** An engine that is not part of this package cannot be used. The text states what was searched. */
export class InstallationError extends WaxwingError<InstallationErrorCode> {}
