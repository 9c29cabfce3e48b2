// Verification of a volume.

import type { KeyObject } from 'node:crypto';
import type { Disk } from './disk.ts';
import { diskFailure, StorageError } from './errors.ts';
import { LogBlock } from './log/block.ts';
import { watermarkFile } from './log/durable-watermark.ts';
import type { LiveSegment } from './log/live-segment.ts';
import { recordsOf } from './log/records.ts';
import { Recovery } from './log/recovery.ts';
import { Replay } from './log/replay.ts';
import {
  blockFlags,
  blockHeaderBytes,
  isZero,
  pageAfter,
  pageBytes,
  placeInTable,
} from './log/segment.ts';
import { listSegments, SegmentFiles, segmentFile } from './log/segment-files.ts';
import type { ReadBlock } from './log/segment-reader.ts';
import { type DataKeys, Volume } from './volume.ts';

/** The contents of a verified volume. */
export interface VolumeReport {
  readonly id: string;
  readonly kind: string;
  /** The number of its last mount; 0 if it was never mounted. */
  readonly epoch: number;
  /** Whether it was closed cleanly. */
  readonly isClosed: boolean;
  readonly segmentCount: number;
  readonly blockCount: number;
  readonly recordCount: number;
  /** Size of the files read, bytes. */
  readonly bytes: number;
}

/** Called with the progress of a check. */
export type CheckProgress = (doneBytes: number, totalBytes: number) => void;

/** Receives the verified records of a volume. */
export interface CheckedRecords {
  /** Receives the records that recovery would replay, in its order. */
  replayed?(type: number, buffer: Buffer, start: number, end: number): void;
  /**
   * Called after the last replayed record. Later errors concern records that recovery does not
   * need.
   */
  recovered?(): void;
  /**
   * Receives every record in the order of writing. An exception ends the check; `record-invalid` is
   * reported as damage with file and offset.
   */
  found?(type: number, buffer: Buffer, start: number, end: number): void;
}

/**
 * Reads every byte of a closed volume and verifies it.
 *
 * @throws {StorageError} the first error found, with file and offset
 */
export async function checkVolume(
  disk: Disk,
  folder: string,
  keys: KeyObject | DataKeys,
  progress: CheckProgress = () => {},
  records: CheckedRecords = {},
): Promise<VolumeReport> {
  const volume = await Volume.open(disk, folder, keys);
  const files = new SegmentFiles(volume, false);
  try {
    return await new VolumeCheck(volume, files, progress, records).run();
  } catch (cause) {
    throw diskFailure(`checking ${folder}`, cause);
  } finally {
    await files.close();
    await volume.close();
  }
}

class VolumeCheck {
  readonly #volume: Volume;
  readonly #files: SegmentFiles;
  readonly #recovery: Recovery;
  readonly #progress: CheckProgress;
  readonly #records: CheckedRecords;
  #totalBytes = 0;
  #doneBytes = 0;
  #blockCount = 0;
  #recordCount = 0;

  constructor(
    volume: Volume,
    files: SegmentFiles,
    progress: CheckProgress,
    records: CheckedRecords,
  ) {
    this.#volume = volume;
    this.#files = files;
    this.#recovery = new Recovery(volume, files);
    this.#progress = progress;
    this.#records = records;
  }

  async run(): Promise<VolumeReport> {
    const { header } = this.#volume;
    const isClosed = header.state === 'closed';
    const { segments, compacted } = await listSegments(this.#volume);
    for (const segment of [...segments, ...compacted])
      this.#totalBytes += await this.#sizeBytes(segment);
    const wanted = await this.#replay(segments);
    this.#records.recovered?.();
    for (const segment of wanted) {
      // The segment that was being written may have unconfirmed data after its end.
      const isOpenEnded = !isClosed && segment.number === header.position.segment;
      await this.#checkSegment(segment, isOpenEnded);
    }
    await this.#checkNames(wanted, isClosed);
    return {
      id: header.id,
      kind: header.kind,
      epoch: header.epoch,
      isClosed,
      segmentCount: wanted.length,
      blockCount: this.#blockCount,
      recordCount: this.#recordCount,
      bytes: this.#doneBytes,
    };
  }

  #sizeBytes(segment: number): Promise<number> {
    return this.#files.using(segment, async (file) => file.sizeBytes);
  }

  /** Replays the segments that recovery would keep. */
  async #replay(segments: readonly number[]): Promise<LiveSegment[]> {
    const wanted: LiveSegment[] = [];
    const replay = new Replay(this.#recovery, {
      add: (segment) => wanted.push(segment),
      begin: (segment, number, plaintext) => new LogBlock(0, segment, number, plaintext),
      record: (_block, type, buffer, start, end) =>
        this.#records.replayed?.(type, buffer, start, end),
      end: () => {},
    });
    await replay.run(segments);
    return wanted.sort((a, b) => placeInTable(a.number) - placeInTable(b.number));
  }

  async #checkSegment(segment: LiveSegment, isOpenEnded: boolean): Promise<void> {
    const { end, number } = segment;
    const blockCount = end?.blocks ?? 0;
    let last: ReadBlock | undefined;
    for await (const block of this.#recovery.readBlocks(segment, pageBytes, 1, blockCount)) {
      const isLast = block.number === blockCount;
      // The last group may have been recovered although it was never confirmed.
      const isUnknown = isOpenEnded && blockCount > this.#recovery.blocksMarked(number);
      await this.#checkBlock(segment, block, isLast && isUnknown);
      last = block;
    }
    if (last === undefined || end === undefined || !last.tag.equals(end.tag)) {
      throw this.#recovery.damage(number, 'does not end with the recorded block');
    }
    const sizeBytes = await this.#sizeBytes(number);
    const endBytes = pageAfter(last.offset + blockHeaderBytes + last.length);
    if (!isOpenEnded && sizeBytes !== endBytes) {
      throw this.#recovery.damage(number, `has ${sizeBytes} bytes; its end is at ${endBytes}`);
    }
    this.#doneBytes += sizeBytes;
    this.#progress(this.#doneBytes, this.#totalBytes);
  }

  async #checkBlock(segment: LiveSegment, block: ReadBlock, isOpenEnd: boolean): Promise<void> {
    const { number, offset, length, plaintext } = block;
    const isWhereSaid = (segment.offsets[number] ?? offset) === offset;
    if (!isWhereSaid || (segment.lengths[number] ?? length) !== length) {
      throw this.#recovery.damage(
        segment.number,
        `has block ${number} at a different offset than indexed`,
      );
    }
    const broken = () =>
      this.#recovery.damage(segment.number, `has a broken record in block ${number}`);
    for (const { type, start, end } of recordsOf(plaintext, broken)) {
      this.#recordCount++;
      try {
        this.#records.found?.(type, plaintext, start, end);
      } catch (cause) {
        throw this.#recovery.brokenRecord(segment.number, block, start, cause);
      }
    }
    this.#blockCount++;
    if ((block.flags & blockFlags.groupEnd) === 0 || isOpenEnd) return;
    const end = offset + blockHeaderBytes + length;
    const padding = await this.#files.read(segment.number, end, pageAfter(end) - end);
    if (!isZero(padding)) {
      throw this.#recovery.damage(segment.number, `is damaged after byte ${end}`);
    }
  }

  /** After a clean stop, the folder contains only files that are needed. */
  async #checkNames(wanted: readonly LiveSegment[], isClosed: boolean): Promise<void> {
    const names = await this.#volume.disk.list(this.#volume.folder);
    const known = new Set([
      'volume',
      'lock',
      watermarkFile,
      ...wanted.map(({ number }) => segmentFile(number)),
    ]);
    const segmentFiles = /^(seg|free|compact)-\d+$/;
    // A process that ended before it changed anything leaves these files.
    const drafts = /^((volume|mark)\.new|volume\.old|lock\.\d+(\.stale)?)$/;
    for (const name of names) {
      if (known.has(name) || drafts.test(name)) continue;
      if (!isClosed && segmentFiles.test(name)) continue;
      const path = this.#volume.path(name);
      throw new StorageError('volume-damaged', `${path} does not belong to the volume`);
    }
  }
}
