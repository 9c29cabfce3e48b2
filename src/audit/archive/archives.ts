// Access to the archives of older events.

import type { KeyObject } from 'node:crypto';
import type { Disk } from '../../storage/disk.ts';
import { SealedFile } from '../../storage/sealed-files/sealed-file.ts';
import type { TrailLine } from '../trail.ts';
import {
  chunkCountOf,
  eventsPerChunk,
  lineOf,
  readBucket,
  readChunk,
  readFilter,
  readSeconds,
} from './archive-file.ts';
import type { ArchiveJournal, ArchiveRecord } from './archive-journal.ts';
import { mayContain } from './hash-filter.ts';
import { rowsIn } from './row-lists.ts';

/** Maximum number of open files. */
const openCountMax = 48;
/** Maximum memory of filters, bytes. */
const filterBytesMax = 32 * 1024 * 1024;

/** A line of an archive. */
export interface ArchivedLine extends TrailLine {
  readonly atMs: number;
  readonly bytes: Buffer;
}

/** The parts that access to archives needs. */
export interface ArchivesParts {
  readonly disk: Disk;
  readonly folder: string;
  /** 256 bits, from which the key of each file is derived. */
  readonly key: KeyObject;
  readonly journal: ArchiveJournal;
}

/** An open file. It is closed once nobody reads from it. */
interface OpenFile {
  readonly file: Promise<SealedFile>;
  userCount: number;
  isClosing: boolean;
}

/** The name of an archive's file. */
export function archiveName({ first }: Pick<ArchiveRecord, 'first'>): string {
  return `events-${String(first).padStart(12, '0')}`;
}

/**
 * Reads archives. Some files are kept open, and filters are kept in memory up to a size; everything
 * else is read from the disk when it is needed.
 */
export class Archives {
  readonly #parts: ArchivesParts;
  /** Open files, the most recently used last. */
  readonly #open = new Map<number, OpenFile>();
  /** Filters, the most recently used last. */
  readonly #filters = new Map<number, Buffer>();
  #filterBytes = 0;

  constructor(parts: ArchivesParts) {
    this.#parts = parts;
  }

  get journal(): ArchiveJournal {
    return this.#parts.journal;
  }

  /**
   * Whether an archive may have an event with a hash; undefined if its filter is not in memory.
   */
  mayHaveNow({ first }: ArchiveRecord, hash: number): boolean | undefined {
    const filter = this.#filters.get(first);
    return filter && mayContain(filter, hash);
  }

  /** Whether an archive may have an event with a hash. */
  async mayHave(record: ArchiveRecord, hash: number): Promise<boolean> {
    const filter = this.#filters.get(record.first) ?? (await this.#use(record, readFilter));
    this.#keepFilter(record, filter);
    while (this.#filterBytes > filterBytesMax) this.#forgetFilter();
    return mayContain(filter, hash);
  }

  /**
   * Reads the filters of the newest archives that are not in memory, as far as they have room, one
   * after the other.
   */
  async loadFilters(): Promise<void> {
    for (const record of this.journal.all().toReversed()) {
      if (this.#filterBytes >= filterBytesMax) return;
      if (this.#filters.has(record.first)) continue;
      // A search reports a damaged file.
      const filter = await this.#use(record, readFilter).catch(() => undefined);
      if (filter === undefined || this.#filters.has(record.first)) continue;
      if (this.#filterBytes + filter.length > filterBytesMax) return;
      this.#keepFilter(record, filter);
    }
  }

  /** Keeps a filter as the most recently used one. */
  #keepFilter(record: ArchiveRecord, filter: Buffer): void {
    const { first } = record;
    if (!this.journal.has(record)) return; // it was removed meanwhile
    if (!this.#filters.delete(first)) this.#filterBytes += filter.length;
    this.#filters.set(first, filter);
  }

  #forgetFilter(): void {
    const [oldest] = this.#filters;
    if (oldest === undefined) return;
    this.#filters.delete(oldest[0]);
    this.#filterBytes -= oldest[1].length;
  }

  /** The rows that have a hash, ascending. A few may have another value with the same hash. */
  async rowsWith(record: ArchiveRecord, hash: number): Promise<number[]> {
    return rowsIn(await this.#use(record, (file) => readBucket(file, hash)), hash);
  }

  /** The times of an archive's events, seconds since 1970 by row. */
  async seconds(record: ArchiveRecord): Promise<(row: number) => number> {
    const bytes = await this.#use(record, readSeconds);
    return (row) => bytes.readUInt32BE(row * 4);
  }

  /** A reader of single events, which keeps the chunk that it read last. */
  lines(record: ArchiveRecord): (row: number) => Promise<TrailLine & { sizeBytes: number }> {
    let current = -1;
    let lines: Buffer[] = [];
    return async (row) => {
      const chunk = Math.floor(row / eventsPerChunk);
      if (chunk !== current) {
        lines = await this.#use(record, (file) => readChunk(file, chunk));
        current = chunk;
      }
      const bytes = lines[row % eventsPerChunk];
      return { ...lineOf(bytes), sizeBytes: bytes?.length ?? 0 };
    };
  }

  /** Reads the events of an archive, oldest first, from the chunk that has a number. */
  async *read(record: ArchiveRecord, from: number): AsyncGenerator<ArchivedLine> {
    const chunkCount = await this.#use(record, async (file) => chunkCountOf(file));
    const seconds = await this.seconds(record);
    const begin = Math.floor(Math.max(0, from - record.first) / eventsPerChunk);
    for (let chunk = begin; chunk < chunkCount; chunk++) {
      const lines = await this.#use(record, (file) => readChunk(file, chunk));
      for (const [i, bytes] of lines.entries()) {
        const line = lineOf(bytes);
        const atMs = seconds(chunk * eventsPerChunk + i) * 1000;
        if (line.number >= from) yield { ...line, atMs, bytes };
      }
    }
  }

  /** Closes the file of an archive and removes it. */
  async remove(record: ArchiveRecord): Promise<void> {
    const { first } = record;
    const filter = this.#filters.get(first);
    if (filter !== undefined) {
      this.#filters.delete(first);
      this.#filterBytes -= filter.length;
    }
    const open = this.#open.get(first);
    this.#open.delete(first);
    if (open !== undefined) closeIfIdle(open);
    await this.#parts.disk.remove(`${this.#parts.folder}/${archiveName(record)}`);
  }

  /** Reads from the file of an archive, which stays open until the read has ended. */
  async #use<T>(record: ArchiveRecord, read: (file: SealedFile) => Promise<T>): Promise<T> {
    const { disk, folder, key } = this.#parts;
    const { first } = record;
    const name = archiveName(record);
    const known = this.#open.get(first);
    const file = known?.file ?? SealedFile.open(disk, `${folder}/${name}`, key, name);
    const open = known ?? { file, userCount: 0, isClosing: false };
    this.#open.delete(first);
    this.#open.set(first, open);
    this.#closeOldest();
    open.userCount++;
    try {
      return await read(await file);
    } catch (error) {
      this.#open.delete(first);
      open.isClosing = true;
      throw error;
    } finally {
      open.userCount--;
      if (open.isClosing) closeIfIdle(open);
    }
  }

  #closeOldest(): void {
    const [oldest] = this.#open;
    if (this.#open.size <= openCountMax || oldest === undefined) return;
    this.#open.delete(oldest[0]);
    closeIfIdle(oldest[1]);
  }

  /** Closes all files. */
  async close(): Promise<void> {
    const files = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(files.map(async ({ file }) => (await file).close()));
  }
}

/** Closes a file now, or after the last read from it. */
function closeIfIdle(open: OpenFile): void {
  open.isClosing = true;
  if (open.userCount > 0) return;
  open.file.then((file) => file.close()).catch(() => {}); // it could not be opened
}
