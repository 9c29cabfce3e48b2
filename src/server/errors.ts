import { WaxwingError } from '../base/errors.ts';

/** What goes wrong while the service is put together, by code. */
export type ServerErrorCode =
  /** The data folder holds something, but no volume of this program. */
  | 'data-folder-foreign'
  /** The file or passphrase that the root key comes from is not there. */
  | 'root-key-missing'
  /** The file or passphrase does not give the key that the system volume was made with. */
  | 'root-key-wrong'
  /** The data folder says that it opens by another kind of root key than is configured. */
  | 'root-key-source-other'
  /** Another user could have written, or could read, what only this one must. */
  | 'not-private'
  /** The data folder holds brokers' volumes or the like, but its system volume is gone. */
  | 'system-volume-missing'
  /** The volume of the broker logs is missing, damaged or of another time. */
  | 'broker-logs-unusable'
  /** The wrapped key in the system volume is not of a form that this program writes. */
  | 'root-key-format-unknown'
  /** A setting is out of range. */
  | 'setting-invalid'
  /** A setting contradicts what the data folder was made with. */
  | 'setting-conflict'
  /** No service runs on the data folder. */
  | 'not-running'
  /** What answered on the service's socket did not answer as this program's service does. */
  | 'answer-invalid'
  /** Events of the audit trail are missing, or not as they were recorded. */
  | 'trail-broken'
  /** At least one volume is not as it was written. */
  | 'not-all-sound'
  /** Some of the volumes could not be opened, so nothing is known of them. */
  | 'not-all-checked';

/** An expected failure of the service as a whole. */
export class ServerError extends WaxwingError<ServerErrorCode> {}
