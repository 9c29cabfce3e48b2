// What the volume of a replica of a pair has, in a file beside the volume.

import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WaxwingError } from '../../../base/errors.ts';
import { syncFolder } from '../../../volumes/key-file.ts';

/** What a volume has of a primary. */
export interface ReplicaRecord {
  /** Changes with the roles of the pair. */
  readonly lineage: number;
  /** `begun`: its own stores may be there; `copying`: a part of a copy; `copy`: a state that the primary had. */
  readonly state: 'begun' | 'copying' | 'copy';
  /** Whether the indexes of the stopped primary are there too. */
  readonly hasIndex: boolean;
  /** The start of the machine in which the whole copy was compared last; empty for none. */
  readonly bootId: string;
}

const states: readonly unknown[] = ['begun', 'copying', 'copy'];
/** Maximum size of the file, bytes. */
const fileBytesMax = 4096;

/**
 * Reads the record of a broker.
 *
 * @param folder that of the broker
 * @returns undefined if its volume has no copy
 * @throws {WaxwingError} `volume-damaged`
 */
export async function readRecord(folder: string): Promise<ReplicaRecord | undefined> {
  const bytes = await readFile(fileOf(folder)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (bytes === undefined) return undefined;
  const record = bytes.length > fileBytesMax ? undefined : decoded(bytes.toString('utf8'));
  if (record !== undefined) return record;
  throw new WaxwingError('volume-damaged', `${fileOf(folder)} is damaged`);
}

/** Writes the record of a broker, synced. A crash leaves the old one or the new one. */
export async function writeRecord(folder: string, record: ReplicaRecord): Promise<void> {
  const path = fileOf(folder);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ format: 1, ...record })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncFolder(folder);
}

/** Removes the record of a broker: its volume is a usual one from now on. */
export async function removeRecord(folder: string): Promise<void> {
  await rm(fileOf(folder), { force: true });
  await syncFolder(folder);
}

/** Identifies the time since the machine was started: what was written in it is as it was written. */
export async function currentBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

function fileOf(folder: string): string {
  return join(folder, 'replica.json');
}

function decoded(text: string): ReplicaRecord | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { format, lineage, state, hasIndex, bootId } = (read ?? {}) as Record<string, unknown>;
  const isRight =
    format === 1 &&
    Number.isSafeInteger(lineage) &&
    states.includes(state) &&
    typeof hasIndex === 'boolean' &&
    typeof bootId === 'string';
  if (!isRight) return undefined;
  return { lineage, state, hasIndex, bootId } as ReplicaRecord; // checked above
}
