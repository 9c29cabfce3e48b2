// The records of timelines in a compaction.

import { assert } from '../../base/assert.ts';
import { blockBytes } from '../log/block.ts';
import type { RecordMoves, RecordSink } from '../log-owner.ts';
import type { RecordLog } from '../record-log.ts';
import type { EntryPlaces, SegmentEntries, Timeline } from '../timeline.ts';
import { timelineRecordTypes } from './timeline-records.ts';

/** Number of records prepared in one step. */
const stepCount = 2000;

/** The records of one timeline that were appended to one segment, and their copies. */
class Source implements EntryPlaces {
  readonly timeline: Timeline;
  readonly entries: SegmentEntries;
  /** The run of the timeline, and the position of the first record in it. */
  readonly key: number;
  readonly firstOrder: number;
  /** The positions of the copies, by index. */
  readonly blocks: number[] = [];
  readonly offsets: number[] = [];
  copyCount = 0;

  constructor(timeline: Timeline, entries: SegmentEntries, key: number, firstOrder: number) {
    this.timeline = timeline;
    this.entries = entries;
    this.key = key;
    this.firstOrder = firstOrder;
  }

  /** Whether there is a copy of every record, and the records are still needed. */
  get isComplete(): boolean {
    const { times, isDropped } = this.entries;
    return !isDropped && this.copyCount === times.length;
  }
}

/** A record to copy. */
interface Found {
  readonly source: Source;
  readonly index: number;
}

/** Encodes a position in the log as one number. */
function placeOf(slot: number, offset: number): number {
  return slot * blockBytes + offset;
}

/**
 * The records of timelines in one compaction, in runs by timeline, and their positions in the new
 * segment. The records that were appended to one segment move together: if some of them do not fit,
 * all of them stay.
 */
export class TimelineMoves implements RecordMoves {
  order = 0;
  count = 0;
  readonly #log: RecordLog;
  readonly #timelines: readonly Timeline[];
  #sources: Source[] = [];
  readonly #found = new Map<number, Found>();
  /** Slots that are retained until the compaction ends. */
  readonly #slots: number[] = [];

  constructor(log: RecordLog, timelines: readonly Timeline[]) {
    this.#log = log;
    this.#timelines = timelines;
  }

  *prepare(isSource: (slot: number) => boolean): Generator<unknown> {
    for (const [i, timeline] of this.#timelines.entries()) {
      let order = 0;
      for (const entries of timeline.entriesIn(isSource)) {
        this.#sources.push(new Source(timeline, entries, i + 1, order));
        order += entries.times.length;
      }
    }
    // The slot of a block is the same as long as only one segment is asked for.
    const bySegment = this.#sources.toSorted((a, b) => a.entries.segment - b.entries.segment);
    for (const source of bySegment) yield* this.#find(source);
  }

  /** Retains the blocks of a source. Otherwise, only one of them is. */
  *#find(source: Source): Generator<unknown> {
    const { entries } = source;
    let block = -1;
    let slot = -1;
    for (let index = 0; index < entries.blocks.length && !entries.isDropped; index++) {
      if (entries.blocks[index] !== block) {
        block = entries.blocks[index] ?? 0;
        slot = this.#slotAt(entries.segment, block);
      }
      this.#found.set(placeOf(slot, entries.offsets[index] ?? 0), { source, index });
      if (index % stepCount === stepCount - 1) yield;
    }
    yield;
  }

  #slotAt(segment: number, block: number): number {
    const slot = this.#log.slotAt(segment, block);
    assert(slot !== undefined, `block ${block} of segment ${segment} is not there`);
    this.#log.retain(slot);
    this.#slots.push(slot);
    return slot;
  }

  look(type: number, _buffer: Buffer, _start: number, slot: number, offset: number): number {
    if (type !== timelineRecordTypes.record) return 0;
    const found = this.#found.get(placeOf(slot, offset));
    if (found === undefined || found.source.entries.isDropped) return 0;
    this.order = found.source.firstOrder + found.index;
    return found.source.key;
  }

  placed(
    _record: unknown,
    from: { readonly slot: number; readonly offset: number },
    to: { readonly block: number; readonly offset: number },
  ): void {
    const found = this.#found.get(placeOf(from.slot, from.offset));
    assert(found !== undefined, 'a record is copied that no timeline has');
    const { source, index } = found;
    source.blocks[index] = to.block;
    source.offsets[index] = to.offset;
    source.copyCount++;
    this.count++;
  }

  *index(segment: number, sink: RecordSink): Generator<unknown> {
    // What is not in the index does not move.
    this.#sources = this.#sources.filter(({ isComplete }) => isComplete);
    for (const source of this.#sources) {
      source.timeline.writeEntries(sink, segment, source.entries, source);
      yield;
    }
  }

  *move(slotOf: (block: number) => number): Generator<unknown> {
    const sources = this.#sources.toSorted((a, b) => (a.blocks[0] ?? 0) - (b.blocks[0] ?? 0));
    for (let first = 0; first < sources.length; ) {
      first = this.#moveBlock(sources, first, slotOf);
      yield;
    }
  }

  /** Moves all sources whose first record is in one block, before its slot can be freed. */
  #moveBlock(sources: readonly Source[], first: number, slotOf: (block: number) => number): number {
    const block = sources[first]?.blocks[0] ?? 0;
    let slot = -1;
    let i = first;
    for (let source = sources[i]; source?.blocks[0] === block; source = sources[++i]) {
      const { entries, blocks, offsets } = source;
      if (entries.isDropped) continue;
      if (slot < 0) slot = slotOf(block);
      this.#log.retain(slot);
      this.#log.release(entries.pin);
      entries.pin = slot;
      entries.segment = this.#log.segmentOf(slot);
      entries.blocks = blocks;
      entries.offsets = offsets;
    }
    return i;
  }

  ended(): void {
    for (const slot of this.#slots) this.#log.release(slot);
    this.#slots.length = 0;
  }
}
