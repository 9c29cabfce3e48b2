// A segment in use.

import type { KeyObject } from 'node:crypto';
import type { LogBlock } from './block.ts';
import { type End, pageAfter, type SegmentHeader } from './segment.ts';

/** The position of a segment's index: consecutive blocks of the same or a later segment. */
export interface IndexPlace {
  readonly segment: number;
  /** The file offset of the first block. */
  readonly offset: number;
  readonly firstBlock: number;
  readonly blockCount: number;
}

/** A segment that is being written or contains live records. */
export class LiveSegment {
  readonly number: number;
  readonly header: SegmentHeader;
  readonly key: KeyObject;
  /** The file offset of each block by number; 0 if unknown. */
  readonly offsets: number[] = [0];
  /** The plaintext size of each block by number. */
  readonly lengths: number[] = [0];
  /** Blocks in memory, by number. */
  readonly blocks = new Map<number, LogBlock>();
  /** The number of live records and pins. */
  liveCount = 0;
  /** Approximate size of the live messages. Each counts once per queue. */
  liveBytes = 0;
  /** The approximate file size per byte of {@link liveBytes}. */
  scale = 1;
  /** The number of checks by the compactor since it ended. */
  lookCount = 0;
  /** Whether it is named in the table of a segment with which recovery may begin. */
  isListed = false;
  /** The end, if it was closed or cut; undefined while it is written. */
  end: End | undefined = undefined;
  /** The file offset of its last block. */
  lastOffset = 0;
  index: IndexPlace | undefined = undefined;
  /** The other segment that contains its index, which is kept as long. */
  indexHome: LiveSegment | undefined = undefined;
  /** The part of {@link liveCount} that counts parts of checkpoints and indexes. */
  pinCount = 0;
  /** The first segment of the base whose slices it contains; 0 if it contains none. */
  sliceBase = 0;
  /** The numbers of the blocks with those slices. */
  slices: number[] = [];
  /** The numbers of the blocks with changes, except for those in its index. */
  readonly changes: number[] = [];
  /** The numbers of the older segments that its table names. */
  listed: readonly number[] = [];
  /** Segments that recovery does not need if it begins with this one. */
  readonly superseded: LiveSegment[] = [];

  /** Whether it contains no live records, but at most parts of checkpoints and indexes. */
  get isIdle(): boolean {
    return this.liveCount === this.pinCount;
  }

  /** Size of the file without the last block. */
  get sizeBytes(): number {
    return pageAfter(this.lastOffset + 1);
  }

  constructor(header: SegmentHeader, key: KeyObject) {
    this.number = header.segment;
    this.header = header;
    this.key = key;
  }
}
