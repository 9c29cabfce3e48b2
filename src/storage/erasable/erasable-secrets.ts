// Secrets that can be destroyed: slots in two files that are overwritten in place.

import type { KeyObject } from 'node:crypto';
import type { Random } from '../../base/random.ts';
import { type Disk, type DiskFile, fromCallback } from '../disk.ts';
import { diskFailure, StorageError } from '../errors.ts';
import { openSlot, sealSlot, secretBytes, slotBytes } from './slot.ts';

/** The names of the files. Both have the same contents. */
export const secretsFiles = ['secrets-1', 'secrets-2'] as const;

const headBytes = 4096;
const magic = Buffer.from('WXSECRET', 'latin1');
const magicBytes = magic.length;
const formatVersion = 1;
const head = Buffer.concat([magic, Buffer.from([formatVersion])], headBytes);
/** Slots are added in pages of 4 KiB. */
const slotsPerPage = 64;
/** Maximum number of slots: two files of 1 GiB. */
const slotCountMax = 16 * 1024 * 1024;
/** More spare secrets are made when fewer are left. */
const sparesMin = 32;
const slotsPerTurn = 4096;
const readBytesMax = 1024 * 1024;

/** The parts of {@link ErasableSecrets}. */
export interface ErasableSecretsParts {
  readonly disk: Disk;
  readonly folder: string;
  /** 256 bits, used for nothing else. */
  readonly key: KeyObject;
  readonly random: Random;
}

/**
 * Random secrets of 32 bytes, which seal data that is stored elsewhere. When a secret is erased,
 * every copy of that data becomes unreadable, including copies in old files of a log.
 *
 * There are two files with the same slots. Every change is written and synced in the first file, and
 * then in the second one, so a power failure damages at most one of them; {@link keep} repairs it
 * from the other. A secret is durable in both files before {@link take} returns it. Secrets that were
 * not erased before a crash are erased by {@link keep} at the next start.
 *
 * @see docs/formats/erasable-secrets.md
 */
export class ErasableSecrets {
  readonly #parts: ErasableSecretsParts;
  #files: readonly DiskFile[] = [];
  /** The slots of each file as they were read; the same buffer after {@link keep}. */
  #read: readonly Buffer[] = [];
  #slots: Buffer = Buffer.alloc(0);
  readonly #spares: number[] = [];
  readonly #free: number[] = [];
  /** Slots that the files still have otherwise, since the start. */
  #outdated: readonly number[] = [];
  /** Slots whose secrets must still be erased on the disk. */
  readonly #erasing = new Set<number>();
  #lastWrite: Promise<void> = Promise.resolve();
  #filling: Promise<void> | undefined = undefined;

  constructor(parts: ErasableSecretsParts) {
    this.#parts = parts;
  }

  /**
   * Opens the files, and creates missing ones. Call {@link keep} before using any secret.
   *
   * @throws {StorageError} `disk-failed`, `format-too-new`
   */
  async open(): Promise<void> {
    const { disk, folder } = this.#parts;
    try {
      const names = await disk.list(folder).catch(nothingIfMissing);
      if (!secretsFiles.every((name) => names.includes(name))) await disk.createFolder(folder);
      this.#files = await Promise.all(
        secretsFiles.map((name) => {
          const path = `${folder}/${name}`;
          return names.includes(name) ? disk.open(path) : disk.create(path);
        }),
      );
      const haveHeads = await Promise.all(this.#files.map((file) => this.#hasHead(file)));
      for (const [at, file] of this.#files.entries()) {
        if (haveHeads[at]) continue;
        // An interrupted creation, or damage, which the other file repairs.
        await file.truncate(0);
        await writeTo(file, 0, [head]);
        await fromCallback((done) => file.sync(done));
      }
      // A killed process may have created the files.
      await Promise.all([disk.syncFolder(folder), this.#readAll()]);
    } catch (error) {
      throw diskFailure(`opening ${folder}/${secretsFiles[0]}`, error);
    }
  }

  /**
   * Reads the files without changing them, for a check. Missing files have no secrets.
   *
   * @throws {StorageError} `disk-failed`, `format-too-new`
   */
  async openForReading(): Promise<void> {
    const { disk, folder } = this.#parts;
    const names = await disk.list(folder).catch(nothingIfMissing);
    const present = secretsFiles.filter((name) => names.includes(name));
    try {
      this.#files = await Promise.all(present.map((name) => disk.open(`${folder}/${name}`)));
      await this.#readAll();
    } catch (error) {
      throw diskFailure(`reading ${folder}/${secretsFiles[0]}`, error);
    } finally {
      await this.close();
    }
  }

  async #readAll(): Promise<void> {
    this.#read = await Promise.all(this.#files.map((file) => this.#readSlots(file)));
    this.#slots = this.#read.reduce(
      (longest, each) => (each.length > longest.length ? each : longest),
      Buffer.alloc(0),
    );
  }

  /** @throws {StorageError} `format-too-new` */
  async #hasHead(file: DiskFile): Promise<boolean> {
    const bytes = await file.read(0, headBytes);
    if (bytes.equals(head)) return true;
    const version = bytes[magicBytes] ?? 0;
    if (version <= formatVersion || !bytes.subarray(0, magicBytes).equals(magic)) return false;
    const what = `${this.#parts.folder}/${secretsFiles[0]} has format ${version}`;
    throw new StorageError('format-too-new', `${what}; this program reads ${formatVersion}`);
  }

  /** Reads the slots of a file. An incomplete last slot was never in use. */
  async #readSlots(file: DiskFile): Promise<Buffer> {
    if (!(await this.#hasHead(file))) return Buffer.alloc(0);
    const slotCount = Math.min(Math.floor((file.sizeBytes - headBytes) / slotBytes), slotCountMax);
    const slots = Buffer.alloc(slotCount * slotBytes);
    for (let at = 0; at < slots.length; at += readBytesMax) {
      const size = Math.min(readBytesMax, slots.length - at);
      (await file.read(headBytes + at, size)).copy(slots, at);
    }
    return slots;
  }

  /**
   * Requires that some secrets are complete, repairs their damaged copies, and erases all others.
   *
   * @param used the slots of the secrets that are in use
   * @param isReadOnly whether to leave the files as they are
   * @throws {StorageError} `volume-damaged` if a secret in use is missing; `disk-failed`
   */
  async keep(used: ReadonlySet<number>, isReadOnly = false): Promise<void> {
    await this.prove(used);
    if (isReadOnly) this.#outdated = [];
    else await this.settle();
  }

  /**
   * Requires that some secrets are complete. What {@link keep} changes on the disk waits for
   * {@link settle}.
   *
   * @param used the slots of the secrets that are in use
   * @throws {StorageError} `volume-damaged` if a secret in use is missing
   */
  async prove(used: ReadonlySet<number>): Promise<void> {
    const merged = Buffer.alloc(this.#slots.length);
    const outdated: number[] = [];
    for (const slot of used) {
      if (slot * slotBytes >= merged.length) throw this.#missing(slot);
    }
    for (let slot = 0; slot * slotBytes < merged.length; slot++) {
      if (slot % slotsPerTurn === slotsPerTurn - 1) await new Promise<void>(setImmediate);
      const copies = this.#read.map((slots) => slotOf(slots, slot));
      if (used.has(slot)) this.#wholeOf(copies, slot).copy(merged, slot * slotBytes);
      else this.#free.push(slot);
      if (copies.some((copy) => isOutdated(copy, slotOf(merged, slot)))) outdated.push(slot);
    }
    this.#slots = merged;
    this.#read = [];
    this.#outdated = outdated;
  }

  /**
   * Repairs and erases what {@link prove} found, and makes spare secrets, most of which take the place
   * of those that are erased.
   *
   * @throws {StorageError} `disk-failed`
   */
  async settle(): Promise<void> {
    await this.#fill();
    const outdated = this.#outdated;
    await this.#write(outdated);
    this.#outdated = [];
  }

  /** Returns the copy of a slot that opens. Two different ones cannot come from a crash. */
  #wholeOf(copies: readonly Buffer[], slot: number): Buffer {
    const { key } = this.#parts;
    const [whole, ...more] = copies.filter((copy) => {
      const secret = openSlot(key, slot, copy);
      secret?.fill(0);
      return secret !== undefined;
    });
    if (whole === undefined) throw this.#missing(slot);
    if (more.every((other) => other.equals(whole))) return whole;
    throw this.#damaged(`${secretsFiles.join(' and ')} have different secrets in slot ${slot}`);
  }

  /**
   * Returns the slot of a new secret, which is already durable; undefined if there is none yet.
   *
   * @see reserve
   */
  take(): number | undefined {
    const slot = this.#spares.shift();
    // A failure is reported to whoever waits for a secret.
    if (this.#spares.length < sparesMin) this.#fill().catch(() => {});
    return slot;
  }

  /**
   * Like {@link take}, but waits for a secret.
   *
   * @throws {StorageError} `disk-failed`
   */
  async reserve(): Promise<number> {
    for (;;) {
      const slot = this.take();
      if (slot !== undefined) return slot;
      await this.#fill();
    }
  }

  /** Returns a secret that was taken and not used. */
  giveBack(slot: number): void {
    this.#spares.push(slot);
  }

  /**
   * The contents of both files as they are now, for a copy. Erased secrets are not in it, even if
   * they are not erased on the disk yet.
   */
  contents(): { readonly name: string; readonly bytes: Buffer }[] {
    return secretsFiles.map((name) => ({ name, bytes: Buffer.concat([head, this.#slots]) }));
  }

  /**
   * Calls a function with a secret, which is overwritten in memory afterwards.
   *
   * @throws {StorageError} `volume-damaged` if it was erased
   */
  use<T>(slot: number, use: (secret: Buffer) => T): T {
    const secret = openSlot(this.#parts.key, slot, slotOf(this.#slots, slot));
    if (secret === undefined) throw this.#missing(slot);
    try {
      return use(secret);
    } finally {
      secret.fill(0);
    }
  }

  /**
   * Erases secrets. They cannot be used from now on; once the promise resolves, they are erased on
   * the disk. After a failure, {@link flush} tries again.
   *
   * @throws {StorageError} `disk-failed`
   */
  erase(slots: readonly number[]): Promise<void> {
    for (const slot of slots) {
      slotOf(this.#slots, slot).fill(0);
      this.#erasing.add(slot);
    }
    return this.flush();
  }

  /**
   * Erases what an earlier call could not erase.
   *
   * @throws {StorageError} `disk-failed`
   */
  async flush(): Promise<void> {
    const slots = [...this.#erasing].sort((a, b) => a - b);
    if (slots.length === 0) return;
    await this.#write(slots);
    for (const slot of slots) if (this.#erasing.delete(slot)) this.#free.push(slot);
  }

  /** Makes more spare secrets, unless there are enough. */
  #fill(): Promise<void> {
    if (this.#spares.length >= slotsPerPage) return Promise.resolve();
    this.#filling ??= this.#makeSpares().finally(() => {
      this.#filling = undefined;
    });
    return this.#filling;
  }

  async #makeSpares(): Promise<void> {
    const { key, random, folder } = this.#parts;
    if (this.#free.length < slotsPerPage) this.#addPage();
    const slots = this.#free.splice(0, slotsPerPage).sort((a, b) => a - b);
    if (slots.length === 0) {
      const what = `${folder}/${secretsFiles[0]} has ${slotCountMax} secrets, the maximum`;
      throw new StorageError('disk-failed', what);
    }
    for (const slot of slots) {
      const secret = random.bytes(secretBytes);
      sealSlot(key, slot, secret, random).copy(this.#slots, slot * slotBytes);
      secret.fill(0);
    }
    try {
      await this.#write([...new Set([...slots, ...this.#outdated])].sort((a, b) => a - b));
      this.#outdated = [];
    } catch (error) {
      // They may be in one of the files. They are made again in any case.
      for (const slot of slots) slotOf(this.#slots, slot).fill(0);
      this.#free.unshift(...slots);
      throw error;
    }
    this.#spares.push(...slots);
  }

  #addPage(): void {
    const slotCount = this.#slots.length / slotBytes;
    if (slotCount + slotsPerPage > slotCountMax) return;
    this.#slots = Buffer.concat([this.#slots], this.#slots.length + slotsPerPage * slotBytes);
    for (let i = 0; i < slotsPerPage; i++) this.#free.push(slotCount + i);
  }

  /** Writes and syncs slots, in one file after the other, after earlier changes. */
  #write(slots: readonly number[]): Promise<void> {
    if (slots.length === 0) return Promise.resolve();
    const written = this.#lastWrite.then(async () => {
      const { folder } = this.#parts;
      try {
        for (const file of this.#files) {
          for (const [from, count] of runsOf(slots)) {
            const start = from * slotBytes;
            const bytes = Buffer.from(this.#slots.subarray(start, start + count * slotBytes));
            await writeTo(file, headBytes + start, [bytes]);
          }
          await fromCallback((done) => file.sync(done));
        }
      } catch (error) {
        throw diskFailure(`writing ${folder}/${secretsFiles[0]}`, error);
      }
    });
    this.#lastWrite = written.catch(() => {});
    return written;
  }

  /** Waits for pending writes and closes the files. */
  async close(): Promise<void> {
    await this.#filling?.catch(() => {});
    await this.#lastWrite;
    const files = this.#files;
    this.#files = [];
    for (const file of files) await file.close();
  }

  #missing(slot: number): StorageError {
    return this.#damaged(`secret ${slot} is missing in ${secretsFiles.join(' and ')}`);
  }

  #damaged(what: string): StorageError {
    return new StorageError('volume-damaged', `${this.#parts.folder}: ${what}`);
  }
}

function nothingIfMissing(error: NodeJS.ErrnoException): readonly string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

function writeTo(file: DiskFile, offset: number, chunks: readonly Uint8Array[]): Promise<void> {
  return fromCallback((done) => file.write(offset, chunks, done));
}

/** The bytes of a slot; fewer if the file ends before. */
function slotOf(slots: Buffer, slot: number): Buffer {
  return slots.subarray(slot * slotBytes, (slot + 1) * slotBytes);
}

/** Whether a slot in a file must be written. A slot after the end of the file is empty. */
function isOutdated(copy: Buffer, wanted: Buffer): boolean {
  return !Buffer.concat([copy], slotBytes).equals(wanted);
}

/** Groups sorted slots that follow each other: the first of each group, and their number. */
function runsOf(slots: readonly number[]): (readonly [number, number])[] {
  const runs: [number, number][] = [];
  for (const slot of slots) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === slot) last[1] += 1;
    else runs.push([slot, 1]);
  }
  return runs;
}
