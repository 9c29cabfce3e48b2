// Settlements on their way to the log.

import { writeU32, writeU48 } from '../../base/bytes.ts';
import type { QueueIndex } from '../queue-index.ts';
import type { RecordLog } from '../record-log.ts';
import type { MessageChanges } from './message-changes.ts';

/*
 * A settle record: queue number u32 | from u48 | to before u48.
 */
const recordBytes = 16;

/** Settlements that are not in the log yet: one range of consecutive messages per queue. */
export class Settlements {
  readonly #indexes: QueueIndex[] = [];
  readonly #type: number;
  readonly #changes: MessageChanges;

  /**
   * @param type the type of settle records
   * @param changes receives each record
   */
  constructor(type: number, changes: MessageChanges) {
    this.#type = type;
    this.#changes = changes;
  }

  /** Whether all settlements are in the log. */
  get isEmpty(): boolean {
    return this.#indexes.length === 0;
  }

  /**
   * Records that a message of a durable queue is settled.
   *
   * @returns the number of records written: 1 if the message is not adjacent to the current range
   */
  add(queueIndex: QueueIndex, sequence: number, log: RecordLog): number {
    let written = 0;
    if (queueIndex.runEnd !== sequence) {
      if (queueIndex.runStart < 0) this.#indexes.push(queueIndex);
      else written = this.#write(queueIndex, log);
      queueIndex.runStart = sequence;
    }
    queueIndex.runEnd = sequence + 1;
    return written;
  }

  /**
   * Writes the settlement of the messages from one number to before another at once.
   *
   * @returns the number of records written
   */
  writeRange(queueIndex: QueueIndex, from: number, to: number, log: RecordLog): number {
    queueIndex.runStart = from;
    queueIndex.runEnd = to;
    const written = this.#write(queueIndex, log);
    this.forget(queueIndex);
    return written;
  }

  /** Drops the settlements of a deleted queue. */
  forget(queueIndex: QueueIndex): void {
    queueIndex.runStart = -1;
    queueIndex.runEnd = -1;
  }

  /** Writes all settlements, and returns the number of records. */
  write(log: RecordLog): number {
    let written = 0;
    for (const queueIndex of this.#indexes) {
      if (queueIndex.runStart < 0) continue; // it was deleted
      written += this.#write(queueIndex, log);
      this.forget(queueIndex);
    }
    this.#indexes.length = 0;
    return written;
  }

  #write(queueIndex: QueueIndex, log: RecordLog): number {
    const { buffer } = log.reserve(this.#type, recordBytes);
    const at = writeU48(buffer, writeU32(buffer, log.at, queueIndex.number), queueIndex.runStart);
    writeU48(buffer, at, queueIndex.runEnd);
    // After `reserve`, which may have begun a segment.
    this.#changes.settled(queueIndex, queueIndex.runStart, queueIndex.runEnd);
    return 1;
  }
}
