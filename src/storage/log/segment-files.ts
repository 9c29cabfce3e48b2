// The files of segments.

import { assert } from '../../base/assert.ts';
import { type DiskFile, fromCallback } from '../disk.ts';
import type { Volume } from '../volume.ts';
import type { LiveSegment } from './live-segment.ts';
import { blockHeaderBytes, compactedFrom, isCompacted, pageAfter } from './segment.ts';

const openMax = 64;
/** Maximum number of files kept for reuse. */
const spareMax = 1;

/** The name of a segment's file. */
export function segmentFile(segment: number): string {
  return isCompacted(segment) ? `compact-${segment - compactedFrom}` : `seg-${segment}`;
}

/** An open file, and the number of its users. */
interface Handle {
  readonly file: Promise<DiskFile>;
  userCount: number;
}

/** The segment files of a volume, with ascending numbers. */
export interface SegmentList {
  /** Segments of the log. */
  readonly segments: readonly number[];
  /** Compacted segments. */
  readonly compacted: readonly number[];
  /** Files kept for reuse. */
  readonly spares: readonly number[];
}

/** Lists the segment files of a volume. */
export async function listSegments(volume: Volume): Promise<SegmentList> {
  const names = await volume.disk.list(volume.folder);
  const numbers = (pattern: RegExp) =>
    names
      .flatMap((name) => pattern.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  return {
    segments: numbers(/^seg-(\d+)$/),
    compacted: numbers(/^compact-(\d+)$/).map((number) => number + compactedFrom),
    spares: numbers(/^free-(\d+)$/),
  };
}

/** Opens segment files on demand, and reuses them. */
export class SegmentFiles {
  readonly #volume: Volume;
  readonly #isRecycling: boolean;
  readonly #handles = new Map<number, Handle>();
  #spares: number[] = [];

  /** @param isRecycling whether files are kept for reuse */
  constructor(volume: Volume, isRecycling: boolean) {
    this.#volume = volume;
    this.#isRecycling = isRecycling;
  }

  #path(segment: number): string {
    return this.#volume.path(segmentFile(segment));
  }

  #spare(segment: number): string {
    return this.#volume.path(`free-${segment}`);
  }

  /** Takes over the reusable files of an earlier mount. */
  async adoptSpares(spares: readonly number[]): Promise<void> {
    for (const spare of spares) {
      if (this.#isRecycling && this.#spares.length < spareMax) this.#spares.push(spare);
      else await this.#volume.disk.remove(this.#spare(spare));
    }
  }

  /** Creates the file of a segment, or reuses one. It stays open until {@link finish}. */
  async begin(segment: number): Promise<DiskFile> {
    const { disk } = this.#volume;
    const spare = this.#spares.shift();
    if (spare !== undefined) {
      try {
        await disk.rename(this.#spare(spare), this.#path(segment));
      } catch (error) {
        this.#spares.unshift(spare);
        throw error;
      }
    } else {
      await this.#create(segment);
    }
    return this.#use(segment).file;
  }

  /** Creates the empty file of a compacted segment. It stays open until {@link finish}. */
  async create(segment: number): Promise<DiskFile> {
    await this.#create(segment);
    return this.#use(segment).file;
  }

  async #create(segment: number): Promise<void> {
    try {
      await (await this.#volume.disk.create(this.#path(segment))).close();
    } catch (error) {
      // Created by an earlier attempt, which failed because the disk was full.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }

  /** Releases a segment to which no more data is written. Its file is closed once it is unused. */
  finish(segment: number): Promise<void> {
    const handle = this.#handles.get(segment);
    assert(handle !== undefined, 'a segment that was never begun is finished');
    handle.userCount--;
    return this.#closeIdle();
  }

  /** Truncates a segment durably after its end. */
  cut(segment: LiveSegment): Promise<void> {
    const lastLength = segment.lengths[segment.end?.blocks ?? 0] ?? 0;
    const end = segment.lastOffset + blockHeaderBytes + lastLength;
    return this.using(segment.number, async (file) => {
      // The rest of the last page may contain old data of a reused file: it is zeroed.
      await file.truncate(end);
      await file.truncate(pageAfter(end));
      await fromCallback((done) => file.sync(done));
    });
  }

  /** Syncs the creation and removal of files. */
  syncFolder(): Promise<void> {
    return this.#volume.disk.syncFolder(this.#volume.folder);
  }

  /** Reads from a segment; fewer bytes only at the end of its file. */
  async read(segment: number, offset: number, size: number): Promise<Buffer> {
    return this.using(segment, (file) => file.read(offset, size));
  }

  /** Calls a function with the open file of a segment. */
  async using<T>(segment: number, use: (file: DiskFile) => Promise<T>): Promise<T> {
    const handle = this.#use(segment);
    try {
      return await use(await handle.file);
    } finally {
      handle.userCount--;
      await this.#closeIdle();
    }
  }

  #use(segment: number): Handle {
    let handle = this.#handles.get(segment);
    if (handle === undefined) {
      handle = { file: this.#volume.disk.open(this.#path(segment)), userCount: 0 };
      this.#handles.set(segment, handle);
      handle.file.catch(() => this.#handles.delete(segment));
    }
    handle.userCount++;
    return handle;
  }

  async #closeIdle(): Promise<void> {
    for (const [segment, handle] of this.#handles) {
      if (this.#handles.size <= openMax) return;
      if (handle.userCount === 0) await this.#close(segment);
    }
  }

  async #close(segment: number): Promise<void> {
    const handle = this.#handles.get(segment);
    if (handle === undefined) return;
    this.#handles.delete(segment);
    await (await handle.file).close();
  }

  /** Releases the file of a dead segment. */
  async retire(segment: number): Promise<void> {
    assert((this.#handles.get(segment)?.userCount ?? 0) === 0, 'a retired segment is in use');
    await this.#close(segment);
    const { disk } = this.#volume;
    const isSpare = this.#isRecycling && this.#spares.length < spareMax;
    if (!isSpare || isCompacted(segment)) {
      await disk.remove(this.#path(segment));
      return;
    }
    await disk.rename(this.#path(segment), this.#spare(segment));
    this.#spares.push(segment);
  }

  /** Closes all files and removes the reusable ones. */
  async close(): Promise<void> {
    for (const segment of [...this.#handles.keys()]) await this.#close(segment);
    await this.removeSpares();
  }

  /** Removes the reusable files. */
  async removeSpares(): Promise<void> {
    for (let spare = this.#spares.pop(); spare !== undefined; spare = this.#spares.pop()) {
      await this.#volume.disk.remove(this.#spare(spare));
    }
  }
}
