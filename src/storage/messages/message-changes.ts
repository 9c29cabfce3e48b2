import { writeU32, writeU48 } from '../../base/bytes.ts';
import type { WindowRecord } from '../message-index.ts';
import type { QueueIndex } from '../queue-index.ts';
import type { RecordLog } from '../record-log.ts';

/** Pairs of sequence numbers in one record, at most. */
const rangesMax = 4096;
/** What a range takes in a record, and a window's record beside its ranges. */
const rangeBytes = 12;
const windowBytes = 15;

/** Types of the records that changes are written as. */
interface ChangeTypes {
  readonly definition: number;
  readonly counts: number;
  readonly changed: number;
}

/**
 * What was changed since the present segment began: definitions, what was settled, and which queues got
 * messages. It costs in proportion to that, whatever else there is.
 */
export class MessageChanges {
  readonly #types: ChangeTypes;
  #definitions: Buffer[] = [];
  /** Counts records. */
  #counts: Buffer[] = [];
  /** Ranges that were settled, by window: from, to before. */
  #settled = new Map<QueueIndex, number[]>();
  /** Windows that messages came to. */
  #arrived: QueueIndex[] = [];
  /** Bytes, about, that {@link write} would append. */
  bytes = 0;

  constructor(types: ChangeTypes) {
    this.#types = types;
  }

  /** A definition was appended. */
  defined(bytes: Buffer): void {
    this.#definitions.push(bytes);
    this.bytes += bytes.length;
  }

  /** A counts record was appended. */
  counted(bytes: Buffer): void {
    this.#counts.push(bytes);
    this.bytes += bytes.length;
  }

  /** Messages of a queue were settled: those from one number to before another. */
  settled(queueIndex: QueueIndex, from: number, to: number): void {
    let ranges = this.#settled.get(queueIndex);
    if (ranges === undefined) {
      ranges = [];
      this.#settled.set(queueIndex, ranges);
      this.bytes += windowBytes;
    }
    if (ranges.at(-1) === from) ranges[ranges.length - 1] = to;
    else {
      ranges.push(from, to);
      this.bytes += rangeBytes;
    }
  }

  /** The first message of this segment comes to a queue; its number. */
  arrived(queueIndex: QueueIndex, sequence: number): void {
    queueIndex.arrivedFrom = sequence;
    this.#arrived.push(queueIndex);
  }

  /** Windows that messages came to; the first number of each is in `arrivedFrom`. */
  get indexes(): readonly QueueIndex[] {
    return this.#arrived;
  }

  /**
   * Appends what was not written yet.
   *
   * @param isLast whether the next numbers of queues that messages came to are to be written too
   * @param isKept whether a queue is still there
   */
  write(log: RecordLog, isLast: boolean, isKept: (queueIndex: QueueIndex) => boolean): void {
    copyTo(log, this.#types.definition, this.#definitions);
    copyTo(log, this.#types.counts, this.#counts);
    for (const [queueIndex, ranges] of this.#settled) {
      if (isKept(queueIndex)) this.#writeWindow(log, queueIndex, merged(ranges));
    }
    if (isLast) {
      for (const queueIndex of this.#arrived) {
        if (isKept(queueIndex) && !this.#settled.has(queueIndex))
          this.#writeWindow(log, queueIndex, []);
      }
    }
    this.#forget();
  }

  #forget(): void {
    this.#definitions = [];
    this.#counts = [];
    this.#settled.clear();
    this.bytes = 0;
  }

  #writeWindow(log: RecordLog, queueIndex: QueueIndex, ranges: readonly number[]): void {
    for (let first = 0; first === 0 || first < ranges.length; first += rangesMax * 2) {
      const some = ranges.slice(first, first + rangesMax * 2);
      const { buffer } = log.reserve(this.#types.changed, 10 + some.length * 6);
      let p = writeU48(buffer, writeU32(buffer, log.at, queueIndex.number), queueIndex.next);
      for (const bound of some) p = writeU48(buffer, p, bound);
    }
  }

  /** A segment begins. */
  clear(): void {
    this.#forget();
    for (const queueIndex of this.#arrived) queueIndex.arrivedFrom = -1;
    this.#arrived = [];
  }
}

function copyTo(log: RecordLog, type: number, records: readonly Buffer[]): void {
  for (const bytes of records) {
    const { buffer } = log.reserve(type, bytes.length);
    bytes.copy(buffer, log.at);
  }
}

/** What recovery knows of a queue before its messages are found. */
class Known {
  next = 0;
  /** Live numbers as the base has them, up to where it knows any. */
  readonly live: number[] = [];
  liveTo = 0;
  readonly settled: number[] = [];
}

/** What bases and changes say of queues' numbers, put together at recovery. */
export class KnownNumbers {
  readonly #known = new Map<number, Known>();
  readonly #live = new Map<number, readonly number[]>();
  #isTold = false;

  #of(queue: number): Known {
    let known = this.#known.get(queue);
    if (known === undefined) {
      known = new Known();
      this.#known.set(queue, known);
    }
    return known;
  }

  /**
   * A base says which numbers of a queue are live, ascending over all of its records. From `next` on it
   * says nothing: messages that came later are live unless changes say that they were settled.
   */
  base({ queue, next, ranges }: WindowRecord): void {
    const known = this.#of(queue);
    known.next = Math.max(known.next, next);
    known.liveTo = Math.max(known.liveTo, next);
    for (const bound of ranges) known.live.push(bound);
  }

  /** Changes say what was settled. */
  changed({ queue, next, ranges }: WindowRecord): void {
    const known = this.#of(queue);
    known.next = Math.max(known.next, next);
    for (const bound of ranges) known.settled.push(bound);
  }

  /** Gives queues their next numbers, once: to be called when bases and changes have come. */
  tell(indexes: ReadonlyMap<number, QueueIndex>): void {
    if (this.#isTold) return;
    this.#isTold = true;
    for (const [queue, { next }] of this.#known) {
      const queueIndex = indexes.get(queue);
      if (queueIndex !== undefined) queueIndex.next = Math.max(queueIndex.next, next);
    }
  }

  /** The numbers of a queue that may be live, in ranges, ascending: a message of another was settled. */
  live(queue: number): readonly number[] {
    let found = this.#live.get(queue);
    if (found === undefined) {
      const { live, liveTo, settled } = this.#known.get(queue) ?? new Known();
      found = without([...live, liveTo, Infinity], merged(settled));
      this.#live.set(queue, found);
    }
    return found;
  }

  clear(): void {
    this.#live.clear();
    this.#known.clear();
  }
}

/** The ranges in ascending order, those that touch made one. */
function merged(ranges: readonly number[]): readonly number[] {
  let isSorted = true;
  for (let i = 2; i < ranges.length; i += 2) {
    if ((ranges[i] ?? 0) <= (ranges[i - 1] ?? 0)) isSorted = false;
  }
  if (isSorted) return ranges;
  const pairs: [number, number][] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i] ?? 0, ranges[i + 1] ?? 0]);
  pairs.sort(([a], [b]) => a - b);
  const found: number[] = [];
  for (const [from, to] of pairs) {
    const end = found.at(-1) ?? -1;
    if (from > end) found.push(from, to);
    else if (to > end) found[found.length - 1] = to;
  }
  return found;
}

/** What is left of ranges without others; both ascending. */
function without(ranges: readonly number[], others: readonly number[]): readonly number[] {
  const left: number[] = [];
  const at = (i: number) => others[i] ?? Infinity;
  let hole = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    const to = ranges[i + 1] ?? 0;
    let from = ranges[i] ?? 0;
    while (at(hole + 1) <= from) hole += 2;
    for (let j = hole; at(j) < to; j += 2) {
      if (at(j) > from) left.push(from, at(j));
      from = at(j + 1);
    }
    if (from < to) left.push(from, to);
  }
  return left;
}
