// The newest events, with the hashes of their attributes in memory.

import type { StateStore } from '../storage/state-store.ts';
import type { TimelineRecord } from '../storage/timeline.ts';
import { hashesOf } from './archive/attributes.ts';
import { parseLine, type Trail, trailTimeline } from './trail.ts';

/** An event whose attributes are known by their hashes. */
export interface RecentEvent {
  readonly number: number;
  readonly atMs: number;
  /** Its position in the timeline. */
  readonly cursor: string;
  readonly hashes: Float64Array;
}

/** Number of events that are read at a time, which takes some milliseconds. */
const chunkCount = 256;

/**
 * The newest events, which are not archived yet: a few thousand. Their contents stay on disk. After
 * a start, they are read in the background, or as far back as a search needs them.
 */
export class RecentEvents {
  readonly #state: () => Pick<StateStore, 'readNewest' | 'readTimeline'>;
  readonly #trail: Trail;
  /** The known events, oldest first, with consecutive numbers. */
  #events: RecentEvent[] = [];
  /** The number of the last event that is archived. */
  #archived: number;
  /** Reads change the list one after another. */
  #reading: Promise<unknown> = Promise.resolve();

  /** @param archived the number of the last event that is archived */
  constructor(
    state: () => Pick<StateStore, 'readNewest' | 'readTimeline'>,
    trail: Trail,
    archived: number,
  ) {
    this.#state = state;
    this.#trail = trail;
    this.#archived = archived;
  }

  /**
   * Reads the events that were recorded since the last call; after a start, the newest ones only.
   *
   * @returns the number of the newest event
   */
  readNew(): Promise<number> {
    return this.#alone(async () => {
      const newest = this.#trail.head.count;
      const known = this.#events.at(-1)?.number;
      const count = known === undefined ? this.#chunkBefore(newest + 1) : newest - known;
      if (count <= 0) return newest;
      for await (const record of this.#state().readNewest(trailTimeline, count)) {
        const event = recentEvent(record);
        // Events that were dropped during the read, with all before them, are archived or too old.
        if (this.at(event.number - 1) === undefined) this.#events = [];
        this.#events.push(event);
      }
      return newest;
    });
  }

  /** Reads some events that are older than the known ones. @returns whether there were any */
  readOlder(): Promise<boolean> {
    return this.#alone(async () => {
      const oldest = this.#events[0];
      const count = oldest === undefined ? 0 : this.#chunkBefore(oldest.number);
      if (oldest === undefined || count <= 0) return false;
      const older: RecentEvent[] = [];
      const range = { fromMs: 0, toMs: Infinity, newestFirst: true, after: oldest.cursor };
      for await (const record of this.#state().readTimeline(trailTimeline, range)) {
        older.push(recentEvent(record));
        if (older.length === count) break;
      }
      // Events may have been archived and dropped meanwhile, also the oldest of the known ones.
      if (this.#events[0] === oldest) this.#events = [...older.reverse(), ...this.#events];
      return older.length > 0;
    });
  }

  /** The event with a number; undefined if it is archived or not read yet. */
  at(number: number): RecentEvent | undefined {
    return this.#events[number - (this.#events[0]?.number ?? number)];
  }

  /** Forgets the events up to a number, which are archived. */
  dropThrough(number: number): void {
    this.#archived = number;
    const index = this.#events.findIndex((event) => event.number > number);
    if (index !== 0) this.#events = index < 0 ? [] : this.#events.slice(index);
  }

  /** How many events before a number are read at a time. */
  #chunkBefore(number: number): number {
    return Math.min(chunkCount, number - 1 - this.#archived);
  }

  #alone<T>(read: () => Promise<T>): Promise<T> {
    const done = this.#reading.then(read);
    this.#reading = done.catch(() => {});
    return done;
  }
}

function recentEvent({ atMs, bytes, cursor }: TimelineRecord): RecentEvent {
  const { number, event } = parseLine(bytes);
  return { number, atMs, cursor, hashes: Float64Array.from(hashesOf(event)) };
}
