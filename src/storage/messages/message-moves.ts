// The messages of a compaction.

import { readU32, readU48 } from '../../base/bytes.ts';
import type { RecordMoves, RecordSink } from '../log-owner.ts';
import { IndexWriter } from '../message-index.ts';
import { queueBytes, queueCountOf, queuesAt } from '../message-record.ts';
import type { QueueIndex } from '../queue-index.ts';
import type { RecordLog } from '../record-log.ts';
import { recordTypes } from '../record-shapes.ts';
import { StreamIndex } from '../streams/stream-index.ts';
import { offsetMax } from './index-memory.ts';

/** The run key of messages that only queues without durability have: after all others. */
const transientKey = 2 ** 32;
/** Number of messages examined in one step. */
const stepCount = 5000;

/** Encodes a position in the log as one number. */
function placeOf(slot: number, offset: number): number {
  return slot * (offsetMax + 1) + offset;
}

/**
 * The messages of one compaction: the live messages, in runs by queue, and their positions in the
 * new segment.
 */
export class MessageMoves implements RecordMoves {
  order = 0;
  readonly #log: RecordLog;
  readonly #indexes: ReadonlyMap<number, QueueIndex>;
  readonly #transientQueues: ReadonlySet<QueueIndex>;
  /** Messages in the compacted segments, by position, of queues that their records do not name. */
  readonly #transientAt = new Map<number, [window: QueueIndex, sequence: number][]>();
  // Per copied message and queue, in the order of the new segment.
  readonly #queues: QueueIndex[] = [];
  readonly #sequences: number[] = [];
  readonly #blocks: number[] = [];
  readonly #offsets: number[] = [];

  /**
   * @param indexes the indexes of durable queues, by number
   * @param transientQueues the indexes of other queues with messages in the log
   */
  constructor(
    log: RecordLog,
    indexes: ReadonlyMap<number, QueueIndex>,
    transientQueues: ReadonlySet<QueueIndex>,
  ) {
    this.#log = log;
    this.#indexes = indexes;
    this.#transientQueues = transientQueues;
  }

  get count(): number {
    return this.#queues.length;
  }

  *prepare(isSource: (slot: number) => boolean): Generator<unknown> {
    let count = 0;
    for (const queueIndex of [...this.#transientQueues]) {
      for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
        const slot = queueIndex.slot(s);
        if (isSource(slot)) this.#addTransient(placeOf(slot, queueIndex.offset(s)), queueIndex, s);
        if (++count % stepCount === 0) yield;
      }
    }
  }

  #addTransient(place: number, queueIndex: QueueIndex, sequence: number): void {
    const found = this.#transientAt.get(place);
    if (found === undefined) this.#transientAt.set(place, [[queueIndex, sequence]]);
    else found.push([queueIndex, sequence]);
  }

  look(type: number, buffer: Buffer, start: number, slot: number, offset: number): number {
    if (type !== recordTypes.message) return 0;
    let p = queuesAt(buffer, start);
    let key = 0;
    this.order = 0;
    for (let left = queueCountOf(buffer, start); left > 0; left--, p += queueBytes) {
      const queue = readU32(buffer, p);
      const sequence = readU48(buffer, p + 4);
      const queueIndex = this.#indexes.get(queue);
      if (queueIndex?.isAt(sequence, slot, offset) !== true) continue;
      if (key !== 0 && !queueIndex.isStream) continue;
      key = queue;
      this.order = sequence;
      // A stream reads blocks in the order of their records.
      if (queueIndex.isStream) break;
    }
    if (key !== 0) return key;
    return this.#transientAt.has(placeOf(slot, offset)) ? transientKey : 0;
  }

  placed(
    { buffer, start }: { readonly buffer: Buffer; readonly start: number },
    from: { readonly slot: number; readonly offset: number },
    to: { readonly block: number; readonly offset: number },
  ): void {
    let p = queuesAt(buffer, start);
    for (let left = queueCountOf(buffer, start); left > 0; left--, p += queueBytes) {
      const queueIndex = this.#indexes.get(readU32(buffer, p));
      const sequence = readU48(buffer, p + 4);
      if (queueIndex?.isAt(sequence, from.slot, from.offset) !== true) continue;
      this.#add(queueIndex, sequence, to);
    }
    for (const [queueIndex, sequence] of this.#transientAt.get(placeOf(from.slot, from.offset)) ??
      []) {
      if (queueIndex.isAt(sequence, from.slot, from.offset)) this.#add(queueIndex, sequence, to);
    }
  }

  #add(
    queueIndex: QueueIndex,
    sequence: number,
    { block, offset }: { readonly block: number; readonly offset: number },
  ): void {
    this.#queues.push(queueIndex);
    this.#sequences.push(sequence);
    this.#blocks.push(block);
    this.#offsets.push(offset);
  }

  *index(segment: number, sink: RecordSink): Generator<unknown> {
    const byWindow = new Map<QueueIndex, number[]>();
    for (const [i, queueIndex] of this.#queues.entries()) {
      if (i % stepCount === 0) yield;
      if (!queueIndex.isDurable) continue;
      const found = byWindow.get(queueIndex);
      if (found === undefined) byWindow.set(queueIndex, [i]);
      else found.push(i);
    }
    for (const [queueIndex, found] of byWindow) {
      yield;
      yield* this.#indexOf(queueIndex, found, segment, sink);
    }
  }

  *#indexOf(
    queueIndex: QueueIndex,
    found: number[],
    segment: number,
    sink: RecordSink,
  ): Generator<unknown> {
    const sequenceOf = (i: number) => this.#sequences[i] ?? 0;
    found.sort((a, b) => sequenceOf(a) - sequenceOf(b));
    const writer = new IndexWriter(sink, recordTypes.index, queueIndex, segment);
    if (queueIndex instanceof StreamIndex) {
      yield* this.#runsOf(queueIndex, found, writer);
      return;
    }
    for (const i of found) {
      const sequence = sequenceOf(i);
      if (!queueIndex.isLive(sequence)) continue;
      // Between two records, the log may write an index of its own.
      if (writer.add(sequence, this.#blocks[i] ?? 0, this.#offsets[i] ?? 0)) yield;
    }
    writer.end();
  }

  /** Appends the positions of a stream's messages as runs. */
  *#runsOf(index: StreamIndex, found: readonly number[], writer: IndexWriter): Generator<unknown> {
    let left = stepCount;
    for (let from = 0; from < found.length; ) {
      const block = this.#blocks[found[from] ?? 0] ?? 0;
      const run = this.#runAt(index, found, from);
      from += run.count;
      // All of them may have been removed meanwhile; if some were, they are skipped at recovery.
      let isWritten = run.first + run.count > index.first && writer.addRun(run, block);
      left -= run.count;
      if (left <= 0 && !isWritten) {
        writer.end();
        isWritten = true;
      }
      if (!isWritten) continue;
      left = stepCount;
      yield;
    }
    writer.end();
  }

  /** The run of messages with consecutive numbers in one block that begins with one of those found. */
  #runAt(index: StreamIndex, found: readonly number[], from: number) {
    const first = this.#sequences[found[from] ?? 0] ?? 0;
    const block = this.#blocks[found[from] ?? 0] ?? 0;
    const run = { first, count: 0, bytes: 0, ms: index.timeOf(first) };
    for (; from + run.count < found.length; run.count++) {
      const i = found[from + run.count] ?? 0;
      if (this.#sequences[i] !== first + run.count || this.#blocks[i] !== block) break;
      run.bytes += index.recordBytes(first + run.count);
    }
    return run;
  }

  *move(slotOf: (block: number) => number): Generator<unknown> {
    for (let first = 0; first < this.#blocks.length; ) {
      first = this.#moveBlock(first, slotOf);
      yield;
    }
  }

  /** Moves all messages of one block before its slot can be freed. */
  #moveBlock(first: number, slotOf: (block: number) => number): number {
    const block = this.#blocks[first] ?? 0;
    let slot = -1;
    let i = first;
    for (; this.#blocks[i] === block; i++) {
      const queueIndex = this.#queues[i];
      const sequence = this.#sequences[i] ?? 0;
      // It may have been settled since it was copied. No other compaction moves it.
      if (queueIndex?.isLive(sequence) !== true) continue;
      if (slot < 0) slot = slotOf(block);
      const old = queueIndex.slot(sequence);
      const bytes = queueIndex.recordBytes(sequence);
      this.#log.retain(slot, bytes);
      queueIndex.relocate(sequence, slot, this.#offsets[i] ?? 0);
      this.#log.release(old, bytes);
    }
    return i;
  }
}
