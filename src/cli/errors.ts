// The errors of the command line.

import { WaxwingError } from '../base/errors.ts';

/** The error codes of the command line. */
export type CliErrorCode =
  /** The program `aws` is not on the PATH. */
  | 'aws-cli-missing'
  /** A call to the service failed. */
  | 'call-failed'
  /** A file or option for `waxwing audit verify` is not valid. */
  | 'head-invalid'
  /** Files of trails are not valid. */
  | 'files-invalid'
  /** A folder for an export contains something. */
  | 'folder-not-empty'
  /** A profile does not exist, exists already, or misses a setting. */
  | 'profile-invalid'
  /** Standard input ended before all questions were answered. */
  | 'input-ended'
  /** An answer is not valid. */
  | 'input-invalid'
  /** A signal interrupted the command. */
  | 'interrupted'
  /** A file for a backup exists already. */
  | 'file-exists'
  /** A backup could not be written, or is not the expected one. */
  | 'backup-failed'
  /** The administrator exists already. */
  | 'administrator-exists'
  /** There is no drill of this name, or none was named. */
  | 'drill-unknown'
  /** Packages with the clients of drills are not installed. */
  | 'clients-missing'
  /** A throw-away service did not start, or ended. */
  | 'service-ended'
  /** At least one drill failed. */
  | 'drill-failed'
  /** An option has a value that is not permitted. */
  | 'setting-invalid'
  /** A support bundle would be too large, or would contain a secret. */
  | 'bundle-refused'
  /** Not everything could be moved to another broker. */
  | 'transfer-incomplete'
  /** A broker has what the one that replaces it would lack. */
  | 'differences-found'
  /** The file of a report exists already, or its name has an unknown ending. */
  | 'report-invalid';

/** An expected error of the command line. */
export class CliError extends WaxwingError<CliErrorCode> {}
