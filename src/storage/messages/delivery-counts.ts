import { readU32, readU48, writeU32, writeU48 } from '../../base/bytes.ts';
import type { QueueIndex } from '../queue-index.ts';
import type { RecordLog } from '../record-log.ts';
import { countsHeadBytes as headBytes, countsRangeBytes as rangeBytes } from '../record-shapes.ts';
import type { MessageChanges } from './message-changes.ts';

/*
 * A counts record: queue number u32 | ranges: from u48, to before u48, count u16. A count is how often
 * the delivery of each message in its range has failed. It only grows while the message lives, so that
 * records may be repeated, and taken in any order: the highest count is right.
 */
const rangesMax = 4096;

interface Range {
  readonly index: QueueIndex;
  from: number;
  to: number;
  readonly count: number;
}

/** How often deliveries failed, in queues that count it: written as they change, and found again. */
export class DeliveryCounts {
  /** Changed and not yet in the log. */
  #changed: Range[] = [];
  /** Read back before their messages were. */
  #waiting: Range[] = [];
  readonly #type: number;
  readonly #changes: MessageChanges;

  /**
   * @param type of a counts record
   * @param changes told of each record, but for those of a base
   */
  constructor(type: number, changes: MessageChanges) {
    this.#type = type;
    this.#changes = changes;
  }

  /** Whether a change is not yet in the log. */
  get isPending(): boolean {
    return this.#changed.length > 0;
  }

  /** A delivery of the message failed; its window says how often that has happened. */
  changed(queueIndex: QueueIndex, sequence: number): void {
    if (!queueIndex.isDurable) return;
    const count = queueIndex.deliveryCount(sequence);
    const last = this.#changed.at(-1);
    // Messages come back one after the other, mostly the last of them first.
    if (last?.index === queueIndex && last.count === count) {
      if (sequence === last.to) last.to++;
      else if (sequence === last.from - 1) last.from--;
      if (sequence >= last.from && sequence < last.to) return;
    }
    this.#changed.push({ index: queueIndex, from: sequence, to: sequence + 1, count });
  }

  /** Appends what has changed. */
  write(log: RecordLog): void {
    const changed = this.#changed;
    this.#changed = [];
    for (const bytes of this.#write(log, changed)) this.#changes.counted(bytes);
  }

  /** Appends the counts of a window's live messages, a record at each step: for a base. */
  *writeAll(log: RecordLog, queueIndex: QueueIndex): Generator<unknown> {
    if (!queueIndex.countsFailures) return;
    const ranges: Range[] = [];
    for (let s = queueIndex.failedFrom(0); s < queueIndex.next; s = queueIndex.failedFrom(s + 1)) {
      const count = queueIndex.deliveryCount(s);
      const last = ranges.at(-1);
      if (last?.to === s && last.count === count) last.to++;
      else ranges.push({ index: queueIndex, from: s, to: s + 1, count });
    }
    yield* this.#write(log, ranges);
  }

  *#write(log: RecordLog, ranges: readonly Range[]): Generator<Buffer> {
    for (let first = 0; first < ranges.length; ) {
      const queueIndex = ranges[first]?.index;
      let end = first;
      while (end < ranges.length && end - first < rangesMax && ranges[end]?.index === queueIndex)
        end++;
      const { buffer } = log.reserve(this.#type, headBytes + (end - first) * rangeBytes);
      let p = writeU32(buffer, log.at, queueIndex?.number ?? 0);
      for (const { from, to, count } of ranges.slice(first, end)) {
        p = writeU48(buffer, writeU48(buffer, p, from), to);
        p = buffer.writeUInt16BE(count, p);
      }
      first = end;
      yield Buffer.from(buffer.subarray(log.at, p));
    }
  }

  /** Takes a counts record in; those of a checkpoint come before the messages that they are about. */
  replay(
    indexes: ReadonlyMap<number, QueueIndex>,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    const queueIndex = indexes.get(readU32(buffer, start));
    if (queueIndex === undefined) return;
    for (let p = start + headBytes; p + rangeBytes <= end; p += rangeBytes) {
      const from = readU48(buffer, p);
      const to = readU48(buffer, p + 6);
      const range = { index: queueIndex, from, to, count: buffer.readUInt16BE(p + 12) };
      // Where none of them is live yet, they are still to be found.
      if (queueIndex.liveFrom(from) < Math.min(to, queueIndex.next)) setCounts(range);
      else this.#waiting.push(range);
    }
  }

  /** Every message has been read back. May be called again. */
  recovered(): void {
    for (const range of this.#waiting) setCounts(range);
    this.#waiting = [];
  }
}

function setCounts({ index: queueIndex, from, to, count }: Range): void {
  const end = Math.min(to, queueIndex.next);
  for (let s = queueIndex.liveFrom(from); s < end; s = queueIndex.liveFrom(s + 1)) {
    queueIndex.setDeliveryCount(s, count);
  }
}
