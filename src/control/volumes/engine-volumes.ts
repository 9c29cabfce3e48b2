// What an engine does with the volumes of brokers, besides running them.

import type { NewVolumeKey } from '../engine.ts';
import type { FrozenVolumeFiles, SealingState, WrappedDataKey } from './volume-state.ts';

/** A held copy of a volume's files. */
export interface VolumeCopy {
  readonly files: FrozenVolumeFiles['files'];
  /** Reads a file from its start, in chunks of up to 256 KiB. */
  read(name: string): AsyncIterable<Buffer>;
  /**
   * Ends the copy. Call it once, after all files were read or the copy was given up.
   *
   * @returns whether the files were held until now. If not, what was read may not fit together
   */
  release(): Promise<boolean>;
}

/**
 * Changes and copies of volumes. Each call that needs a running broker returns undefined if there is
 * none, or if it ended during the call.
 */
export interface EngineVolumes {
  /** Why data cannot be sealed again under new data keys; undefined if it can. */
  readonly rekeyProblem?: string;
  /** What is sealed under which generation of the data key. */
  state(brokerId: string, volumeId: string): Promise<SealingState | undefined>;
  /**
   * Replaces the wrapped forms of all data keys of a running broker by one change.
   *
   * @param keys one for each generation
   * @throws {WaxwingError} `key-invalid` if the generations are others
   */
  rewrap(
    brokerId: string,
    volumeId: string,
    keys: readonly WrappedDataKey[],
  ): Promise<true | undefined>;
  /**
   * Adds a data key, under which a running broker seals from then on. Data under older keys is
   * sealed again in the background; {@link EngineEvents.resealed} reports the end.
   *
   * @returns its generation
   * @throws {WaxwingError} `key-invalid` if the volume has too many data keys
   */
  addDataKey(brokerId: string, key: NewVolumeKey): Promise<number | undefined>;
  /**
   * Holds the files of a volume for a copy: those of the synced position if the broker is running,
   * otherwise all.
   *
   * @throws {WaxwingError} `freeze-refused`, `disk-failed`
   */
  copy(brokerId: string, volumeId: string): Promise<VolumeCopy>;
  /** The folder for the volume of a broker that is restored; the engine reads it at the start. */
  folderFor(brokerId: string): string;
}
