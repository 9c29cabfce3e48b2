// Key files.

import { createHash } from 'node:crypto';
import { existsSync, linkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemRandom } from '../../../base/random.ts';
import { systemDisk } from '../../../storage/disk.ts';
import { ServerError } from '../../errors.ts';
import { checkFolder, checkKeyFile } from '../../ownership.ts';
import type { FileSource, RootKeySource } from '../source.ts';
import { createPrivate, keyInText, readPrivate } from './private-file.ts';
import {
  type MadeRootKey,
  type RootKeyHolder,
  type RootKeyOwner,
  rootKeyBytes,
  sourceNumbers,
} from './root-key-holder.ts';

/** Returns the path of the key file of a data folder. */
export function rootKeyFile(
  source: Pick<FileSource, 'configFolder' | 'file'>,
  folder: string,
): string {
  if (source.file !== undefined) return source.file;
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const name = basename(folder)
    .replaceAll(/[^\w.-]/g, '_')
    .slice(0, 64);
  return join(source.configFolder, `${name}-${hash}.key`);
}

/** Whether an id has the form of a system volume's id. */
export function isSystemVolumeId(id: string): boolean {
  return /^sys-[0-9a-f]{17}$/.test(id);
}

/** Returns the path of the key file in earlier releases, which contains the volume id. */
function earlierKeyFile({ configFolder }: FileSource, { volumeId }: RootKeyOwner) {
  // The header has been validated, but here the id becomes part of a path.
  if (!isSystemVolumeId(volumeId)) return undefined;
  return join(configFolder, `${volumeId}.key`);
}

/**
 * Returns the key file for the path of the folder, or that of an earlier release if only it exists.
 */
function findKeyFile(source: FileSource, owner: RootKeyOwner): string {
  const file = rootKeyFile(source, owner.folder);
  if (source.file !== undefined || existsSync(file)) return file;
  const earlier = earlierKeyFile(source, owner);
  return earlier !== undefined && existsSync(earlier) ? earlier : file;
}

/** Links the key file of an earlier release to its new name. The old name remains. */
export function adoptKeyFile(source: RootKeySource, owner: RootKeyOwner): void {
  if (source.kind !== 'file' || source.file !== undefined) return;
  const [found, file] = [findKeyFile(source, owner), rootKeyFile(source, owner.folder)];
  if (found === file) return;
  try {
    linkSync(found, file);
  } catch (error) {
    // Some file systems have no hard links. The old name is then used again next time.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

/** A root key in a file. */
export class KeyFileHolder implements RootKeyHolder {
  readonly kind = 'file';
  readonly #source: FileSource;

  constructor(source: FileSource) {
    this.#source = source;
  }

  /**
   * Creates the key file. An existing one is reused, because a copy of an earlier folder with the
   * same path may need it. Reuse is safe: it wraps only data keys.
   */
  async make({ folder }: RootKeyOwner): Promise<MadeRootKey> {
    const key = await makeKeyFile(rootKeyFile(this.#source, folder), folder);
    return { key, stored: Buffer.alloc(0), number: sourceNumbers.file };
  }

  describe(owner: RootKeyOwner): string {
    return `the key in ${findKeyFile(this.#source, owner)}`;
  }

  async open(owner: RootKeyOwner): Promise<Buffer> {
    return await readKeyFile(findKeyFile(this.#source, owner), owner.folder);
  }
}

async function makeKeyFile(path: string, folder: string): Promise<Buffer> {
  await systemDisk.createFolder(dirname(path)).catch(notCreated(path));
  if (existsSync(path)) return await readKeyFile(path, folder);
  checkFolder(dirname(path));
  const key = systemRandom.bytes(rootKeyBytes);
  const text = `# Waxwing root key of ${JSON.stringify(folder)}\n${key.toString('hex')}\n`;
  const isCreated = await createPrivate(path, text).catch(notCreated(path));
  return isCreated ? key : await readKeyFile(path, folder);
}

/** A system user may have no home, or one that cannot be written. */
function notCreated(path: string) {
  return (cause: NodeJS.ErrnoException): never => {
    const what = `the root key file ${path} cannot be created (${cause.code ?? cause.message})`;
    const remedy =
      'name another file with WAXWING_ROOT_KEY_FILE, in a folder that this user can write';
    throw new ServerError('root-key-missing', `${what}; ${remedy}`, { cause });
  };
}

async function readKeyFile(file: string, folder: string): Promise<Buffer> {
  const text = await readPrivate(file, 'the root key file', checkKeyFile).catch((error) => {
    throw error instanceof ServerError && error.code === 'root-key-missing'
      ? lostKey(folder, error)
      : error;
  });
  return keyInText(text, file);
}

function lostKey(folder: string, cause: Error): ServerError {
  const text = `${cause.message}. ${folder} cannot be opened without it: restore your copy of it`;
  const moved = 'if the folder was moved or copied, set WAXWING_ROOT_KEY_FILE to its key file';
  return new ServerError('root-key-missing', `${text}; ${moved}`, { cause });
}
