// A disk in memory.

import type { Disk, DiskFile, DoneCallback } from '../../src/storage/disk.ts';
import { StorageError } from '../../src/storage/errors.ts';

interface Content {
  /** The contents of the file: the beginning of a buffer that ends with zeros. */
  bytes: Buffer;
  /** The buffer, which is larger than a growing file. */
  room: Buffer;
}

function contentOf(bytes: Buffer): Content {
  return { bytes, room: bytes };
}

/** Gives a file another size; what is new in it is zeros. */
function resize(content: Content, sizeBytes: number): void {
  const { bytes } = content;
  if (sizeBytes < bytes.length) bytes.fill(0, sizeBytes);
  if (sizeBytes > content.room.length) {
    content.room = Buffer.alloc(Math.max(sizeBytes, bytes.length * 2));
    bytes.copy(content.room);
  }
  content.bytes = content.room.subarray(0, sizeBytes);
}

function systemError(code: string, name: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${name}`), { code });
}

class MemoryFile implements DiskFile {
  readonly #disk: MemoryDisk;
  readonly #name: string;
  readonly #content: Content;

  constructor(disk: MemoryDisk, name: string, content: Content) {
    this.#disk = disk;
    this.#name = name;
    this.#content = content;
  }

  get sizeBytes(): number {
    return this.#content.bytes.length;
  }

  write(offset: number, chunks: readonly Uint8Array[], done: DoneCallback): void {
    const data = Buffer.concat(chunks);
    this.#disk.wrote(this.#name, offset, data);
    const error = this.#disk.nextError('write', this.#name);
    if (error !== null) {
      this.#disk.answer(() => done(error));
      return;
    }
    const end = offset + data.length;
    if (end > this.sizeBytes) resize(this.#content, end);
    data.copy(this.#content.bytes, offset);
    this.#disk.answer(() => done(null));
  }

  writeThrough(offset: number, chunks: readonly Uint8Array[], done: DoneCallback): void {
    this.write(offset, chunks, (error) => (error === null ? this.sync(done) : done(error)));
  }

  writeThroughAtOnce(): boolean {
    return false;
  }

  sync(done: DoneCallback): void {
    const error = this.#disk.nextError('sync', this.#name);
    this.#disk.answer(() => done(error));
  }

  async read(offset: number, size: number): Promise<Buffer> {
    const error = this.#disk.nextError('read', this.#name);
    if (error !== null) throw error;
    return Buffer.from(this.#content.bytes.subarray(offset, offset + size));
  }

  async truncate(sizeBytes: number): Promise<void> {
    resize(this.#content, sizeBytes);
  }

  async close(): Promise<void> {}
}

/** A kind of operation that can be made to fail. */
export type Operation = 'write' | 'sync' | 'read' | 'replace' | 'create' | 'sync-folder';

/**
 * Files in memory, all of which count as synced: for tests that change bytes many thousand times,
 * and for a process that ends anywhere: a copy is what it left.
 */
export class MemoryDisk implements Disk {
  readonly #files = new Map<string, Content>();
  readonly #locked = new Set<string>();
  /** Operations that wait for the disk; undefined while it does not stall. */
  #stalled: (() => void)[] | undefined = undefined;
  readonly #errors: { operation: Operation; code: string; count: number; of: RegExp }[] = [];

  /** A disk with the same files, unlocked. */
  copy(): MemoryDisk {
    const other = new MemoryDisk();
    for (const [name, { bytes }] of this.#files) other.put(name, bytes);
    return other;
  }

  /** Every file's name, sorted. */
  get names(): readonly string[] {
    return [...this.#files.keys()].sort();
  }

  /** The bytes of a file themselves: what is changed in them is changed on the disk. */
  bytes(file: string): Buffer {
    return this.#content(file).bytes;
  }

  /** Puts a file there, or in place of another. */
  put(file: string, bytes: Uint8Array): void {
    this.#files.set(file, contentOf(Buffer.from(bytes)));
  }

  /** Makes the next operations of a kind fail, on files with a matching name. */
  fail(operation: Operation, code: string, count = 1, of = /./): void {
    this.#errors.push({ operation, code, count, of });
  }

  /** The error that an operation is to fail with now. */
  nextError(operation: Operation, file: string): NodeJS.ErrnoException | null {
    const at = this.#errors.findIndex(
      (error) => error.operation === operation && error.of.test(file),
    );
    const error = this.#errors[at];
    if (error === undefined) return null;
    if (--error.count === 0) this.#errors.splice(at, 1);
    return systemError(error.code, `a test lets this ${operation} fail`);
  }

  /** From now on no write and no sync is answered, until {@link goOn}. */
  stall(): void {
    this.#stalled ??= [];
  }

  /** The disk stalls no longer. */
  goOn(): void {
    const waiting = this.#stalled ?? [];
    this.#stalled = undefined;
    for (const done of waiting) setImmediate(done);
  }

  /** How many writes and syncs wait for the disk. */
  get stalledCount(): number {
    return this.#stalled?.length ?? 0;
  }

  /** Answers a write or a sync, in a later turn. */
  answer(done: () => void): void {
    if (this.#stalled === undefined) setImmediate(done);
    else this.#stalled.push(done);
  }

  /** Called for every write, even one that fails. */
  wrote(_file: string, _offset: number, _data: Buffer): void {}

  #content(file: string): Content {
    const content = this.#files.get(file);
    if (content === undefined) throw systemError('ENOENT', file);
    return content;
  }

  async createFolder(): Promise<void> {}

  async list(folder: string): Promise<readonly string[]> {
    const names = this.names.filter((name) => name.startsWith(`${folder}/`));
    const inside = names.map((name) => name.slice(folder.length + 1));
    return [...new Set(inside.map((name) => name.split('/')[0] ?? ''))];
  }

  async create(file: string): Promise<DiskFile> {
    const error = this.nextError('create', file);
    if (error !== null) throw error;
    if (this.#files.has(file)) throw systemError('EEXIST', file);
    this.put(file, Buffer.alloc(0));
    return this.open(file);
  }

  async open(file: string): Promise<DiskFile> {
    return new MemoryFile(this, file, this.#content(file));
  }

  async replace(
    file: string,
    bytes: Uint8Array,
    { after }: Parameters<Disk['replace']>[2] = {},
  ): Promise<void> {
    await after;
    const error = this.nextError('replace', file);
    if (error !== null) throw error;
    this.put(file, bytes);
    if (this.#stalled !== undefined) await new Promise<void>((resolve) => this.answer(resolve));
  }

  async rename(from: string, to: string): Promise<void> {
    const content = this.#content(from);
    this.#files.delete(from);
    this.#files.set(to, content);
  }

  async remove(file: string): Promise<void> {
    this.#content(file);
    this.#files.delete(file);
  }

  async syncFolder(folder: string): Promise<void> {
    const error = this.nextError('sync-folder', folder);
    if (error !== null) throw error;
  }

  async freeBytes(): Promise<number> {
    return Number.MAX_SAFE_INTEGER;
  }

  async lock(folder: string): Promise<() => Promise<void>> {
    if (this.#locked.has(folder)) throw new StorageError('folder-locked', `${folder} is in use`);
    this.#locked.add(folder);
    return async () => {
      this.#locked.delete(folder);
    };
  }
}
