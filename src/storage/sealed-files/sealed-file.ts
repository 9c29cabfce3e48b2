// Sealed files: immutable files of several parts, each of which can be read alone.

import type { KeyObject } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import { readU32, writeU32 } from '../../base/bytes.ts';
import type { Random } from '../../base/random.ts';
import { counterNonce, open, seal, tagBytes } from '../../crypto/aead.ts';
import { deriveKey } from '../../crypto/derive.ts';
import type { Disk, DiskFile } from '../disk.ts';
import { diskFailure, StorageError } from '../errors.ts';

/*
 * magic (8) | version u16 | part count u16 | salt (32) | sizes of the parts u32 each | tag (16),
 * then for each part its ciphertext and its tag (16). See docs/formats/sealed-file.md.
 */
const magic = Buffer.from('wxsealed');
const version = 1;
const saltBytes = 32;
const sizesAt = magic.length + 4 + saltBytes;
/** Maximum number of parts. */
export const partCountMax = 4096;
/** Maximum size of a part, bytes. */
export const partBytesMax: number = 64 * 1024 * 1024;

/**
 * Encodes and encrypts a file. The key of the file is derived from the given key, the name and a
 * random salt, so that a file under another name, or parts of another file, do not open.
 *
 * @param name what the file is called; the same name is required to open it
 * @param parts 1 to {@link partCountMax}
 */
export function sealFile(
  key: KeyObject,
  name: string,
  parts: readonly Uint8Array[],
  random: Random,
): Buffer {
  assert(parts.length > 0 && parts.length <= partCountMax, `a file has ${parts.length} parts`);
  const head = Buffer.alloc(sizesAt + parts.length * 4);
  magic.copy(head);
  head.writeUInt16BE(version, magic.length);
  head.writeUInt16BE(parts.length, magic.length + 2);
  const salt = random.bytes(saltBytes);
  salt.copy(head, magic.length + 4);
  let at = sizesAt;
  for (const { length } of parts) {
    assert(length <= partBytesMax, `a part of a file has ${length} bytes`);
    at = writeU32(head, at, length);
  }
  const fileKey = fileKeyOf(key, name, salt);
  const pieces: Buffer[] = [head];
  const add = (number: number, clear: Uint8Array, plaintext: Uint8Array) => {
    const tag = Buffer.alloc(tagBytes);
    pieces.push(seal(fileKey, counterNonce(number), clear, plaintext, tag), tag);
  };
  add(0, head, noBytes);
  for (const [i, part] of parts.entries()) add(i + 1, noBytes, part);
  return Buffer.concat(pieces);
}

const noBytes = Buffer.alloc(0);

function fileKeyOf(key: KeyObject, name: string, salt: Uint8Array): KeyObject {
  return deriveKey(key, salt, `waxwing sealed file: ${name}`);
}

/** The sizes of the parts, from the authenticated beginning of a file. */
interface Layout {
  readonly fileKey: KeyObject;
  /** Bytes without the tag. */
  readonly sizes: readonly number[];
  /** The offset of each part in the file. */
  readonly offsets: readonly number[];
  readonly endAt: number;
}

/** An open sealed file. */
export class SealedFile {
  readonly #path: string;
  readonly #file: DiskFile;
  readonly #layout: Layout;

  private constructor(path: string, file: DiskFile, layout: Layout) {
    this.#path = path;
    this.#file = file;
    this.#layout = layout;
  }

  /**
   * Opens a file and authenticates its beginning.
   *
   * @param name the name with which it was sealed
   * @throws {StorageError} `sealed-file-damaged`, `disk-failed`
   * @throws {NodeJS.ErrnoException} `ENOENT`, `ENOTDIR`: there is no such file
   */
  static async open(disk: Disk, path: string, key: KeyObject, name: string): Promise<SealedFile> {
    const file = await disk.open(path).catch((cause: NodeJS.ErrnoException) => {
      throw isMissing(cause) ? cause : diskFailure(`opening ${path}`, cause);
    });
    try {
      return new SealedFile(path, file, await readLayout(path, file, key, name));
    } catch (error) {
      await file.close();
      throw diskFailure(`reading ${path}`, error);
    }
  }

  /** The sizes of the parts, bytes. */
  get sizes(): readonly number[] {
    return this.#layout.sizes;
  }

  /** Size of the file, bytes. */
  get fileBytes(): number {
    return this.#layout.endAt;
  }

  /**
   * Reads and decrypts a part.
   *
   * @throws {StorageError} `sealed-file-damaged`, `disk-failed`
   */
  async part(index: number): Promise<Buffer> {
    const { fileKey, sizes, offsets } = this.#layout;
    const size = sizes[index];
    assert(size !== undefined, `there is no part ${index}`);
    const reading = this.#file.read(offsets[index] ?? 0, size + tagBytes);
    const bytes = await reading.catch((cause: unknown) => {
      throw diskFailure(`reading ${this.#path}`, cause);
    });
    const [sealed, tag] = [bytes.subarray(0, size), bytes.subarray(size)];
    if (tag.length === tagBytes) {
      const plaintext = open(fileKey, counterNonce(index + 1), noBytes, sealed, tag);
      if (plaintext !== undefined) return plaintext;
    }
    throw damaged(this.#path, `part ${index} was changed`);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function isMissing({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR';
}

async function readLayout(
  path: string,
  file: DiskFile,
  key: KeyObject,
  name: string,
): Promise<Layout> {
  const begin = await file.read(0, sizesAt + 1024);
  if (begin.length < sizesAt || !begin.subarray(0, magic.length).equals(magic)) {
    throw damaged(path, 'it is not a sealed file');
  }
  const found = begin.readUInt16BE(magic.length);
  if (found !== version) throw damaged(path, `its format is ${found}; known is ${version}`);
  const count = begin.readUInt16BE(magic.length + 2);
  if (count === 0 || count > partCountMax) throw damaged(path, `it has ${count} parts`);
  const headBytes = sizesAt + count * 4;
  const isWhole = begin.length >= headBytes + tagBytes;
  const head = isWhole ? begin : await file.read(0, headBytes + tagBytes);
  const clear = head.subarray(0, headBytes);
  const tag = head.subarray(headBytes, headBytes + tagBytes);
  const fileKey = fileKeyOf(key, name, clear.subarray(magic.length + 4, sizesAt));
  if (tag.length < tagBytes || open(fileKey, counterNonce(0), clear, noBytes, tag) === undefined) {
    throw damaged(path, 'its beginning was changed, or it belongs to another place');
  }
  const sizes = Array.from({ length: count }, (_, i) => readU32(clear, sizesAt + i * 4));
  const offsets: number[] = [];
  let at = headBytes + tagBytes;
  for (const size of sizes) {
    offsets.push(at);
    at += size + tagBytes;
  }
  if (file.sizeBytes !== at) {
    throw damaged(path, `it has ${file.sizeBytes} bytes instead of ${at}`);
  }
  return { fileKey, sizes, offsets, endAt: at };
}

function damaged(path: string, what: string): StorageError {
  return new StorageError('sealed-file-damaged', `${path}: ${what}`);
}
