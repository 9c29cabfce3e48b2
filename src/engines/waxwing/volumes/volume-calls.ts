// Calls of the service to the volume of a running broker.

import type { FrozenVolumeFiles, SealingState } from '../../../control/volumes/volume-state.ts';

/** A call to the volume of a broker. Binary values are base64. */
export type VolumeCall =
  | { readonly kind: 'state' }
  /** Replace the wrapped forms of all data keys. */
  | {
      readonly kind: 'rewrap';
      readonly keys: readonly { readonly generation: number; readonly wrappedKey: string }[];
    }
  /** Add a data key, which is passed through the pipe. */
  | { readonly kind: 'add-key'; readonly wrappedKey: string }
  /** Hold the files of the synced position. */
  | { readonly kind: 'freeze' }
  /** Release them. */
  | { readonly kind: 'release'; readonly hold: number };

/** The results of the calls. */
export interface VolumeResults {
  readonly state: SealingState;
  readonly rewrap: true;
  /** The generation of the key. */
  readonly 'add-key': number;
  readonly freeze: FrozenVolumeFiles;
  /** Whether the files were held until now. */
  readonly release: boolean;
}

/** The answer to a call. */
export type VolumeAnswer =
  | { readonly result: VolumeResults[VolumeCall['kind']] }
  | { readonly failure: { readonly code: string; readonly message: string } };
