// The contents of a replaced file, which are overwritten.

import { constants } from 'node:fs';
import { type FileHandle, link, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

const { O_NOFOLLOW, O_WRONLY } = constants;

/** Errors of file systems without hard links. */
const noLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'];

/** The name under which a file is kept while it is replaced. */
export function formerName(file: string): string {
  return `${file}.old`;
}

/**
 * A file that is about to be replaced. It keeps a second name until its contents are overwritten, so
 * that they can still be overwritten after a crash. On a file system without hard links, a crash
 * between both steps leaves them in free blocks.
 */
export class FormerFile {
  readonly #name: string | undefined;
  readonly #file: FileHandle;

  private constructor(name: string | undefined, file: FileHandle) {
    this.#name = name;
    this.#file = file;
  }

  /** Keeps a file. Undefined if it does not exist. One that a crash left is erased first. */
  static async keep(file: string): Promise<FormerFile | undefined> {
    const name = formerName(file);
    await eraseLeft(file);
    const opened = await openToErase(file);
    if (opened === undefined) return undefined;
    try {
      const isLinked = await link(file, name).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (noLinks.includes(error.code ?? '')) return false;
          throw error;
        },
      );
      return new FormerFile(isLinked ? name : undefined, opened);
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  /** Leaves the contents as they are, because the file was not replaced. */
  close(): Promise<void> {
    return this.#file.close();
  }

  /** Overwrites the contents with zeros, syncs them, and removes the second name. */
  async erase(): Promise<void> {
    await overwrite(this.#file);
    if (this.#name !== undefined) await unlink(this.#name);
  }
}

/**
 * Overwrites what a crash left of a replaced file. If the file was not replaced yet, both names have
 * the same contents, and only the second name is removed.
 */
async function eraseLeft(file: string): Promise<void> {
  const name = formerName(file);
  const left = await openToErase(name);
  if (left === undefined) return;
  const current = await openToErase(file);
  const isSame = current !== undefined && (await inodeOf(current)) === (await inodeOf(left));
  await current?.close();
  if (isSame) await left.close();
  else {
    // A killed process may have renamed the file. Until that is durable, a power failure can restore
    // these contents under its name.
    await syncFolder(dirname(file));
    await overwrite(left);
  }
  await unlink(name);
}

async function inodeOf(file: FileHandle): Promise<string> {
  const { dev, ino } = await file.stat({ bigint: true });
  return `${dev}:${ino}`;
}

/** Overwrites the contents of a file with zeros, syncs them, and closes it. */
export async function overwrite(file: FileHandle): Promise<void> {
  try {
    const { size } = await file.stat();
    await file.write(Buffer.alloc(size), 0, size, 0);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Opens a file for {@link overwrite}; undefined if it does not exist. */
export async function openToErase(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, O_WRONLY | O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
