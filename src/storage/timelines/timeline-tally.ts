// Counts the records of a timeline that a recovery finds.

import {
  readKeptFrom,
  readTimelineIndex,
  timelineName,
  timelineRecordTypes as types,
} from './timeline-records.ts';

/**
 * Counts the records of a timeline that a recovery finds, without a log: those in indexes, and those
 * of the newest segment. A record in two segments counts once, and a dropped one does not count.
 */
export class TimelineTally {
  readonly #name: string;
  /** The number of records by the segment to which they were appended. */
  readonly #counts = new Map<number, number>();
  #newestCount = 0;
  #keptFrom = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /**
   * Receives the records that recovery replays, in its order.
   *
   * @throws {StorageError} `record-invalid`
   */
  replayed(type: number, buffer: Buffer, start: number, end: number): void {
    const isOther = type !== types.record && type !== types.kept && type !== types.index;
    if (isOther || timelineName(buffer, start, end) !== this.#name) return;
    if (type === types.record) this.#newestCount++;
    else if (type === types.kept) {
      this.#keptFrom = Math.max(this.#keptFrom, readKeptFrom(buffer, start, end));
    } else {
      const { origin, count } = readTimelineIndex(buffer, start, end);
      if (!this.#counts.has(origin)) this.#counts.set(origin, count);
    }
  }

  /** The number of records. */
  get count(): number {
    let count = this.#newestCount;
    for (const [origin, records] of this.#counts) if (origin >= this.#keptFrom) count += records;
    return count;
  }
}
