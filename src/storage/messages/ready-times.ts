// When messages that were returned are ready again.

import { readU32, readU48, writeU32, writeU48 } from '../../base/bytes.ts';
import type { QueueIndex } from '../queue-index.ts';
import type { RecordLog } from '../record-log.ts';
import {
  readyBytes as entryBytes,
  countsHeadBytes as headBytes,
  recordTypes,
} from '../record-shapes.ts';

/*
 * A ready record: queue number u32 | entries: message u48, time u48. The time is when the message is
 * ready again, milliseconds since 1970. The time of a live message only grows, so records may be
 * repeated and applied in any order: the latest time is right.
 */
const entriesMax = 4096;

/** A message with the time at which it is ready, milliseconds since 1970. */
export type ReadyTime = readonly [sequence: number, readyAtMs: number];

/** The times at which messages of durable queues are ready again: written as they are set, and recovered. */
export class ReadyTimes {
  /** Times that are not in the log yet. */
  #changed: { readonly index: QueueIndex; readonly times: ReadyTime[] }[] = [];
  /** Recovered times by queue, until the queue takes them. */
  readonly #recovered = new WeakMap<QueueIndex, Map<number, number>>();

  /** Whether there are times that are not in the log. */
  get isPending(): boolean {
    return this.#changed.length > 0;
  }

  /** A message is ready again at this time. */
  changed(index: QueueIndex, sequence: number, readyAtMs: number): void {
    if (!index.isDurable) return;
    const last = this.#changed.at(-1);
    if (last?.index === index) last.times.push([sequence, readyAtMs]);
    else this.#changed.push({ index, times: [[sequence, readyAtMs]] });
  }

  /** Appends the times that are not in the log; returns the records. */
  *write(log: RecordLog): Generator<Buffer> {
    const changed = this.#changed;
    this.#changed = [];
    for (const { index, times } of changed) yield* writeTimes(log, index, times);
  }

  /** Appends the times of a queue's messages for a base, one record per step. */
  *writeAll(log: RecordLog, index: QueueIndex): Generator<unknown> {
    const recovered = this.#recovered.get(index);
    if (recovered !== undefined) yield* writeTimes(log, index, recovered);
    if (index.readyTimes !== undefined) yield* writeTimes(log, index, index.readyTimes());
  }

  /** Applies a ready record. */
  replay(
    indexes: ReadonlyMap<number, QueueIndex>,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    const index = indexes.get(readU32(buffer, start));
    if (index === undefined) return;
    const times = this.#recovered.get(index) ?? new Map<number, number>();
    this.#recovered.set(index, times);
    for (let p = start + headBytes; p + entryBytes <= end; p += entryBytes) {
      const sequence = readU48(buffer, p);
      times.set(sequence, Math.max(times.get(sequence) ?? 0, readU48(buffer, p + 6)));
    }
  }

  /** The recovered times of a queue, including those of messages that are not live any more. */
  recovered(index: QueueIndex): Iterable<ReadyTime> {
    return this.#recovered.get(index) ?? [];
  }

  /** The queue has taken its recovered times. */
  forget(index: QueueIndex): void {
    this.#recovered.delete(index);
  }
}

function* writeTimes(
  log: RecordLog,
  index: QueueIndex,
  times: Iterable<ReadyTime>,
): Generator<Buffer> {
  let some: ReadyTime[] = [];
  for (const time of times) {
    some.push(time);
    if (some.length < entriesMax) continue;
    yield writeSome(log, index, some);
    some = [];
  }
  if (some.length > 0) yield writeSome(log, index, some);
}

function writeSome(log: RecordLog, index: QueueIndex, times: readonly ReadyTime[]): Buffer {
  const { buffer } = log.reserve(recordTypes.ready, headBytes + times.length * entryBytes);
  let p = writeU32(buffer, log.at, index.number);
  for (const [sequence, readyAtMs] of times) {
    p = writeU48(buffer, writeU48(buffer, p, sequence), readyAtMs);
  }
  return Buffer.from(buffer.subarray(log.at, p));
}
