// The file beside a volume that has its wrapped data keys.

import { open, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { VolumeError } from './errors.ts';

/** A data key of a volume, wrapped by the caller. */
export interface WrappedVolumeKey {
  /** Starts from 0. */
  readonly generation: number;
  readonly wrappedKey: Buffer;
}

/** Maximum size of a key file. */
const fileBytesMax = 64 * 1024;

/** Returns the path of the key file of a volume's folder. */
export function keyFileOf(folder: string): string {
  return join(folder, 'keys.json');
}

/** Writes the wrapped keys of a volume, synced. A crash leaves the old file or the new one. */
export async function writeKeyFile(
  folder: string,
  id: string,
  keys: readonly WrappedVolumeKey[],
): Promise<void> {
  const shown = keys.map(({ generation, wrappedKey }) => ({
    generation,
    wrappedKey: wrappedKey.toString('base64'),
  }));
  const text = `${JSON.stringify({ format: 1, volume: id, keys: shown }, null, 2)}\n`;
  const path = keyFileOf(folder);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncFolder(folder);
}

/**
 * Reads the wrapped keys of a volume, the newest first.
 *
 * @throws {VolumeError} `volume-missing`, `volume-damaged`
 */
export async function readKeyFile(folder: string, id: string): Promise<WrappedVolumeKey[]> {
  const path = keyFileOf(folder);
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    bytes = size > fileBytesMax ? Buffer.alloc(0) : await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new VolumeError('volume-missing', `there is no volume in ${folder}`);
  }
  const keys = parseKeyFile(bytes.toString('utf8'), id);
  if (keys === undefined) {
    throw new VolumeError('volume-damaged', `${path} does not have the keys of volume ${id}`);
  }
  return keys.sort((a, b) => b.generation - a.generation);
}

/** Returns undefined if the text is not that of a key file of the volume. */
function parseKeyFile(text: string, id: string): WrappedVolumeKey[] | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const { format, volume, keys } = (read ?? {}) as Record<string, unknown>;
  if (format !== 1 || volume !== id || !Array.isArray(keys) || keys.length === 0) return undefined;
  const found = keys.flatMap((key: unknown): WrappedVolumeKey[] => {
    const { generation, wrappedKey } = (key ?? {}) as Record<string, unknown>;
    if (!Number.isSafeInteger(generation) || typeof wrappedKey !== 'string') return [];
    return [{ generation: Number(generation), wrappedKey: Buffer.from(wrappedKey, 'base64') }];
  });
  return found.length === keys.length ? found : undefined;
}

/** Overwrites a file with zeros, synced, if it exists. */
export async function eraseFile(path: string): Promise<void> {
  try {
    const file = await open(path, 'r+');
    try {
      const { size } = await file.stat();
      await file.write(Buffer.alloc(size), 0, size, 0);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Syncs the entries of a folder. */
export async function syncFolder(folder: string): Promise<void> {
  const file = await open(folder, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Syncs the entries of the folder that contains a path. */
export function syncFolderOf(path: string): Promise<void> {
  return syncFolder(dirname(path));
}
