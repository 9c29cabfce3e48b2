import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { StorageError } from './errors.ts';
import type { RecordBlock, RecordLog } from './record-log.ts';

/** Where records can be appended. */
export interface RecordSink {
  /** Where in its block's buffer the payload of the record just reserved begins. */
  readonly at: number;
  /** Frames a record and makes room for its payload. */
  reserve(type: number, size: number): { readonly buffer: Buffer };
}

/**
 * What the owner of a log knows of the records of one compaction: which of them somebody wants, and who
 * must be told where they lie afterwards.
 */
export interface RecordMoves {
  /**
   * Prepares, a little at each step.
   *
   * @param isVictim whether a slot's block is in a segment that is compacted
   */
  prepare(isVictim: (slot: number) => boolean): Iterable<unknown>;
  /**
   * Looks at a record of a block that was read again.
   *
   * @param slot of that block
   * @param offset where the record's payload begins in it
   * @returns 0 where nobody wants the record there; else the key of the run that it is written in,
   *   beside others of the same key by {@link order}
   */
  look(type: number, buffer: Buffer, start: number, slot: number, offset: number): number;
  /** Where in its run the record belongs that {@link look} was asked of last. */
  readonly order: number;
  /** Copies so far, once for each that wants one: all of them are remembered until they count. */
  readonly count: number;
  /** A record that somebody wanted at one place has been copied to a block of the new segment. */
  placed(
    record: { readonly buffer: Buffer; readonly start: number },
    from: { readonly slot: number; readonly offset: number },
    to: { readonly block: number; readonly offset: number },
  ): void;
  /** Appends where the copies lie, in records of type 0x41, at most one at each step. */
  index(segment: number, sink: RecordSink): Iterable<unknown>;
  /**
   * Tells whoever still wants a record that its copy counts from now on; one block at each step.
   *
   * @param slotOf the slot of a block of the new segment, for whoever retains it at once
   */
  move(slotOf: (block: number) => number): Iterable<unknown>;
}

/** Whose records a log holds: recreates itself from them, and says what recreates it. */
export interface LogOwner {
  /** Called first, before anything is replayed. */
  attach(log: RecordLog): void;
  /**
   * Folds one record in. First come those of the last base and the changes since, then indexes of older
   * segments, oldest first: all these in a block that is in no segment. Then come, in their order, the
   * records of the newest segment. The base may have been written while records came that are among the
   * changes: a record may say what is so already, or name what is gone.
   */
  replay(block: RecordBlock, type: number, buffer: Buffer, start: number, end: number): void;
  /**
   * Asked of each record of a block in which something is not wanted any more, before it is sealed:
   * whether it is needed, and told where in the block its payload will begin.
   */
  keeps?(type: number, buffer: Buffer, start: number, offset: number): boolean;
  /**
   * Appends records that recreate the present state, at most a few at each step. Other records may be
   * appended between two steps: what each step says must then be true of the state at that step.
   */
  checkpoint(log: RecordLog): Iterable<unknown>;
  /** Bytes, about, that {@link changes} would append now. */
  readonly changedBytes: number;
  /**
   * Appends records that bring a state to what it is now: all that was changed since the last call, and
   * where `isLast` also what is said only once a segment.
   */
  changes(log: RecordLog, isLast: boolean): void;
  /** Appends where the wanted records of the segment that ends lie, in records of type 0x41. */
  index(segment: number, log: RecordLog): void;
  /** A segment begins: what changed before needs to be remembered no more. */
  begun(): void;
  /** Begins a compaction; left out where segments are not compacted. */
  moves?(): RecordMoves;
  /** What a byte that was retained in this segment takes in its file, about; 1 where it is left out. */
  readonly scale?: number;
}

/** When segments are compacted, and how fast. */
export interface CompactionOptions {
  /** Milliseconds between two looks at what the segments hold; default 2000. */
  readonly lookMs?: number;
  /** So many looks a segment must have seen since it ended; default 3. */
  readonly looksMin?: number;
  /** Part of the time that a compaction may take, 0 to 1; default a tenth, and half of an idle log's. */
  readonly share?: number;
}

/** How a log is kept, and whom it tells. */
export interface LogOptions {
  /** Every group up to this one is on the disk. */
  onDurable(group: number): void;
  /** Nothing can be written any more, or what is read is damaged: the process must end. */
  onFailed(error: StorageError): void;
  /** So many bytes were written and synced, in so many milliseconds. */
  onSynced?(sizeBytes: number, durationMs: number): void;
  /** Recovery has seen to so many of the older segments. */
  onRecovering?(doneCount: number, totalCount: number): void;
  /** The disk is full, or has room again; nothing is lost meanwhile. */
  onFull?(isFull: boolean): void;
  /** This mount's number, above that of every mount before; default one more. */
  readonly epoch?: number;
  /** The volume must have been mounted so often at least, else it is an older copy. */
  readonly epochMin?: number;
  /** Bytes of a segment's file, unless one record alone is longer; default 64 MiB. */
  readonly segmentBytes?: number;
  /** Bytes of plaintext kept in memory, with those that are not synced yet; default 64 MiB. */
  readonly cacheBytes?: number;
  /** A state of this size is written at once, a larger one in slices of it at most; default 128 KiB. */
  readonly sliceBytes?: number;
  readonly compaction?: CompactionOptions;
  /** So many bytes were written by a compaction, or so many segments given back after one. */
  onCompacted?(writtenBytes: number, segmentCount: number): void;
  /** Whether files are written anew when nothing in them is wanted; default true. */
  readonly isRecycling?: boolean;
  readonly random?: Random;
  /** For all timers of the log; default the machine's. */
  readonly clock?: Clock;
}
