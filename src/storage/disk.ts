// The interface to the file system, and its implementation.

import * as fs from 'node:fs';
import * as fsp from 'node:fs/promises';
import * as path from 'node:path';
import { BlockingWrites } from './disk/blocking-writes.ts';
import { replaceFile } from './disk/replace-file.ts';
import { lockFolder } from './lock.ts';

const { O_CREAT, O_DSYNC, O_EXCL, O_NOFOLLOW, O_RDWR, O_WRONLY } = fs.constants;

/** Called once, with an error of the operating system or with null. */
export type DoneCallback = (error: NodeJS.ErrnoException | null) => void;

/** Converts a call with a callback to a promise. */
export function fromCallback(begin: (done: DoneCallback) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    begin((error) => (error === null ? resolve() : reject(error)));
  });
}

/** An open file. Several reads may be in progress at the same time, but only one write or sync. */
export interface DiskFile {
  /** The size of the file, updated by writes. */
  readonly sizeBytes: number;
  /** Writes the chunks consecutively. They must not be changed until the call is done. */
  write(offset: number, chunks: readonly Uint8Array[], done: DoneCallback): void;
  /** Done when a power failure can no longer lose earlier writes. */
  sync(done: DoneCallback): void;
  /** `write` followed by `sync`, with a single trip to the thread pool. */
  writeThrough(offset: number, chunks: readonly Uint8Array[], done: DoneCallback): void;
  /**
   * Like `writeThrough`, but synchronous, if the disk has recently been faster than a thread of the
   * pool. Returns false if nothing was written and the caller must write; throws if the write
   * failed.
   */
  writeThroughAtOnce(offset: number, chunks: readonly Uint8Array[]): boolean;
  /** Reads up to `size` bytes; fewer only at the end of the file. */
  read(offset: number, size: number): Promise<Buffer>;
  /** Truncates the file, or extends it with zeros. */
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

/** How a file is replaced. */
export interface ReplaceOptions {
  /**
   * Whether the replaced contents are overwritten with zeros; default false. A crash may leave them in
   * `FILE.old`, which the next such replacement overwrites.
   */
  readonly isErasing?: boolean;
  /** The file is not replaced before this, nor if it fails. What only prepares it may be done before. */
  readonly after?: Promise<unknown> | undefined;
  /**
   * Called when the new contents are durable. The replaced ones are overwritten after its promise, if it
   * returns one. A disk that overwrites nothing need not call it.
   */
  readonly replaced?: () => Promise<void> | undefined;
}

/**
 * The file system operations of the storage. All methods reject with errors of the operating
 * system.
 */
export interface Disk {
  /** Creates a folder and its parents durably. An existing folder is not an error. */
  createFolder(folder: string): Promise<void>;
  /** The names in a folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Creates an empty file; error `EEXIST` if it exists. */
  create(file: string): Promise<DiskFile>;
  /** Opens a file; error `ENOENT` if it does not exist. */
  open(file: string): Promise<DiskFile>;
  /** Creates or replaces a small file atomically, even in the event of a power failure. */
  replace(file: string, bytes: Uint8Array, options?: ReplaceOptions): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(file: string): Promise<void>;
  /** Syncs creations, renames and removals in a folder. */
  syncFolder(folder: string): Promise<void>;
  /** Free space in the file system of a folder, bytes. */
  freeBytes(folder: string): Promise<number>;
  /**
   * Locks a folder against other processes.
   *
   * @returns a function that releases the lock
   * @throws {StorageError} `folder-locked` if another process has locked it
   */
  lock(folder: string): Promise<() => Promise<void>>;
}

/** Maximum size of a write that blocks the process. */
const atOnceBytesMax = 8192;

/** Shared by all files of the process, because a disk that stalls may be shared by volumes. */
const blockingWrites = new BlockingWrites();

class SystemFile implements DiskFile {
  sizeBytes: number;
  readonly #path: string;
  readonly #fd: number;
  /** The file opened a second time, so that each write is synced. */
  #syncedFd: number | undefined = undefined;

  constructor(path: string, fd: number, sizeBytes: number) {
    this.#path = path;
    this.#fd = fd;
    this.sizeBytes = sizeBytes;
  }

  write(offset: number, chunks: readonly Uint8Array[], done: DoneCallback): void {
    this.#write(this.#fd, offset, chunks, counted(done));
  }

  writeThrough(offset: number, chunks: readonly Uint8Array[], done: DoneCallback): void {
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
    // Extending a file also changes its metadata, which takes twice as long.
    const isSmall = size <= atOnceBytesMax && offset + size <= this.sizeBytes;
    const fd = this.#syncedFd;
    if (!isSmall || fd === undefined) return false;
    const beganMs = performance.now();
    if (!blockingWrites.areAllowed(beganMs)) return false;
    try {
      return fs.writevSync(fd, chunks, offset) === size;
    } catch (error) {
      const failed = error as NodeJS.ErrnoException; // an error of a file operation has a code
      if (failed.code !== 'ENOSPC') throw onPath(this.#path, failed);
      return false;
    } finally {
      blockingWrites.wrote(beganMs, performance.now(), true);
    }
  }

  /** Calls `use` with the file descriptor for synced writes, which is opened by the first call. */
  #withSynced(failed: DoneCallback, use: (fd: number) => void): void {
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

  #write(fd: number, offset: number, chunks: readonly Uint8Array[], done: DoneCallback): void {
    const size = sizeOf(chunks);
    fs.writev(fd, chunks, offset, (error, written) => {
      if (error !== null) return done(onPath(this.#path, error));
      this.sizeBytes = Math.max(this.sizeBytes, offset + written);
      if (written === size) return done(null);
      // A short write: the next attempt writes the rest or returns the error.
      if (written === 0) {
        const nothing = Object.assign(new Error('nothing written'), { code: 'EIO' });
        return done(onPath(this.#path, nothing));
      }
      this.#write(fd, offset + written, after(chunks, written), done);
    });
  }

  sync(done: DoneCallback): void {
    const ended = counted(done);
    fs.fdatasync(this.#fd, (error) => ended(error === null ? null : onPath(this.#path, error)));
  }

  read(offset: number, sizeMax: number): Promise<Buffer> {
    // No read is wasted on finding the end of the file.
    const size = Math.min(sizeMax, Math.max(0, this.sizeBytes - offset));
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
    return fromCallback((done) => {
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
    if (synced !== undefined)
      await fromCallback((done) => fs.close(synced, (e) => done(e ?? null)));
    await fromCallback((done) => fs.close(this.#fd, (error) => done(error ?? null)));
  }
}

/** Counts an operation as pending until the returned callback is called. */
function counted(done: DoneCallback, nowMs = performance.now()): DoneCallback {
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

/** The chunks without their first bytes. */
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
 * Opens a file, but never through a symbolic link. Otherwise, anybody who could once write to the
 * folder or a backup of it could choose a file to be overwritten.
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
  await fromCallback((done) => fs.close(fd, (error) => done(error ?? null)));
  throw Object.assign(new Error(`${file} is not a regular file`), { code: 'EINVAL' });
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
 * Creates a folder and its missing parents, and syncs the parent of each. Node's recursive mkdir
 * never returns on a file system that refuses new folders with ENOENT, such as /proc.
 */
async function createFolder(folder: string): Promise<void> {
  try {
    await fsp.mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // an error of a file operation has a code
    if (code === 'EEXIST' && (await fsp.stat(folder)).isDirectory()) return;
    const parent = path.dirname(folder);
    if (code !== 'ENOENT' || parent === folder || (await isThere(parent))) throw error;
    await createFolder(parent);
    await createFolder(folder);
    return;
  }
  // Without syncing the parent, a power failure could lose the folder.
  await syncPath(path.dirname(folder));
}

async function isThere(file: string): Promise<boolean> {
  return fsp.stat(file).then(
    () => true,
    () => false,
  );
}

/** Adds the file name to an error of an open file. */
function onPath(file: string, error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  error.path ??= file;
  return error;
}

/** The file system of the operating system. */
export const systemDisk: Disk = {
  createFolder: (folder) => createFolder(path.resolve(folder)),
  list: (folder) => fsp.readdir(folder),
  create: (file) => openFile(file, O_CREAT | O_EXCL),
  open: (file) => openFile(file, 0),
  replace: replaceFile,
  rename: (from, to) => fsp.rename(from, to),
  remove: (file) => fsp.unlink(file),
  syncFolder: syncPath,
  freeBytes: async (folder) => {
    const { bavail, bsize } = await fsp.statfs(folder);
    return bavail * bsize;
  },
  lock: lockFolder,
};
