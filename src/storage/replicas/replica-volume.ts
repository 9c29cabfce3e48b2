// The folder of a replica: copies of the sealed files of another volume, which becomes a volume when the
// replica is promoted.

import { type Disk, type DiskFile, fromCallback } from '../disk.ts';
import { diskFailure, StorageError } from '../errors.ts';
import { watermarkFile } from '../log/durable-watermark.ts';
import { eraseFile, eraseVolumeHeader } from '../volume/erase.ts';
import { encodeHeader } from '../volume/header.ts';
import { type DataKeys, type VolumeHeader, type WrappedKey, wrappedKeysOf } from '../volume.ts';
import {
  decodeKeys,
  decodeManifest,
  encodeKeys,
  encodeManifest,
  isSegmentFile,
  keysFile,
  manifestBytesMax,
  manifestFile,
  type ReplicaKeys,
  type ReplicaManifest,
  requireSegmentName,
} from './replica-manifest.ts';

/** Free space that copies leave on the disk, bytes. */
const reserveBytes = 256 * 1024 * 1024;

/** A state of a primary's volume that is copied. */
export interface ReplicaSource {
  /**
   * Changes whenever the roles of a pair do. Within a lineage, a segment of one name only grows, until a
   * restart cuts what was not synced.
   */
  readonly lineage: number;
  /** The header of the state. Its data keys are wrapped for the primary. */
  readonly header: VolumeHeader;
  /** The contents of the watermark. */
  readonly mark: Buffer;
  /** The segments, and how many bytes of each belong to the state. */
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[];
  /** Reads a file from an offset, in chunks. */
  read(name: string, from: number): AsyncIterable<Buffer>;
  /** Ends the copy. Returns whether the state could be read until now. */
  release(): Promise<boolean>;
}

/**
 * What the folder of a replica has: a complete copy of its primary; what it had before the roles were last swapped,
 * until the first copy begins (the volume of a primary, or a copy that was not started); or nothing.
 */
export type ReplicaState = 'copy' | 'former' | 'nothing';

/**
 * A replica of a volume. Its state is published by one file, the manifest, and what a manifest names is not
 * changed until the next one is there. So a crash at any time leaves the last complete state.
 *
 * @see docs/formats/volume.md
 */
export class ReplicaVolume {
  readonly #disk: Disk;
  readonly #folder: string;
  #manifest: ReplicaManifest | undefined = undefined;
  #isRead = false;

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
  }

  /**
   * What the replica has.
   *
   * @param lineage the present one
   * @throws {StorageError} `volume-damaged`, `format-too-new`, `disk-failed`
   */
  async state(lineage: number): Promise<ReplicaState> {
    const published = await this.#published();
    if (published !== undefined) return published.lineage === lineage ? 'copy' : 'former';
    return (await this.#names()).includes('volume') ? 'former' : 'nothing';
  }

  /**
   * The wrapped data keys of a lineage, newest first.
   *
   * @throws {StorageError} `volume-damaged`, `disk-failed`
   */
  async keys(lineage: number): Promise<readonly WrappedKey[]> {
    const held = await this.#heldKeys();
    return held?.lineage === lineage ? held.keys : [];
  }

  /**
   * Copies what is new, and publishes it as the state of the replica.
   *
   * @param keys the data keys that the header lists, wrapped for the replica
   * @returns the number of bytes that were copied
   * @throws {StorageError} `freeze-ended` if the state could not be read to its end; `disk-failed`
   */
  async receive(source: ReplicaSource, keys: readonly WrappedKey[]): Promise<number> {
    try {
      return await this.#receive(source, keys);
    } catch (error) {
      throw diskFailure(`writing the replica in ${this.#folder}`, error);
    }
  }

  async #receive(source: ReplicaSource, keys: readonly WrappedKey[]): Promise<number> {
    const { lineage, header, mark, files } = source;
    await this.#disk.createFolder(this.#folder);
    const before = await this.#published();
    if (before !== undefined && before.lineage !== lineage) await this.#withdraw();
    if (this.#manifest === undefined) await this.#begin();
    if (isUnchanged(this.#manifest, source)) return 0;
    await this.#requireSpace(files);
    await this.#keep(lineage, keys);
    let copied = 0;
    for (const { name, sizeBytes } of files) {
      requireSegmentName(name);
      if (this.#manifest?.files.get(name) === sizeBytes) continue;
      copied += await this.#copy(source, name, sizeBytes);
    }
    await this.#disk.syncFolder(this.#folder);
    if (!(await source.release())) {
      throw new StorageError('freeze-ended', 'the volume changed while it was replicated');
    }
    const listed = new Map(files.map(({ name, sizeBytes }) => [name, sizeBytes]));
    const manifest = { lineage, header: withoutKeys(header), mark, files: listed };
    await this.#disk.replace(this.#path(manifestFile), encodeManifest(manifest));
    this.#manifest = manifest;
    await this.#removeUnlisted();
    await this.#keepOnly(lineage, keys);
    return copied;
  }

  async #requireSpace(files: ReplicaSource['files']): Promise<void> {
    let needed = 0;
    for (const { name, sizeBytes } of files) {
      needed += Math.max(0, sizeBytes - (this.#manifest?.files.get(name) ?? 0));
    }
    const free = await this.#disk.freeBytes(this.#folder);
    if (free >= needed + reserveBytes) return;
    const found = `${free} bytes are free in ${this.#folder}`;
    throw new StorageError(
      'disk-failed',
      `${found}; ${needed} to copy and ${reserveBytes} in reserve are needed`,
    );
  }

  /** Stores wrapped keys, together with those that the present state needs. */
  async #keep(lineage: number, keys: readonly WrappedKey[]): Promise<void> {
    const held = await this.keys(lineage);
    const isNew = ({ generation }: WrappedKey) =>
      !held.some((other) => other.generation === generation);
    if (!keys.some(isNew)) return;
    const isNeeded = ({ generation }: WrappedKey) =>
      this.#manifest !== undefined &&
      generationsOf(this.#manifest).includes(generation) &&
      !keys.some((other) => other.generation === generation);
    const all = { lineage, keys: [...keys, ...held.filter(isNeeded)] };
    // Replaced keys are overwritten, as in headers.
    await this.#disk.replace(this.#path(keysFile), encodeKeys(all), { isErasing: true });
  }

  /** Erases wrapped keys that no data needs any more. */
  async #keepOnly(lineage: number, keys: readonly WrappedKey[]): Promise<void> {
    const held = await this.keys(lineage);
    if (held.length <= keys.length) return;
    await this.#disk.replace(this.#path(keysFile), encodeKeys({ lineage, keys }), {
      isErasing: true,
    });
  }

  /** Copies what a file lacks. Returns the number of bytes that were written. */
  async #copy(source: ReplicaSource, name: string, sizeBytes: number): Promise<number> {
    const known = this.#manifest?.files.get(name);
    const file = await this.#opened(name);
    let written = 0;
    try {
      // What the manifest names is the same there, unless a restart has cut it.
      let at = known !== undefined && known < sizeBytes ? known : 0;
      for await (const chunk of source.read(name, at)) {
        if (!chunk.equals(await file.read(at, chunk.length))) {
          if (at < (known ?? 0)) await this.#withdraw();
          await fromCallback((done) => file.write(at, [chunk], done));
          written += chunk.length;
        }
        at += chunk.length;
      }
      if (at !== sizeBytes) {
        throw new StorageError('freeze-ended', `${name} ended at ${at} of ${sizeBytes} bytes`);
      }
      await fromCallback((done) => file.sync(done));
      return written;
    } finally {
      await file.close();
    }
  }

  async #opened(name: string): Promise<DiskFile> {
    try {
      return await this.#disk.open(this.#path(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return this.#disk.create(this.#path(name));
    }
  }

  /**
   * Makes the state of the replica a volume, which opens like that of a primary after a crash, or after
   * a clean stop. Can be repeated after a crash.
   *
   * @throws {StorageError} `not-a-volume` without a complete state; `wrong-key` if a key is missing;
   *   `disk-failed`
   */
  async adopt(dataKeys: DataKeys): Promise<void> {
    const manifest = await this.#published();
    if (manifest === undefined) {
      throw new StorageError('not-a-volume', `${this.#folder} has no complete replica`);
    }
    try {
      await this.#cut(manifest);
      await this.#removeUnlisted();
      await this.#disk.replace(this.#path(watermarkFile), manifest.mark);
      const header = await this.#headerOf(manifest);
      await this.#disk.replace(this.#path('volume'), encodeHeader(header, dataKeys.newest), {
        isErasing: true,
      });
      await this.#withdraw();
      await this.#removeKeys();
    } catch (error) {
      throw diskFailure(`promoting the replica in ${this.#folder}`, error);
    }
  }

  /**
   * Completes a promotion after a crash at its end, or that of a broker with its former volume.
   *
   * @returns whether the folder has a volume, and no replica
   * @throws {StorageError} `disk-failed`
   */
  async finish(): Promise<boolean> {
    try {
      const names = await this.#names();
      if (names.includes(manifestFile) || !names.includes('volume')) return false;
      await this.#removeKeys();
      return true;
    } catch (error) {
      throw diskFailure(`promoting the replica in ${this.#folder}`, error);
    }
  }

  async #names(): Promise<readonly string[]> {
    return this.#disk.list(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  }

  /** The wrapped data keys of the complete state, newest first. */
  async wrappedKeys(): Promise<readonly WrappedKey[]> {
    const manifest = await this.#published();
    return manifest === undefined ? [] : wrappedKeysOf(await this.#headerOf(manifest));
  }

  async #headerOf(manifest: ReplicaManifest): Promise<VolumeHeader> {
    const keys = await this.keys(manifest.lineage);
    const wrapped = (generation: number): WrappedKey => {
      const key = keys.find((each) => each.generation === generation);
      if (key !== undefined) return key;
      const what = `has no data key of generation ${generation}`;
      throw new StorageError('wrong-key', `${this.#path(keysFile)} ${what}`);
    };
    const { olderGenerations, ...fields } = manifest.header;
    const { wrappedKey } = wrapped(fields.generation);
    return { ...fields, kind: 'broker', wrappedKey, olderKeys: olderGenerations.map(wrapped) };
  }

  /** Cuts what was copied for a state that was not completed. */
  async #cut({ files }: ReplicaManifest): Promise<void> {
    for (const [name, sizeBytes] of files) {
      const file = await this.#disk.open(this.#path(name));
      try {
        if (file.sizeBytes < sizeBytes) {
          const found = `${this.#path(name)} has ${file.sizeBytes} bytes`;
          throw new StorageError('volume-damaged', `${found}; ${sizeBytes} were replicated`);
        }
        if (file.sizeBytes === sizeBytes) continue;
        await file.truncate(sizeBytes);
        await fromCallback((done) => file.sync(done));
      } finally {
        await file.close();
      }
    }
  }

  /**
   * Forgets a state that cannot be read, so that the next copy begins again.
   *
   * @throws {StorageError} `disk-failed`
   */
  async repair(): Promise<void> {
    try {
      await this.#published();
    } catch (error) {
      if (!(error instanceof StorageError && error.code === 'volume-damaged')) throw error;
      await this.#withdraw();
      this.#isRead = true;
    }
  }

  /**
   * Ends the former volume of a broker: its wrapped data keys are erased. The segments stay, so that only
   * what differs is copied.
   */
  async #begin(): Promise<void> {
    const names = await this.#names();
    if (!names.includes('volume')) return;
    await eraseVolumeHeader(this.#disk, this.#folder);
    for (const name of ['volume.old', watermarkFile, 'volume']) {
      if (names.includes(name)) await this.#disk.remove(this.#path(name));
    }
    await this.#disk.syncFolder(this.#folder);
  }

  async #published(): Promise<ReplicaManifest | undefined> {
    if (this.#isRead) return this.#manifest;
    const path = this.#path(manifestFile);
    const bytes = await this.#bytes(path);
    this.#manifest = bytes && decodeManifest(bytes, path);
    this.#isRead = true;
    return this.#manifest;
  }

  async #heldKeys(): Promise<ReplicaKeys | undefined> {
    const path = this.#path(keysFile);
    const bytes = await this.#bytes(path);
    return bytes && decodeKeys(bytes, path);
  }

  async #bytes(path: string): Promise<Buffer | undefined> {
    try {
      const file = await this.#disk.open(path);
      try {
        if (file.sizeBytes <= manifestBytesMax) return await file.read(0, file.sizeBytes);
        const found = `${path} has ${file.sizeBytes} bytes`;
        throw new StorageError('volume-damaged', `${found}; ${manifestBytesMax} are allowed`);
      } finally {
        await file.close();
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw diskFailure(`reading ${path}`, error);
    }
  }

  /** The replica has no complete state from now on. */
  async #withdraw(): Promise<void> {
    this.#manifest = undefined;
    await this.#removeFile(manifestFile);
    await this.#disk.syncFolder(this.#folder);
  }

  async #removeKeys(): Promise<void> {
    for (const name of [keysFile, `${keysFile}.old`]) {
      await eraseFile(this.#disk, this.#path(name));
      await this.#removeFile(name);
    }
  }

  async #removeUnlisted(): Promise<void> {
    for (const name of await this.#disk.list(this.#folder)) {
      if (isSegmentFile(name) && this.#manifest?.files.has(name) !== true) {
        await this.#removeFile(name);
      }
    }
  }

  async #removeFile(name: string): Promise<void> {
    await this.#disk.remove(this.#path(name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  #path(name: string): string {
    return `${this.#folder}/${name}`;
  }
}

function withoutKeys(header: VolumeHeader): ReplicaManifest['header'] {
  const { wrappedKey: _, olderKeys, kind: __, ...fields } = header;
  return { ...fields, olderGenerations: olderKeys.map(({ generation }) => generation) };
}

function generationsOf({ header }: ReplicaManifest): number[] {
  return [header.generation, ...header.olderGenerations];
}

/** Whether a state is the one that was published last. */
function isUnchanged(manifest: ReplicaManifest | undefined, source: ReplicaSource): boolean {
  if (manifest === undefined || !manifest.mark.equals(source.mark)) return false;
  const { epoch, generation, olderKeys, state } = source.header;
  const { header, files } = manifest;
  return (
    header.epoch === epoch &&
    header.state === state &&
    header.generation === generation &&
    header.olderGenerations.length === olderKeys.length &&
    files.size === source.files.length &&
    source.files.every(({ name, sizeBytes }) => files.get(name) === sizeBytes)
  );
}
