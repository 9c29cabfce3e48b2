// The messages between the service and the process that copies stores.

import type { VolumeOwner } from '../../../volumes/gocryptfs.ts';

/** A mounted volume, and the name of its broker, which is part of the path of the scheduler's store. */
export interface MountedStore {
  /** Absolute. */
  readonly mountpoint: string;
  readonly brokerName: string;
}

/** The first message to the process. */
export interface CopierStart {
  /** Null if nothing is copied. */
  readonly source: MountedStore | null;
  readonly target: MountedStore;
  /** As whom it works; null for the user of the service. */
  readonly user: VolumeOwner | null;
}

/** What the process is asked for. One request follows the answer to another. */
export type CopierRequest =
  /** Removes the stores of the target. */
  | { readonly type: 'wipe' }
  /** Copies what is new in the journals, up to a number of bytes. */
  | {
      readonly type: 'copy';
      readonly bytesMax: number;
      /** Whether files that are there are compared, instead of the newest ones. */
      readonly isCompared: boolean;
      /** The number of the mount of the source, which the target gets when it has everything. */
      readonly epoch: number;
    }
  /** Copies the indexes of stores that are not in use, beside those of the target. */
  | { readonly type: 'index' }
  /** Makes the target a store that ActiveMQ can start with. */
  | { readonly type: 'finish'; readonly hasIndex: boolean };

/** The answer to a request. */
export type CopierAnswer =
  | {
      /** Bytes that were copied or compared. */
      readonly bytes: number;
      /** Whether the target has everything that was there when the request came. */
      readonly isWhole: boolean;
    }
  | { readonly error: string };
