// Reading of backup files.

import type { KeyObject } from 'node:crypto';
import { counterNonce, open, tagBytes } from '../../crypto/aead.ts';
import { StorageError } from '../errors.ts';
import {
  type BackupEnd,
  type BackupEntry,
  backupDamaged,
  backupHeaderBytesMax,
  backupMagic,
  backupVersion,
  frameBytesMax,
  frameHeadBytes,
  frameKey,
  frameTypes,
  headerAt,
  isEntryName,
  lastFlag,
} from './backup-format.ts';

/** The beginning of a backup file, which is authenticated by the first frame. */
export interface BackupBeginning {
  /** The header, JSON. */
  readonly header: unknown;
  /** The file up to the first frame. */
  readonly bytes: Buffer;
}

/** A part of a backup, in the order of the file. */
export type BackupPart =
  | { readonly entry: BackupEntry }
  | { readonly data: Buffer }
  | { readonly end: BackupEnd };

/**
 * Reads the beginning of a file.
 *
 * @param bytes the file, or enough of its start: up to {@link beginningBytesMax}
 * @throws {StorageError} `not-a-backup`, `format-too-new`, `backup-damaged`
 */
export function readBeginning(bytes: Buffer): BackupBeginning {
  if (bytes.length < headerAt || !bytes.subarray(0, backupMagic.length).equals(backupMagic)) {
    throw new StorageError('not-a-backup', 'the file is not a backup of Waxwing');
  }
  const version = bytes.readUInt16BE(backupMagic.length);
  if (version > backupVersion) {
    const known = `this program reads up to ${backupVersion}`;
    throw new StorageError('format-too-new', `the backup has format ${version}; ${known}`);
  }
  const length = bytes.readUInt32BE(headerAt - 4);
  if (version === 0 || length > backupHeaderBytesMax || headerAt + length > bytes.length) {
    throw backupDamaged('the beginning of the backup is not valid, or cut off');
  }
  const own = Buffer.from(bytes.subarray(0, headerAt + length));
  try {
    return { header: JSON.parse(own.toString('utf8', headerAt)), bytes: own };
  } catch {
    throw backupDamaged('the header of the backup is not valid');
  }
}

/** Maximum size of the beginning of a file, bytes. */
export const beginningBytesMax: number = headerAt + backupHeaderBytesMax;

/**
 * Opens the frames of one file in their order, from pieces of any size. It keeps at most one frame.
 * Only a file that is complete ends: {@link finish} must be called after the last piece.
 */
export class BackupOpener {
  readonly #key: KeyObject;
  #left: Buffer = Buffer.alloc(0);
  #frameCount = 0;
  #entryCount = 0;
  #sizeBytes = 0;
  #missing = 0;
  #isOver = false;

  /** @param key the key with which the file was sealed */
  constructor(key: KeyObject, beginning: BackupBeginning) {
    this.#key = frameKey(key, beginning.bytes);
  }

  /**
   * Opens the frames that are complete with this piece.
   *
   * @throws {StorageError} `backup-damaged` if a frame is not the next one of this file
   */
  *push(piece: Buffer): Generator<BackupPart> {
    let bytes = this.#left.length === 0 ? piece : Buffer.concat([this.#left, piece]);
    while (bytes.length >= frameHeadBytes) {
      if (this.#isOver) throw backupDamaged('the backup has data after its end');
      const length = bytes.readUInt32BE();
      if (length === 0 || length > frameBytesMax) {
        throw this.#broken(`states a size of ${length} bytes; 1 to ${frameBytesMax} are allowed`);
      }
      const end = frameHeadBytes + length + tagBytes;
      if (bytes.length < end) break;
      yield this.#open(bytes.subarray(0, end));
      bytes = bytes.subarray(end);
    }
    if (bytes.length > 0 && this.#isOver) throw backupDamaged('the backup has data after its end');
    this.#left = Buffer.from(bytes);
  }

  /**
   * Requires that the end was reached.
   *
   * @throws {StorageError} `backup-damaged`
   */
  finish(): void {
    if (this.#isOver) return;
    throw backupDamaged(`the backup is cut off after frame ${this.#frameCount}`);
  }

  #open(frame: Buffer): BackupPart {
    this.#frameCount += 1;
    const head = frame.subarray(0, frameHeadBytes);
    const sealed = frame.subarray(frameHeadBytes, -tagBytes);
    const tag = frame.subarray(-tagBytes);
    const plaintext = open(this.#key, counterNonce(this.#frameCount), head, sealed, tag);
    if (plaintext === undefined) {
      const isFirst = this.#frameCount === 1;
      throw isFirst
        ? backupDamaged('the key does not match the backup, or its beginning was modified')
        : this.#broken('was modified, moved, or belongs to another backup');
    }
    const part = this.#part(plaintext[0] ?? 0, plaintext.subarray(1));
    const isLast = head.readUInt8(4) === lastFlag;
    if (isLast !== 'end' in part) throw this.#broken('is not the end that it states');
    this.#isOver = isLast;
    return part;
  }

  #part(type: number, payload: Buffer): BackupPart {
    if (type === frameTypes.data) {
      if (payload.length > this.#missing) throw this.#broken('exceeds its entry');
      this.#missing -= payload.length;
      return { data: payload };
    }
    if (this.#missing > 0)
      throw this.#broken(`follows an entry that misses ${this.#missing} bytes`);
    const value = JSON.parse(payload.toString()) as Partial<BackupEntry & BackupEnd>;
    const { name, sizeBytes = -1, entryCount } = value;
    if (type === frameTypes.entry && name !== undefined && isEntryName(name) && sizeBytes >= 0) {
      this.#entryCount += 1;
      this.#sizeBytes += sizeBytes;
      this.#missing = sizeBytes;
      return { entry: { name, sizeBytes } };
    }
    const isEnd = entryCount === this.#entryCount && sizeBytes === this.#sizeBytes;
    if (type === frameTypes.end && isEnd) return { end: { entryCount, sizeBytes } };
    throw this.#broken('is not valid');
  }

  #broken(what: string): StorageError {
    return backupDamaged(`frame ${Math.max(1, this.#frameCount)} of the backup ${what}`);
  }
}
