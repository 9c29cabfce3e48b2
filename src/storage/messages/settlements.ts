import { writeU32, writeU48 } from '../../base/bytes.ts';
import type { RecordLog } from '../record-log.ts';
import type { Window } from '../window.ts';
import type { MessageChanges } from './message-changes.ts';

/*
 * A settle record: queue number u32 | from u48 | to before u48.
 */
const recordBytes = 16;

/** What was settled and is not yet in the log: for each window one run of neighbours. */
export class Settlements {
  readonly #windows: Window[] = [];
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
    return this.#windows.length === 0;
  }

  /**
   * Notes that a message of a durable queue is settled.
   *
   * @returns records that had to be written for it: 1 where it is no neighbour of the one before
   */
  add(window: Window, sequence: number, log: RecordLog): number {
    let written = 0;
    if (window.runEnd !== sequence) {
      if (window.runStart < 0) this.#windows.push(window);
      else written = this.#write(window, log);
      window.runStart = sequence;
    }
    window.runEnd = sequence + 1;
    return written;
  }

  /** Forgets what was settled in a queue that is deleted. */
  forget(window: Window): void {
    window.runStart = -1;
    window.runEnd = -1;
  }

  /** Writes everything and returns in how many records. */
  write(log: RecordLog): number {
    let written = 0;
    for (const window of this.#windows) {
      if (window.runStart < 0) continue; // it was deleted
      written += this.#write(window, log);
      this.forget(window);
    }
    this.#windows.length = 0;
    return written;
  }

  #write(window: Window, log: RecordLog): number {
    const { buffer } = log.reserve(this.#type, recordBytes);
    const at = writeU48(buffer, writeU32(buffer, log.at, window.number), window.runStart);
    writeU48(buffer, at, window.runEnd);
    // After `reserve`, with which a segment may have begun.
    this.#changes.settled(window, window.runStart, window.runEnd);
    return 1;
  }
}
