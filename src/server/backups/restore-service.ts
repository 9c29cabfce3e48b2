// Restoration of a whole service into a new data folder.

import type { KeyObject } from 'node:crypto';
import { mkdtemp, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { serviceEventRecord } from '../../audit/record.ts';
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { deriveKey, keyFromBytes } from '../../crypto/derive.ts';
import type { BackupEntry } from '../../storage/backups/backup-format.ts';
import { type DiskFile, fromCallback, systemDisk } from '../../storage/disk.ts';
import { diskFailure, StorageError } from '../../storage/errors.ts';
import { SystemState, sealingKey } from '../compose.ts';
import { ServerError } from '../errors.ts';
import type { RootKeySource } from '../root-key/source.ts';
import { unwrapDataKey } from '../root-key/wrapping.ts';
import { openSystemVolume } from '../system-volume.ts';
import type { BackupFile } from './backup-file.ts';
import type { ServiceBackupHeader } from './backup-header.ts';

/** The folders that a backup of a service consists of. */
const folders = ['system', 'keys', 'logs', 'brokers', 'events', 'trails'];

/** Called with the progress: what is being done, and how much of how many bytes. */
export type RestoreServiceProgress = (what: string, doneBytes: number, totalBytes: number) => void;

/**
 * Verifies every byte of a backup of a service.
 *
 * @param folder the data folder that it is for, which selects the file of the root key
 * @throws {ServerError} the errors of opening the root key
 * @throws {StorageError} `backup-damaged`
 */
export async function verifyServiceBackup(
  file: BackupFile,
  header: ServiceBackupHeader,
  folder: string,
  source: RootKeySource,
  progress: RestoreServiceProgress,
): Promise<void> {
  await readAll(file, await backupKey(header, folder, source), 'verifying', progress, {
    begin: async ({ name }) => requireKnown(name),
    data: async () => {},
    end: async () => {},
  });
}

/**
 * Restores a service into a new data folder. The backup is verified as a whole first, and the folder
 * appears only when it is complete. The audit trail of the restored service records it.
 *
 * @param folder does not exist, or is empty
 * @throws {ServerError} `data-folder-foreign`; the errors of opening the root key
 * @throws {StorageError} `backup-damaged`, `disk-failed`
 */
export async function restoreService(
  file: BackupFile,
  header: ServiceBackupHeader,
  folder: string,
  source: RootKeySource,
  progress: RestoreServiceProgress,
): Promise<void> {
  const to = resolve(folder);
  await requireEmpty(to);
  const key = await backupKey(header, to, source);
  await verifyServiceBackup(file, header, to, source, progress);
  await systemDisk.createFolder(dirname(to));
  const draft = await mkdtemp(join(dirname(to), `${basename(to)}.restoring-`));
  try {
    const writer = new FolderWriter(draft);
    await readAll(file, key, 'restoring', progress, writer);
    await writer.sync();
    // An empty folder may be there.
    await rmdir(to).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(draft, to);
    await systemDisk.syncFolder(dirname(to));
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw diskFailure(`restoring ${to}`, error);
  }
  await record(to, header, source);
}

/** The key of a backup, from the data key of the system volume in its header. */
async function backupKey(
  { volumeId, wrappedKey }: ServiceBackupHeader,
  folder: string,
  source: RootKeySource,
): Promise<KeyObject> {
  const wrapped = Buffer.from(wrappedKey, 'base64');
  const dataKey = keyFromBytes(await unwrapDataKey(source, { folder, volumeId }, wrapped));
  return sealingKey({ deriveKey: (...of) => deriveKey(dataKey, ...of) }, 'backups');
}

/** Receives the files of a backup. */
interface Receiver {
  begin(entry: BackupEntry): Promise<void>;
  data(bytes: Buffer): Promise<void>;
  end(): Promise<void>;
}

async function readAll(
  file: BackupFile,
  key: KeyObject,
  what: string,
  progress: RestoreServiceProgress,
  receiver: Receiver,
): Promise<void> {
  for await (const part of file.parts(key, (done) => progress(what, done, file.sizeBytes))) {
    if ('data' in part) await receiver.data(part.data);
    else {
      await receiver.end();
      if ('entry' in part) await receiver.begin(part.entry);
    }
  }
}

function requireKnown(name: string): void {
  const [folder = '', ...file] = name.split('/');
  if (folders.includes(folder) && file.length > 0) return;
  const text = `the backup has the file ${JSON.stringify(name)}, which is not one of a service`;
  throw new StorageError('backup-damaged', text);
}

/** Writes the files of a backup below a folder. */
class FolderWriter implements Receiver {
  readonly #folder: string;
  readonly #created = new Set<string>();
  #file: DiskFile | undefined = undefined;
  #at = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async begin({ name }: BackupEntry): Promise<void> {
    requireKnown(name);
    const path = join(this.#folder, name);
    if (!this.#created.has(dirname(path))) {
      await systemDisk.createFolder(dirname(path));
      this.#created.add(dirname(path));
    }
    this.#file = await systemDisk.create(path);
    this.#at = 0;
  }

  async data(bytes: Buffer): Promise<void> {
    const file = this.#file;
    await fromCallback((done) => {
      if (file === undefined) done(null);
      else file.write(this.#at, [bytes], done);
    });
    this.#at += bytes.length;
  }

  async end(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    await fromCallback((done) => file.sync(done));
    await file.close();
  }

  /** Syncs the names of all files. */
  async sync(): Promise<void> {
    await this.end();
    for (const folder of this.#created) await systemDisk.syncFolder(folder);
    await systemDisk.syncFolder(this.#folder);
  }
}

async function requireEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (names.length === 0) return;
  const found = `${folder} contains ${names.length} files or folders`;
  const text = `${found}; a service is restored into a new or empty folder, and never over another`;
  throw new ServerError('data-folder-foreign', text);
}

/** Records the restoration in the audit trail of the restored service. */
async function record(
  folder: string,
  { id, createdMs, region, accountId }: ServiceBackupHeader,
  source: RootKeySource,
): Promise<void> {
  const volume = await openSystemVolume(folder, source);
  try {
    const state = new SystemState(volume, folder);
    let failure: Error | undefined;
    await state.open(volume, {
      full: () => {},
      failed: (error) => {
        failure = error;
      },
    });
    const atMs = systemClock.nowMs();
    const event = serviceEventRecord({
      eventId: systemRandom.uuid(),
      region,
      accountId,
      atMs,
      eventSource: 'waxwing.local',
      eventName: 'RestoreService',
      resources: [],
      details: { backupId: id, backupCreatedAt: new Date(createdMs).toISOString() },
    });
    await state.store.commit(state.trail.chain(event, atMs));
    await state.close();
    if (failure !== undefined) throw failure;
  } finally {
    await volume.close();
  }
}
