// Changes since the beginning of a segment.

import { writeU32, writeU48 } from '../../base/bytes.ts';
import type { WindowRecord } from '../message-index.ts';
import type { QueueIndex } from '../queue-index.ts';
import type { RecordLog } from '../record-log.ts';

/** Maximum number of ranges in a record. */
const rangesMax = 4096;
/** Size of a range, and of a record without its ranges. */
const rangeBytes = 12;
const windowBytes = 15;

/** The types of the records. */
interface ChangeTypes {
  readonly definition: number;
  readonly changed: number;
}

/**
 * The changes since the current segment began: definitions, settlements, and queues with new
 * messages. The cost is proportional to the changes, regardless of the total state.
 */
export class MessageChanges {
  readonly #types: ChangeTypes;
  #definitions: Buffer[] = [];
  /** Counts and ready records, with their types. */
  #counts: { readonly type: number; readonly bytes: Buffer }[] = [];
  /** Settled ranges by queue index: from, to before. */
  #settled = new Map<QueueIndex, number[]>();
  /** Queue indexes with new messages. */
  #arrived: QueueIndex[] = [];
  /** Approximate size of what {@link write} would append. */
  bytes = 0;

  constructor(types: ChangeTypes) {
    this.#types = types;
  }

  /** A definition was appended. */
  defined(bytes: Buffer): void {
    this.#definitions.push(bytes);
    this.bytes += bytes.length;
  }

  /** A counts or ready record was appended. */
  counted(type: number, bytes: Buffer): void {
    this.#counts.push({ type, bytes });
    this.bytes += bytes.length;
  }

  /** Messages of a queue were settled: from one number to before another. */
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

  /** The first message of this segment for a queue. */
  arrived(queueIndex: QueueIndex, sequence: number): void {
    queueIndex.arrivedFrom = sequence;
    this.#arrived.push(queueIndex);
  }

  /** Queue indexes with new messages. `arrivedFrom` has the first number of each. */
  get indexes(): readonly QueueIndex[] {
    return this.#arrived;
  }

  /**
   * Appends the changes that were not written yet.
   *
   * @param isLast whether to write the next numbers of queues with new messages too
   * @param isKept whether a queue still exists
   */
  write(log: RecordLog, isLast: boolean, isKept: (queueIndex: QueueIndex) => boolean): void {
    for (const bytes of this.#definitions) copyTo(log, this.#types.definition, bytes);
    for (const { type, bytes } of this.#counts) copyTo(log, type, bytes);
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

  /** A segment has begun. */
  clear(): void {
    this.#forget();
    for (const queueIndex of this.#arrived) queueIndex.arrivedFrom = -1;
    this.#arrived = [];
  }
}

function copyTo(log: RecordLog, type: number, bytes: Buffer): void {
  const { buffer } = log.reserve(type, bytes.length);
  bytes.copy(buffer, log.at);
}

/** The recovered numbers of a queue before its messages are recovered. */
class Known {
  next = 0;
  /** Live numbers in the base, up to the last number that it covers. */
  readonly live: number[] = [];
  liveTo = 0;
  readonly settled: number[] = [];
}

/** Combines the numbers of queues in bases and changes during recovery. */
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
   * The live numbers of a queue in a base, ascending over all its records. The base does not cover
   * numbers from `next` on: later messages are live unless changes state that they were settled.
   */
  base({ queue, next, ranges }: WindowRecord): void {
    const known = this.#of(queue);
    known.next = Math.max(known.next, next);
    known.liveTo = Math.max(known.liveTo, next);
    for (const bound of ranges) known.live.push(bound);
  }

  /** The settled numbers in changes. */
  changed({ queue, next, ranges }: WindowRecord): void {
    const known = this.#of(queue);
    known.next = Math.max(known.next, next);
    for (const bound of ranges) known.settled.push(bound);
  }

  /** Sets the next numbers of queues. Call it once, after bases and changes. */
  tell(indexes: ReadonlyMap<number, QueueIndex>): void {
    if (this.#isTold) return;
    this.#isTold = true;
    for (const [queue, { next }] of this.#known) {
      const queueIndex = indexes.get(queue);
      if (queueIndex !== undefined) queueIndex.next = Math.max(queueIndex.next, next);
    }
  }

  /**
   * The ranges of a queue's numbers that may be live, ascending. All other messages were settled.
   */
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

/** Sorts ranges, and merges adjacent ones. */
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

/** Subtracts ranges; both lists are ascending. */
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
