// The volumes of brokers on installed engines, and what cannot be done with them.

import { WaxwingError } from '../../base/errors.ts';
import { runProgram } from '../../base/programs/run-program.ts';
import { ControlError } from '../../control/errors.ts';
import type { EngineVolumes, VolumeCopy } from '../../control/volumes/engine-volumes.ts';
import type { SealingState, WrappedDataKey } from '../../control/volumes/volume-state.ts';
import { EncryptedVolume, type VolumePlace } from '../../volumes/encrypted-volume.ts';

const sizeTimeoutMs = 20_000;
/** What an operator can do where a volume cannot be copied, or get another data key. */
const instead = {
  cluster: 'move its messages to another broker (`waxwing scale`, `waxwing export`)',
  pair: 'create another pair, connect both by networkConnectors, and let the clients move',
} as const;

/** The size of a volume, bytes. */
export type SizeOf = (brokerId: string, volumeId: string) => Promise<number>;

/** The size of a folder with all that is in it, bytes; 0 if it is not known. */
export async function folderBytes(folder: string): Promise<number> {
  const { output } = await runProgram('du', ['-sb', '--', folder], { timeoutMs: sizeTimeoutMs });
  return Number.parseInt(output, 10) || 0;
}

/** The wrapped data keys of the encrypted volumes of clusters or pairs. */
export class InstalledEngineVolumes implements EngineVolumes {
  readonly rekeyProblem: string;
  readonly #kind: 'cluster' | 'pair';
  readonly #placeOf: (brokerId: string, volumeId: string) => VolumePlace;
  readonly #isRunning: (brokerId: string) => boolean;
  readonly #sizeOf: SizeOf;

  constructor(
    kind: 'cluster' | 'pair',
    placeOf: (brokerId: string, volumeId: string) => VolumePlace,
    isRunning: (brokerId: string) => boolean,
    sizeOf: SizeOf = (brokerId, volumeId) => folderBytes(placeOf(brokerId, volumeId).folder),
  ) {
    this.#sizeOf = sizeOf;
    this.#kind = kind;
    this.#placeOf = placeOf;
    this.#isRunning = isRunning;
    this.rekeyProblem = `the volumes of a ${kind} keep their data keys; for other ones, ${instead[kind]}`;
  }

  wrappedKeys(brokerId: string, volumeId: string): Promise<readonly WrappedDataKey[]> {
    return this.#volume(brokerId, volumeId).wrappedKeys();
  }

  async state(brokerId: string, volumeId: string): Promise<SealingState | undefined> {
    if (!this.#isRunning(brokerId)) return undefined;
    const totalBytes = await this.#sizeOf(brokerId, volumeId);
    return { generation: 0, olderGenerations: [], olderBytes: 0, totalBytes };
  }

  async rewrap(
    brokerId: string,
    volumeId: string,
    keys: readonly WrappedDataKey[],
  ): Promise<true | undefined> {
    if (!this.#isRunning(brokerId)) return undefined;
    if (keys.length !== 1 || keys[0]?.generation !== 0) {
      throw new WaxwingError('key-invalid', `volume ${volumeId} has only data key 0`);
    }
    await this.#volume(brokerId, volumeId).rewrap(keys);
    return true;
  }

  async addDataKey(): Promise<number | undefined> {
    throw new WaxwingError('key-invalid', this.rekeyProblem);
  }

  async copy(brokerId: string): Promise<VolumeCopy> {
    const kind = this.#kind;
    const text = `Broker [${brokerId}] is a ${kind}, whose volumes cannot be copied; ${instead[kind]}.`;
    throw new ControlError('bad-request', text);
  }

  folderFor(brokerId: string): string {
    throw new ControlError(
      'bad-request',
      `Broker [${brokerId}] is a ${this.#kind}, which cannot be restored from a copy.`,
    );
  }

  /** A volume whose mount is not touched. */
  #volume(brokerId: string, volumeId: string): EncryptedVolume {
    return new EncryptedVolume(this.#placeOf(brokerId, volumeId), () => {});
  }
}
