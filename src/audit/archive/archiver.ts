// Moves older events from the system volume to archives, and removes old archives.

import type { KeyObject } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import type { Random } from '../../base/random.ts';
import type { Disk } from '../../storage/disk.ts';
import type { Entry } from '../../storage/journal.ts';
import { sealFile } from '../../storage/sealed-files/sealed-file.ts';
import type { StateStore } from '../../storage/state-store.ts';
import { lineHash, parseLine, type Trail, trailTimeline } from '../trail.ts';
import { ArchiveBuilder } from './archive-file.ts';
import type { ArchiveRecord } from './archive-journal.ts';
import { type Archives, archiveName } from './archives.ts';

/** The sizes of archives. */
export interface ArchiveSizes {
  /** Number of events in an archive. */
  readonly eventCount: number;
  /** Number of the newest events that stay in the system volume. */
  readonly recentCountMin: number;
}

/** The sizes that the service uses. */
export const archiveSizes: ArchiveSizes = { eventCount: 16_384, recentCountMin: 4096 };

/** The parts that archiving needs. */
export interface ArchiverParts {
  readonly archives: Archives;
  readonly trail: Trail;
  readonly store: () => Pick<StateStore, 'readNewest' | 'countOf' | 'dropOldest' | 'dropBefore'>;
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
  readonly disk: Disk;
  readonly folder: string;
  /** 256 bits, from which the key of each file is derived. */
  readonly key: KeyObject;
  readonly random: Random;
  readonly sizes: ArchiveSizes;
}

/**
 * Archives events. A file is complete and synced before the journal names it, and events leave the
 * system volume after that, so that each event is in one of them at any time. A file that the
 * journal does not name is removed.
 */
export class Archiver {
  readonly #parts: ArchiverParts;
  #hasCleaned = false;

  constructor(parts: ArchiverParts) {
    this.#parts = parts;
  }

  /** Archives as many events as possible, and removes archives from before a time. */
  async run(oldestMs: number): Promise<void> {
    if (!this.#hasCleaned) await this.#clean();
    await this.#removeOld(oldestMs);
    while (await this.#archive()) this.#dropArchived();
    this.#dropArchived();
    // After the archives, so that no event in between is removed first.
    this.#parts.store().dropBefore(trailTimeline, oldestMs);
  }

  /** Removes files of an interrupted run. */
  async #clean(): Promise<void> {
    const { disk, folder, archives } = this.#parts;
    await disk.createFolder(folder);
    const known = new Set(archives.journal.all().map(archiveName));
    for (const name of await disk.list(folder)) {
      if (!known.has(name)) await disk.remove(`${folder}/${name}`);
    }
    this.#hasCleaned = true;
  }

  async #removeOld(oldestMs: number): Promise<void> {
    const { archives, commit } = this.#parts;
    const old: ArchiveRecord[] = [];
    for (const record of archives.journal.all()) {
      if (record.toMs >= oldestMs) break;
      old.push(record);
    }
    const last = old.at(-1);
    if (last === undefined) return;
    await commit([archives.journal.entry({ dropThrough: last.last })]);
    for (const record of old) await archives.remove(record);
  }

  /** @returns whether an archive was written */
  async #archive(): Promise<boolean> {
    const { archives, trail, sizes, commit, disk, folder, key, random } = this.#parts;
    const newest = trail.head.count;
    const kept = this.#parts.store().countOf(trailTimeline);
    const first = Math.max(archives.journal.last, newest - kept) + 1;
    const count = newest - first + 1;
    if (count < sizes.eventCount + sizes.recentCountMin) return false;
    const { record, parts } = await this.#build(first, count);
    const name = archiveName(record);
    const bytes = sealFile(key, name, parts, random);
    await disk.replace(`${folder}/${name}`, bytes);
    await commit([archives.journal.entry({ put: { ...record, fileBytes: bytes.length } })]);
    return true;
  }

  async #build(first: number, count: number) {
    const { store, sizes } = this.#parts;
    const builder = new ArchiveBuilder();
    let previous = '';
    let hash = '';
    let fromMs = Number.POSITIVE_INFINITY;
    let toMs = 0;
    for await (const { atMs, bytes } of store().readNewest(trailTimeline, count)) {
      const line = parseLine(bytes);
      const expected = first + builder.count;
      assert(line.number === expected, `event ${line.number} is in the place of ${expected}`);
      assert(builder.count === 0 || line.previous === hash, `event ${expected} breaks the chain`);
      if (builder.count === 0) previous = line.previous;
      hash = lineHash(bytes);
      fromMs = Math.min(fromMs, atMs);
      toMs = Math.max(toMs, atMs);
      await builder.add(bytes, line, atMs);
      if (builder.count === sizes.eventCount) break;
    }
    assert(builder.count === sizes.eventCount, `an archive has ${builder.count} events`);
    const last = first + builder.count - 1;
    return { record: { first, last, fromMs, toMs, previous, hash }, parts: await builder.parts() };
  }

  /** Drops the segments of the system volume whose events are all archived. */
  #dropArchived(): void {
    const { archives, trail, store } = this.#parts;
    const oldest = trail.head.count - store().countOf(trailTimeline) + 1;
    const count = archives.journal.last - oldest + 1;
    if (count > 0) store().dropOldest(trailTimeline, count);
  }
}
