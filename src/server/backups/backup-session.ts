// A backup that is being made.

import { createHash, type KeyObject } from 'node:crypto';
import type { Random } from '../../base/random.ts';
import { ControlError } from '../../control/errors.ts';
import { BackupSealer } from '../../storage/backups/backup-sealer.ts';
import type { BackupHeader } from './backup-header.ts';
import type { BackupSource } from './backup-source.ts';

/** Size at which a part of a backup ends, bytes; it is exceeded by less than a frame. */
const partBytesMin = 1024 * 1024;

/** A part of a backup file. */
export interface BackupPartBytes {
  readonly data: Buffer;
  readonly isLast: boolean;
  /** SHA-256 of the whole file, hexadecimal; with the last part. */
  readonly sha256: string | undefined;
}

/**
 * Seals the contents of a backup while its parts are read, in their order. At most one part is in
 * memory.
 */
export class BackupSession {
  readonly header: BackupHeader;
  readonly #source: BackupSource;
  readonly #pieces: AsyncGenerator<Buffer>;
  readonly #hash = createHash('sha256');
  /** The newest part, which can be read again. */
  #last: (BackupPartBytes & { readonly offset: number }) | undefined = undefined;
  #nextOffset = 0;
  #isBusy = false;
  #failure: unknown = undefined;
  #released: Promise<string | undefined> | undefined = undefined;

  /** @param key 256 bits, from which the key of the file is derived */
  constructor(key: KeyObject, header: BackupHeader, source: BackupSource, random: Random) {
    this.header = header;
    this.#source = source;
    this.#pieces = this.#seal(new BackupSealer(key, header, random));
  }

  /** The hash of the file once its last part was read. */
  get sha256(): string | undefined {
    return this.#last?.sha256;
  }

  /** Whether it cannot be completed. */
  get isFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Size of the file so far, bytes. */
  get fileBytes(): number {
    return this.#nextOffset;
  }

  /**
   * Reads the next part, or the newest one again.
   *
   * @param offset the offset of the part in the file
   * @throws {ControlError} 'conflict' for any other offset, and if the backup cannot be completed
   */
  async read(offset: number): Promise<BackupPartBytes> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#last?.offset === offset) return this.#last;
    if (this.#isBusy || offset !== this.#nextOffset || this.sha256 !== undefined) {
      const text = `The next part of the backup is at ${this.#nextOffset}, not at ${offset}.`;
      throw new ControlError('conflict', text);
    }
    this.#isBusy = true;
    try {
      const data = await this.#next();
      this.#hash.update(data);
      this.#nextOffset += data.length;
      const isLast = data.length < partBytesMin;
      const sha256 = isLast ? this.#hash.digest('hex') : undefined;
      this.#last = { data, isLast, sha256, offset };
      return this.#last;
    } catch (error) {
      // Otherwise the next part would be an end.
      this.#failure = error;
      throw error;
    } finally {
      this.#isBusy = false;
    }
  }

  /** A part that is shorter than the minimum is the last one, and may be empty. */
  async #next(): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let size = 0;
    while (size < partBytesMin) {
      const { done, value } = await this.#pieces.next();
      if (done === true) break;
      pieces.push(value);
      size += value.length;
    }
    return Buffer.concat(pieces);
  }

  async *#seal(sealer: BackupSealer): AsyncGenerator<Buffer> {
    yield sealer.beginning;
    for (const entry of this.#source.entries) {
      yield sealer.entry(entry);
      for await (const chunk of entry.read()) yield sealer.data(chunk);
    }
    // Only a backup whose files were held until now gets an end.
    const problem = await this.release();
    if (problem !== undefined) throw new ControlError('conflict', `The backup failed: ${problem}.`);
    yield sealer.end();
  }

  /** Ends the holds on the contents. Can be called again. */
  release(): Promise<string | undefined> {
    this.#released ??= this.#source.release();
    return this.#released;
  }
}
