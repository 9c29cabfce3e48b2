// What an engine does with the volumes of brokers, besides running them.

import type { NewVolumeKey, VolumeKey } from '../engine.ts';
import type { FrozenVolumeFiles, SealingState, WrappedDataKey } from './volume-state.ts';

/** A held copy of a volume's files. */
export interface VolumeCopy {
  readonly files: FrozenVolumeFiles['files'];
  /**
   * Reads a file in chunks of up to 256 KiB.
   *
   * @param from the offset to start from; default 0
   */
  read(name: string, from?: number): AsyncIterable<Buffer>;
  /**
   * Ends the copy. Call it once, after all files were read or the copy was given up.
   *
   * @returns whether the files were held until now. If not, what was read may not fit together
   */
  release(): Promise<boolean>;
}

/** A state of a primary's volume, which is copied to its replica. */
export interface PrimaryState {
  /** The mount that wrote it. */
  readonly epoch: number;
  /** Its data keys, wrapped for the primary, newest first. */
  readonly wrappedKeys: readonly WrappedDataKey[];
  /**
   * Copies to a replica what it lacks. Call it at most once.
   *
   * @param lineage changes whenever the roles of the pair do
   * @param keys the data keys, wrapped for the replica
   * @returns the number of copied bytes
   * @throws {WaxwingError} `freeze-ended`, `disk-failed`; the replica keeps its previous state
   */
  copyTo(replicaId: string, lineage: number, keys: readonly WrappedDataKey[]): Promise<number>;
  /** Ends the copy. Can be repeated. */
  release(): Promise<void>;
}

/** A broker whose volume is mounted to be copied. */
export interface MountedBroker {
  readonly id: string;
  readonly name: string;
  readonly volumeId: string;
}

/**
 * Mounts of volumes for copies between them. Each volume has an id and a data key of its own (decision 0148).
 */
export interface ReplicaMounts {
  /** Whether the volume of a broker can be read: the broker runs, or it was mounted. */
  isMounted(brokerId: string): boolean;
  /**
   * Mounts the volume of a broker that does not run. The caller overwrites the key.
   *
   * @throws {WaxwingError} `volume-missing`, `volume-failed`
   */
  mount(broker: MountedBroker, key: VolumeKey): Promise<void>;
  /** Creates an empty volume for a replica whose volume is missing. The caller overwrites the key. */
  create(broker: MountedBroker, lineage: number, key: NewVolumeKey): Promise<void>;
  /** Makes the copy from or to a broker fail that is in progress. */
  interrupt(brokerId: string): Promise<void>;
  /** Ends what {@link mount} began. Can be repeated. */
  unmount(brokerId: string): Promise<void>;
}

/** Replicas of volumes: those that no process has opened (decision 0112), or mounted ones (decision 0148). */
export interface EngineReplicas {
  /**
   * Undefined if a replica has the sealed files of its primary, and with them its data keys, which are wrapped for the
   * replica too. Otherwise both volumes are mounted before {@link primary} is called.
   */
  readonly mounts?: ReplicaMounts;
  /**
   * Holds the present state of a primary: the synced one if it is running, otherwise all that it wrote.
   *
   * @throws {WaxwingError} `freeze-refused`, `disk-failed`
   */
  primary(brokerId: string): Promise<PrimaryState>;
  /**
   * What a replica has: a complete copy of its primary; what it had before the roles were last swapped, which the first
   * copy ends (its own volume, or a copy that was not started); or nothing.
   *
   * @param lineage the present one
   * @throws {WaxwingError} `volume-damaged`, `disk-failed`
   */
  stateOf(brokerId: string, lineage: number): Promise<'copy' | 'former' | 'nothing'>;
  /** Forgets a copy that cannot be read, so that the next one begins again. */
  repair(brokerId: string): Promise<void>;
  /** The wrapped data keys that a replica has in a lineage, newest first. */
  keys(brokerId: string, lineage: number): Promise<readonly WrappedDataKey[]>;
  /** The wrapped data keys of the complete state, newest first; none without one. */
  wrappedKeys(brokerId: string): Promise<readonly WrappedDataKey[]>;
  /**
   * Makes the complete state of a replica a volume that can be started. Can be repeated after a crash.
   *
   * @throws {WaxwingError} `not-a-volume` without a complete state; `disk-failed`
   */
  adopt(brokerId: string, key: VolumeKey): Promise<void>;
  /**
   * Completes an interrupted {@link adopt}, or the promotion of a broker with its former volume. Returns
   * whether the broker has a volume now.
   */
  finish(brokerId: string): Promise<boolean>;
}

/**
 * Changes and copies of volumes. Each call that needs a running broker returns undefined if there is
 * none, or if it ended during the call. It throws `not-answering`, a {@link ControlError}, if the process
 * of the broker does not answer; the change may still take effect.
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
  /** Undefined if the engine's volumes cannot be replicated. */
  readonly replicas?: EngineReplicas;
  /** The folder for the volume of a broker that is restored; the engine reads it at the start. */
  folderFor(brokerId: string): string;
}
