// The format of backup files.

import { createHash, type KeyObject } from 'node:crypto';
import { deriveKey } from '../../crypto/derive.ts';
import { StorageError } from '../errors.ts';

/*
 * magic (8) | version u16 | zeros (2) | salt (32) | length of the header u32 | header, JSON
 * then frames: length of the plaintext u32 | flags u8 | ciphertext | tag (16)
 * See docs/formats/backup.md.
 */

/** The first bytes of a backup file. */
export const backupMagic: Buffer = Buffer.from('WAXWBKP\n', 'latin1');
/** The format that this program writes and reads. */
export const backupVersion = 1;
/** Size of the random salt of a file. */
export const saltBytes = 32;
/** The offset of the header. */
export const headerAt: number = backupMagic.length + 4 + saltBytes + 4;
/** Maximum size of a header, bytes. */
export const backupHeaderBytesMax: number = 64 * 1024;
/** Maximum size of a frame's plaintext: a type, and data. */
export const frameBytesMax: number = 1 + 256 * 1024;
/** The size of what precedes the ciphertext of a frame. */
export const frameHeadBytes = 5;
/** The flag of the last frame. */
export const lastFlag = 1;

/** The types of frames. */
export const frameTypes = {
  /** JSON: the name and size of the entry whose data follows. */
  entry: 1,
  /** Data of the entry. */
  data: 2,
  /** JSON: the number of entries and bytes. It is the last frame. */
  end: 3,
} as const;

/** Maximum length of the name of an entry. */
const nameLengthMax = 1280;
/** A part of a name. Names of files of trails are those of objects. */
const namePart = /^[\w!*'()-][\w.!*'()-]{0,254}$/;

/** A file in a backup. */
export interface BackupEntry {
  /** Names separated by slashes, none of which is hidden or leads out of the folder. */
  readonly name: string;
  readonly sizeBytes: number;
}

/** The end of a backup. */
export interface BackupEnd {
  readonly entryCount: number;
  /** The size of all entries. */
  readonly sizeBytes: number;
}

/** Whether a name can be restored as a path below a folder. */
export function isEntryName(name: string): boolean {
  return name.length <= nameLengthMax && name.split('/').every((part) => namePart.test(part));
}

/**
 * Derives the key of the frames of one file. It depends on the salt and the header, so frames of
 * another file, and frames after a modified header, do not open.
 *
 * @param beginning the file up to the first frame
 */
export function frameKey(key: KeyObject, beginning: Uint8Array): KeyObject {
  const digest = createHash('sha256').update(beginning).digest();
  return deriveKey(key, digest, 'waxwing backup: frames');
}

/** The error for a file that is not a valid backup, or was modified. */
export function backupDamaged(what: string): StorageError {
  return new StorageError('backup-damaged', what);
}
