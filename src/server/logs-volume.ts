import { createSecretKey, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../base/random.ts';
import { keyBytes, keyFromBytes } from '../crypto/derive.ts';
import { openValue, sealValue } from '../crypto/sealed-value.ts';
import type { BrokerLogs } from '../logs/broker-logs.ts';
import { systemDisk } from '../storage/disk.ts';
import { StorageError } from '../storage/errors.ts';
import type { Entry, Journal } from '../storage/journal.ts';
import { readVolumeHeader, Volume } from '../storage/volume.ts';
import { ServerError } from './errors.ts';
import { logsFolder } from './system-volume.ts';

/** What the system volume knows of the volume of the broker logs. */
export interface LogsVolumeRecord {
  /** `logs-` and 17 hex digits. */
  readonly id: string;
  /** Whether it was made; before that nothing can be lost. */
  readonly isMade: boolean;
  /** How often it was mounted. */
  readonly epoch: number;
  /** The newest mount that came up; 0 before the first. */
  readonly mountedEpoch: number;
}

/** The journal of the volume of the broker logs: each change is the whole record. */
export class LogsVolumeJournal implements Journal<LogsVolumeRecord> {
  readonly name = 'logs-volume';
  #record: LogsVolumeRecord | undefined = undefined;

  /** Undefined before the first start that makes the volume. */
  get record(): LogsVolumeRecord | undefined {
    return this.#record;
  }

  apply(change: LogsVolumeRecord): void {
    this.#record = change;
  }

  *snapshot(): Iterable<LogsVolumeRecord> {
    if (this.#record !== undefined) yield this.#record;
  }

  /** What must be committed for this to be the record. */
  entry(change: LogsVolumeRecord): Entry {
    return { journal: this.name, change };
  }
}

/** What the volume of the broker logs is opened with. */
export interface LogsVolumeParts {
  /** The data folder. */
  readonly folder: string;
  readonly journal: LogsVolumeJournal;
  /** 256 bits, derived from the system volume's data key; it wraps the data keys of these volumes. */
  readonly wrappingKey: KeyObject;
  readonly random: Random;
  /** Applies the entries at once, and resolves when they are synced. */
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
  /**
   * What is recorded when the volume that is there, with the lines in it, is given up; undefined where
   * it is to be kept.
   */
  readonly discarding: (() => readonly Entry[]) | undefined;
}

const remedy =
  'put it back from a copy, or give up the old lines by starting once with --discard-broker-logs';

/**
 * Opens the broker logs on their volume, which is made where the data folder never had one.
 *
 * @throws {ServerError} `broker-logs-unusable` where the volume is missing, damaged, of another time
 *   or another data folder's
 */
export async function openBrokerLogs(parts: LogsVolumeParts, logs: BrokerLogs): Promise<void> {
  const { journal, commit } = parts;
  if (journal.record === undefined || parts.discarding) await recordNew(parts);
  if (journal.record?.isMade === false) await make(parts, journal.record);
  const before = requireRecord(journal);
  const epoch = before.epoch + 1;
  await commit([journal.entry({ ...before, epoch })]);
  const volume = await openVolume(parts).catch((error: unknown) => {
    throw unusable(parts, error);
  });
  try {
    await logs.open(volume, { epoch, epochMin: before.mountedEpoch });
  } catch (error) {
    await volume.close();
    throw unusable(parts, error);
  }
  await commit([journal.entry({ ...before, epoch, mountedEpoch: epoch })]);
}

/** Records that a volume is to be made, before anything is removed for it. */
async function recordNew(parts: LogsVolumeParts): Promise<void> {
  const { folder, journal, random, commit, discarding } = parts;
  const isFound = existsSync(join(logsFolder(folder), 'volume'));
  if (isFound && discarding === undefined) {
    const found = `${logsFolder(folder)} holds a volume of which the system volume knows nothing`;
    throw new ServerError('broker-logs-unusable', `${found}; ${remedy}`);
  }
  const isDiscarded = isFound || journal.record !== undefined;
  const id = `logs-${random.bytes(9).toString('hex').slice(0, 17)}`;
  const entry = journal.entry({ id, isMade: false, epoch: 0, mountedEpoch: 0 });
  await commit([entry, ...(isDiscarded && discarding ? discarding() : [])]);
}

async function make(
  { folder, journal, wrappingKey, random, commit }: LogsVolumeParts,
  record: LogsVolumeRecord,
): Promise<void> {
  const own = logsFolder(folder);
  // What an earlier attempt left holds no lines, and what was discarded is not wanted.
  await rm(own, { recursive: true, force: true });
  const dataKey = random.bytes(keyBytes);
  const wrappedKey = sealValue(wrappingKey, contextOf(record.id), dataKey);
  // Of the kind whose records are those of a state store.
  const volume = { id: record.id, kind: 'system', wrappedKey } as const;
  await Volume.format(systemDisk, own, volume, createSecretKey(dataKey));
  dataKey.fill(0);
  await systemDisk.syncFolder(folder);
  await commit([journal.entry({ ...record, isMade: true })]);
}

async function openVolume({ folder, journal, wrappingKey }: LogsVolumeParts): Promise<Volume> {
  const dataKey = await logsDataKey(folder, requireRecord(journal), wrappingKey);
  return Volume.open(systemDisk, logsFolder(folder), dataKey);
}

/**
 * The data key of the broker logs' volume, for which nothing is locked.
 *
 * @throws {StorageError} `not-a-volume`, `format-too-new`, `wrong-key`
 */
export async function logsDataKey(
  folder: string,
  { id }: LogsVolumeRecord,
  wrappingKey: KeyObject,
): Promise<KeyObject> {
  const own = logsFolder(folder);
  const header = await readVolumeHeader(systemDisk, own);
  try {
    return keyFromBytes(openValue(wrappingKey, contextOf(id), header.wrappedKey));
  } catch (cause) {
    const text = `${own}/volume: its wrapped data key is not the one that was made for volume ${id}`;
    throw new StorageError('wrong-key', text, { cause });
  }
}

function contextOf(volumeId: string): string {
  return `waxwing logs: data key of ${volumeId}`;
}

function requireRecord({ record }: LogsVolumeJournal): LogsVolumeRecord {
  if (record !== undefined) return record;
  throw new Error('the volume of the broker logs is not on record');
}

function unusable({ folder }: LogsVolumeParts, error: unknown): unknown {
  if (!(error instanceof StorageError) || error.code === 'folder-locked') return error;
  const found = `the volume of the broker logs, ${logsFolder(folder)}, cannot be used`;
  const text = `${found}: ${error.message}; ${remedy}`;
  return new ServerError('broker-logs-unusable', text, { cause: error });
}
