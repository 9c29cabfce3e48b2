// Backup files on the disk, read without a service.

import type { KeyObject } from 'node:crypto';
import {
  type BackupBeginning,
  BackupOpener,
  type BackupPart,
  beginningBytesMax,
  readBeginning,
} from '../../storage/backups/backup-opener.ts';
import { type DiskFile, systemDisk } from '../../storage/disk.ts';
import { type BackupHeader, checkHeader } from './backup-header.ts';

const chunkBytes = 1024 * 1024;

/** An open backup file. */
export class BackupFile {
  /** What it states. It is authenticated only by {@link parts}. */
  readonly header: BackupHeader;
  readonly beginning: BackupBeginning;
  readonly sizeBytes: number;
  readonly #file: DiskFile;

  private constructor(file: DiskFile, beginning: BackupBeginning) {
    this.#file = file;
    this.sizeBytes = file.sizeBytes;
    this.beginning = beginning;
    this.header = checkHeader(beginning.header);
  }

  /**
   * Opens a file and reads its beginning.
   *
   * @throws {StorageError} `not-a-backup`, `format-too-new`, `backup-damaged`
   */
  static async open(path: string): Promise<BackupFile> {
    const file = await systemDisk.open(path);
    try {
      return new BackupFile(file, readBeginning(await file.read(0, beginningBytesMax)));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * Reads the whole file, and requires that it is complete.
   *
   * @param key the key with which it was sealed
   * @param progress called with the number of bytes that were read
   * @throws {StorageError} `backup-damaged`
   */
  async *parts(key: KeyObject, progress: (doneBytes: number) => void): AsyncGenerator<BackupPart> {
    const opener = new BackupOpener(key, this.beginning);
    for (let at = this.beginning.bytes.length; at < this.sizeBytes; at += chunkBytes) {
      const size = Math.min(chunkBytes, this.sizeBytes - at);
      yield* opener.push(await this.#file.read(at, size));
      progress(at + size);
    }
    opener.finish();
  }

  /** Reads up to this many bytes of the file. */
  read(offset: number, size: number): Promise<Buffer> {
    return this.#file.read(offset, size);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
