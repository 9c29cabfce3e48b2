// The events of the trail: the recent ones, and the archives of older ones.

import type { StateStore } from '../storage/state-store.ts';
import type { ArchiveRecord } from './archive/archive-journal.ts';
import type { Archives } from './archive/archives.ts';
import { managementHash } from './archive/attributes.ts';
import { type RecentEvent, RecentEvents } from './recent-events.ts';
import type { EventRecord } from './record.ts';
import { parseLine, type Trail, trailTimeline } from './trail.ts';

/** An event with its number in the trail. */
export interface NumberedEvent {
  /** From 1. */
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly event: EventRecord;
  /** Size of the line of the trail, bytes. */
  readonly sizeBytes: number;
}

/** The result of a step of a search: its position, its cost, and the event that it found, if any. */
export interface SearchStep {
  /** The search has examined all events from this number on. */
  readonly number: number;
  readonly found: NumberedEvent | undefined;
  /** The approximate work of the step, in reads from the disk. */
  readonly cost: number;
}

/** Which events are searched. */
export interface Search {
  /** Both inclusive, milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Only events with smaller numbers. */
  readonly before: number;
  /** The hash of an attribute; undefined for all management events. */
  readonly hash: number | undefined;
  /** Whether events other than management events are searched, too. */
  readonly hasAll: boolean;
}

/** The costs of steps, in reads from the disk. */
const costs = {
  /** Reading some of the newest events, for the first time after a start. */
  recentRead: 50,
  /** A question to a filter that is in memory. */
  filter: 0.01,
  /** Reading a filter: the beginning of the file, in two parts, and the filter. */
  filterRead: 3,
  /** The list of rows, which is empty. */
  noRows: 1,
  /** The two lists of rows, and the times. */
  rows: 3,
} as const;

/** The parts that the history needs. */
export interface EventHistoryParts {
  readonly state: () => Pick<StateStore, 'readNewest' | 'readTimeline' | 'readAt'>;
  readonly trail: Trail;
  readonly archives: Archives;
}

/** The events of a trail. */
export class EventHistory {
  readonly #parts: EventHistoryParts;
  #recent: RecentEvents | undefined = undefined;

  constructor(parts: EventHistoryParts) {
    this.#parts = parts;
  }

  /** The number of the newest event; 0 if there is none. */
  newest(): number {
    return this.#parts.trail.head.count;
  }

  /** Reads new events and filters of archives into memory, so that the next search need not. */
  async catchUp(): Promise<void> {
    const recent = this.#recentEvents();
    await recent.readNew();
    while (await recent.readOlder()) {
      // Each call reads a part of them, so that searches need not wait for all.
    }
    await this.#parts.archives.loadFilters();
  }

  #recentEvents(): RecentEvents {
    const { state, trail, archives } = this.#parts;
    const archived = archives.journal.last;
    this.#recent ??= new RecentEvents(state, trail, archived);
    this.#recent.dropThrough(archived);
    return this.#recent;
  }

  /** Reads the events after a number that are still kept, oldest first. */
  async *readAfter(after: number): AsyncGenerator<NumberedEvent> {
    const { archives, state } = this.#parts;
    let last = after;
    for (const record of archives.journal.all()) {
      if (record.last <= last) continue;
      for await (const { number, atMs, event, bytes } of archives.read(record, last + 1)) {
        last = number;
        yield { number, atMs, event, sizeBytes: bytes.length };
      }
    }
    const count = this.newest() - last;
    if (count <= 0) return;
    for await (const { atMs, bytes } of state().readNewest(trailTimeline, count)) {
      const { number, event } = parseLine(bytes);
      yield { number, atMs, event, sizeBytes: bytes.length };
    }
  }

  /** Searches events, newest first. A found event may have another value with the same hash. */
  async *search(search: Search): AsyncGenerator<SearchStep> {
    const recent = this.#recentEvents();
    const newest = await recent.readNew();
    // Events may be archived meanwhile. Those that are searched here are left out there.
    const limit = { before: Math.min(search.before, newest + 1) };
    yield* this.#searchRecent(recent, search, limit);
    for (const record of this.#parts.archives.journal.all().toReversed()) {
      const isOutside = record.toMs < search.fromMs - 999 || record.fromMs > search.toMs;
      if (isOutside || record.first >= limit.before) continue;
      yield* this.#searchArchive(record, { ...search, ...limit });
    }
  }

  /** @param limit is changed to the number of the last event that was searched */
  async *#searchRecent(
    recent: RecentEvents,
    search: Search,
    limit: { before: number },
  ): AsyncGenerator<SearchStep> {
    for (; limit.before > 1; limit.before--) {
      const number = limit.before - 1;
      let known = recent.at(number);
      while (known === undefined) {
        const isArchived = number <= this.#parts.archives.journal.last;
        if (isArchived || !(await recent.readOlder())) return;
        yield { number: limit.before, found: undefined, cost: costs.recentRead };
        known = recent.at(number);
      }
      if (!mayMatch(known, search)) continue;
      const { atMs, cursor } = known;
      const bytes = await this.#parts.state().readAt(trailTimeline, cursor);
      // It was archived and dropped meanwhile, and is found there, or is too old.
      if (bytes === undefined) return;
      const { event } = parseLine(bytes);
      yield { number, found: { number, atMs, event, sizeBytes: bytes.length }, cost: 1 };
    }
  }

  async *#searchArchive(record: ArchiveRecord, search: Search): AsyncGenerator<SearchStep> {
    const { archives } = this.#parts;
    const hash = search.hash ?? (search.hasAll ? undefined : managementHash);
    const passed = (cost: number) => ({ number: record.first, found: undefined, cost });
    const known = hash === undefined ? true : archives.mayHaveNow(record, hash);
    const asked = known === undefined ? costs.filterRead : costs.filter;
    if (!(known ?? (await archives.mayHave(record, hash ?? 0)))) {
      yield passed(asked);
      return;
    }
    const rows = await this.#rowsOf(record, search);
    if (rows.length === 0) {
      // The filter was wrong, which one in a hundred is.
      yield passed(asked + costs.noRows);
      return;
    }
    const seconds = await archives.seconds(record);
    const line = archives.lines(record);
    for (let i = rows.length - 1; i >= 0; i--) {
      const row = rows[i] ?? 0;
      const number = record.first + row;
      const atMs = seconds(row) * 1000;
      if (number >= search.before || atMs < search.fromMs || atMs > search.toMs) continue;
      const { event, sizeBytes } = await line(row);
      yield { number, found: { number, atMs, event, sizeBytes }, cost: 1 };
    }
    yield passed(asked + costs.rows);
  }

  /** The rows of an archive that a search may find, ascending. */
  async #rowsOf(record: ArchiveRecord, { hash, hasAll }: Search): Promise<readonly number[]> {
    const { archives } = this.#parts;
    const found = hash === undefined ? undefined : await archives.rowsWith(record, hash);
    if (found?.length === 0) return found;
    if (hasAll) return found ?? allRows(record.last - record.first + 1);
    const management = await archives.rowsWith(record, managementHash);
    return found === undefined ? management : common(found, management);
  }
}

/** Whether an event may be one of a search, by its time and its hashes. */
function mayMatch({ atMs, hashes }: RecentEvent, { fromMs, toMs, hash, hasAll }: Search): boolean {
  if (atMs < fromMs || atMs > toMs) return false;
  if (!hasAll && !hashes.includes(managementHash)) return false;
  return hash === undefined || hashes.includes(hash);
}

function allRows(count: number): number[] {
  return Array.from({ length: count }, (_, row) => row);
}

/** The rows that are in both lists. All lists ascend. */
function common(one: readonly number[], other: readonly number[]): number[] {
  const rows: number[] = [];
  let i = 0;
  for (const row of one) {
    while ((other[i] ?? Infinity) < row) i++;
    if (other[i] === row) rows.push(row);
  }
  return rows;
}
