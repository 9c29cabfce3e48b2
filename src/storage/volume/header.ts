// The format of the header file of a volume.

import type { KeyObject } from 'node:crypto';
import { BytesError, Reader, Writer } from '../../base/bytes.ts';
import { authenticationCode, deriveKey, isSameCode } from '../../crypto/derive.ts';
import { StorageError } from '../errors.ts';
import type { VolumeHeader, VolumeKind, VolumeState, WrappedKey } from '../volume.ts';

const magic = Buffer.from('WAXWVOL\n', 'latin1');
const codeBytes = 32;
const kinds: readonly VolumeKind[] = ['broker', 'system'];
const states: readonly VolumeState[] = ['new', 'open', 'closed'];

/** Maximum size of a header file, in bytes. */
export const headerBytesMax = 64 * 1024;
/** Maximum size of a wrapped data key in bytes. Our wrapping produces less than 7 KiB. */
const wrappedKeyBytesMax = 8 * 1024;
/** Maximum number of older generations of the data key in a header, all of which fit into it. */
export const olderGenerationsMax = 6;
/**
 * The format that this program writes, and the newest that it reads. Volumes of format 1 have no
 * watermark. In formats 1 and 2, each segment begins with a whole checkpoint.
 */
export const formatVersion = 3;
/** From this format, the header lists generations of the data key. */
export const formatWithGenerations = 3;

/**
 * Verifies a header file with the newest data key and decodes it.
 *
 * @throws {StorageError} `not-a-volume`, `format-too-new`, `wrong-key`
 */
export function proveHeader(bytes: Buffer, folder: string, dataKey: KeyObject): VolumeHeader {
  const header = decodeHeader(bytes, folder);
  const end = bytes.length - codeBytes;
  if (!isSameCode(bytes.subarray(end), codeOf(dataKey, bytes.subarray(0, end)))) {
    throw new StorageError(
      'wrong-key',
      `${folder}/volume: the data key is wrong, or the file was modified`,
    );
  }
  return header;
}

function codeOf(dataKey: KeyObject, bytes: Buffer): Buffer {
  return authenticationCode(deriveKey(dataKey, Buffer.alloc(0), 'waxwing volume header'), bytes);
}

/*
 * magic 8 | version u16 | kind u8 | state u8 | rewrap count u32 | epoch u64 | position: segment u64,
 * blocks u32 | end tag 16 | id: short string | newest wrapped key: length u32, bytes |
 * from format 3: its generation u32, how many older ones follow u16, of each: generation u32, length u32,
 * bytes | HMAC-SHA-256 32
 */
/**
 * Encodes a header file.
 *
 * @param dataKey the newest data key
 * @throws {StorageError} `key-invalid` if a wrapped key is too long
 */
export function encodeHeader(header: VolumeHeader, dataKey: KeyObject): Buffer {
  for (const { wrappedKey } of [header, ...header.olderKeys]) {
    if (wrappedKey.length <= wrappedKeyBytesMax) continue;
    const found = `a wrapped data key has ${wrappedKey.length} bytes`;
    throw new StorageError('key-invalid', `${found}; ${wrappedKeyBytesMax} are allowed`);
  }
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
  if (header.format >= formatWithGenerations) {
    writer.u32(header.generation);
    writer.u16(header.olderKeys.length);
    for (const { generation, wrappedKey } of header.olderKeys) {
      writer.u32(generation);
      writer.longBytes(wrappedKey);
    }
  }
  writer.raw(codeOf(dataKey, writer.toBuffer()));
  return writer.toBuffer();
}

/**
 * Decodes a header file without verifying it.
 *
 * @throws {StorageError} `not-a-volume`, `format-too-new`
 */
export function decodeHeader(bytes: Buffer, folder: string): VolumeHeader {
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
    throw new StorageError('not-a-volume', `${folder}/volume is not a volume header`);
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
  const wrappedKey = Buffer.from(reader.longBytes());
  const hasGenerations = format >= formatWithGenerations;
  const generation = hasGenerations ? reader.u32() : 0;
  const olderKeys = hasGenerations ? readOlderKeys(reader) : [];
  const numbers = [...olderKeys.map((each) => each.generation), generation];
  if (!numbers.every((each, i) => each > (numbers[i - 1] ?? -1))) throw unlike(folder);
  if (kind === undefined || state === undefined || reader.left !== codeBytes) {
    throw unlike(folder);
  }
  const endTag = bytes.subarray(tagAt, tagAt + 16);
  const keys = { wrappedKey, generation, olderKeys };
  return { format, id, kind, ...keys, rewrapCount, epoch, state, position, endTag };
}

function readOlderKeys(reader: Reader): WrappedKey[] {
  const keys: WrappedKey[] = [];
  for (let left = reader.u16(); left > 0; left--) {
    const generation = reader.u32();
    keys.push({ generation, wrappedKey: Buffer.from(reader.longBytes()) });
  }
  return keys;
}

function unlike(folder: string): StorageError {
  const what = `${folder}/volume is not a valid volume header`;
  return new StorageError('not-a-volume', what);
}
