// Hard links to immutable files, which keep them while they are copied.

import type { Dirent } from 'node:fs';
import { link, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemDisk } from '../../storage/disk.ts';
import { diskFailure, StorageError } from '../../storage/errors.ts';
import type { SourceEntry } from './backup-source.ts';

const chunkBytes = 256 * 1024;
/** Maximum number of files: the archives and files of trails of many years. */
const fileCountMax = 1_000_000;

/** The immutable files of some folders of a data folder, held by links in a folder of their own. */
export class LinkedFiles {
  readonly #folder: string;
  readonly #names: readonly string[];
  readonly #links: string;

  /**
   * @param folder the data folder
   * @param names the folders in it whose files are only created and removed
   * @param links a folder for the links, in the same file system
   */
  constructor(folder: string, names: readonly string[], links: string) {
    this.#folder = folder;
    this.#names = names;
    this.#links = links;
  }

  /**
   * Links all files that exist now and are not linked yet.
   *
   * @throws {StorageError} `disk-failed`, `backup-refused`
   */
  async link(): Promise<void> {
    try {
      let count = 0;
      for (const name of this.#names) {
        for await (const file of filesBelow(join(this.#folder, name), name)) {
          count += 1;
          if (count > fileCountMax) {
            throw new StorageError('backup-refused', `there are more than ${fileCountMax} files`);
          }
          await this.#linkOne(file);
        }
      }
    } catch (error) {
      throw diskFailure(`linking files into ${this.#links}`, error);
    }
  }

  async #linkOne(file: string): Promise<void> {
    const to = join(this.#links, file);
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    await link(join(this.#folder, file), to).catch((error: NodeJS.ErrnoException) => {
      // It is linked already, or it was removed meanwhile.
      if (error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error;
    });
  }

  /** The linked files. */
  async entries(): Promise<SourceEntry[]> {
    const entries: SourceEntry[] = [];
    for (const name of this.#names) {
      for await (const file of filesBelow(join(this.#links, name), name)) {
        const path = join(this.#links, file);
        const { size: sizeBytes } = await stat(path);
        entries.push({ name: file, sizeBytes, read: () => contentsOf(path, sizeBytes) });
      }
    }
    return entries;
  }

  /** Removes the links. */
  async remove(): Promise<void> {
    await rm(this.#links, { recursive: true, force: true });
  }
}

/** The names of the files below a folder, sorted. Drafts are left out. */
async function* filesBelow(folder: string, name: string): AsyncGenerator<string> {
  const found = await readdir(folder, { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException): Dirent[] => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  for (const entry of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory()) {
      yield* filesBelow(join(folder, entry.name), `${name}/${entry.name}`);
    } else if (entry.isFile() && !entry.name.endsWith('.new')) yield `${name}/${entry.name}`;
  }
}

async function* contentsOf(path: string, sizeBytes: number): AsyncGenerator<Buffer> {
  const file = await systemDisk.open(path);
  try {
    for (let at = 0; at < sizeBytes; at += chunkBytes) {
      yield await file.read(at, Math.min(chunkBytes, sizeBytes - at));
    }
  } finally {
    await file.close();
  }
}
