// Writing of groups.

import { type Clock, systemClock } from '../../base/clock.ts';
import { type DiskFile, fromCallback } from '../disk.ts';
import { diskFailed, isDiskFull, type StorageError } from '../errors.ts';
import type { LogBlock } from './block.ts';
import type { LiveSegment } from './live-segment.ts';
import { pageAfter } from './segment.ts';
import { type SegmentFiles, segmentFile } from './segment-files.ts';

/** Blocks that are written and synced together. */
export interface Group {
  readonly number: number;
  readonly segment: LiveSegment;
  /** The file offset of the group. */
  readonly offset: number;
  /** The data to write, padded to the end of a page. */
  readonly chunks: readonly Buffer[];
  readonly sizeBytes: number;
  readonly blocks: readonly LogBlock[];
  /** Size of the reserved records, including those that were left out at sealing. */
  readonly reservedBytes: number;
  readonly lastBlock: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** The events of the writer. */
export interface GroupWriterEvents {
  /** @param durationMs the duration of the write */
  synced(group: Group, durationMs: number): void;
  /**
   * Recovery can begin with a segment.
   *
   * @param isThere resolves when its first group is on disk
   */
  begun(segment: LiveSegment, isThere: Promise<unknown>): Promise<void>;
  full(isFull: boolean): void;
  failed(error: StorageError): void;
}

const retryMs = 250;
const aheadBytesMin = 64 * 1024;
const zeros = Buffer.alloc(1024 * 1024);

/** Writes groups in order. Each is started when the previous one is synced. */
export class GroupWriter {
  readonly #files: SegmentFiles;
  readonly #events: GroupWriterEvents;
  readonly #segmentBytes: number;
  readonly #clock: Clock;
  readonly #waiting: Group[] = [];
  #file: DiskFile | undefined = undefined;
  #isFull = false;
  #isRunning = false;
  #isWriting = false;
  /** Whether nothing is written any more. */
  isFailed = false;

  /** @param segmentBytes the size of a segment, beyond which no space is preallocated */
  constructor(
    files: SegmentFiles,
    events: GroupWriterEvents,
    segmentBytes = Infinity,
    clock: Clock = systemClock,
  ) {
    this.#files = files;
    this.#events = events;
    this.#segmentBytes = segmentBytes;
    this.#clock = clock;
  }

  /** Whether a group is waiting or being written. */
  get isBusy(): boolean {
    return this.#isWriting || this.#waiting.length > 0;
  }

  /** Adds a group, which is synced after all previous ones. */
  add(group: Group): void {
    if (this.isFailed) return;
    this.#waiting.push(group);
    // A bug in the handler of a sync ends the process: nothing here catches it.
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let group = this.#waiting.shift(); group !== undefined; group = this.#waiting.shift()) {
      this.#isWriting = true;
      const beganMs = this.#clock.monotonicMs();
      try {
        if (!this.#writeAtOnce(group)) await this.#write(group);
      } catch (cause) {
        this.#fail(group, cause);
        return;
      }
      this.#isWriting = false;
      this.#events.synced(group, this.#clock.monotonicMs() - beganMs);
    }
    this.#isRunning = false;
  }

  #writeAtOnce({ isFirst, isLast, offset, chunks }: Group): boolean {
    return !isFirst && !isLast && this.#file?.writeThroughAtOnce(offset, chunks) === true;
  }

  async #write(group: Group): Promise<void> {
    const { number } = group.segment;
    if (group.isFirst) this.#file = await this.#untilRoom(() => this.#files.begin(number));
    const file = this.#file;
    if (file === undefined) throw new Error('a group has no file');
    const chunks = group.isLast ? group.chunks : this.#withRoomAhead(file, group);
    const write = () => fromCallback((done) => file.writeThrough(group.offset, chunks, done));
    if (group.isFirst) await this.#begin(group.segment, write);
    else await this.#untilRoom(write);
    if (group.isLast) {
      await file.truncate(group.offset + group.sizeBytes);
      await fromCallback((done) => file.sync(done));
    }
    if (group.isLast) await this.#files.finish(number);
  }

  /** Makes a new segment durable: its first group, its file, and then the header that names it. */
  async #begin(segment: LiveSegment, write: () => Promise<void>): Promise<void> {
    // Not retried: after a failed sync, the next one may succeed without having synced.
    const folder = this.#files.syncFolder();
    let isWritten = false;
    // The change of the header ends with each attempt: other changes do not wait for room.
    const attempt = async () => {
      const written = isWritten ? undefined : write();
      const isThere = Promise.all([written, folder]);
      await Promise.all([
        isThere.then(() => {
          isWritten = true;
        }),
        this.#events.begun(segment, isThere),
      ]);
    };
    await Promise.all([folder, this.#untilRoom(attempt)]);
  }

  /**
   * Adds zeros after a group that extends the file: a sync without a change of the file size costs
   * half.
   */
  #withRoomAhead(file: DiskFile, group: Group): readonly Buffer[] {
    const end = group.offset + group.sizeBytes;
    const left = pageAfter(Math.max(0, this.#segmentBytes - end));
    if (end <= file.sizeBytes || left === 0) return group.chunks;
    const ahead = Math.min(zeros.length, Math.max(aheadBytesMin, pageAfter(end / 2)), left);
    return [...group.chunks, zeros.subarray(0, ahead)];
  }

  /**
   * Retries while the disk is full. The same sealed bytes are written to the same position, and
   * none of them were synced, so no mixture of old and new data is possible. All of them are
   * written again, so it does not matter what a failed sync has dropped.
   */
  async #untilRoom<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const done = await attempt();
        if (this.#isFull) this.#setFull(false);
        return done;
      } catch (error) {
        // A part of the same write may have failed for good.
        if (!isDiskFull(error) || this.isFailed) throw error;
        if (!this.#isFull) this.#setFull(true);
        await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, retryMs));
      }
    }
  }

  #setFull(isFull: boolean): void {
    this.#isFull = isFull;
    this.#events.full(isFull);
  }

  #fail(group: Group, cause: unknown): void {
    this.isFailed = true;
    this.#waiting.length = 0;
    const file = segmentFile(group.segment.number);
    this.#events.failed(diskFailed(`writing ${file} at byte ${group.offset}`, cause));
  }
}
