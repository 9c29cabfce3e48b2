// The errors of the service as a whole.

import { WaxwingError } from '../base/errors.ts';

/** The error codes of starting and checking the service. */
export type ServerErrorCode =
  /** The data folder contains files, but no volume of this program. */
  | 'data-folder-foreign'
  /** The file or passphrase of the root key is missing. */
  | 'root-key-missing'
  /** The token, the TPM or the key service with the root key cannot be used. */
  | 'root-key-unavailable'
  /** The file or passphrase does not match the system volume. */
  | 'root-key-wrong'
  /** The data folder requires another kind of root key than is configured. */
  | 'root-key-source-other'
  /** Another user could have written or read a private file. */
  | 'not-private'
  /** The data folder contains other volumes, but the system volume is missing. */
  | 'system-volume-missing'
  /** The volume of the broker logs is missing, damaged or not current. */
  | 'broker-logs-unusable'
  /** The wrapped key in the system volume has an unknown format. */
  | 'root-key-format-unknown'
  /** A setting is out of range. */
  | 'setting-invalid'
  /** A setting contradicts the data folder. */
  | 'setting-conflict'
  /** The certificate for the public names, or its key, cannot be used. */
  | 'certificate-unusable'
  /** No service is running on the data folder. */
  | 'not-running'
  /** The outside identity provider cannot be reached, or its answer is not valid. */
  | 'provider-failed'
  /** The answer on the service's socket is invalid. */
  | 'answer-invalid'
  /** Events of the audit trail are missing or were modified. */
  | 'trail-broken'
  /** At least one volume is damaged or not current. */
  | 'not-all-sound'
  /** Some volumes were not checked: their keys are not usable, they are those of clusters or pairs, or a replica was promoted and has not started. */
  | 'not-all-checked';

/** An expected error of the service as a whole. */
export class ServerError extends WaxwingError<ServerErrorCode> {}
