import { assert } from '../../base/assert.ts';
import type { LogOwner } from '../log-owner.ts';
import type { RecordLog } from '../record-log.ts';
import type { BlockTable } from './block-table.ts';
import type { LiveSegment } from './live-segment.ts';
import { type Base, type PartKind, partKinds } from './records.ts';
import { isCompacted, pageBytes } from './segment.ts';

/** What checkpoints need of the log. */
export interface CheckpointHost {
  /** Appends what `write` does to blocks of their own, which no segment's end comes between. */
  writePart(part: PartKind, write: () => void): readonly number[];
  /** Whether a part can be appended at present. */
  readonly hasRoomForPart: boolean;
}

/** Left free of what may be written at a time: headers of the block and of its records. */
const slackBytes = 256;
/** So many segments may lie between a base and the newest: each costs a read at the next start. */
const chainCountMax = 64;
/** A base is begun once so many times its size was appended since the last one. */
const baseInterval = 2;

/** A base that is being written. */
interface Draft {
  readonly start: number;
  bytes: number;
  readonly steps: Iterator<unknown>;
  isWhole: boolean;
}

/**
 * Decides what is written of a log's state, and when. The state at the beginning of a segment is the
 * last base, which is all of it, and the changes of every segment since. A small base is written at once
 * when a segment begins. A large one is written in slices, no more bytes at a time than were appended
 * for other reasons, and begun only when much more than it was: so a checkpoint costs in proportion to
 * what is written, and nobody waits for one.
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
  /** The segments since the base, which are kept for it; the newest is the last. */
  #chain: LiveSegment[] = [];
  /** How much of the draft may be written. */
  #owedBytes = 0;
  /** Bytes of slices by the group that they are in, until that is synced. */
  readonly #sliceBytesOf = new Map<number, number>();
  /** Whether the draft is written as fast as can be, since the disk is short of room. */
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

  /** The base that a table is to name. */
  get base(): Base {
    assert(this.#base !== undefined, 'a segment has no base');
    return this.#base;
  }

  /** Whether a hurried base is whole: the segments before it could be given back. */
  get isHurryOver(): boolean {
    return this.#isHurried && this.#draft?.isWhole === true;
  }

  /**
   * Takes over what recovery found.
   *
   * @param segments all that hold something, in any order
   */
  recovered(base: Base | undefined, segments: Iterable<LiveSegment>): void {
    this.#base = base;
    for (const segment of [...segments].sort((a, b) => a.number - b.number)) {
      if (segment.indexHome !== undefined) this.#table.pin(segment.indexHome);
      if (isCompacted(segment.number)) continue;
      if (base !== undefined && segment.number >= base.start) this.#keep(segment);
    }
  }

  /** Whether the base needs the changes of a segment. */
  needsChanges(segment: LiveSegment): boolean {
    return this.#chain.includes(segment);
  }

  #keep(segment: LiveSegment): void {
    this.#chain.push(segment);
    this.#table.pin(segment);
  }

  /**
   * A segment begins, in which nothing is yet: it may have a base, or be the first that has one.
   *
   * @param isMount whether it is the first of a mount, so that nobody waits for anything
   */
  begin(segment: LiveSegment, isMount: boolean): void {
    this.#keep(segment);
    if (this.#draft === undefined && this.#isDue()) {
      const steps = this.#owner.checkpoint(this.#log)[Symbol.iterator]();
      this.#draft = { start: segment.number, bytes: 0, steps, isWhole: false };
      this.#slice(this.#draft, this.#sliceBytes);
    }
    // Where mounts write little, each would begin a base and none would end it.
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

  /** From now on tables name this base: what is older is no longer kept for one. */
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
   * A group was synced, and nobody waits: what is to be written of checkpoints may be.
   *
   * @param sizeBytes how much of the file it took
   */
  written(group: number, sizeBytes: number): void {
    // What slices take is no reason to write more of them.
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
    // A long record is more than was owed: the next slice then waits for longer.
    this.#owedBytes = Math.min(this.#owedBytes - bytes, this.#sliceBytes * 4);
    this.#sliceBytesOf.set(openGroup, (this.#sliceBytesOf.get(openGroup) ?? 0) + bytes);
    if (this.#isHurried) this.#log.sync();
  }

  /** Bytes of older segments that are kept for the base alone. */
  get idleBytes(): number {
    let bytes = 0;
    for (const { end, liveCount, pinCount, lastOffset } of this.#chain) {
      if (end !== undefined && liveCount === pinCount) bytes += lastOffset;
    }
    return bytes;
  }

  /**
   * Writes a base as fast as the disk takes it, so that older segments can be given back; where none is
   * under way, the next segment begins one.
   */
  hurry(): void {
    this.#isHurried = true;
    if (this.#draft?.isWhole === false) this.#advance(this.#draft);
  }

  /** Whether a base is being written. */
  get isUnderWay(): boolean {
    return this.#draft !== undefined;
  }
}
