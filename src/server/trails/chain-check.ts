// Verification of the hash chain of a trail in a stopped data folder.

import { type ChainHead, lineHash, parseLine } from '../../audit/trail.ts';
import { timelineEntry } from '../../storage/timelines/timeline-records.ts';
import { TimelineTally } from '../../storage/timelines/timeline-tally.ts';
import { ServerError } from '../errors.ts';

/** The hash of a line, and the hash that it states for the previous line. */
interface Link {
  readonly hash: string;
  readonly previous: string;
}

/**
 * Verifies the hash chain of a trail. The lines may be found in any order, because a compaction moves
 * some of them. A line may be found twice. Older lines than those that recovery finds were dropped,
 * and are ignored.
 */
export class ChainCheck {
  readonly #timeline: string;
  readonly #tally: TimelineTally;
  /** The lines by number. */
  readonly #links = new Map<number, Link>();

  /** @param timeline the timeline of the trail */
  constructor(timeline: string) {
    this.#timeline = timeline;
    this.#tally = new TimelineTally(timeline);
  }

  /** The number of events that recovery finds. */
  get count(): number {
    return this.#tally.count;
  }

  /**
   * Receives the records that recovery replays, in its order.
   *
   * @throws {StorageError} `record-invalid`
   */
  replayed(type: number, buffer: Buffer, start: number, end: number): void {
    this.#tally.replayed(type, buffer, start, end);
  }

  /**
   * Receives each record of the volume.
   *
   * @throws {ServerError} `trail-broken` if two lines have the same number
   * @throws {StorageError} `record-invalid`
   */
  found(type: number, buffer: Buffer, start: number, end: number): void {
    const entry = timelineEntry(type, buffer, start, end);
    if (entry?.timeline !== this.#timeline) return;
    const { number, previous } = parseLine(entry.bytes);
    const hash = lineHash(entry.bytes);
    const known = this.#links.get(number);
    if (known !== undefined && known.hash !== hash) throw broken(`there are two events ${number}`);
    this.#links.set(number, { hash, previous });
  }

  /** The hash that a line states for the line before it; undefined if the line was not found. */
  previousOf(number: number): string | undefined {
    return this.#links.get(number)?.previous;
  }

  /**
   * Verifies that all lines that recovery finds form a chain that ends with the head of the journal.
   *
   * @throws {ServerError} `trail-broken`
   */
  end({ count: newest, hash }: ChainHead): void {
    if (this.count === 0 && newest > 0) throw broken(`${newest} events were recorded; it has none`);
    if (this.count > newest) {
      throw broken(`it has ${this.count} events, but only ${newest} were recorded`);
    }
    let expected = hash;
    for (let number = newest; number > newest - this.count; number--) {
      const link = this.#links.get(number);
      if (link === undefined) throw broken(`event ${number} of ${newest} is missing`);
      if (link.hash !== expected) {
        const what =
          number === newest ? 'is not the recorded one' : `is not followed by ${number + 1}`;
        throw broken(`event ${number} ${what}`);
      }
      expected = link.previous;
    }
  }
}

function broken(what: string): ServerError {
  return new ServerError('trail-broken', `the audit trail is broken: ${what}`);
}
