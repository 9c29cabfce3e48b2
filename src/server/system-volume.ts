// The system volume: creating, opening and checking it.

import { createSecretKey } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { type Random, systemRandom } from '../base/random.ts';
import { keyFromBytes } from '../crypto/derive.ts';
import { type Disk, systemDisk } from '../storage/disk.ts';
import { readVolumeHeader, Volume, type VolumeHeader } from '../storage/volume.ts';
import { ServerError } from './errors.ts';
import { checkFolder } from './ownership.ts';
import type { RootKeySource } from './root-key/source.ts';
import { adoptKeyFile, isSystemVolumeId } from './root-key/sources/key-file.ts';
import type { RootKeyOwner } from './root-key/sources/root-key-holder.ts';
import { unwrapDataKey, wrapDataKey } from './root-key/wrapping.ts';

const keyBytes = 32;

/** The folder of the system volume. */
export function systemFolder(folder: string): string {
  return join(folder, 'system');
}

/** The folder of the brokers' volumes. */
export function brokersFolder(folder: string): string {
  return join(folder, 'brokers');
}

/** The folder with a subfolder for each cluster of RabbitMQ. */
export function clustersFolder(folder: string): string {
  return join(folder, 'clusters');
}

/** The folder with a subfolder for each pair of ActiveMQ. */
export function pairsFolder(folder: string): string {
  return join(folder, 'pairs');
}

/** The folder of the broker logs' volume. */
export function logsFolder(folder: string): string {
  return join(folder, 'logs');
}

/** The folder of the secrets of key materials. */
export function keysFolder(folder: string): string {
  return join(folder, 'keys');
}

/** The folder of the files that trails deliver. */
export function trailsFolder(folder: string): string {
  return join(folder, 'trails');
}

/** The folder of the archives of older events. */
export function eventsFolder(folder: string): string {
  return join(folder, 'events');
}

/** The header of the system volume. It is authenticated only after the data key is unwrapped. */
export interface SystemHeader {
  readonly owner: RootKeyOwner;
  readonly wrappedKey: Buffer;
  /** How often the data key was wrapped again. */
  readonly rewrapCount: number;
}

/**
 * Opens the system volume of a data folder, and creates it if it does not exist.
 *
 * @throws {ServerError} `data-folder-foreign`, `system-volume-missing`, `not-private`, and the
 *   errors of opening the root key
 * @throws {StorageError} `folder-locked`, `format-too-new`, `wrong-key`, `not-a-volume`
 */
export async function openSystemVolume(
  folder: string,
  source: RootKeySource,
  random: Random = systemRandom,
): Promise<Volume> {
  const disk = systemDisk;
  await createDataFolder(disk, folder);
  await checkFolders(disk, folder);
  if (await isNew(disk, folder)) await makeSystemVolume(disk, folder, source, random);
  const { owner, wrappedKey } = await readSystemHeader(folder);
  const key = keyFromBytes(await unwrapDataKey(source, owner, wrappedKey));
  const volume = await Volume.open(disk, systemFolder(folder), key);
  try {
    checkProved(volume.header, owner);
    adoptKeyFile(source, owner);
    return volume;
  } catch (error) {
    await volume.close();
    throw error;
  }
}

/**
 * Returns the data key of the system volume. The volume is not locked.
 *
 * @throws {ServerError} the errors of opening the root key
 * @throws {StorageError} `not-a-volume`, `format-too-new`
 */
export async function systemDataKey(folder: string, source: RootKeySource) {
  const { owner, wrappedKey } = await readSystemHeader(folder);
  return keyFromBytes(await unwrapDataKey(source, owner, wrappedKey));
}

/**
 * Reads the header with the wrapped data key, and refuses one that cannot belong to a system
 * volume. The volume is not locked.
 *
 * @throws {ServerError} `data-folder-foreign`
 * @throws {StorageError} `not-a-volume`, `format-too-new`
 */
export async function readSystemHeader(folder: string): Promise<SystemHeader> {
  const system = systemFolder(folder);
  const { id, kind, wrappedKey, rewrapCount } = await readVolumeHeader(systemDisk, system);
  if (kind !== 'system' || !isSystemVolumeId(id)) {
    const text = `${system}/volume is not the header of a system volume`;
    throw new ServerError('data-folder-foreign', text);
  }
  return { owner: { folder: realpathSync(folder), volumeId: id }, wrappedKey, rewrapCount };
}

/**
 * Checks that the header is still the one that was read first: another process may have replaced
 * it.
 */
function checkProved({ id, kind }: VolumeHeader, { volumeId, folder }: RootKeyOwner): void {
  if (id === volumeId && kind === 'system') return;
  throw new ServerError('data-folder-foreign', `${folder} was replaced while it was being opened`);
}

async function createDataFolder(disk: Disk, folder: string): Promise<void> {
  await disk.createFolder(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST' && cause.code !== 'ENOTDIR') throw cause;
    const found = `${folder} cannot be the data folder: it, or a folder above it, is a file`;
    throw new ServerError('data-folder-foreign', found, { cause });
  });
}

/** Checks that no other user can have written in the data folder or its subfolders. */
async function checkFolders(disk: Disk, folder: string): Promise<void> {
  const proved = new Set<string>();
  checkFolder(folder, proved);
  const parents = [brokersFolder(folder), clustersFolder(folder), pairsFolder(folder)];
  const names: string[] = [];
  for (const parent of parents) {
    if (!existsSync(parent)) continue;
    names.push(...(await disk.list(parent)).map((name) => join(parent, name)));
  }
  const ofTrails = [trailsFolder(folder), eventsFolder(folder)];
  const sealed = [systemFolder(folder), keysFolder(folder), logsFolder(folder), ...ofTrails];
  const inside = [...sealed, ...parents, ...names];
  for (const name of inside) if (existsSync(name)) checkFolder(name, proved);
}

/** Names of files that an interrupted first start may leave. */
const leftInFolder = /^system$/;
const leftInSystem = /^(lock(\..*)?|volume\.new)$/;

/** Names in a data folder, by which it is recognised. */
const ownNames = [
  'system',
  'brokers',
  'clusters',
  'pairs',
  'logs',
  'trails',
  'events',
  'ca.pem',
  'service.sock',
];

/**
 * Whether the data folder has no volume yet.
 *
 * @throws {ServerError} `data-folder-foreign`, `system-volume-missing`
 */
async function isNew(disk: Disk, folder: string): Promise<boolean> {
  const names = await disk.list(folder);
  const inside = names.includes('system') ? await disk.list(systemFolder(folder)) : [];
  if (inside.includes('volume')) return false;
  const isCutShort =
    names.every((name) => leftInFolder.test(name)) &&
    inside.every((name) => leftInSystem.test(name));
  if (isCutShort) return true;
  if (!names.some((name) => ownNames.includes(name))) {
    const found = `${folder} contains ${names.length} files or folders, but no volume of Waxwing`;
    throw new ServerError('data-folder-foreign', `${found}; choose an empty or new folder`);
  }
  const found = `${folder} is a data folder, but system/volume is missing`;
  const remedy = 'restore the whole folder from a backup, or choose an empty or new folder';
  throw new ServerError('system-volume-missing', `${found}: ${remedy}`);
}

async function makeSystemVolume(
  disk: Disk,
  folder: string,
  source: RootKeySource,
  random: Random,
): Promise<void> {
  const system = systemFolder(folder);
  await disk.createFolder(system);
  const unlock = await disk.lock(system);
  try {
    // Another process may have created it first.
    if (!(await isNew(disk, folder))) return;
    const id = `sys-${random.bytes(9).toString('hex').slice(0, 17)}`;
    const dataKey = random.bytes(keyBytes);
    const owner = { folder: realpathSync(folder), volumeId: id };
    const change = { atMs: systemClock.nowMs(), id: random.bytes(16) };
    const wrappedKey = await wrapDataKey(source, owner, dataKey, change);
    const volume = { id, kind: 'system', wrappedKey } as const;
    await Volume.format(disk, system, volume, createSecretKey(dataKey));
    dataKey.fill(0);
    await disk.syncFolder(folder);
  } finally {
    await unlock();
  }
}
