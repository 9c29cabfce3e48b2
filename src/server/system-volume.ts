import { createSecretKey } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type Random, systemRandom } from '../base/random.ts';
import { keyFromBytes } from '../crypto/derive.ts';
import { type Disk, systemDisk } from '../storage/disk.ts';
import { readVolumeHeader, Volume, type VolumeHeader } from '../storage/volume.ts';
import { ServerError } from './errors.ts';
import { checkFolder } from './ownership.ts';
import {
  adoptKeyFile,
  isSystemVolumeId,
  type RootKeyOwner,
  type RootKeySource,
  unwrapDataKey,
  wrapDataKey,
} from './root-key.ts';

const keyBytes = 32;

/** The folder of the system volume in a data folder. */
export function systemFolder(folder: string): string {
  return join(folder, 'system');
}

/** The folder of the brokers' volumes in a data folder. */
export function brokersFolder(folder: string): string {
  return join(folder, 'brokers');
}

/** The folder of the broker logs' volume in a data folder. */
export function logsFolder(folder: string): string {
  return join(folder, 'logs');
}

/** The system volume as its header names it: what of that is believed is proved later. */
interface SystemHeader {
  readonly owner: RootKeyOwner;
  readonly wrappedKey: Buffer;
}

/**
 * Opens the system volume of a data folder, which is made where there is none.
 *
 * @throws {ServerError} `data-folder-foreign`, `system-volume-missing`, `not-private`, and what opening
 *   the root key throws
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
 * The data key of the system volume of a data folder, which nothing is locked for.
 *
 * @throws {ServerError} what opening the root key throws
 * @throws {StorageError} `not-a-volume`, `format-too-new`
 */
export async function systemDataKey(folder: string, source: RootKeySource) {
  const { owner, wrappedKey } = await readSystemHeader(folder);
  return keyFromBytes(await unwrapDataKey(source, owner, wrappedKey));
}

/** Reads what says how the data key is wrapped, and refuses what no system volume could say. */
async function readSystemHeader(folder: string): Promise<SystemHeader> {
  const system = systemFolder(folder);
  const { id, kind, wrappedKey } = await readVolumeHeader(systemDisk, system);
  if (kind !== 'system' || !isSystemVolumeId(id)) {
    const text = `${system}/volume is not the header of a system volume`;
    throw new ServerError('data-folder-foreign', text);
  }
  return { owner: { folder: realpathSync(folder), volumeId: id }, wrappedKey };
}

/** What was read first is what the data key proved: another process may have replaced the header. */
function checkProved({ id, kind }: VolumeHeader, { volumeId, folder }: RootKeyOwner): void {
  if (id === volumeId && kind === 'system') return;
  throw new ServerError('data-folder-foreign', `${folder} was replaced while it was opened`);
}

async function createDataFolder(disk: Disk, folder: string): Promise<void> {
  await disk.createFolder(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST' && cause.code !== 'ENOTDIR') throw cause;
    const found = `${folder} cannot be the data folder: it, or a folder above it, is a file`;
    throw new ServerError('data-folder-foreign', found, { cause });
  });
}

/** Proves that nobody else can have written in the data folder or in a folder in it. */
async function checkFolders(disk: Disk, folder: string): Promise<void> {
  const proved = new Set<string>();
  checkFolder(folder, proved);
  const brokers = brokersFolder(folder);
  const names = existsSync(brokers) ? await disk.list(brokers) : [];
  const own = [systemFolder(folder), logsFolder(folder), brokers];
  const inside = [...own, ...names.map((name) => join(brokers, name))];
  for (const name of inside) if (existsSync(name)) checkFolder(name, proved);
}

/** Names of what a first start that was cut short leaves. */
const leftInFolder = /^system$/;
const leftInSystem = /^(lock(\..*)?|volume\.new)$/;

/**
 * Whether there is no volume yet.
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
  if (
    !names.some((name) => ['system', 'brokers', 'logs', 'ca.pem', 'service.sock'].includes(name))
  ) {
    const found = `${folder} holds ${names.length} files or folders, and no volume of Waxwing`;
    throw new ServerError('data-folder-foreign', `${found}; name an empty or a new folder`);
  }
  const found = `${folder} is a data folder, but system/volume is missing`;
  const remedy =
    'put the whole folder back from a copy; to begin anew, name an empty or a new folder';
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
    // Another process may have been first.
    if (!(await isNew(disk, folder))) return;
    const id = `sys-${random.bytes(9).toString('hex').slice(0, 17)}`;
    const dataKey = random.bytes(keyBytes);
    const owner = { folder: realpathSync(folder), volumeId: id };
    const wrappedKey = await wrapDataKey(source, owner, dataKey);
    const volume = { id, kind: 'system', wrappedKey } as const;
    await Volume.format(disk, system, volume, createSecretKey(dataKey));
    dataKey.fill(0);
    await disk.syncFolder(folder);
  } finally {
    await unlock();
  }
}
