// Messages that were delivered before a clean stop.

import { readWindow, writeRanges } from '../message-index.ts';
import type { QueueIndex } from '../queue-index.ts';
import type { RecordLog } from '../record-log.ts';
import { recordTypes } from '../record-shapes.ts';

/** Appends that the volume is closed cleanly, and which live messages were delivered. */
export function writeStop(log: RecordLog, indexes: Iterable<QueueIndex>): void {
  // If a segment began within them, its checkpoint would lack these records.
  log.beginBatch();
  try {
    writeReturned(log, indexes);
    log.reserve(recordTypes.stopped, 0);
  } finally {
    log.endBatch();
  }
}

/** Streams redeliver nothing. */
function writeReturned(log: RecordLog, indexes: Iterable<QueueIndex>): void {
  for (const queueIndex of indexes) {
    if (queueIndex.isStream) continue;
    const steps = writeRanges(log, recordTypes.returned, queueIndex, (s) =>
      queueIndex.isRedelivered(s),
    );
    for (const _ of steps);
  }
}

/** Applies a record of {@link writeReturned}. */
export function replayReturned(
  indexes: ReadonlyMap<number, QueueIndex>,
  buffer: Buffer,
  start: number,
  end: number,
): void {
  const { queue, ranges } = readWindow(buffer, start, end);
  const queueIndex = indexes.get(queue);
  if (queueIndex === undefined || queueIndex.isStream) return;
  for (let i = 0; i < ranges.length; i += 2) {
    const last = Math.min(ranges[i + 1] ?? 0, queueIndex.next);
    for (let s = queueIndex.liveFrom(ranges[i] ?? 0); s < last; s = queueIndex.liveFrom(s + 1)) {
      queueIndex.markRedelivered(s, false);
    }
  }
}
