// The volume of the broker logs.

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

/** The record of the volume of the broker logs. */
export interface LogsVolumeRecord {
  /** `logs-` and 17 hexadecimal digits. */
  readonly id: string;
  /** Whether the volume was created. Until then it contains no data. */
  readonly isMade: boolean;
  /** The number of the last mount. */
  readonly epoch: number;
  /** The newest mount that succeeded; 0 before the first. */
  readonly mountedEpoch: number;
}

/** The journal of the volume of the broker logs. Each change is the whole record. */
export class LogsVolumeJournal implements Journal<LogsVolumeRecord> {
  readonly name = 'logs-volume';
  #record: LogsVolumeRecord | undefined = undefined;

  /** Undefined until the volume is first created. */
  get record(): LogsVolumeRecord | undefined {
    return this.#record;
  }

  apply(change: LogsVolumeRecord): void {
    this.#record = change;
  }

  *snapshot(): Iterable<LogsVolumeRecord> {
    if (this.#record !== undefined) yield this.#record;
  }

  /** Returns the entry that stores this record. */
  entry(change: LogsVolumeRecord): Entry {
    return { journal: this.name, change };
  }
}

/** The parts that opening the broker logs needs. */
export interface LogsVolumeParts {
  /** The data folder. */
  readonly folder: string;
  readonly journal: LogsVolumeJournal;
  /**
   * 256 bits, derived from the data key of the system volume. It wraps the data keys of these
   * volumes.
   */
  readonly wrappingKey: KeyObject;
  readonly random: Random;
  /** Applies the entries at once. Resolves when they are synced. */
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
  /**
   * Returns the audit entries that record the removal of the existing volume and its lines.
   * Undefined if the volume is kept.
   */
  readonly discarding: (() => readonly Entry[]) | undefined;
}

const remedy =
  'restore it from a backup, or start once with --discard-broker-logs to discard the old lines';

/**
 * Opens the volume of the broker logs, and creates it if the data folder never had one.
 *
 * @throws {ServerError} `broker-logs-unusable` if the volume is missing, damaged, not current, or
 *   belongs to another data folder
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

/** Records that a volume will be created, before any files are removed. */
async function recordNew(parts: LogsVolumeParts): Promise<void> {
  const { folder, journal, random, commit, discarding } = parts;
  const isFound = existsSync(join(logsFolder(folder), 'volume'));
  if (isFound && discarding === undefined) {
    const found = `${logsFolder(folder)} contains a volume that is not recorded in the system volume`;
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
  // Files of an earlier attempt contain no lines, and discarded files are not needed.
  await rm(own, { recursive: true, force: true });
  const dataKey = random.bytes(keyBytes);
  const wrappedKey = sealValue(wrappingKey, contextOf(record.id), dataKey);
  // The kind whose records are those of a state store.
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
 * Returns the data key of the broker logs' volume. The volume is not locked.
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
    const text = `${own}/volume: its wrapped data key was not created for volume ${id}`;
    throw new StorageError('wrong-key', text, { cause });
  }
}

function contextOf(volumeId: string): string {
  return `waxwing logs: data key of ${volumeId}`;
}

function requireRecord({ record }: LogsVolumeJournal): LogsVolumeRecord {
  if (record !== undefined) return record;
  throw new Error('the volume of the broker logs is not recorded');
}

function unusable({ folder }: LogsVolumeParts, error: unknown): unknown {
  if (!(error instanceof StorageError) || error.code === 'folder-locked') return error;
  const found = `the volume of the broker logs, ${logsFolder(folder)}, cannot be used`;
  const text = `${found}: ${error.message}; ${remedy}`;
  return new ServerError('broker-logs-unusable', text, { cause: error });
}
