// The volumes of brokers, as the service changes and copies them.

import { join } from 'node:path';
import type { NewVolumeKey } from '../../../control/engine.ts';
import type { EngineVolumes, VolumeCopy } from '../../../control/volumes/engine-volumes.ts';
import type {
  FrozenVolumeFiles,
  SealingState,
  WrappedDataKey,
} from '../../../control/volumes/volume-state.ts';
import { systemDisk } from '../../../storage/disk.ts';
import { diskFailure, StorageError } from '../../../storage/errors.ts';
import type { BrokerProcess } from '../broker-process.ts';
import { WaxwingReplicas } from './waxwing-replicas.ts';

/** Number of bytes that are read at a time. */
const chunkBytes = 256 * 1024;
/** The files of a volume that belong to its contents. */
const contents = /^(volume|mark|(seg|compact)-\d+)$/;

/** Calls the processes of running brokers. Each broker has one volume. */
export class WaxwingVolumes implements EngineVolumes {
  readonly #folder: (brokerId: string) => string;
  readonly #process: (brokerId: string) => BrokerProcess | undefined;
  readonly replicas: WaxwingReplicas;

  constructor(
    folder: (brokerId: string) => string,
    process: (brokerId: string) => BrokerProcess | undefined,
  ) {
    this.#folder = folder;
    this.#process = process;
    this.replicas = new WaxwingReplicas(folder, (brokerId) => this.copy(brokerId));
  }

  async state(brokerId: string): Promise<SealingState | undefined> {
    return this.#process(brokerId)?.volume({ kind: 'state' });
  }

  async rewrap(
    brokerId: string,
    _volumeId: string,
    keys: readonly WrappedDataKey[],
  ): Promise<true | undefined> {
    const encoded = keys.map(({ generation, wrappedKey }) => {
      return { generation, wrappedKey: wrappedKey.toString('base64') };
    });
    return this.#process(brokerId)?.volume({ kind: 'rewrap', keys: encoded });
  }

  async addDataKey(brokerId: string, key: NewVolumeKey): Promise<number | undefined> {
    const call = { kind: 'add-key', wrappedKey: key.wrappedKey.toString('base64') } as const;
    return this.#process(brokerId)?.volume(call, Buffer.from(key.dataKey));
  }

  folderFor(brokerId: string): string {
    return this.#folder(brokerId);
  }

  async copy(brokerId: string): Promise<VolumeCopy> {
    const running = this.#process(brokerId);
    if (running === undefined) return this.#copyOfStopped(brokerId);
    const frozen = await running.volume({ kind: 'freeze' });
    if (frozen === undefined) {
      throw new StorageError('freeze-refused', 'the broker ended while its volume was frozen');
    }
    const { hold, files } = frozen;
    return {
      files,
      read: (name, from) => this.#read(brokerId, frozen, name, from),
      release: () => running.release(hold),
    };
  }

  /**
   * The files of a broker that is not running. They are not locked, so that it can be started: each
   * start replaces the header, by which the end of the copy notices it.
   */
  async #copyOfStopped(brokerId: string): Promise<VolumeCopy> {
    const folder = this.#folder(brokerId);
    // A process that has not ended yet may still write.
    const unlock = await systemDisk.lock(folder);
    try {
      const header = await bytesOf(join(folder, 'volume'));
      const files: { name: string; sizeBytes: number }[] = [];
      for (const name of await systemDisk.list(folder)) {
        if (!contents.test(name)) continue;
        const file = await systemDisk.open(join(folder, name));
        files.push({ name, sizeBytes: file.sizeBytes });
        await file.close();
      }
      return {
        files,
        read: (name, from) => this.#read(brokerId, { hold: 0, files, kept: {} }, name, from),
        release: async () => header.equals(await bytesOf(join(folder, 'volume'))),
      };
    } catch (error) {
      throw diskFailure(`copying ${folder}`, error);
    } finally {
      await unlock();
    }
  }

  async *#read(
    brokerId: string,
    { files, kept }: FrozenVolumeFiles,
    name: string,
    from = 0,
  ): AsyncGenerator<Buffer> {
    const bytes = kept[name];
    if (bytes !== undefined) {
      yield Buffer.from(bytes, 'base64').subarray(from);
      return;
    }
    const sizeBytes = files.find((file) => file.name === name)?.sizeBytes ?? 0;
    const path = join(this.#folder(brokerId), name);
    const file = await systemDisk.open(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw diskFailure(`copying ${path}`, error);
      const what = 'the broker was restarted while its volume was copied';
      throw new StorageError('freeze-ended', what, { cause: error });
    });
    try {
      for (let at = from; at < sizeBytes; ) {
        const chunk = await file.read(at, Math.min(chunkBytes, sizeBytes - at));
        if (chunk.length === 0) {
          throw new StorageError('freeze-ended', `${path} ended at ${at} of ${sizeBytes} bytes`);
        }
        at += chunk.length;
        yield chunk;
      }
    } finally {
      await file.close();
    }
  }
}

/** The contents of a small file; empty if it does not exist any more. */
async function bytesOf(path: string): Promise<Buffer> {
  const file = await systemDisk.open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return Buffer.alloc(0);
  try {
    return await file.read(0, file.sizeBytes);
  } finally {
    await file.close();
  }
}
