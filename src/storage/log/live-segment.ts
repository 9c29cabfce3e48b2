import type { KeyObject } from 'node:crypto';
import type { LogBlock } from './block.ts';
import { type End, pageAfter, type SegmentHeader } from './segment.ts';

/** Where the index of a segment lies: consecutive blocks of it or of a later segment. */
export interface IndexPlace {
  readonly segment: number;
  /** Where in its file the first block begins. */
  readonly offset: number;
  readonly firstBlock: number;
  readonly blockCount: number;
}

/** A segment that the log writes, or that still holds something that is wanted. */
export class LiveSegment {
  readonly number: number;
  readonly header: SegmentHeader;
  readonly key: KeyObject;
  /** Where in the file each block begins, by its number; 0 where that is not known. */
  readonly offsets: number[] = [0];
  /** Bytes of each block's plaintext, by its number. */
  readonly lengths: number[] = [0];
  /** Blocks in memory, by number. */
  readonly blocks = new Map<number, LogBlock>();
  /** Records in it that are wanted, and pins. */
  liveCount = 0;
  /** Bytes, about, of those messages: each counts once for every queue that has it. */
  liveBytes = 0;
  /** What a byte of {@link liveBytes} takes in the file, about. */
  scale = 1;
  /** How often a compaction has looked at it since it ended. */
  lookCount = 0;
  /** Whether the table of a segment names it that recovery may begin with. */
  isListed = false;
  /** Where it was closed or cut; undefined while it is written. */
  end: End | undefined = undefined;
  /** Where in the file its last block begins. */
  lastOffset = 0;
  index: IndexPlace | undefined = undefined;
  /** The other segment that its index lies in, which is kept for as long. */
  indexHome: LiveSegment | undefined = undefined;
  /** Of {@link liveCount}, how much stands for a part of a checkpoint or an index. */
  pinCount = 0;
  /** The segment at which the base begins that it holds slices of; 0 where it holds none. */
  sliceBase = 0;
  /** Numbers of the blocks that hold those slices. */
  slices: number[] = [];
  /** Numbers of the blocks that hold changes, but for those in its index. */
  readonly changes: number[] = [];
  /** Numbers of the older segments that its table names. */
  listed: readonly number[] = [];
  /** Segments that recovery does not need once it would begin with this one. */
  readonly superseded: LiveSegment[] = [];

  /** Bytes of its file, but for the last block. */
  get sizeBytes(): number {
    return pageAfter(this.lastOffset + 1);
  }

  constructor(header: SegmentHeader, key: KeyObject) {
    this.number = header.segment;
    this.header = header;
    this.key = key;
  }
}
