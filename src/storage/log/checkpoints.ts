// Checkpoints of the owner's state.

import { assert } from '../../base/assert.ts';
import type { LogOwner } from '../log-owner.ts';
import type { RecordLog } from '../record-log.ts';
import type { BlockTable } from './block-table.ts';
import type { LiveSegment } from './live-segment.ts';
import { type Base, type PartKind, partKinds } from './records.ts';
import { isCompacted, pageBytes } from './segment.ts';

/** The interface to the log. */
export interface CheckpointHost {
  /** Appends records in blocks of their own, all in the same segment. */
  writePart(part: PartKind, write: () => void): readonly number[];
  /** Whether a part can be appended now. */
  readonly hasRoomForPart: boolean;
}

/** Space reserved for headers of blocks and records. */
const slackBytes = 256;
/**
 * Maximum number of segments between a base and the newest one. Each must be read at the next
 * start.
 */
const chainCountMax = 64;
/** A base is begun when this multiple of its size has been appended since the last one. */
const baseInterval = 2;

/** A base that is being written. */
interface Draft {
  readonly start: number;
  bytes: number;
  readonly steps: Iterator<unknown>;
  isWhole: boolean;
}

/**
 * Decides when the state is written to the log. The state at the beginning of a segment is the last
 * base, which contains everything, and the changes of every segment since. A small base is written
 * at once when a segment begins. A large one is written in slices, with no more bytes at a time
 * than were appended for other reasons, and begun only when much more than its size was appended.
 * The cost of checkpoints is therefore proportional to the writes, and nobody waits for one.
 */
export class Checkpoints {
  readonly #owner: LogOwner;
  readonly #log: RecordLog;
  readonly #host: CheckpointHost;
  readonly #table: BlockTable;
  readonly #segmentBytes: number;
  readonly #sliceBytes: number;
  #base: Base | undefined = undefined;
  #draft: Draft | undefined = undefined;
  /** The segments since the base, which are kept for it; the newest is last. */
  #chain: LiveSegment[] = [];
  /** The number of bytes of the draft that may be written. */
  #owedBytes = 0;
  /** Size of the slices in each group, until it is synced. */
  readonly #sliceBytesOf = new Map<number, number>();
  /** Whether the draft is written as fast as possible because the disk is full. */
  #isHurried = false;

  constructor(
    owner: LogOwner,
    log: RecordLog,
    host: CheckpointHost,
    table: BlockTable,
    sizes: { readonly segmentBytes: number; readonly sliceBytes: number },
  ) {
    this.#owner = owner;
    this.#log = log;
    this.#host = host;
    this.#table = table;
    this.#segmentBytes = sizes.segmentBytes;
    this.#sliceBytes = sizes.sliceBytes;
  }

  /** The base that the next table names. */
  get base(): Base {
    assert(this.#base !== undefined, 'a segment has no base');
    return this.#base;
  }

  /** Whether a hurried base is complete, so that older segments can be removed. */
  get isHurryOver(): boolean {
    return this.#isHurried && this.#draft?.isWhole === true;
  }

  /**
   * Takes over the recovered state.
   *
   * @param segments all live segments, in any order
   */
  recovered(base: Base | undefined, segments: Iterable<LiveSegment>): void {
    this.#base = base;
    for (const segment of [...segments].sort((a, b) => a.number - b.number)) {
      if (segment.indexHome !== undefined) this.#table.pin(segment.indexHome);
      if (isCompacted(segment.number)) continue;
      if (base !== undefined && segment.number >= base.start) this.#keep(segment);
    }
  }

  /** Whether the changes of a segment are needed for the base. */
  needsChanges(segment: LiveSegment): boolean {
    return this.#chain.includes(segment);
  }

  #keep(segment: LiveSegment): void {
    this.#chain.push(segment);
    this.#table.pin(segment);
  }

  /**
   * An empty segment begins. It may contain a base, or the beginning of one.
   *
   * @param isMount whether it is the first of a mount, so that nobody waits
   */
  begin(segment: LiveSegment, isMount: boolean): void {
    this.#keep(segment);
    if (this.#draft === undefined && this.#isDue()) {
      const steps = this.#owner.checkpoint(this.#log)[Symbol.iterator]();
      this.#draft = { start: segment.number, bytes: 0, steps, isWhole: false };
      this.#slice(this.#draft, this.#sliceBytes);
    }
    // If mounts write little, each would begin a base and none would complete it.
    const isOverdue = this.#base === undefined || this.#chain.length > chainCountMax * 2;
    const draft = this.#draft;
    if (draft?.isWhole === false && isMount && isOverdue) this.#slice(draft, Infinity);
    if (draft?.isWhole === true) this.#adopt(draft);
  }

  #isDue(): boolean {
    const base = this.#base;
    if (base === undefined || this.#isHurried || base.bytes <= this.#sliceBytes) return true;
    if (this.#chain.length > chainCountMax) return true;
    return this.#chainBytes() >= Math.max(this.#segmentBytes, base.bytes * baseInterval);
  }

  #chainBytes(): number {
    let bytes = 0;
    for (const { lastOffset } of this.#chain) bytes += lastOffset;
    return bytes;
  }

  /** Tables name this base from now on. Older segments are no longer kept for the previous one. */
  #adopt({ start, bytes }: Draft): void {
    this.#base = { start, bytes };
    this.#draft = undefined;
    this.#isHurried = false;
    for (let first = this.#chain[0]; first !== undefined && first.number < start; ) {
      this.#chain.shift();
      this.#table.unpin(first);
      first = this.#chain[0];
    }
  }

  #slice(draft: Draft, bytesMax: number): void {
    const segment = this.#chain.at(-1);
    assert(segment !== undefined, 'a base is written before a segment begins');
    const log = this.#log;
    const before = log.pendingBytes;
    const blocks = this.#host.writePart(partKinds.slice, () => {
      do draft.isWhole = draft.steps.next().done === true;
      while (!draft.isWhole && log.pendingBytes - before < bytesMax);
    });
    draft.bytes += log.pendingBytes - before;
    if (segment.sliceBase !== draft.start) segment.slices = [];
    segment.sliceBase = draft.start;
    for (const block of blocks) segment.slices.push(block);
  }

  /**
   * A group was synced, and nobody waits: parts of checkpoints may be written.
   *
   * @param sizeBytes the size of the group in the file
   */
  written(group: number, sizeBytes: number): void {
    // Slices themselves do not allow further slices.
    const ownBytes = this.#sliceBytesOf.get(group) ?? 0;
    this.#sliceBytesOf.delete(group);
    if (this.#owner.changedBytes >= this.#sliceBytes && this.#host.hasRoomForPart) {
      const segment = this.#chain.at(-1);
      const blocks = this.#host.writePart(partKinds.changes, () => {
        this.#owner.changes(this.#log, false);
      });
      segment?.changes.push(...blocks);
    }
    if (this.#draft === undefined || this.#draft.isWhole) {
      this.#owedBytes = 0;
      return;
    }
    this.#owedBytes += Math.max(0, sizeBytes - ownBytes);
    this.#advance(this.#draft);
  }

  #advance(draft: Draft): void {
    if (this.#isHurried) this.#owedBytes = this.#sliceBytes;
    if (this.#owedBytes < pageBytes || !this.#host.hasRoomForPart) return;
    const { openGroup, pendingBytes } = this.#log;
    this.#slice(draft, Math.min(this.#owedBytes, this.#sliceBytes) - slackBytes);
    const bytes = this.#log.pendingBytes - pendingBytes;
    // A long record may exceed the allowance: the next slice then waits longer.
    this.#owedBytes = Math.min(this.#owedBytes - bytes, this.#sliceBytes * 4);
    this.#sliceBytesOf.set(openGroup, (this.#sliceBytesOf.get(openGroup) ?? 0) + bytes);
    if (this.#isHurried) this.#log.sync();
  }

  /** Size of older segments that are kept only for the base. */
  get idleBytes(): number {
    let bytes = 0;
    for (const { end, liveCount, pinCount, lastOffset } of this.#chain) {
      if (end !== undefined && liveCount === pinCount) bytes += lastOffset;
    }
    return bytes;
  }

  /**
   * Writes a base as fast as the disk permits, so that older segments can be removed. If none is in
   * progress, the next segment begins one.
   */
  hurry(): void {
    this.#isHurried = true;
    if (this.#draft?.isWhole === false) this.#advance(this.#draft);
  }

  /** The number of segments that are kept for the base, each of which a start reads. */
  get chainLength(): number {
    return this.#chain.length;
  }

  /** Whether a base is being written. */
  get isUnderWay(): boolean {
    return this.#draft !== undefined;
  }
}
