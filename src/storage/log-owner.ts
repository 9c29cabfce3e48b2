// The interface between a log and the owner of its records.

import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { StorageError } from './errors.ts';
import type { RecordBlock, RecordLog } from './record-log.ts';

/** A destination for records. */
export interface RecordSink {
  /** The offset of the last reserved payload in its block's buffer. */
  readonly at: number;
  /** Writes the header of a record and reserves space for its payload. */
  reserve(type: number, size: number): { readonly buffer: Buffer };
}

/**
 * The owner's part of a compaction: which records are live, and where their owners must find them
 * afterwards.
 */
export interface RecordMoves {
  /**
   * Prepares the compaction in small steps.
   *
   * @param isSource whether the block of a slot is in a segment that is compacted
   */
  prepare(isSource: (slot: number) => boolean): Iterable<unknown>;
  /**
   * Examines a record of a block.
   *
   * @param slot the slot of the block
   * @param offset the offset of the payload in the block
   * @returns 0 if the record is not live; otherwise the key of its run, in which records are sorted
   *   by {@link order}
   */
  look(type: number, buffer: Buffer, start: number, slot: number, offset: number): number;
  /** The position of the last examined record in its run. */
  readonly order: number;
  /**
   * The number of copies so far, counted once per owner. Each is held in memory until all take
   * effect.
   */
  readonly count: number;
  /** A live record has been copied to a block of the new segment. */
  placed(
    record: { readonly buffer: Buffer; readonly start: number },
    from: { readonly slot: number; readonly offset: number },
    to: { readonly block: number; readonly offset: number },
  ): void;
  /** Appends the positions of the copies in records of type 0x41, at most one per step. */
  index(segment: number, sink: RecordSink): Iterable<unknown>;
  /**
   * Redirects the owners to the copies, one block per step.
   *
   * @param slotOf returns the slot of a block of the new segment, which must be retained at once
   */
  move(slotOf: (block: number) => number): Iterable<unknown>;
  /** The compaction has ended, whether or not it took effect: releases what {@link prepare} retained. */
  ended?(): void;
}

/**
 * The owner of the records in a log. It recreates itself from them, and writes its state to the
 * log.
 */
export interface LogOwner {
  /** Called first, before any record is replayed. */
  attach(log: RecordLog): void;
  /**
   * Applies a record. The order is: the last base and the changes since, then the indexes of older
   * segments, oldest first (all these in a block that is in no segment), then the records of the
   * newest segment. The base may overlap with the changes: a record may repeat what is known, or
   * concern objects that no longer exist.
   */
  replay(block: RecordBlock, type: number, buffer: Buffer, start: number, end: number): void;
  /**
   * Called for each record of a block with dead records before it is sealed. Returns whether the
   * record is still needed, and receives its new offset in the block.
   */
  pruneBeforeSeal?(type: number, buffer: Buffer, start: number, offset: number): boolean;
  /**
   * Appends records that recreate the current state, at most a few per step. Other records may be
   * appended between two steps; each step must be true for the state at that time.
   */
  checkpoint(log: RecordLog): Iterable<unknown>;
  /** Approximate size of what {@link changes} would append. */
  readonly changedBytes: number;
  /**
   * Appends records with all changes since the last call; with `isLast`, including those that are
   * written only once per segment.
   */
  changes(log: RecordLog, isLast: boolean): void;
  /**
   * Appends the positions of the live records of the segment that ends, in records of type 0x41.
   */
  index(segment: number, log: RecordLog): void;
  /** A segment has begun: earlier changes are no longer needed. */
  begun(): void;
  /** Starts a compaction; missing if segments are not compacted. */
  moves?(): RecordMoves;
  /**
   * Whether only small segments are compacted, because the records are retained without their sizes;
   * defaults to false.
   */
  readonly mergesOnly?: boolean;
  /**
   * Whether the current segment contains records that are no longer needed, so that it ends when space
   * is reclaimed; defaults to false.
   */
  readonly isSegmentStale?: boolean;
  /** Approximate file size per retained byte in this segment; defaults to 1. */
  readonly scale?: number;
}

/** The settings of compactions. */
export interface CompactionOptions {
  /** Interval of checks, milliseconds; default 2000. */
  readonly lookMs?: number;
  /** Minimum number of checks since a segment ended; default 3. */
  readonly looksMin?: number;
  /**
   * The fraction of time for compactions, 0 to 1; default a tenth, and half while the log is idle.
   */
  readonly share?: number;
}

/** The settings and events of a log. */
export interface LogOptions {
  /** All groups up to this one are on disk. */
  onDurable(group: number): void;
  /** The log can no longer be written, or data is damaged: the process must end. */
  onFailed(error: StorageError): void;
  /** A group was written and synced. */
  onSynced?(sizeBytes: number, durationMs: number): void;
  /** A block with live records is not kept in memory any more, because there are newer ones. */
  onEvicted?(sizeBytes: number): void;
  /** The progress of recovery in older segments. */
  onRecovering?(doneCount: number, totalCount: number): void;
  /** The disk is full, or has space again. Nothing is lost. */
  onFull?(isFull: boolean): void;
  /** The number of this mount, above that of all earlier ones; default: the last one plus one. */
  readonly epoch?: number;
  /** The minimum number of the last mount. A lower number means an older copy. */
  readonly epochMin?: number;
  /** Size of a segment's file, unless a single record is larger; default 64 MiB. */
  readonly segmentBytes?: number;
  /** Plaintext kept in memory, including data that is not synced, bytes; default 64 MiB. */
  readonly cacheBytes?: number;
  /**
   * A base up to this size is written at once, a larger one in slices of this size; default 128
   * KiB.
   */
  readonly sliceBytes?: number;
  readonly compaction?: CompactionOptions;
  /** A compaction wrote bytes, or released segments. */
  onCompacted?(writtenBytes: number, segmentCount: number): void;
  /** Everything is sealed under the newest data key again, and the older ones were dropped. */
  onResealed?(): void;
  /** Whether the files of dead segments are reused; default true. */
  readonly isRecycling?: boolean;
  readonly random?: Random;
  /** The clock of all timers of the log; default: the system clock. */
  readonly clock?: Clock;
}
