import { createSecretKey } from 'node:crypto';
import { join } from 'node:path';
import { type Random, systemRandom } from '../base/random.ts';
import { keyFromBytes } from '../crypto/derive.ts';
import { type Disk, systemDisk } from '../storage/disk.ts';
import { readVolumeHeader, Volume } from '../storage/volume.ts';
import { ServerError } from './errors.ts';
import { isFromFile, type RootKeySource, unwrapDataKey, wrapDataKey } from './root-key.ts';

const keyBytes = 32;

/** The folder of the system volume in a data folder. */
export function systemFolder(folder: string): string {
  return join(folder, 'system');
}

/** The folder of the brokers' volumes in a data folder. */
export function brokersFolder(folder: string): string {
  return join(folder, 'brokers');
}

/** An open system volume, and where its root key comes from. */
export interface SystemVolume {
  readonly volume: Volume;
  /** Whether a file holds the root key, and not a passphrase. */
  readonly hasKeyFile: boolean;
}

/**
 * Opens the system volume of a data folder, which is made where there is none.
 *
 * @throws {ServerError} `data-folder-foreign`, and what opening the root key throws
 * @throws {StorageError} `folder-locked`, `format-too-new`, `wrong-key`, `not-a-volume`
 */
export async function openSystemVolume(
  folder: string,
  source: RootKeySource,
  random: Random = systemRandom,
): Promise<SystemVolume> {
  const disk = systemDisk;
  await createDataFolder(disk, folder);
  if (await isNew(disk, folder)) await makeSystemVolume(disk, folder, source, random);
  return openMade(disk, folder, source);
}

/**
 * The data key of the system volume of a data folder, which nothing is locked for.
 *
 * @throws {ServerError} what opening the root key throws
 * @throws {StorageError} `not-a-volume`, `format-too-new`
 */
export async function systemDataKey(folder: string, source: RootKeySource) {
  const header = await readVolumeHeader(systemDisk, systemFolder(folder));
  return keyFromBytes(await unwrapDataKey(source, header.id, header.wrappedKey));
}

async function openMade(disk: Disk, folder: string, source: RootKeySource): Promise<SystemVolume> {
  const key = await systemDataKey(folder, source);
  const volume = await Volume.open(disk, systemFolder(folder), key);
  return { volume, hasKeyFile: isFromFile(volume.header.wrappedKey) };
}

async function createDataFolder(disk: Disk, folder: string): Promise<void> {
  await disk.createFolder(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST' && cause.code !== 'ENOTDIR') throw cause;
    const found = `${folder} cannot be the data folder: it, or a folder above it, is a file`;
    throw new ServerError('data-folder-foreign', found, { cause });
  });
}

/** Whether there is no volume yet; a first start that was cut short leaves an empty folder. */
async function isNew(disk: Disk, folder: string): Promise<boolean> {
  const names = await disk.list(folder);
  if (names.length === 0) return true;
  if (names.includes('system')) {
    const inside = await disk.list(systemFolder(folder));
    return !inside.includes('volume') && !inside.some((name) => name.startsWith('seg-'));
  }
  const found = `${folder} holds ${names.length} files or folders, and no volume of Waxwing`;
  throw new ServerError('data-folder-foreign', `${found}; name an empty or a new folder`);
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
    // Another process may have been first.
    if (!(await isNew(disk, folder))) return;
    const id = `sys-${random.bytes(9).toString('hex').slice(0, 17)}`;
    const dataKey = random.bytes(keyBytes);
    const wrappedKey = await wrapDataKey(source, id, dataKey);
    const volume = { id, kind: 'system', wrappedKey } as const;
    await Volume.format(disk, system, volume, createSecretKey(dataKey));
    dataKey.fill(0);
    await disk.syncFolder(folder);
  } finally {
    await unlock();
  }
}
