import type { KeyObject } from 'node:crypto';
import { BytesError, Reader, Writer } from '../base/bytes.ts';
import { authenticationCode, deriveKey, isSameCode } from '../crypto/derive.ts';
import type { Disk } from './disk.ts';
import { diskFailure, StorageError } from './errors.ts';

const magic = Buffer.from('WAXWVOL\n', 'latin1');
const codeBytes = 32;
const sizeMax = 64 * 1024;
/** Generation of the data key, and how many older ones are listed. */
const generationBytes = 6;
/**
 * The format that this program writes, and the newest it reads. Volumes of format 1 have no mark; up to
 * format 2 each segment begins with a whole checkpoint.
 */
export const formatVersion = 3;
/** From this format on the header names generations of the data key. */
const formatWithGenerations = 3;

const kinds = ['broker', 'system'] as const;
/** What a volume is for. */
export type VolumeKind = (typeof kinds)[number];

/** Where a log is: so many blocks of a segment. */
export interface Position {
  readonly segment: number;
  readonly blocks: number;
}

const states = ['new', 'open', 'closed'] as const;

/** The header file of a volume, which is clear but authenticated under the data key. */
export interface VolumeHeader {
  /** That of the program that mounted the volume last, or made it. */
  readonly format: number;
  readonly id: string;
  readonly kind: VolumeKind;
  /** The data key, sealed by whoever gave it; storage never looks into it. */
  readonly wrappedKey: Buffer;
  /** How often the data key has been wrapped anew. */
  readonly rewrapCount: number;
  /** How often the volume has been mounted. */
  readonly epoch: number;
  /** `open` from before the first block of a mount to its clean end. */
  readonly state: (typeof states)[number];
  /**
   * The segment that recovery begins with, and after how many blocks it was closed or cut; 0 blocks
   * while it is being written.
   */
  readonly position: Position;
  /** Tag of the last of those blocks; zeros where there are none. */
  readonly endTag: Buffer;
}

/** A new volume, as its maker wants it. */
export interface NewVolume {
  /** 1 to 255 bytes, printable ASCII. */
  readonly id: string;
  readonly kind: VolumeKind;
  readonly wrappedKey: Buffer;
}

/**
 * A folder of sealed files under one data key, locked by this process.
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
   * Makes an empty volume in a folder, which is made too.
   *
   * @param dataKey 256 bits that no other volume has
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
   * Locks a volume and proves its header.
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

  /** What the header file says; proved under the data key. */
  get header(): VolumeHeader {
    return this.#header;
  }

  /** A key for one purpose; different salts or purposes give unrelated keys. */
  deriveKey(salt: Uint8Array, info: string): KeyObject {
    return deriveKey(this.#dataKey, salt, info);
  }

  /** The full name of a file of this volume. */
  path(file: string): string {
    return `${this.folder}/${file}`;
  }

  /** Replaces the header file by one that differs in the given fields. */
  update(change: Partial<VolumeHeader>): Promise<void> {
    return this.#change(() => change);
  }

  /** Puts the same data key, wrapped anew, in place of the wrapped one. */
  rewrap(wrappedKey: Buffer): Promise<void> {
    return this.#change(({ rewrapCount }) => ({ wrappedKey, rewrapCount: rewrapCount + 1 }));
  }

  /** One change after the other: each begins with what the one before has written. */
  #change(make: (header: VolumeHeader) => Partial<VolumeHeader>): Promise<void> {
    const changed = this.#lastChange.then(async () => {
      const header = { ...this.#header, ...make(this.#header) };
      await this.disk.replace(this.path('volume'), encode(header, this.#dataKey));
      this.#header = header;
    });
    this.#lastChange = changed.catch(() => {});
    return changed;
  }

  /** Lets other processes in; to be called last. */
  close(): Promise<void> {
    return this.#unlock();
  }
}

/**
 * Reads a volume's header without its data key: to learn how the key is wrapped. What it says is
 * proved only by `Volume.open`.
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
  // Of the data key there is one generation, 0, and there are no older ones.
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
    throw new StorageError('not-a-volume', `${folder}/volume does not begin as a volume's header`);
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
    throw new StorageError('not-a-volume', `${folder}/volume is not as a volume's header must be`);
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
    `${folder} has generation ${generation} of its data key and ${olderCount} older ones; this program knows generation 0 alone`,
  );
}
