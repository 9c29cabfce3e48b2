// A broker that is being restored: its backup arrives in parts, and takes effect when all is verified.

import type { KeyObject } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ControlError } from '../../control/errors.ts';
import { type BrokerCopy, brokerCopyBytesMax } from '../../control/volumes/broker-copy.ts';
import type { BackupBeginning, BackupPart } from '../../storage/backups/backup-opener.ts';
import { BackupOpener } from '../../storage/backups/backup-opener.ts';
import { checkVolume } from '../../storage/check.ts';
import { type DiskFile, fromCallback, systemDisk } from '../../storage/disk.ts';
import { StorageError } from '../../storage/errors.ts';
import { proveRecord } from '../../storage/record-shapes.ts';
import { type DataKeys, readVolumeHeader } from '../../storage/volume.ts';
import { brokerEntry, volumeFolder } from './broker-source.ts';

/** The files of a volume. */
const volumeFile = /^(volume|mark|(seg|compact)-\d+)$/;

/** The progress of a restoration. */
export interface RestoreProgress {
  readonly state: 'receiving' | 'checking' | 'verified' | 'failed';
  /** Bytes that were received, or checked. */
  readonly doneBytes: number;
  /** Why it failed. */
  readonly problem: string | undefined;
}

/** The parts of a restoration. */
export interface RestoreSessionParts {
  /** The folder for the files; undefined if the backup is only verified. */
  readonly folder: string | undefined;
  /** Decrypts the data keys of the volume in a folder. */
  readonly openDataKeys: (folder: string, copy: BrokerCopy) => Promise<DataKeys>;
  /** Checks what the backup says about the broker. */
  readonly checkCopy: (copy: BrokerCopy) => Promise<void>;
}

/** Opens a backup while it is received, into a folder that is nothing yet. */
export class RestoreSession {
  readonly #parts: RestoreSessionParts;
  readonly #opener: BackupOpener;
  #offset: number;
  #state: RestoreProgress['state'] = 'receiving';
  #doneBytes = 0;
  #problem: string | undefined = undefined;
  #isBusy = false;
  #settings: Buffer[] = [];
  #copy: BrokerCopy | undefined = undefined;
  #file: { readonly file: DiskFile; at: number; readonly sizeBytes: number } | undefined =
    undefined;
  #isFirst = true;
  #isInSettings = false;

  constructor(parts: RestoreSessionParts, key: KeyObject, beginning: BackupBeginning) {
    this.#parts = parts;
    this.#opener = new BackupOpener(key, beginning);
    this.#offset = beginning.bytes.length;
  }

  get progress(): RestoreProgress {
    const doneBytes = this.#state === 'receiving' ? this.#offset : this.#doneBytes;
    return { state: this.#state, doneBytes, problem: this.#problem };
  }

  /** What the backup says about the broker, once it is verified. */
  get copy(): BrokerCopy {
    if (this.#state === 'verified' && this.#copy !== undefined) return this.#copy;
    throw new ControlError('conflict', 'The backup is not verified yet.');
  }

  /**
   * Takes the next part of the file.
   *
   * @param offset its offset in the file
   * @throws {ControlError} 'conflict' for any other offset; 'bad-request' if the backup is not valid,
   *   which ends the restoration
   */
  async write(offset: number, data: Buffer, isLast: boolean): Promise<void> {
    if (this.#isBusy || this.#state !== 'receiving' || offset !== this.#offset) {
      const text = `The next part of the backup is expected at ${this.#offset}, not at ${offset}.`;
      throw new ControlError('conflict', text);
    }
    this.#isBusy = true;
    try {
      for (const part of this.#opener.push(data)) await this.#take(part);
      this.#offset += data.length;
      if (isLast) await this.#received();
    } catch (error) {
      throw await this.#failed(error);
    } finally {
      this.#isBusy = false;
    }
  }

  async #take(part: BackupPart): Promise<void> {
    if ('data' in part) {
      if (this.#isInSettings) this.#settings.push(part.data);
      else await this.#append(part.data);
      return;
    }
    await this.#endEntry();
    if ('end' in part) return;
    const { name, sizeBytes } = part.entry;
    this.#isInSettings = this.#isFirst;
    if (this.#isFirst) {
      if (name !== brokerEntry || sizeBytes > brokerCopyBytesMax) {
        throw invalid(`it does not begin with ${brokerEntry}`);
      }
      this.#isFirst = false;
      return;
    }
    const [folder, file = '', ...others] = name.split('/');
    if (folder !== volumeFolder || !volumeFile.test(file) || others.length > 0) {
      throw invalid(`it has the file ${JSON.stringify(name)}`);
    }
    await this.#begin(file, sizeBytes);
  }

  async #begin(name: string, sizeBytes: number): Promise<void> {
    const { folder } = this.#parts;
    if (folder === undefined) return;
    const file = await systemDisk.create(join(folder, name));
    this.#file = { file, at: 0, sizeBytes };
  }

  async #append(data: Buffer): Promise<void> {
    const open = this.#file;
    if (open === undefined) return;
    await fromCallback((done) => open.file.write(open.at, [data], done));
    open.at += data.length;
  }

  async #endEntry(): Promise<void> {
    if (this.#isInSettings) await this.#readSettings();
    this.#isInSettings = false;
    const open = this.#file;
    this.#file = undefined;
    if (open === undefined) return;
    await fromCallback((done) => open.file.sync(done));
    await open.file.close();
  }

  async #readSettings(): Promise<void> {
    const text = Buffer.concat(this.#settings).toString('utf8');
    this.#settings = [];
    let copy: BrokerCopy;
    try {
      copy = JSON.parse(text) as BrokerCopy;
    } catch {
      throw invalid(`${brokerEntry} is not JSON`);
    }
    await this.#parts.checkCopy(copy);
    this.#copy = copy;
  }

  /** All was received: the volume is verified in the background. */
  async #received(): Promise<void> {
    this.#opener.finish();
    const { folder } = this.#parts;
    const copy = this.#copy;
    if (copy === undefined) throw invalid(`it has no ${brokerEntry}`);
    if (folder === undefined) {
      this.#state = 'verified';
      return;
    }
    await systemDisk.syncFolder(folder);
    this.#state = 'checking';
    this.#verify(folder, copy).then(
      () => {
        this.#state = 'verified';
      },
      async (error: unknown) => {
        await this.#failed(error);
      },
    );
  }

  async #verify(folder: string, copy: BrokerCopy): Promise<void> {
    const header = await readVolumeHeader(systemDisk, folder);
    const [volume] = copy.volumes;
    if (header.id !== volume?.id || header.kind !== 'broker') {
      throw invalid('its volume is that of another broker');
    }
    const keys = await this.#parts.openDataKeys(folder, copy);
    const progress = (doneBytes: number) => {
      this.#doneBytes = doneBytes;
    };
    await checkVolume(systemDisk, folder, keys, progress, { found: proveRecord });
  }

  /** Ends the restoration, and returns the error for the caller. */
  async #failed(error: unknown): Promise<unknown> {
    this.#state = 'failed';
    await this.close();
    const isExpected = error instanceof StorageError || error instanceof ControlError;
    const text = isExpected ? error.message : 'an internal failure occurred';
    this.#problem = `The backup cannot be restored: ${text}.`.replace(/\.\.$/, '.');
    return isExpected ? new ControlError('bad-request', this.#problem) : error;
  }

  /** Closes and removes the files. */
  async close(): Promise<void> {
    await this.#file?.file.close();
    this.#file = undefined;
    const { folder } = this.#parts;
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

function invalid(what: string): StorageError {
  return new StorageError('backup-damaged', `the backup is not one of a broker: ${what}`);
}
