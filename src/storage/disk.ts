import * as fs from 'node:fs';
import * as fsp from 'node:fs/promises';
import * as path from 'node:path';
import { BlockingWrites } from './disk/blocking-writes.ts';
import { lockFolder } from './lock.ts';

const { O_CREAT, O_DSYNC, O_EXCL, O_NOFOLLOW, O_RDWR, O_WRONLY } = fs.constants;

/** Called once: with an error of the operating system, whose `code` says which, or with null. */
export type Done = (error: NodeJS.ErrnoException | null) => void;

/** Begins something, and waits until it is done. */
export function answered(begin: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    begin((error) => (error === null ? resolve() : reject(error)));
  });
}

/** An open file. Several reads may be under way, and one write or sync. */
export interface DiskFile {
  /** Bytes the file has, as of opening and of what was written since. */
  readonly sizeBytes: number;
  /** Writes the chunks one after the other; they must stay as they are until done. */
  write(offset: number, chunks: readonly Uint8Array[], done: Done): void;
  /** Done when a power cut would lose nothing written before. */
  sync(done: Done): void;
  /** `write`, then `sync`, as one call: a thread of the pool is waited for only once. */
  writeThrough(offset: number, chunks: readonly Uint8Array[], done: Done): void;
  /**
   * The same before it returns, where the disk has been so quick of late that waiting for it takes
   * less time than waiting for a thread of the pool. False where it is not done, and all is still to
   * be written; throws where it failed.
   */
  writeThroughAtOnce(offset: number, chunks: readonly Uint8Array[]): boolean;
  /** Reads up to `size` bytes; fewer only where the file ends. */
  read(offset: number, size: number): Promise<Buffer>;
  /** Cuts the file off, or lengthens it by zeros. */
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

/** All that storage asks of a file system. Every method rejects with the system's own error. */
export interface Disk {
  /** Makes the folder and those above it, for good; no error where it is there. */
  createFolder(folder: string): Promise<void>;
  /** Names of what is in the folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Makes a file of no bytes; error `EEXIST` where it is there. */
  create(file: string): Promise<DiskFile>;
  /** Opens a file; error `ENOENT` where it is not there. */
  open(file: string): Promise<DiskFile>;
  /** Puts a small file in place of another, or anew: after a power cut it is the old or the new one. */
  replace(file: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(file: string): Promise<void>;
  /** Makes creations, renamings and removals in the folder last. */
  syncFolder(folder: string): Promise<void>;
  /** Bytes that can still be written in the folder's file system. */
  freeBytes(folder: string): Promise<number>;
  /**
   * Keeps every other process out of the folder.
   *
   * @returns what lets them in again
   * @throws {StorageError} `folder-locked` where another process is in
   */
  lock(folder: string): Promise<() => Promise<void>>;
}

/** A write of more bytes never holds up the process. */
const atOnceBytesMax = 8192;

/** Of all files of the process: what stalls one disk may stall another that is beside it. */
const blockingWrites = new BlockingWrites();

class SystemFile implements DiskFile {
  sizeBytes: number;
  readonly #path: string;
  readonly #fd: number;
  /** The same file, open so that each write syncs what it has written. */
  #syncedFd: number | undefined = undefined;

  constructor(path: string, fd: number, sizeBytes: number) {
    this.#path = path;
    this.#fd = fd;
    this.sizeBytes = sizeBytes;
  }

  write(offset: number, chunks: readonly Uint8Array[], done: Done): void {
    this.#write(this.#fd, offset, chunks, counted(done));
  }

  writeThrough(offset: number, chunks: readonly Uint8Array[], done: Done): void {
    const isSmall = sizeOf(chunks) <= atOnceBytesMax;
    const beganMs = performance.now();
    const ended = counted(done, beganMs);
    this.#withSynced(ended, (fd) =>
      this.#write(fd, offset, chunks, (error) => {
        if (isSmall) blockingWrites.wrote(beganMs, performance.now(), false);
        ended(error);
      }),
    );
  }

  writeThroughAtOnce(offset: number, chunks: readonly Uint8Array[]): boolean {
    const size = sizeOf(chunks);
    // A file that grows changes more than its bytes, which takes twice as long.
    const isSmall = size <= atOnceBytesMax && offset + size <= this.sizeBytes;
    const fd = this.#syncedFd;
    if (!isSmall || fd === undefined) return false;
    const beganMs = performance.now();
    if (!blockingWrites.areAllowed(beganMs)) return false;
    try {
      return fs.writevSync(fd, chunks, offset) === size;
    } catch (error) {
      const failed = error as NodeJS.ErrnoException; // a failed file operation has a code
      if (failed.code !== 'ENOSPC') throw onPath(this.#path, failed);
      return false;
    } finally {
      blockingWrites.wrote(beganMs, performance.now(), true);
    }
  }

  /** Uses the file as it is open for synced writes; opens it so for the first of them. */
  #withSynced(failed: Done, use: (fd: number) => void): void {
    if (this.#syncedFd !== undefined) {
      use(this.#syncedFd);
      return;
    }
    fs.open(this.#path, O_WRONLY | O_DSYNC | O_NOFOLLOW, (error, fd) => {
      if (error !== null) return failed(onPath(this.#path, error));
      this.#syncedFd = fd;
      use(fd);
    });
  }

  #write(fd: number, offset: number, chunks: readonly Uint8Array[], done: Done): void {
    const size = sizeOf(chunks);
    fs.writev(fd, chunks, offset, (error, written) => {
      if (error !== null) return done(onPath(this.#path, error));
      this.sizeBytes = Math.max(this.sizeBytes, offset + written);
      if (written === size) return done(null);
      // Fewer bytes without an error: the next attempt writes the rest or says what is wrong.
      if (written === 0) {
        const nothing = Object.assign(new Error('nothing written'), { code: 'EIO' });
        return done(onPath(this.#path, nothing));
      }
      this.#write(fd, offset + written, after(chunks, written), done);
    });
  }

  sync(done: Done): void {
    const ended = counted(done);
    fs.fdatasync(this.#fd, (error) => ended(error === null ? null : onPath(this.#path, error)));
  }

  read(offset: number, size: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafeSlow(size);
    return new Promise((resolve, reject) => {
      const more = (at: number) => {
        fs.read(this.#fd, buffer, at, size - at, offset + at, (error, count) => {
          if (error !== null) reject(onPath(this.#path, error));
          else if (count === 0 || at + count === size) resolve(buffer.subarray(0, at + count));
          else more(at + count);
        });
      };
      more(0);
    });
  }

  truncate(sizeBytes: number): Promise<void> {
    return answered((done) => {
      const ended = counted(done);
      fs.ftruncate(this.#fd, sizeBytes, (error) => {
        if (error !== null) return ended(onPath(this.#path, error));
        this.sizeBytes = sizeBytes;
        ended(null);
      });
    });
  }

  async close(): Promise<void> {
    const synced = this.#syncedFd;
    this.#syncedFd = undefined;
    if (synced !== undefined) await answered((done) => fs.close(synced, (e) => done(e ?? null)));
    await answered((done) => fs.close(this.#fd, (error) => done(error ?? null)));
  }
}

/** A call to the disk begins that ends when what is returned is called. */
function counted(done: Done, nowMs = performance.now()): Done {
  blockingWrites.began(nowMs);
  return (error) => {
    blockingWrites.ended();
    done(error);
  };
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  let size = 0;
  for (const chunk of chunks) size += chunk.length;
  return size;
}

/** What is left of the chunks after the first bytes. */
function after(chunks: readonly Uint8Array[], size: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = size;
  for (const chunk of chunks) {
    if (skip < chunk.length) rest.push(skip === 0 ? chunk : chunk.subarray(skip));
    skip = Math.max(0, skip - chunk.length);
  }
  return rest;
}

/**
 * Opens a file, never through a symbolic link: who could once write the folder, or a backup of it,
 * would else choose what is overwritten.
 */
async function openFile(file: string, flags: number): Promise<DiskFile> {
  const fd = await new Promise<number>((resolve, reject) => {
    fs.open(file, flags | O_RDWR | O_NOFOLLOW, 0o600, (error, opened) =>
      error ? reject(error) : resolve(opened),
    );
  });
  const found = await new Promise<fs.Stats>((resolve, reject) => {
    fs.fstat(fd, (error, stats) => (error ? reject(error) : resolve(stats)));
  });
  if (found.isFile()) return new SystemFile(file, fd, found.size);
  await answered((done) => fs.close(fd, (error) => done(error ?? null)));
  throw Object.assign(new Error(`${file} is no regular file`), { code: 'EINVAL' });
}

/** Makes a new file of its own, in place of whatever a power cut or somebody else left there. */
async function createDraft(file: string): Promise<fsp.FileHandle> {
  const create = () => fsp.open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    return await create();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await fsp.unlink(file);
    return create();
  }
}

async function syncPath(name: string): Promise<void> {
  const handle = await fsp.open(name, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Creates a folder and the missing ones above it, and syncs each one's parent. The recursive mkdir
 * of Node never returns in a file system that refuses new folders with ENOENT, such as /proc.
 */
async function createFolder(folder: string): Promise<void> {
  try {
    await fsp.mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // a failed file operation has one
    if (code === 'EEXIST' && (await fsp.stat(folder)).isDirectory()) return;
    const parent = path.dirname(folder);
    if (code !== 'ENOENT' || parent === folder || (await isThere(parent))) throw error;
    await createFolder(parent);
    await createFolder(folder);
    return;
  }
  // A synced file is lost after a power cut if the entry of its folder is not synced.
  await syncPath(path.dirname(folder));
}

async function isThere(file: string): Promise<boolean> {
  return fsp.stat(file).then(
    () => true,
    () => false,
  );
}

/** Adds the file's name to an error of an open file, which the system's own error lacks. */
function onPath(file: string, error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  error.path ??= file;
  return error;
}

/** The machine's own file system. */
export const systemDisk: Disk = {
  createFolder: (folder) => createFolder(path.resolve(folder)),
  list: (folder) => fsp.readdir(folder),
  create: (file) => openFile(file, O_CREAT | O_EXCL),
  open: (file) => openFile(file, 0),
  replace: async (file, bytes) => {
    const draft = `${file}.new`;
    const handle = await createDraft(draft);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } catch (error) {
      throw onPath(draft, error as NodeJS.ErrnoException); // a failed file operation
    } finally {
      await handle.close();
    }
    await fsp.rename(draft, file);
    await syncPath(path.dirname(file));
  },
  rename: (from, to) => fsp.rename(from, to),
  remove: (file) => fsp.unlink(file),
  syncFolder: syncPath,
  freeBytes: async (folder) => {
    const { bavail, bsize } = await fsp.statfs(folder);
    return bavail * bsize;
  },
  lock: lockFolder,
};
