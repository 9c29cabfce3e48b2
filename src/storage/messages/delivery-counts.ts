// Delivery counts of messages, and when those that were returned are ready again.

import { readU32, readU48, writeU32, writeU48 } from '../../base/bytes.ts';
import type { QueueIndex } from '../queue-index.ts';
import type { RecordLog } from '../record-log.ts';
import {
  countsHeadBytes as headBytes,
  countsRangeBytes as rangeBytes,
  recordTypes,
} from '../record-shapes.ts';
import type { MessageChanges } from './message-changes.ts';
import { ReadyTimes } from './ready-times.ts';

/*
 * A counts record: queue number u32 | ranges: from u48, to before u48, count u16. The count is the
 * number of failed deliveries of each message in the range. It only grows while a message is live,
 * so records may be repeated and applied in any order: the highest count is right.
 */
const rangesMax = 4096;

interface Range {
  readonly index: QueueIndex;
  from: number;
  to: number;
  readonly count: number;
}

/** The delivery counts of queues that use them: written as they change, and recovered. */
export class DeliveryCounts {
  /** Changes that are not in the log yet. */
  #changed: Range[] = [];
  /** Recovered counts of messages that are not recovered yet. */
  #waiting: Range[] = [];
  /** When messages that were returned are ready again. */
  readonly ready = new ReadyTimes();
  readonly #changes: MessageChanges;

  /** @param changes receives each record, except for those of a base */
  constructor(changes: MessageChanges) {
    this.#changes = changes;
  }

  /** Whether there are changes that are not in the log. */
  get isPending(): boolean {
    return this.#changed.length > 0 || this.ready.isPending;
  }

  /** A delivery failed. The queue index has the new count. */
  changed(queueIndex: QueueIndex, sequence: number): void {
    if (!queueIndex.isDurable) return;
    const count = queueIndex.deliveryCount(sequence);
    const last = this.#changed.at(-1);
    // Consecutive messages are usually requeued in reverse order.
    if (last?.index === queueIndex && last.count === count) {
      if (sequence === last.to) last.to++;
      else if (sequence === last.from - 1) last.from--;
      if (sequence >= last.from && sequence < last.to) return;
    }
    this.#changed.push({ index: queueIndex, from: sequence, to: sequence + 1, count });
  }

  /** Sets the number of failed deliveries of a message, if it is higher than the present one. */
  set(queueIndex: QueueIndex, sequence: number, count: number): void {
    queueIndex.setDeliveryCount(sequence, count);
    if (queueIndex.countsFailures) this.changed(queueIndex, sequence);
  }

  /** Appends the changes. */
  write(log: RecordLog): void {
    const changed = this.#changed;
    this.#changed = [];
    for (const bytes of this.#write(log, changed)) this.#changes.counted(recordTypes.counts, bytes);
    for (const bytes of this.ready.write(log)) this.#changes.counted(recordTypes.ready, bytes);
  }

  /** Appends the counts of a queue's live messages for a base, one record per step. */
  *writeAll(log: RecordLog, queueIndex: QueueIndex): Generator<unknown> {
    yield* this.ready.writeAll(log, queueIndex);
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
      const { buffer } = log.reserve(recordTypes.counts, headBytes + (end - first) * rangeBytes);
      let p = writeU32(buffer, log.at, queueIndex?.number ?? 0);
      for (const { from, to, count } of ranges.slice(first, end)) {
        p = writeU48(buffer, writeU48(buffer, p, from), to);
        p = buffer.writeUInt16BE(count, p);
      }
      first = end;
      yield Buffer.from(buffer.subarray(log.at, p));
    }
  }

  /** Applies a counts or ready record. Those of a checkpoint precede the messages. */
  replay(
    type: number,
    indexes: ReadonlyMap<number, QueueIndex>,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    if (type === recordTypes.ready) {
      this.ready.replay(indexes, buffer, start, end);
      return;
    }
    const queueIndex = indexes.get(readU32(buffer, start));
    if (queueIndex === undefined) return;
    // A base that is written before the owner of the queue says so must contain the counts.
    queueIndex.countsFailures = true;
    for (let p = start + headBytes; p + rangeBytes <= end; p += rangeBytes) {
      const from = readU48(buffer, p);
      const to = readU48(buffer, p + 6);
      const range = { index: queueIndex, from, to, count: buffer.readUInt16BE(p + 12) };
      // If none of the messages is live, they are not recovered yet.
      if (queueIndex.liveFrom(from) < Math.min(to, queueIndex.next)) setCounts(range);
      else this.#waiting.push(range);
    }
  }

  /** All messages have been recovered. May be called again. */
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
