// A simulated disk with power failures.

import type { Disk, DiskFile, DoneCallback, ReplaceOptions } from '../../src/storage/disk.ts';
import { StorageError } from '../../src/storage/errors.ts';
import type { SeededRandom } from './seeded-random.ts';
import { SimFile, type Survival } from './sim-file.ts';
import { type ReplacingDisk, simReplace } from './sim-replace.ts';

/** Disk operations that can fail or be interrupted. */
export type Operation =
  | 'create'
  | 'open'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'link'
  | 'rename'
  | 'remove'
  | 'syncFolder'
  | 'list';

/** Says whether an operation fails, and how. */
export type Fault = (operation: Operation, name: string) => 'EIO' | 'ENOSPC' | undefined;

/** Which unsynced changes survive a power failure, if this is not random. */
export interface CutSurvival {
  /** Whether names that came, changed or went do so for good. */
  readonly names: 'none' | 'all';
  readonly bytes: Survival;
}

/** A name that came, went, or both; a power cut may undo it until its folder is synced. */
interface Renaming {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly file: SimFile;
}

/**
 * Operations that a power cut can come before, within or after: each changes what is on the disk.
 */
const changing: readonly Operation[] = [
  'create',
  'write',
  'sync',
  'truncate',
  'link',
  'rename',
  'remove',
  'syncFolder',
];

function systemError(code: string, what: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

/**
 * A disk in memory whose power can be cut at every change. What was not synced then outlives it in
 * any part and order; what was, does. All chance comes from one seeded generator.
 */
export class SimDisk {
  readonly random: SeededRandom;
  /** Changes so far; reads do not count. */
  changeCount = 0;
  /** The power fails at this change. */
  cutAt = Infinity;
  /** Bytes that fit. */
  capacityBytes = Infinity;
  fault: Fault = () => undefined;
  /** The survival at every power failure; random if undefined. */
  survival: CutSurvival | undefined = undefined;
  /** Whether whatever ran was ended. */
  isCut = false;
  #names = new Map<string, SimFile>();
  #syncedNames = new Map<string, SimFile>();
  /** Since the folder was synced, in order. */
  #renamings: Renaming[] = [];
  #syncedCount = 0;
  /** All files since the last power failure, also those without a name. */
  #files = new Set<SimFile>();
  readonly #locks = new Set<string>();
  #boot = 0;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  /**
   * A disk with the same files and names, of which each may be lost as here; nobody has it open.
   *
   * @param random what its chance comes from
   */
  clone(random: SeededRandom): SimDisk {
    const copy = new SimDisk(random);
    const files = new Map<SimFile, SimFile>();
    const fileOf = (file: SimFile) => {
      const known = files.get(file) ?? file.clone();
      files.set(file, known);
      return known;
    };
    for (const [name, file] of this.#names) copy.#names.set(name, fileOf(file));
    for (const [name, file] of this.#syncedNames) copy.#syncedNames.set(name, fileOf(file));
    copy.#renamings = this.#renamings.map((renaming) => ({
      ...renaming,
      file: fileOf(renaming.file),
    }));
    copy.#files = new Set(copy.#names.values());
    copy.survival = this.survival;
    return copy;
  }

  /** The disk as a process has it that starts now: after a crash, with what that left. */
  boot(): Disk {
    this.isCut = false;
    this.#boot++;
    return new BootedDisk(this, this.#boot);
  }

  isCurrent(boot: number): boolean {
    return boot === this.#boot && !this.isCut;
  }

  /**
   * Ends whatever runs: no call of it is ever answered. What was not synced is lost only later, if
   * ever.
   */
  kill(): void {
    this.isCut = true;
    this.#locks.clear();
  }

  /** A kill or a power cut. */
  crash(): void {
    if (this.random.oneIn(4)) this.kill();
    else this.cutPower();
  }

  /** Ends whatever runs, and what was not synced is partly lost. */
  cutPower(): void {
    this.kill();
    this.#loseRenamings();
    this.#names = new Map(this.#syncedNames);
    this.#files = new Set(this.#names.values());
    for (const file of this.#files) {
      file.losePower(this.random, this.survival?.bytes);
    }
  }

  /** Changes of one file or name survive the failure in their order. */
  #loseRenamings(): void {
    const { random, survival } = this;
    if (survival?.names === 'none') this.#renamings = [];
    if (survival !== undefined) {
      this.syncNames(this.renamingCount);
      return;
    }
    const count = random.oneIn(2) ? random.below(this.#renamings.length + 1) : Infinity;
    const lost = new Set<string | SimFile>();
    this.#renamings.forEach((renaming, i) => {
      const { from, to, file } = renaming;
      const concerned = [from, to, file].filter((part) => part !== undefined);
      const isKept = count === Infinity ? random.oneIn(2) : i < count;
      if (isKept && !concerned.some((part) => lost.has(part))) link(this.#syncedNames, renaming);
      else for (const part of concerned) lost.add(part);
    });
    this.#renamings = [];
  }

  /**
   * Counts an operation, and says what comes of it.
   *
   * @throws what the fault has it
   */
  begin(operation: Operation, name: string): void {
    const code = this.fault(operation, name);
    if (code !== undefined) throw systemError(code, `${operation} ${name}`);
    if (changing.includes(operation)) this.changeCount++;
  }

  /** Call this after the operation has had its effect, which the power failure may undo. */
  end(operation: Operation): void {
    if (changing.includes(operation) && this.changeCount >= this.cutAt) this.crash();
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const file of new Set(this.#names.values())) bytes += file.sizeBytes;
    return bytes;
  }

  list(folder: string): string[] {
    const start = `${folder}/`;
    return [...this.#names.keys()]
      .filter((name) => name.startsWith(start))
      .map((name) => name.slice(start.length));
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Returns a file; error `ENOENT` if it does not exist. */
  file(name: string): SimFile {
    const file = this.#names.get(name);
    if (file === undefined) throw systemError('ENOENT', name);
    return file;
  }

  create(name: string): SimFile {
    if (this.#names.has(name)) throw systemError('EEXIST', name);
    const file = new SimFile();
    this.#files.add(file);
    this.#rename({ from: undefined, to: name, file });
    return file;
  }

  link(name: string, other: string): void {
    if (this.#names.has(other)) throw systemError('EEXIST', other);
    this.#rename({ from: undefined, to: other, file: this.file(name) });
  }

  /** Whether any blocks have these bytes, also those of removed files. A power failure frees blocks of its own. */
  holds(bytes: Buffer): boolean {
    return [...this.#files].some((file) => file.read(0, file.sizeBytes).includes(bytes));
  }

  rename(from: string, to: string): void {
    this.#rename({ from, to, file: this.file(from) });
  }

  remove(name: string): void {
    this.#rename({ from: name, to: undefined, file: this.file(name) });
  }

  #rename(renaming: Renaming): void {
    link(this.#names, renaming);
    this.#renamings.push(renaming);
  }

  /** Renamings so far: those that a sync of their folder that begins now makes last. */
  get renamingCount(): number {
    return this.#syncedCount + this.#renamings.length;
  }

  syncNames(renamingCount: number): void {
    const renamings = this.#renamings.splice(0, Math.max(0, renamingCount - this.#syncedCount));
    this.#syncedCount += renamings.length;
    for (const renaming of renamings) link(this.#syncedNames, renaming);
  }

  lock(folder: string): () => void {
    if (this.#locks.has(folder)) {
      throw new StorageError('folder-locked', `${folder} is in use`);
    }
    this.#locks.add(folder);
    return () => this.#locks.delete(folder);
  }
}

function link(names: Map<string, SimFile>, { from, to, file }: Renaming): void {
  if (from !== undefined) names.delete(from);
  if (to !== undefined) names.set(to, file);
}

/** A disk as one process has it; once its power is cut, no call is answered any more. */
class BootedDisk implements Disk, ReplacingDisk {
  readonly #disk: SimDisk;
  readonly #boot: number;

  constructor(disk: SimDisk, boot: number) {
    this.#disk = disk;
    this.#boot = boot;
  }

  /** Does something a while after it was asked for, and answers a while later. */
  run<T>(operation: Operation, name: string, effect: () => T, last = (_: T) => {}): Promise<T> {
    const disk = this.#disk;
    return new Promise((resolve, reject) => {
      const wait = (turns: number, then: () => void): void => {
        if (!disk.isCurrent(this.#boot)) return;
        if (turns === 0) then();
        else setImmediate(() => wait(turns - 1, then));
      };
      wait(disk.random.below(2), () => {
        try {
          disk.begin(operation, name);
          const result = effect();
          disk.end(operation);
          wait(1 + disk.random.below(2), () => {
            last(result);
            resolve(result);
          });
        } catch (error) {
          disk.end(operation);
          wait(1, () => reject(error));
        }
      });
    });
  }

  /** Performs a change before it returns; false if the power failed. */
  runAtOnce(operation: Operation, name: string, effect: () => void): boolean {
    const disk = this.#disk;
    if (!disk.isCurrent(this.#boot)) return false;
    try {
      disk.begin(operation, name);
      effect();
    } finally {
      disk.end(operation);
    }
    return disk.isCurrent(this.#boot);
  }

  async createFolder(_folder: string): Promise<void> {}

  list(folder: string): Promise<readonly string[]> {
    return this.run('list', folder, () => this.#disk.list(folder));
  }

  async create(name: string): Promise<DiskFile> {
    const file = await this.run('create', name, () => this.#disk.create(name));
    return new BootedFile(this, this.#disk, name, file);
  }

  async open(name: string): Promise<DiskFile> {
    const file = await this.run('open', name, () => this.#disk.file(name));
    return new BootedFile(this, this.#disk, name, file);
  }

  replace(name: string, bytes: Uint8Array, options: ReplaceOptions = {}): Promise<void> {
    return simReplace(this, name, bytes, options);
  }

  has(name: string): boolean {
    return this.#disk.has(name);
  }

  isSame(name: string, other: string): boolean {
    return this.#disk.file(name) === this.#disk.file(other);
  }

  link(name: string, other: string): Promise<void> {
    return this.run('link', name, () => this.#disk.link(name, other));
  }

  syncFolderOf(name: string): Promise<void> {
    return this.syncFolder(name.slice(0, name.lastIndexOf('/')));
  }

  rename(from: string, to: string): Promise<void> {
    return this.run('rename', from, () => this.#disk.rename(from, to));
  }

  remove(name: string): Promise<void> {
    return this.run('remove', name, () => this.#disk.remove(name));
  }

  async syncFolder(folder: string): Promise<void> {
    const disk = this.#disk;
    await this.run(
      'syncFolder',
      folder,
      () => disk.renamingCount,
      (count) => disk.syncNames(count),
    );
  }

  freeBytes(folder: string): Promise<number> {
    return this.run('list', folder, () => this.#disk.capacityBytes - this.#disk.usedBytes);
  }

  async lock(folder: string): Promise<() => Promise<void>> {
    const unlock = this.#disk.lock(folder);
    return async () => unlock();
  }
}

class BootedFile implements DiskFile {
  readonly #booted: BootedDisk;
  readonly #disk: SimDisk;
  readonly #name: string;
  readonly #file: SimFile;
  #isOpen = true;

  constructor(booted: BootedDisk, disk: SimDisk, name: string, file: SimFile) {
    this.#booted = booted;
    this.#disk = disk;
    this.#name = name;
    this.#file = file;
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  #run<T>(operation: Operation, effect: () => T, last?: (result: T) => void): Promise<T> {
    if (!this.#isOpen) return Promise.reject(systemError('EBADF', this.#name));
    return this.#booted.run(operation, this.#name, effect, last);
  }

  write(offset: number, chunks: readonly Uint8Array[], done: DoneCallback): void {
    const bytes = Buffer.concat(chunks);
    this.#run('write', () => this.#put(offset, bytes)).then(() => done(null), done);
  }

  #put(offset: number, bytes: Buffer): void {
    const { capacityBytes, usedBytes, random } = this.#disk;
    const room = this.sizeBytes + capacityBytes - usedBytes;
    const isRoom = offset + bytes.length <= room;
    // A full disk takes what it has room for.
    const fit = isRoom ? bytes.length : random.below(Math.max(0, room - offset) + 1);
    if (fit > 0) this.#file.write(offset, bytes.subarray(0, fit));
    if (!isRoom) throw systemError('ENOSPC', this.#name);
  }

  writeThrough(offset: number, chunks: readonly Uint8Array[], done: DoneCallback): void {
    this.write(offset, chunks, (error) => (error === null ? this.sync(done) : done(error)));
  }

  writeThroughAtOnce(offset: number, chunks: readonly Uint8Array[]): boolean {
    if (!this.#isOpen || this.#disk.random.oneIn(2)) return false;
    const bytes = Buffer.concat(chunks);
    try {
      if (!this.#booted.runAtOnce('write', this.#name, () => this.#put(offset, bytes)))
        return false;
      const sync = () => this.#file.sync(this.#file.changeCount);
      return this.#booted.runAtOnce('sync', this.#name, sync);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      return false;
    }
  }

  sync(done: DoneCallback): void {
    const file = this.#file;
    const effect = () => file.changeCount;
    this.#run('sync', effect, (count) => file.sync(count)).then(() => done(null), done);
  }

  read(offset: number, size: number): Promise<Buffer> {
    return this.#run('read', () => this.#file.read(offset, size));
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#run('truncate', () => this.#file.truncate(sizeBytes));
  }

  async close(): Promise<void> {
    if (!this.#isOpen) throw systemError('EBADF', this.#name);
    this.#isOpen = false;
  }
}
