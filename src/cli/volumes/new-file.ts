// A file that gets its name only when it is complete.

import { createHash } from 'node:crypto';
import { type FileHandle, link, lstat, open, rename, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemRandom } from '../../base/random.ts';
import { CliError } from '../errors.ts';
import { isSystemError, onFile } from '../system-error.ts';

const readBytes = 1024 * 1024;

/** A private file under a temporary name beside its own. */
export class NewFile {
  readonly #path: string;
  readonly #draft: string;
  readonly #isReplacing: boolean;
  readonly #file: FileHandle;

  private constructor(path: string, draft: string, isReplacing: boolean, file: FileHandle) {
    this.#path = path;
    this.#draft = draft;
    this.#isReplacing = isReplacing;
    this.#file = file;
  }

  /**
   * Refuses a name that is taken.
   *
   * @param isReplacing whether an existing file is replaced
   * @throws {CliError} `file-exists`
   */
  static async check(path: string, isReplacing: boolean): Promise<void> {
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined || (isReplacing && found.isFile())) return;
    const remedy = found.isFile() ? '; --force replaces it' : ' and is not a regular file';
    throw new CliError('file-exists', `${path} exists already${remedy}`);
  }

  /** Creates a file under a temporary name, which no other file has. */
  static async create(path: string, isReplacing: boolean): Promise<NewFile> {
    const draft = `${path}.${systemRandom.bytes(8).toString('hex')}.partial`;
    try {
      return new NewFile(path, draft, isReplacing, await onFile(path, open(draft, 'wx+', 0o600)));
    } catch (error) {
      // It is the folder that does not exist.
      if (isSystemError(error) && error.code === 'ENOENT') error.path = dirname(path);
      throw error;
    }
  }

  async write(bytes: Buffer): Promise<void> {
    await onFile(this.#path, this.#file.writeFile(bytes));
  }

  /**
   * Syncs the file, and computes the hash of what the disk has.
   *
   * @returns SHA-256, hexadecimal
   */
  async readBack(progress: (doneBytes: number, totalBytes: number) => void): Promise<string> {
    await onFile(this.#path, this.#file.sync());
    const hash = createHash('sha256');
    const { size } = await this.#file.stat();
    const buffer = Buffer.alloc(readBytes);
    for (let at = 0; at < size; ) {
      const { bytesRead } = await onFile(this.#path, this.#file.read(buffer, 0, readBytes, at));
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
      progress(at, size);
    }
    return hash.digest('hex');
  }

  /**
   * Gives the file its name.
   *
   * @throws {CliError} `file-exists` if it was given to another file meanwhile
   */
  async finish(): Promise<void> {
    await onFile(this.#path, this.#file.close());
    if (this.#isReplacing) await onFile(this.#path, rename(this.#draft, this.#path));
    else {
      await link(this.#draft, this.#path).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') throw new CliError('file-exists', `${this.#path} exists`);
        // The file system has no hard links.
        await NewFile.check(this.#path, false);
        await onFile(this.#path, rename(this.#draft, this.#path));
      });
      await unlink(this.#draft).catch(() => {}); // it was renamed
    }
    const folder = await open(dirname(this.#path), 'r');
    await folder.sync();
    await folder.close();
  }

  /** Removes the file, unless it has its name. */
  async discard(): Promise<void> {
    await this.#file.close().catch(() => {});
    await rm(this.#draft, { force: true });
  }
}
