import { readU32, readU48 } from '../../base/bytes.ts';
import type { RecordMoves, RecordSink } from '../log-owner.ts';
import { IndexWriter } from '../message-index.ts';
import { liveBytes, queueBytes, queueCountOf, queuesAt } from '../message-record.ts';
import type { RecordLog } from '../record-log.ts';
import { recordTypes } from '../record-shapes.ts';
import { offsetMax, type Window } from '../window.ts';

/** The key of messages that only queues have which are not durable: after those of all others. */
const guestKey = 2 ** 32;
/** Messages looked at in one step. */
const stepCount = 5000;

/** A place in the log as one number. */
function placeOf(slot: number, offset: number): number {
  return slot * (offsetMax + 1) + offset;
}

/**
 * The messages of one compaction: which are live where they were read, in runs by queue, and where each
 * lies in the new segment.
 */
export class MessageMoves implements RecordMoves {
  order = 0;
  readonly #log: RecordLog;
  readonly #windows: ReadonlyMap<number, Window>;
  readonly #guests: ReadonlySet<Window>;
  /** Messages of the segments that are compacted, by place, of queues that their records do not name. */
  readonly #guestsAt = new Map<number, [window: Window, sequence: number][]>();
  // Of each message that was copied, once for every queue: in the order of the new segment.
  readonly #queues: Window[] = [];
  readonly #sequences: number[] = [];
  readonly #blocks: number[] = [];
  readonly #offsets: number[] = [];

  /**
   * @param windows of durable queues, by number
   * @param guests of other queues that have messages in the log
   */
  constructor(log: RecordLog, windows: ReadonlyMap<number, Window>, guests: ReadonlySet<Window>) {
    this.#log = log;
    this.#windows = windows;
    this.#guests = guests;
  }

  get count(): number {
    return this.#queues.length;
  }

  *prepare(isVictim: (slot: number) => boolean): Generator<unknown> {
    let count = 0;
    for (const window of [...this.#guests]) {
      for (let s = window.liveFrom(0); s < window.next; s = window.liveFrom(s + 1)) {
        const slot = window.slot(s);
        if (isVictim(slot)) this.#addGuest(placeOf(slot, window.offset(s)), window, s);
        if (++count % stepCount === 0) yield;
      }
    }
  }

  #addGuest(place: number, window: Window, sequence: number): void {
    const found = this.#guestsAt.get(place);
    if (found === undefined) this.#guestsAt.set(place, [[window, sequence]]);
    else found.push([window, sequence]);
  }

  look(type: number, buffer: Buffer, start: number, slot: number, offset: number): number {
    if (type !== recordTypes.message) return 0;
    let p = queuesAt(buffer, start);
    for (let left = queueCountOf(buffer, start); left > 0; left--, p += queueBytes) {
      const queue = readU32(buffer, p);
      this.order = readU48(buffer, p + 4);
      if (isAt(this.#windows.get(queue), this.order, slot, offset)) return queue;
    }
    this.order = 0;
    return this.#guestsAt.has(placeOf(slot, offset)) ? guestKey : 0;
  }

  placed(
    { buffer, start }: { readonly buffer: Buffer; readonly start: number },
    from: { readonly slot: number; readonly offset: number },
    to: { readonly block: number; readonly offset: number },
  ): void {
    let p = queuesAt(buffer, start);
    for (let left = queueCountOf(buffer, start); left > 0; left--, p += queueBytes) {
      const window = this.#windows.get(readU32(buffer, p));
      const sequence = readU48(buffer, p + 4);
      if (window === undefined || !isAt(window, sequence, from.slot, from.offset)) continue;
      this.#add(window, sequence, to);
    }
    for (const [window, sequence] of this.#guestsAt.get(placeOf(from.slot, from.offset)) ?? []) {
      if (isAt(window, sequence, from.slot, from.offset)) this.#add(window, sequence, to);
    }
  }

  #add(
    window: Window,
    sequence: number,
    { block, offset }: { readonly block: number; readonly offset: number },
  ): void {
    this.#queues.push(window);
    this.#sequences.push(sequence);
    this.#blocks.push(block);
    this.#offsets.push(offset);
  }

  *index(segment: number, sink: RecordSink): Generator<unknown> {
    const byWindow = new Map<Window, number[]>();
    for (const [i, window] of this.#queues.entries()) {
      if (i % stepCount === 0) yield;
      if (!window.isDurable) continue;
      const found = byWindow.get(window);
      if (found === undefined) byWindow.set(window, [i]);
      else found.push(i);
    }
    for (const [window, found] of byWindow) {
      yield;
      yield* this.#indexOf(window, found, segment, sink);
    }
  }

  *#indexOf(
    window: Window,
    found: number[],
    segment: number,
    sink: RecordSink,
  ): Generator<unknown> {
    const sequenceOf = (i: number) => this.#sequences[i] ?? 0;
    found.sort((a, b) => sequenceOf(a) - sequenceOf(b));
    const writer = new IndexWriter(sink, recordTypes.index, window, segment);
    for (const i of found) {
      const sequence = sequenceOf(i);
      if (!window.isLive(sequence)) continue;
      // The log goes on meanwhile, and may write an index of its own between two records.
      if (writer.add(sequence, this.#blocks[i] ?? 0, this.#offsets[i] ?? 0)) yield;
    }
    writer.end();
  }

  *move(slotOf: (block: number) => number): Generator<unknown> {
    for (let first = 0; first < this.#blocks.length; ) {
      first = this.#moveBlock(first, slotOf);
      yield;
    }
  }

  /** Moves the messages of one block, so that its slot is not free again before all of them have it. */
  #moveBlock(first: number, slotOf: (block: number) => number): number {
    const block = this.#blocks[first] ?? 0;
    let slot = -1;
    let i = first;
    for (; this.#blocks[i] === block; i++) {
      const window = this.#queues[i];
      const sequence = this.#sequences[i] ?? 0;
      // It may have been settled since it was copied; no compaction but this one moves it.
      if (window?.isLive(sequence) !== true) continue;
      if (slot < 0) slot = slotOf(block);
      const old = window.slot(sequence);
      const bytes = liveBytes(window.bodyLength(sequence));
      this.#log.retain(slot, bytes);
      window.relocate(sequence, slot, this.#offsets[i] ?? 0);
      this.#log.release(old, bytes);
    }
    return i;
  }
}

function isAt(window: Window | undefined, sequence: number, slot: number, offset: number): boolean {
  return (
    window?.isLive(sequence) === true &&
    window.slot(sequence) === slot &&
    window.offset(sequence) === offset
  );
}
