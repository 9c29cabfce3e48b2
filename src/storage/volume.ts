// Volumes: folders of sealed files.

import type { KeyObject } from 'node:crypto';
import { BytesError, Reader, Writer } from '../base/bytes.ts';
import { authenticationCode, deriveKey, isSameCode } from '../crypto/derive.ts';
import type { Disk } from './disk.ts';
import { diskFailure, StorageError } from './errors.ts';

const magic = Buffer.from('WAXWVOL\n', 'latin1');
const codeBytes = 32;
const sizeMax = 64 * 1024;
/** Size of the generation of the data key and the number of older ones. */
const generationBytes = 6;
/**
 * The format that this program writes, and the newest that it reads. Volumes of format 1 have no
 * watermark. Up to format 2, each segment begins with a complete checkpoint.
 */
export const formatVersion = 3;
/** The first format whose header contains generations of the data key. */
const formatWithGenerations = 3;

const kinds = ['broker', 'system'] as const;
/** The purpose of a volume. */
export type VolumeKind = (typeof kinds)[number];

/** A position in the log: a number of blocks in a segment. */
export interface Position {
  readonly segment: number;
  readonly blocks: number;
}

const states = ['new', 'open', 'closed'] as const;

/** The header file of a volume, which is clear but authenticated with the data key. */
export interface VolumeHeader {
  /** The format of the program that last mounted or created the volume. */
  readonly format: number;
  readonly id: string;
  readonly kind: VolumeKind;
  /** The wrapped data key. The storage does not interpret it. */
  readonly wrappedKey: Buffer;
  /** The number of times that the data key was wrapped again. */
  readonly rewrapCount: number;
  /** The number of the last mount. */
  readonly epoch: number;
  /** `open` from before the first block of a mount until its clean end. */
  readonly state: (typeof states)[number];
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
  readonly #dataKey: KeyObject;
  readonly #unlock: () => Promise<void>;
  #lastChange: Promise<void> = Promise.resolve();

  private constructor(
    disk: Disk,
    folder: string,
    header: VolumeHeader,
    dataKey: KeyObject,
    unlock: () => Promise<void>,
  ) {
    this.disk = disk;
    this.folder = folder;
    this.#header = header;
    this.#dataKey = dataKey;
    this.#unlock = unlock;
  }

  /**
   * Creates an empty volume and its folder.
   *
   * @param dataKey 256 bits, unique per volume
   * @throws {StorageError} `volume-exists`
   */
  static async format(
    disk: Disk,
    folder: string,
    volume: NewVolume,
    dataKey: KeyObject,
  ): Promise<void> {
    await disk.createFolder(folder);
    if ((await disk.list(folder)).includes('volume')) {
      throw new StorageError('volume-exists', `${folder} already holds a volume`);
    }
    const header: VolumeHeader = {
      ...volume,
      format: formatVersion,
      rewrapCount: 0,
      epoch: 0,
      state: 'new',
      position: { segment: 0, blocks: 0 },
      endTag: Buffer.alloc(16),
    };
    await disk.replace(`${folder}/volume`, encode(header, dataKey));
  }

  /**
   * Locks a volume and verifies its header.
   *
   * @throws {StorageError} `not-a-volume`, `format-too-new`, `wrong-key`, `folder-locked`,
   *   `disk-failed`
   */
  static async open(disk: Disk, folder: string, dataKey: KeyObject): Promise<Volume> {
    const unlock = await disk.lock(folder).catch((cause: NodeJS.ErrnoException) => {
      throw cause.code === 'ENOENT' ? missing(folder, cause) : cause;
    });
    try {
      const bytes = await readBytes(disk, folder);
      return new Volume(disk, folder, prove(bytes, folder, dataKey), dataKey, unlock);
    } catch (error) {
      await unlock();
      throw diskFailure(`reading ${folder}/volume`, error);
    }
  }

  /** The verified contents of the header file. */
  get header(): VolumeHeader {
    return this.#header;
  }

  /** Derives a key for one purpose. Different salts or purposes give independent keys. */
  deriveKey(salt: Uint8Array, info: string): KeyObject {
    return deriveKey(this.#dataKey, salt, info);
  }

  /** The path of a file in this volume. */
  path(file: string): string {
    return `${this.folder}/${file}`;
  }

  /** Replaces the header file with some fields changed. */
  update(change: Partial<VolumeHeader>): Promise<void> {
    return this.#change(() => change);
  }

  /** Replaces the wrapped data key by the same key wrapped again. */
  rewrap(wrappedKey: Buffer): Promise<void> {
    return this.#change(({ rewrapCount }) => ({ wrappedKey, rewrapCount: rewrapCount + 1 }));
  }

  /** Changes are serialised: each starts from the result of the previous one. */
  #change(make: (header: VolumeHeader) => Partial<VolumeHeader>): Promise<void> {
    const changed = this.#lastChange.then(async () => {
      const header = { ...this.#header, ...make(this.#header) };
      await this.disk.replace(this.path('volume'), encode(header, this.#dataKey));
      this.#header = header;
    });
    this.#lastChange = changed.catch(() => {});
    return changed;
  }

  /** Releases the lock. Call it last. */
  close(): Promise<void> {
    return this.#unlock();
  }
}

/**
 * Reads the header of a volume without its data key, to learn how the key is wrapped. It is
 * verified only by `Volume.open`.
 *
 * @throws {StorageError} `not-a-volume`, `format-too-new`
 */
export async function readVolumeHeader(disk: Disk, folder: string): Promise<VolumeHeader> {
  return decode(await readBytes(disk, folder), folder);
}

function missing(folder: string, cause: Error): StorageError {
  return new StorageError('not-a-volume', `there is no volume in ${folder}`, { cause });
}

async function readBytes(disk: Disk, folder: string): Promise<Buffer> {
  const file = await disk.open(`${folder}/volume`).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'ENOENT' ? missing(folder, cause) : cause;
  });
  try {
    return await file.read(0, sizeMax);
  } finally {
    await file.close();
  }
}

function prove(bytes: Buffer, folder: string, dataKey: KeyObject): VolumeHeader {
  const header = decode(bytes, folder);
  const end = bytes.length - codeBytes;
  if (!isSameCode(bytes.subarray(end), codeOf(dataKey, bytes.subarray(0, end)))) {
    throw new StorageError(
      'wrong-key',
      `${folder}/volume: not sealed under the given data key, or changed since`,
    );
  }
  return header;
}

function codeOf(dataKey: KeyObject, bytes: Buffer): Buffer {
  return authenticationCode(deriveKey(dataKey, Buffer.alloc(0), 'waxwing volume header'), bytes);
}

/*
 * magic 8 | version u16 | kind u8 | state u8 | rewrap count u32 | epoch u64 | position: segment u64,
 * blocks u32 | end tag 16 | id: short string | wrapped key: length u32, bytes | from format 3: its
 * generation u32, how many older ones follow u16 | HMAC-SHA-256 32
 */
function encode(header: VolumeHeader, dataKey: KeyObject): Buffer {
  const writer = new Writer();
  writer.raw(magic);
  writer.u16(header.format);
  writer.u8(kinds.indexOf(header.kind));
  writer.u8(states.indexOf(header.state));
  writer.u32(header.rewrapCount);
  writer.u64(header.epoch);
  writer.u64(header.position.segment);
  writer.u32(header.position.blocks);
  writer.raw(header.endTag);
  writer.shortString(header.id);
  writer.longBytes(header.wrappedKey);
  // The data key has one generation, 0, and no older ones.
  if (header.format >= formatWithGenerations) writer.raw(Buffer.alloc(generationBytes));
  writer.raw(codeOf(dataKey, writer.toBuffer()));
  return writer.toBuffer();
}

function decode(bytes: Buffer, folder: string): VolumeHeader {
  try {
    return decodeFields(bytes, folder);
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause;
    throw new StorageError('not-a-volume', `${folder}/volume is cut off`, { cause });
  }
}

function decodeFields(bytes: Buffer, folder: string): VolumeHeader {
  const reader = new Reader(bytes);
  const start = reader.skip(magic.length);
  if (!bytes.subarray(start, magic.length).equals(magic)) {
    throw new StorageError('not-a-volume', `${folder}/volume does not begin like the header of a volume`);
  }
  const format = reader.u16();
  if (format > formatVersion) {
    throw new StorageError(
      'format-too-new',
      `${folder} has format ${format}; this program reads up to ${formatVersion}`,
    );
  }
  const kind = kinds[reader.u8()];
  const state = states[reader.u8()];
  const rewrapCount = reader.u32();
  const epoch = reader.u64();
  const position = { segment: reader.u64(), blocks: reader.u32() };
  const tagAt = reader.skip(16);
  const id = reader.shortString();
  const wrappedKey = reader.longBytes();
  if (format >= formatWithGenerations)
    requireOneGeneration(bytes, reader.skip(generationBytes), folder);
  if (kind === undefined || state === undefined || reader.left !== codeBytes) {
    throw new StorageError('not-a-volume', `${folder}/volume is not a valid header of a volume`);
  }
  const endTag = bytes.subarray(tagAt, tagAt + 16);
  return { format, id, kind, wrappedKey, rewrapCount, epoch, state, position, endTag };
}

function requireOneGeneration(bytes: Buffer, at: number, folder: string): void {
  const generation = bytes.readUInt32BE(at);
  const olderCount = bytes.readUInt16BE(at + 4);
  if (generation === 0 && olderCount === 0) return;
  throw new StorageError(
    'format-too-new',
    `${folder} has generation ${generation} of its data key and ${olderCount} older ones; this program supports only generation 0`,
  );
}
