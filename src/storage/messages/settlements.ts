import { writeU32, writeU48 } from '../../base/bytes.ts';
import type { QueueIndex } from '../queue-index.ts';
import type { RecordLog } from '../record-log.ts';
import type { MessageChanges } from './message-changes.ts';

/*
 * A settle record: queue number u32 | from u48 | to before u48.
 */
const recordBytes = 16;

/** What was settled and is not yet in the log: for each window one run of neighbours. */
export class Settlements {
  readonly #indexes: QueueIndex[] = [];
  readonly #type: number;
  readonly #changes: MessageChanges;

  /**
   * @param type of a settle record
   * @param changes told of each record
   */
  constructor(type: number, changes: MessageChanges) {
    this.#type = type;
    this.#changes = changes;
  }

  /** Whether everything settled is in the log. */
  get isEmpty(): boolean {
    return this.#indexes.length === 0;
  }

  /**
   * Notes that a message of a durable queue is settled.
   *
   * @returns records that had to be written for it: 1 where it is no neighbour of the one before
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

  /** Forgets what was settled in a queue that is deleted. */
  forget(queueIndex: QueueIndex): void {
    queueIndex.runStart = -1;
    queueIndex.runEnd = -1;
  }

  /** Writes everything and returns in how many records. */
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
    // After `reserve`, with which a segment may have begun.
    this.#changes.settled(queueIndex, queueIndex.runStart, queueIndex.runEnd);
    return 1;
  }
}
