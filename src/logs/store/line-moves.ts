// The lines of a compaction.

import type { RecordMoves, RecordSink } from '../../storage/log-owner.ts';
import type { RecordLog } from '../../storage/record-log.ts';
import {
  indexEntryBytes,
  indexHeadBytes,
  lineRecordTypes,
  sequenceOfLine,
  streamOfLine,
  writeIndexEntry,
  writeIndexHead,
} from './line-records.ts';
import type { LinePlace, StreamLines } from './stream-lines.ts';

/** Number of lines in one index record, and examined in one step. */
const stepCount = 2000;

interface Copy {
  readonly lines: StreamLines;
  readonly sequence: number;
  readonly block: number;
  readonly offset: number;
}

/** The lines of one compaction, in runs by stream, and their positions in the new segment. */
export class LineMoves implements RecordMoves {
  order = 0;
  readonly #log: RecordLog;
  readonly #streams: ReadonlyMap<number, StreamLines>;
  /** In the order of the new segment. */
  readonly #copies: Copy[] = [];

  constructor(log: RecordLog, streams: ReadonlyMap<number, StreamLines>) {
    this.#log = log;
    this.#streams = streams;
  }

  get count(): number {
    return this.#copies.length;
  }

  prepare(): Iterable<unknown> {
    return [];
  }

  look(type: number, buffer: Buffer, start: number, slot: number, offset: number): number {
    if (type !== lineRecordTypes.line) return 0;
    const lines = this.#streams.get(streamOfLine(buffer, start));
    this.order = sequenceOfLine(buffer, start);
    return lines?.isAt(this.order, slot, offset) === true ? lines.id : 0;
  }

  placed(
    { buffer, start }: { readonly buffer: Buffer; readonly start: number },
    from: { readonly slot: number; readonly offset: number },
    to: { readonly block: number; readonly offset: number },
  ): void {
    const lines = this.#streams.get(streamOfLine(buffer, start));
    const sequence = sequenceOfLine(buffer, start);
    // It may have been dropped since it was examined.
    if (lines?.isAt(sequence, from.slot, from.offset) !== true) return;
    this.#copies.push({ lines, sequence, ...to });
  }

  *index(segment: number, sink: RecordSink): Generator<unknown> {
    const byStream = new Map<StreamLines, Copy[]>();
    for (const [i, copy] of this.#copies.entries()) {
      if (i % stepCount === 0) yield;
      const found = byStream.get(copy.lines);
      if (found === undefined) byStream.set(copy.lines, [copy]);
      else found.push(copy);
    }
    for (const [lines, copies] of byStream) {
      yield;
      copies.sort((a, b) => a.sequence - b.sequence);
      for (let from = 0; from < copies.length; from += stepCount) {
        this.#writeIndex(sink, lines, segment, copies.slice(from, from + stepCount));
        yield;
      }
    }
  }

  #writeIndex(
    sink: RecordSink,
    lines: StreamLines,
    segment: number,
    copies: readonly Copy[],
  ): void {
    const entries = copies.flatMap(({ sequence, block, offset }) => {
      const place = this.#placeOf(lines, sequence);
      return place ? [{ ...place, block, offset }] : [];
    });
    if (entries.length === 0) return;
    const size = indexHeadBytes + entries.length * indexEntryBytes;
    const { buffer } = sink.reserve(lineRecordTypes.index, size);
    let at = writeIndexHead(buffer, sink.at, lines.id, segment);
    for (const entry of entries) at = writeIndexEntry(buffer, at, entry);
  }

  /** The present position of a line; undefined if it was dropped since it was copied. */
  #placeOf(lines: StreamLines, sequence: number): LinePlace | undefined {
    if (this.#streams.get(lines.id) !== lines) return undefined;
    const index = lines.indexAtSequence(sequence);
    const place = index < lines.count ? lines.place(index) : undefined;
    return place?.sequence === sequence ? place : undefined;
  }

  *move(slotOf: (block: number) => number): Generator<unknown> {
    for (let first = 0; first < this.#copies.length; ) {
      first = this.#moveBlock(first, slotOf);
      yield;
    }
  }

  /** Moves all lines of one block before its slot can be freed. */
  #moveBlock(first: number, slotOf: (block: number) => number): number {
    const { block } = this.#copies[first] ?? { block: 0 };
    let slot = -1;
    let i = first;
    for (let copy = this.#copies[i]; copy?.block === block; copy = this.#copies[++i]) {
      const { lines, sequence, offset } = copy;
      const old = this.#placeOf(lines, sequence);
      if (old === undefined) continue;
      if (slot < 0) slot = slotOf(block);
      this.#log.retain(slot, old.sizeBytes);
      lines.relocate(lines.indexAtSequence(sequence), slot, offset);
      this.#log.release(old.slot, old.sizeBytes);
    }
    return i;
  }
}
