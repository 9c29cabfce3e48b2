// Volumes: folders of sealed files.

import type { KeyObject } from 'node:crypto';
import { assert } from '../base/assert.ts';
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { deriveKey } from '../crypto/derive.ts';
import type { Disk } from './disk.ts';
import { diskFailure, StorageError } from './errors.ts';
import {
  decodeHeader,
  encodeHeader,
  formatVersion,
  formatWithGenerations,
  headerBytesMax,
  olderGenerationsMax,
  proveHeader,
} from './volume/header.ts';

/** Time from a replacement of the header until the replaced one is overwritten, milliseconds. */
const eraseDelayMs = 200;

/** The purpose of a volume. */
export type VolumeKind = 'broker' | 'system';

/** Whether a volume was never mounted, is mounted or was not ended in order, or was. */
export type VolumeState = 'new' | 'open' | 'closed';

/** A position in the log: a number of blocks in a segment. */
export interface Position {
  readonly segment: number;
  readonly blocks: number;
}

/** A generation of a volume's data key, wrapped by the caller. */
export interface WrappedKey {
  /** Starts from 0; each later key has a higher one. */
  readonly generation: number;
  readonly wrappedKey: Buffer;
}

/** The plaintext data keys of a volume with several generations. They are only kept in memory. */
export interface DataKeys {
  /** The key of the newest generation. */
  readonly newest: KeyObject;
  /** The keys of all older generations that the header lists. */
  readonly older: ReadonlyMap<number, KeyObject>;
}

/** The header file of a volume, which is clear but authenticated with the data key. */
export interface VolumeHeader {
  /** The format of the program that last mounted or created the volume. */
  readonly format: number;
  readonly id: string;
  readonly kind: VolumeKind;
  /** The newest data key, wrapped by the caller. The storage never decodes it. */
  readonly wrappedKey: Buffer;
  /** The generation of the newest data key, under which new data is sealed. */
  readonly generation: number;
  /** The data keys under which older segments may still be sealed, oldest first. */
  readonly olderKeys: readonly WrappedKey[];
  /** Number of times that a data key was rewrapped. */
  readonly rewrapCount: number;
  /** The number of the last mount. */
  readonly epoch: number;
  /** `open` from before the first block of a mount until its clean end. */
  readonly state: VolumeState;
  /**
   * The segment with which recovery begins, and the number of blocks after which it was closed or
   * cut; 0 while it is being written.
   */
  readonly position: Position;
  /** The tag of the last of those blocks; zeros if there are none. */
  readonly endTag: Buffer;
}

/** The properties of a new volume. */
export interface NewVolume {
  /** 1 to 255 bytes, printable ASCII. */
  readonly id: string;
  readonly kind: VolumeKind;
  readonly wrappedKey: Buffer;
}

/**
 * A folder of files that are sealed with one data key, locked by this process.
 *
 * @see docs/formats/volume.md
 */
export class Volume {
  readonly disk: Disk;
  readonly folder: string;
  #header: VolumeHeader;
  /** By generation. */
  readonly #dataKeys: Map<number, KeyObject>;
  readonly #unlock: () => Promise<void>;
  readonly #clock: Clock;
  #lastChange: Promise<void> = Promise.resolve();
  /** The number of changes that have begun or wait. */
  #changeCount = 0;
  #isClosing = false;
  /** Ends the wait of {@link #untilCalm}. */
  #endWait: () => void = () => {};
  /** The error of overwriting a replaced header, if nobody waited for it. */
  #eraseFailure: unknown = undefined;

  private constructor(
    disk: Disk,
    folder: string,
    header: VolumeHeader,
    dataKeys: Map<number, KeyObject>,
    unlock: () => Promise<void>,
    clock: Clock,
  ) {
    this.disk = disk;
    this.folder = folder;
    this.#header = header;
    this.#dataKeys = dataKeys;
    this.#unlock = unlock;
    this.#clock = clock;
  }

  /**
   * Creates an empty volume and its folder.
   *
   * @param dataKey 256 bits, unique per volume
   * @throws {StorageError} `volume-exists`, `key-invalid`, `disk-failed`
   */
  static async format(
    disk: Disk,
    folder: string,
    volume: NewVolume,
    dataKey: KeyObject,
  ): Promise<void> {
    const failed = (cause: unknown): never => {
      throw diskFailure(`creating the volume ${folder}`, cause);
    };
    await disk.createFolder(folder).catch(failed);
    if ((await disk.list(folder).catch(failed)).includes('volume')) {
      throw new StorageError('volume-exists', `${folder} already holds a volume`);
    }
    const header: VolumeHeader = {
      ...volume,
      format: formatVersion,
      generation: 0,
      olderKeys: [],
      rewrapCount: 0,
      epoch: 0,
      state: 'new',
      position: { segment: 0, blocks: 0 },
      endTag: Buffer.alloc(16),
    };
    await disk.replace(`${folder}/volume`, encodeHeader(header, dataKey)).catch(failed);
  }

  /**
   * Locks a volume and verifies its header.
   *
   * @param keys the data key, or one key of each generation if the header lists older ones
   * @throws {StorageError} `not-a-volume`, `format-too-new`, `wrong-key`, `folder-locked`,
   *   `disk-failed`
   */
  static async open(
    disk: Disk,
    folder: string,
    keys: KeyObject | DataKeys,
    clock: Clock = systemClock,
  ): Promise<Volume> {
    const unlock = await disk.lock(folder).catch((cause: NodeJS.ErrnoException) => {
      throw cause.code === 'ENOENT'
        ? missing(folder, cause)
        : diskFailure(`locking ${folder}`, cause);
    });
    try {
      const bytes = await readBytes(disk, folder);
      const { newest, older } = 'newest' in keys ? keys : { newest: keys, older: new Map() };
      const header = proveHeader(bytes, folder, newest);
      const dataKeys = new Map([[header.generation, newest]]);
      for (const { generation } of header.olderKeys) {
        const key = older.get(generation);
        if (key === undefined) throw keyMissing(folder, generation);
        dataKeys.set(generation, key);
      }
      return new Volume(disk, folder, header, dataKeys, unlock, clock);
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  /** The verified contents of the header file. */
  get header(): VolumeHeader {
    return this.#header;
  }

  /**
   * Derives a key for one purpose. Different salts, purposes and generations give unrelated keys.
   *
   * @returns undefined if the header does not list the generation
   */
  deriveKeyOf(generation: number, salt: Uint8Array, info: string): KeyObject | undefined {
    const dataKey = this.#dataKeys.get(generation);
    return dataKey === undefined ? undefined : deriveKey(dataKey, salt, info);
  }

  /**
   * Derives a key from the newest data key. A caller that seals its own data with it must seal the
   * data again after another data key is added.
   */
  deriveKey(salt: Uint8Array, info: string): KeyObject {
    return deriveKey(this.#newestKey(), salt, info);
  }

  #newestKey(): KeyObject {
    const dataKey = this.#dataKeys.get(this.#header.generation);
    assert(dataKey !== undefined, 'a volume lacks its newest data key');
    return dataKey;
  }

  /** The path of a file in this volume. */
  path(file: string): string {
    return `${this.folder}/${file}`;
  }

  /** Encodes a header file with changed fields, for a copy of the volume. */
  headerWith(change: Partial<VolumeHeader>): Buffer {
    return encodeHeader({ ...this.#header, ...change }, this.#newestKey());
  }

  /**
   * Replaces the header file with some fields changed, but no data keys. Resolves once the change is
   * durable. The replaced header is overwritten before the next change and before the volume is
   * closed.
   *
   * @param after the header is not replaced before this, nor if it fails
   * @throws {StorageError} `disk-failed`
   */
  update(
    change: Omit<Partial<VolumeHeader>, keyof WrappedKey | 'olderKeys'>,
    after?: Promise<unknown>,
  ): Promise<void> {
    return this.#change(() => change, true, after);
  }

  /**
   * Replaces a wrapped data key with the same key, wrapped again.
   *
   * @param generation the generation of the data key; by default the newest
   * @throws {StorageError} `key-invalid` if the header does not list the generation; `disk-failed`
   */
  rewrap(wrappedKey: Buffer, generation = this.#header.generation): Promise<void> {
    return this.#change((header) => {
      const rewrapCount = header.rewrapCount + 1;
      if (generation === header.generation) return { wrappedKey, rewrapCount };
      const isListed = header.olderKeys.some((each) => each.generation === generation);
      if (!isListed) throw keyInvalid(this.folder, `has no data key of generation ${generation}`);
      const olderKeys = header.olderKeys.map((each) =>
        each.generation === generation ? { generation, wrappedKey } : each,
      );
      return { olderKeys, rewrapCount };
    });
  }

  /**
   * Replaces the wrapped forms of all data keys by one change of the header: they stay the same keys.
   *
   * @param wrapped one for each generation that the header lists
   * @throws {StorageError} `key-invalid` if a generation is missing, or not listed; `disk-failed`
   */
  rewrapAll(wrapped: readonly WrappedKey[]): Promise<void> {
    return this.#change((header) => {
      const byGeneration = new Map(wrapped.map((each) => [each.generation, each.wrappedKey]));
      const anew = ({ generation }: Pick<WrappedKey, 'generation'>): WrappedKey => {
        const wrappedKey = byGeneration.get(generation);
        if (wrappedKey !== undefined) return { generation, wrappedKey };
        throw keyInvalid(this.folder, `has a data key of generation ${generation}, not rewrapped`);
      };
      if (byGeneration.size !== header.olderKeys.length + 1) {
        throw keyInvalid(this.folder, `does not list ${byGeneration.size} data keys`);
      }
      const rewrapCount = header.rewrapCount + 1;
      return { ...anew(header), olderKeys: header.olderKeys.map(anew), rewrapCount };
    });
  }

  /**
   * Adds another data key as the newest one, under which the header is authenticated from then on.
   * Resolves after the change is durable; a power failure before that leaves the header unchanged.
   *
   * @param dataKey 256 bits, never used by another volume or generation
   * @returns its generation
   * @throws {StorageError} `key-invalid` if the header is full, or was last written by a release
   *   without generations; `disk-failed`
   */
  async addDataKey(wrappedKey: Buffer, dataKey: KeyObject): Promise<number> {
    let generation = 0;
    await this.#change((header) => {
      if (header.format < formatWithGenerations) {
        throw keyInvalid(
          this.folder,
          `has format ${header.format}, which supports only one data key`,
        );
      }
      if (header.olderKeys.length >= olderGenerationsMax) {
        const what = `lists ${header.olderKeys.length} older data keys: no more are allowed until`;
        throw keyInvalid(this.folder, `${what} nothing is sealed under the oldest`);
      }
      const { generation: before, wrappedKey: wrappedBefore, olderKeys } = header;
      generation = before + 1;
      this.#dataKeys.set(generation, dataKey);
      const added = { generation: before, wrappedKey: wrappedBefore };
      return { generation, wrappedKey, olderKeys: [...olderKeys, added] };
    });
    return generation;
  }

  /**
   * Removes older data keys that no data is sealed under any more.
   *
   * @param isNeeded called for each older generation after the previous change is done
   * @returns the removed generations, after the change is durable
   * @throws {StorageError} `disk-failed`
   */
  async dropDataKeys(isNeeded: (generation: number) => boolean): Promise<readonly number[]> {
    const dropped: number[] = [];
    await this.#change(({ olderKeys }) => {
      const kept = olderKeys.filter(({ generation }) => isNeeded(generation));
      for (const each of olderKeys) if (!kept.includes(each)) dropped.push(each.generation);
      return kept.length === olderKeys.length ? undefined : { olderKeys: kept };
    });
    for (const generation of dropped) this.#dataKeys.delete(generation);
    return dropped;
  }

  /**
   * Runs changes one after another, so that each starts from the result of the previous one.
   *
   * @param make returns the changed fields; undefined for no change
   * @param isErasedLater whether the result does not wait until the replaced header is overwritten
   */
  #change(
    make: (header: VolumeHeader) => Partial<VolumeHeader> | undefined,
    isErasedLater = false,
    after?: Promise<unknown>,
  ): Promise<void> {
    this.#changeCount++;
    this.#endWait();
    return new Promise((resolve, reject) => {
      let isDone = false;
      const replace = async () => {
        if (this.#eraseFailure !== undefined) throw this.#eraseFailure;
        const change = make(this.#header);
        if (change === undefined) return;
        const header = { ...this.#header, ...change };
        const dataKey = this.#dataKeys.get(header.generation);
        assert(dataKey !== undefined, 'a header names a data key that is not there');
        const replaced = () => {
          this.#header = header;
          isDone = isErasedLater;
          if (!isDone) return undefined;
          resolve();
          return this.#untilCalm();
        };
        const bytes = encodeHeader(header, dataKey);
        // The replaced header has data keys that may be dropped, or wrapped under a key no longer
        // used. Later, this one may be in its place.
        const options = { isErasing: true, after, replaced };
        await this.disk.replace(this.path('volume'), bytes, options);
        this.#header = header;
      };
      const changed = this.#lastChange.then(replace).finally(() => this.#changeCount--);
      this.#lastChange = changed.then(resolve, (cause: unknown) => {
        const error = diskFailure(`writing ${this.path('volume')}`, cause);
        if (isDone) this.#eraseFailure = error;
        else reject(error);
      });
    });
  }

  /**
   * Waits some time before a replaced header is overwritten, so that a start does not wait for that sync
   * before its own ones. Another change and {@link close} end the wait.
   */
  async #untilCalm(): Promise<void> {
    if (this.#changeCount > 1 || this.#isClosing) return;
    let timer: Timer | undefined;
    await new Promise<void>((resolve) => {
      this.#endWait = resolve;
      timer = this.#clock.setTimeout(resolve, eraseDelayMs);
    });
    timer?.clear();
  }

  /**
   * Releases the lock. Call it last.
   *
   * @throws {StorageError} `disk-failed` if a replaced header could not be overwritten
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#endWait();
    await this.#lastChange;
    await this.#unlock();
    if (this.#eraseFailure !== undefined) throw this.#eraseFailure;
  }
}

/**
 * Reads the header of a volume without its data key, to learn how the key is wrapped. It is
 * verified only by `Volume.open`.
 *
 * @throws {StorageError} `not-a-volume`, `format-too-new`, `disk-failed`
 */
export async function readVolumeHeader(disk: Disk, folder: string): Promise<VolumeHeader> {
  return decodeHeader(await readBytes(disk, folder), folder);
}

/** The wrapped data keys of a header, the newest first. */
export function wrappedKeysOf({ generation, wrappedKey, olderKeys }: VolumeHeader): WrappedKey[] {
  return [{ generation, wrappedKey }, ...[...olderKeys].reverse()];
}

function keyMissing(folder: string, generation: number): StorageError {
  const what = `${folder}/volume lists data key ${generation}, which is missing`;
  return new StorageError('wrong-key', what);
}

function keyInvalid(folder: string, what: string): StorageError {
  return new StorageError('key-invalid', `${folder}/volume ${what}`);
}

function missing(folder: string, cause: unknown): StorageError {
  return new StorageError('not-a-volume', `there is no volume in ${folder}`, { cause });
}

async function readBytes(disk: Disk, folder: string): Promise<Buffer> {
  try {
    const file = await disk.open(`${folder}/volume`);
    try {
      return await file.read(0, headerBytesMax);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw missing(folder, cause);
    throw diskFailure(`reading ${folder}/volume`, cause);
  }
}
