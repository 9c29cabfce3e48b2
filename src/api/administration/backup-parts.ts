// What the operations on backups need.

import type { CallContext } from '../../calls/call-context.ts';
import type { BrokerRecord } from '../../control/broker-record.ts';
import type { Decided } from '../../control/creation.ts';

/** A backup that was begun. */
export interface BegunBackup {
  readonly backupId: string;
  /** Milliseconds since 1970. Everything that was confirmed before is in it. */
  readonly createdMs: number;
  /** Size of its contents, bytes. */
  readonly sizeBytes: number;
}

/** A part of a backup file. */
export interface BackupPartView {
  readonly data: Buffer;
  readonly isLast: boolean;
  /** SHA-256 of the whole file, hexadecimal; with the last part. */
  readonly sha256: string | undefined;
}

/** A backup of which the caller has a verified copy. */
export interface CompletedBackup {
  /** Undefined for a backup of the service. */
  readonly broker: BrokerRecord | undefined;
  readonly createdMs: number;
  readonly fileBytes: number;
}

/** A request to restore a broker. */
export interface RestoreRequest {
  /** The file up to its first frame. */
  readonly beginning: Buffer;
  /** Undefined for the name in the backup. */
  readonly name: string | undefined;
  /** Undefined for the key in the backup. */
  readonly kmsKeyId: string | undefined;
  /** Whether the backup is only verified. */
  readonly isDryRun: boolean;
}

/** A restoration that was begun. */
export interface BegunRestore {
  readonly restoreId: string;
  /** The offset of the first part to send. */
  readonly offset: number;
  /** When the backup was made, milliseconds since 1970. */
  readonly createdMs: number;
  /** The broker of the backup. */
  readonly brokerName: string;
  readonly brokerId: string;
}

/** The progress of a restoration. */
export interface RestoreView {
  readonly state: string;
  readonly doneBytes: number;
  readonly problem: string | undefined;
}

/** Makes and restores backups. Errors are those of the control plane. */
export interface BackupOperations {
  /** @param broker undefined for the whole service */
  create(broker: BrokerRecord | undefined, context: CallContext): Promise<BegunBackup>;
  /** The broker of a backup; undefined for the whole service, and for an unknown id. */
  brokerOf(backupId: string): BrokerRecord | undefined;
  read(backupId: string, offset: number, context: CallContext): Promise<BackupPartView>;
  /** @param sha256 the hash of the file as the caller has read it back */
  complete(backupId: string, sha256: string, context: CallContext): CompletedBackup;
  /** Ends a backup that is not completed. */
  abandon(backupId: string, context: CallContext): Promise<void>;
  beginRestore(request: RestoreRequest, context: CallContext): Promise<BegunRestore>;
  writeRestore(
    restoreId: string,
    part: { readonly offset: number; readonly data: Buffer; readonly isLast: boolean },
    context: CallContext,
  ): Promise<RestoreView>;
  /** Ends a restoration that is not completed. */
  abandonRestore(restoreId: string, context: CallContext): Promise<void>;
  restoreProgress(restoreId: string, context: CallContext): RestoreView;
  /** Ends a restoration that is verified, or only verified. */
  completeRestore(
    restoreId: string,
    context: CallContext,
  ): Promise<() => Decided<BrokerRecord | undefined> & { readonly createdMs: number }>;
}
