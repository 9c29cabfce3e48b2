// Replicas of the volumes of brokers.

import type { VolumeKey } from '../../../control/engine.ts';
import type {
  EngineReplicas,
  PrimaryState,
  VolumeCopy,
} from '../../../control/volumes/engine-volumes.ts';
import type { WrappedDataKey } from '../../../control/volumes/volume-state.ts';
import { keyFromBytes } from '../../../crypto/derive.ts';
import { systemDisk } from '../../../storage/disk.ts';
import { watermarkFile } from '../../../storage/log/durable-watermark.ts';
import { ReplicaVolume } from '../../../storage/replicas/replica-volume.ts';
import { decodeHeader } from '../../../storage/volume/header.ts';
import { wrappedKeysOf } from '../../../storage/volume.ts';

/** Copies the volumes of primaries, as they are on the disk, into the folders of replicas. */
export class WaxwingReplicas implements EngineReplicas {
  readonly #folder: (brokerId: string) => string;
  readonly #copy: (brokerId: string) => Promise<VolumeCopy>;
  readonly #volumes = new Map<string, ReplicaVolume>();

  /** @param copy holds the files of a volume */
  constructor(
    folder: (brokerId: string) => string,
    copy: (brokerId: string) => Promise<VolumeCopy>,
  ) {
    this.#folder = folder;
    this.#copy = copy;
  }

  async primary(brokerId: string): Promise<PrimaryState> {
    const copy = await this.#copy(brokerId);
    let released: Promise<boolean> | undefined;
    const release = () => {
      released ??= copy.release();
      return released;
    };
    try {
      const header = decodeHeader(await contentsOf(copy, 'volume'), this.#folder(brokerId));
      const mark = await contentsOf(copy, watermarkFile);
      const small = ['volume', watermarkFile];
      const files = copy.files.filter(({ name }) => !small.includes(name));
      const read = (name: string, from: number) => copy.read(name, from);
      return {
        epoch: header.epoch,
        wrappedKeys: wrappedKeysOf(header),
        copyTo: (replicaId, lineage, keys) =>
          this.#of(replicaId).receive({ lineage, header, mark, files, read, release }, keys),
        release: async () => {
          await release();
        },
      };
    } catch (error) {
      await release();
      throw error;
    }
  }

  stateOf(brokerId: string, lineage: number): Promise<'copy' | 'former' | 'nothing'> {
    return this.#of(brokerId).state(lineage);
  }

  repair(brokerId: string): Promise<void> {
    return this.#of(brokerId).repair();
  }

  keys(brokerId: string, lineage: number): Promise<readonly WrappedDataKey[]> {
    return this.#of(brokerId).keys(lineage);
  }

  wrappedKeys(brokerId: string): Promise<readonly WrappedDataKey[]> {
    return this.#of(brokerId).wrappedKeys();
  }

  async adopt(brokerId: string, { dataKey, older = [] }: VolumeKey): Promise<void> {
    // `keyFromBytes` overwrites the copies, and the caller overwrites its own buffers.
    const copyOfKey = (key: Buffer) => keyFromBytes(Buffer.from(key));
    await this.#of(brokerId).adopt({
      newest: copyOfKey(dataKey),
      older: new Map(older.map((each) => [each.generation, copyOfKey(each.dataKey)])),
    });
    this.#volumes.delete(brokerId);
  }

  finish(brokerId: string): Promise<boolean> {
    return this.#of(brokerId).finish();
  }

  /** Forgets what is known of a broker that is removed. */
  forget(brokerId: string): void {
    this.#volumes.delete(brokerId);
  }

  #of(brokerId: string): ReplicaVolume {
    const known = this.#volumes.get(brokerId);
    if (known !== undefined) return known;
    const volume = new ReplicaVolume(systemDisk, this.#folder(brokerId));
    this.#volumes.set(brokerId, volume);
    return volume;
  }
}

async function contentsOf(copy: VolumeCopy, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of copy.read(name)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
