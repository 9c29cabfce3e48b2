// The newest events, with the hashes of their attributes in memory.

import type { StateStore } from '../storage/state-store.ts';
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

/**
 * The newest events, which are not archived yet: a few thousand. Their contents stay on disk. They
 * are read once after a start, when they are needed or in the background.
 */
export class RecentEvents {
  readonly #state: () => Pick<StateStore, 'readNewest'>;
  readonly #trail: Trail;
  /** Oldest first, with consecutive numbers. */
  #events: RecentEvent[] = [];
  #newest: number;
  #catching: Promise<void> | undefined = undefined;

  /** @param after the number of the last event that is archived */
  constructor(state: () => Pick<StateStore, 'readNewest'>, trail: Trail, after: number) {
    this.#state = state;
    this.#trail = trail;
    this.#newest = after;
  }

  /** Reads the events that were recorded since the last call. */
  catchUp(): Promise<void> {
    this.#catching ??= this.#catch().finally(() => {
      this.#catching = undefined;
    });
    return this.#catching;
  }

  async #catch(): Promise<void> {
    const count = this.#trail.head.count - this.#newest;
    if (count <= 0) return;
    const records = this.#state().readNewest(trailTimeline, count);
    for await (const { atMs, bytes, cursor } of records) {
      const { number, event } = parseLine(bytes);
      this.#newest = number;
      this.#events.push({ number, atMs, cursor, hashes: Float64Array.from(hashesOf(event)) });
    }
  }

  /** The events that are known, oldest first. */
  all(): readonly RecentEvent[] {
    return this.#events;
  }

  /** Forgets the events up to a number. */
  dropThrough(number: number): void {
    const index = this.#events.findIndex((event) => event.number > number);
    this.#events = index < 0 ? [] : this.#events.slice(index);
  }
}
