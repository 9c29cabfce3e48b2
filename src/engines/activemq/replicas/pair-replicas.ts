// Replicas of pairs: volumes that are mounted while the stores of their primaries are copied into them.

import { createSecretKey } from 'node:crypto';
import { mkdir, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { assert } from '../../../base/assert.ts';
import { WaxwingError } from '../../../base/errors.ts';
import type { NewVolumeKey, VolumeKey } from '../../../control/engine.ts';
import type {
  EngineReplicas,
  MountedBroker,
  PrimaryState,
  ReplicaMounts,
} from '../../../control/volumes/engine-volumes.ts';
import type { WrappedDataKey } from '../../../control/volumes/volume-state.ts';
import { EncryptedVolume, type VolumePlace } from '../../../volumes/encrypted-volume.ts';
import type { VolumeOwner } from '../../../volumes/gocryptfs.ts';
import { readVolumeFile } from '../../volumes/volume-files.ts';
import type { MountedStore } from './copier-messages.ts';
import { CopierProcess } from './copier-process.ts';
import {
  currentBootId,
  type ReplicaRecord,
  readRecord,
  removeRecord,
  writeRecord,
} from './replica-record.ts';

/** Free space that copies leave on the disk, bytes. */
const reserveBytes = 256 * 1024 * 1024;
/** Bytes that are copied before free space is looked at again. */
const stepBytes = 16 * 1024 * 1024;
/** Pause before a file is looked at again that was being written, milliseconds. */
const tornMs = 50;

/** What replicas need of the engine. */
export interface PairReplicasOptions {
  readonly placeOf: (brokerId: string, volumeId: string) => VolumePlace;
  /** The folder of a broker, which has those of its volumes. */
  readonly folderOf: (brokerId: string) => string;
  /** The system user that runs ActiveMQ. Undefined if ActiveMQ is not installed. */
  readonly owner: VolumeOwner | undefined;
  /** A pair that runs; undefined if it does not. */
  readonly running: (brokerId: string) => RunningStore | undefined;
}

/** A pair that runs. */
export interface RunningStore {
  readonly store: MountedStore;
  /** The number of its mount. */
  readonly epoch: number;
}

/** A volume that was mounted for copies. */
interface Mounted {
  readonly volume: EncryptedVolume;
  readonly store: MountedStore;
}

/** A process that copies to a replica. */
interface Copying {
  readonly primaryId: string;
  readonly process: CopierProcess;
}

/** The replicas of pairs. */
export class PairReplicas implements EngineReplicas, ReplicaMounts {
  readonly #options: PairReplicasOptions;
  readonly #mounted = new Map<string, Mounted>();
  readonly #copying = new Map<string, Copying>();
  /** Brokers whose volume is about to be mounted by a pair, or is. */
  readonly #claimed = new Set<string>();
  /** The processes that finish promoted copies, by broker. */
  readonly #adopting = new Map<string, CopierProcess>();
  /** The last change of a mount, by broker: they follow each other. */
  readonly #changes = new Map<string, Promise<unknown>>();

  constructor(options: PairReplicasOptions) {
    this.#options = options;
  }

  get mounts(): ReplicaMounts {
    return this;
  }

  isMounted(brokerId: string): boolean {
    return this.#storeOf(brokerId) !== undefined;
  }

  mount({ id, name, volumeId }: MountedBroker, key: VolumeKey): Promise<void> {
    return this.#inTurn(id, async () => {
      if (this.#claimed.has(id)) throw failed(`the volume of broker ${id} is in use`);
      if (this.#mounted.has(id)) return;
      const place = this.#options.placeOf(id, volumeId);
      const volume = new EncryptedVolume(place, () => void this.unmount(id).catch(() => {}));
      const mountpoint = await this.#unlock(id, volume, key);
      this.#mounted.set(id, { volume, store: { mountpoint, brokerName: name } });
    });
  }

  async #unlock(id: string, volume: EncryptedVolume, key: VolumeKey): Promise<string> {
    try {
      return await volume.unlock(createSecretKey(key.dataKey), this.#owner);
    } catch (error) {
      await this.#requireSpace(this.#options.folderOf(id)); // that may be the reason
      throw error;
    }
  }

  async create({ id }: MountedBroker, lineage: number, key: NewVolumeKey): Promise<void> {
    const { folderOf, placeOf } = this.#options;
    await mkdir(folderOf(id), { recursive: true, mode: 0o700 });
    // First: an empty volume must not be taken for that of a former primary.
    await writeRecord(folderOf(id), { ...nothing, lineage });
    const volume = new EncryptedVolume(placeOf(id, key.volumeId), () => {});
    await volume.create(createSecretKey(key.dataKey), key.wrappedKey);
  }

  async interrupt(brokerId: string): Promise<void> {
    for (const [replicaId, { primaryId, process }] of this.#copying) {
      if (replicaId !== brokerId && primaryId !== brokerId) continue;
      this.#copying.delete(replicaId);
      if (await process.end()) continue;
      // It waits for one of the volumes: accesses to that of the replica fail from now on.
      await this.#mounted.get(replicaId)?.volume.fence();
      await process.end();
      void this.unmount(replicaId).catch(() => {});
    }
  }

  /** Ends copies from and to a volume, and unmounts it if it was mounted for them. */
  unmount(brokerId: string): Promise<void> {
    return this.#inTurn(brokerId, () => this.#unmount(brokerId));
  }

  async #unmount(brokerId: string): Promise<void> {
    await this.interrupt(brokerId);
    const mounted = this.#mounted.get(brokerId);
    if (mounted === undefined) return;
    await mounted.volume.lock({ isForced: true });
    this.#mounted.delete(brokerId);
  }

  /** Leaves the volume of a broker to its pair, until {@link release}. */
  claim(brokerId: string): Promise<void> {
    return this.#inTurn(brokerId, async () => {
      await this.#unmount(brokerId);
      this.#claimed.add(brokerId);
    });
  }

  /** Ends {@link claim}. */
  release(brokerId: string): void {
    this.#claimed.delete(brokerId);
  }

  /** Forgets the copy of a broker that gets a new volume. */
  async forget(brokerId: string): Promise<void> {
    await removeRecord(this.#options.folderOf(brokerId));
  }

  async primary(brokerId: string): Promise<PrimaryState> {
    const epoch = this.#options.running(brokerId)?.epoch ?? (await this.#epochOf(brokerId));
    return {
      epoch,
      wrappedKeys: [],
      copyTo: async (replicaId, lineage) => {
        try {
          return await this.#copy(brokerId, replicaId, lineage, epoch);
        } catch (error) {
          const isFull = error instanceof WaxwingError && error.code === 'disk-failed';
          if (!isFull) await this.#ended(replicaId);
          throw error;
        }
      },
      release: async () => {},
    };
  }

  /** The number of the last mount of a volume that is mounted for a copy. */
  async #epochOf(brokerId: string): Promise<number> {
    const store = this.#storeOf(brokerId);
    if (store === undefined) throw failed(`the volume of broker ${brokerId} is not mounted`);
    const file = await readVolumeFile(this.#owner, join(store.mountpoint, 'mounts'));
    const text = file?.text.trim() ?? '0';
    if (/^\d{1,15}$/.test(text)) return Number(text);
    throw failed(`the volume of broker ${brokerId} was mounted as number ${text.slice(0, 20)}`);
  }

  async #copy(
    primaryId: string,
    replicaId: string,
    lineage: number,
    epoch: number,
  ): Promise<number> {
    const { folderOf, running } = this.#options;
    const folder = folderOf(replicaId);
    const isStopped = running(primaryId) === undefined;
    const copier = await this.#copierFor(primaryId, replicaId);
    let record = await readRecord(folder);
    const set = async (change: Partial<ReplicaRecord>) => {
      const { state = 'begun', hasIndex = false, bootId = '' } = { ...record, ...change };
      const isSame =
        record?.lineage === lineage &&
        record.state === state &&
        record.hasIndex === hasIndex &&
        record.bootId === bootId;
      record = { lineage, state, hasIndex, bootId };
      if (!isSame) await writeRecord(folder, record);
    };
    if (record?.lineage !== lineage) await set(nothing);
    if (record?.state === 'begun') {
      await copier.ask({ type: 'wipe' });
      await set({ state: 'copying' });
    }
    const bootId = await currentBootId();
    const isCompared = record?.bootId !== bootId;
    // The journal is about to have more than the index.
    await set({ hasIndex: false });
    let bytes = 0;
    for (let isWhole = false; !isWhole; ) {
      await this.#requireSpace(folder);
      const copied = await copier.ask({ type: 'copy', bytesMax: stepBytes, isCompared, epoch });
      bytes += copied.bytes;
      isWhole = copied.isWhole;
      if (!isWhole && copied.bytes === 0) await delay(tornMs);
    }
    if (isStopped) await copier.ask({ type: 'index' });
    await set({ state: 'copy', hasIndex: isStopped, bootId });
    return bytes;
  }

  /** Ends a copy that failed. A volume that cannot be used is mounted anew by the next one. */
  async #ended(replicaId: string): Promise<void> {
    await this.interrupt(replicaId);
    const problem = await this.#mounted.get(replicaId)?.volume.problem();
    if (problem !== undefined) await this.unmount(replicaId);
  }

  async #copierFor(primaryId: string, replicaId: string): Promise<CopierProcess> {
    const present = this.#copying.get(replicaId);
    if (present?.primaryId === primaryId && !present.process.isOver) return present.process;
    await present?.process.end();
    const [source, target] = [this.#storeOf(primaryId), this.#storeOf(replicaId)];
    if (source === undefined || target === undefined) {
      throw failed(`the volumes of ${primaryId} and ${replicaId} are not both mounted`);
    }
    const process = new CopierProcess();
    this.#copying.set(replicaId, { primaryId, process }); // it can be interrupted from now on
    await process.begin({ source, target, user: this.#user });
    return process;
  }

  async #requireSpace(folder: string): Promise<void> {
    const { bavail, bsize } = await statfs(folder);
    const found = bavail * bsize;
    const needed = reserveBytes + stepBytes;
    if (found >= needed) return;
    const text = `${found} bytes are free in ${folder}; ${needed} are needed`;
    throw new WaxwingError('disk-failed', text);
  }

  async stateOf(brokerId: string, lineage: number): Promise<'copy' | 'former' | 'nothing'> {
    const record = await readRecord(this.#options.folderOf(brokerId));
    if (record === undefined) return (await this.#hasVolume(brokerId)) ? 'former' : 'nothing';
    if (record.state !== 'copy') return 'nothing';
    return record.lineage === lineage ? 'copy' : 'former';
  }

  async #hasVolume(brokerId: string): Promise<boolean> {
    const volume = await this.#volumeOf(brokerId);
    return volume !== undefined && (await volume.state()) !== 'missing';
  }

  /** A record or keys that cannot be read are replaced: the next copy begins with an empty volume. */
  async repair(brokerId: string): Promise<void> {
    const folder = this.#options.folderOf(brokerId);
    try {
      await readRecord(folder);
      await (await this.#volumeOf(brokerId))?.wrappedKeys();
    } catch (error) {
      if (!(error instanceof WaxwingError && error.code === 'volume-damaged')) throw error;
      await this.unmount(brokerId);
      await writeRecord(folder, nothing);
      await (await this.#volumeOf(brokerId))?.destroy();
    }
  }

  async keys(): Promise<readonly WrappedDataKey[]> {
    return []; // each volume has data keys of its own
  }

  async wrappedKeys(brokerId: string): Promise<readonly WrappedDataKey[]> {
    const record = await readRecord(this.#options.folderOf(brokerId));
    if (record?.state !== 'copy') return [];
    return (await this.#volumeOf(brokerId))?.wrappedKeys() ?? [];
  }

  async adopt(brokerId: string, key: VolumeKey): Promise<void> {
    const folder = this.#options.folderOf(brokerId);
    const record = await readRecord(folder);
    if (record?.state !== 'copy') {
      throw new WaxwingError('not-a-volume', `${folder} has no complete replica`);
    }
    await this.unmount(brokerId);
    const process = new CopierProcess();
    this.#adopting.set(brokerId, process); // it can be abandoned from now on
    try {
      // Only its mountpoint is needed.
      await this.mount({ id: brokerId, name: '', volumeId: key.volumeId }, key);
      const target = this.#storeOf(brokerId);
      assert(target !== undefined, `the volume of broker ${brokerId} is not mounted`);
      await process.begin({ source: null, target, user: this.#user });
      await process.ask({ type: 'finish', hasIndex: record.hasIndex });
    } finally {
      this.#adopting.delete(brokerId);
      // One that waits for the volume ends when the volume is fenced.
      await process.end();
      await this.unmount(brokerId);
    }
    await removeRecord(folder);
  }

  /** The brokers for which {@link adopt} is in progress. */
  get adopted(): Iterable<string> {
    return this.#adopting.keys();
  }

  /** Makes {@link adopt} fail if it is in progress. It can be repeated. */
  abandonAdoption(brokerId: string): void {
    void this.#adopting.get(brokerId)?.end();
  }

  async finish(brokerId: string): Promise<boolean> {
    await this.unmount(brokerId);
    const record = await readRecord(this.#options.folderOf(brokerId));
    return record === undefined && (await this.#hasVolume(brokerId));
  }

  /** The user of the volumes; null if it is that of the service. */
  get #user(): VolumeOwner | null {
    return process.geteuid?.() === 0 ? this.#owner : null;
  }

  get #owner(): VolumeOwner {
    const { owner } = this.#options;
    if (owner === undefined) throw failed('ActiveMQ is not installed');
    return owner;
  }

  #storeOf(brokerId: string): MountedStore | undefined {
    return this.#options.running(brokerId)?.store ?? this.#mounted.get(brokerId)?.store;
  }

  async #volumeOf(brokerId: string): Promise<EncryptedVolume | undefined> {
    const { folderOf, placeOf } = this.#options;
    const names = await readdir(folderOf(brokerId)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const id = names.find((name) => /^(?:vol|fs)-[0-9a-f]+$/.test(name));
    return id === undefined ? undefined : new EncryptedVolume(placeOf(brokerId, id), () => {});
  }

  /** Makes changes of one mount follow each other. */
  #inTurn<T>(brokerId: string, act: () => Promise<T>): Promise<T> {
    const before = this.#changes.get(brokerId) ?? Promise.resolve();
    const now = before.then(act);
    const settled = now.catch(() => {});
    this.#changes.set(brokerId, settled);
    void settled.then(() => {
      if (this.#changes.get(brokerId) === settled) this.#changes.delete(brokerId);
    });
    return now;
  }
}

const nothing: ReplicaRecord = { lineage: 0, state: 'begun', hasIndex: false, bootId: '' };

function failed(text: string): WaxwingError {
  return new WaxwingError('volume-failed', text);
}
