// The state of the service: journals and timelines in one log.

import { assert } from '../base/assert.ts';
import type { Entry, Journal } from './journal.ts';
import type { RecordBlock, RecordLog } from './record-log.ts';
import { parseJson } from './record-shapes.ts';
import { SyncWaiters } from './sync-waiters.ts';
import { Timeline, type TimelineRange, type TimelineRecord } from './timeline.ts';
import { TimelineMoves } from './timelines/timeline-moves.ts';
import { timelineName, timelineRecordTypes } from './timelines/timeline-records.ts';

/** The types of the state store's records; never reused. */
const recordTypes = { change: 0x10, ...timelineRecordTypes } as const;

/** A part of the state, as it is written. */
interface StateRecord {
  readonly type: number;
  readonly bytes: Buffer;
}

/**
 * Journals and timelines in one log. It owns the log: it recreates itself from the replay, and
 * writes its state to checkpoints.
 */
export class StateStore {
  readonly #journals = new Map<string, Journal>();
  readonly #timelines = new Map<string, Timeline>();
  #log: RecordLog | undefined = undefined;
  readonly #waiters = new SyncWaiters();
  /** The changes of the state since the current segment began, as they are written. */
  #changes: StateRecord[] = [];
  /** Size of those changes. */
  changedBytes = 0;
  /** Timelines do not know the sizes of their records, so that only small segments are compacted. */
  readonly mergesOnly = true;

  constructor(journals: readonly Journal[], timelines: readonly string[]) {
    for (const journal of journals) this.#journals.set(journal.name, journal);
    for (const name of timelines) this.#timelines.set(name, new Timeline(name));
  }

  /** Sets the log, before it replays any records. */
  attach(log: RecordLog): void {
    this.#log = log;
  }

  get #opened(): RecordLog {
    assert(this.#log !== undefined, 'the state store has no log yet');
    return this.#log;
  }

  /**
   * Appends the entries as one batch, which is recovered completely or not at all, and applies the
   * changes to their journals before it returns. Commits that are close together share a sync.
   *
   * @returns a promise that resolves once the batch is synced
   * @throws rejects if the log failed: nothing can be committed any more, and the process must end
   */
  commit(entries: readonly Entry[]): Promise<void> {
    if (this.#waiters.failure !== undefined) return Promise.reject(this.#waiters.failure);
    const log = this.#opened;
    // Before the batch begins, so that an error does not leave half of it.
    const records = entries.map((entry) =>
      'journal' in entry ? encodeChange(entry.journal, entry.change) : entry.bytes,
    );
    for (const entry of entries) {
      if ('journal' in entry) this.#journal(entry.journal);
      else this.#timeline(entry.timeline);
    }
    log.beginBatch();
    let group: number;
    try {
      for (const [i, entry] of entries.entries()) {
        const bytes = records[i] as Buffer; // one per entry
        if ('journal' in entry) this.#changed(writeRecord(log, recordTypes.change, bytes));
        else this.#timeline(entry.timeline).append(log, entry.atMs, bytes);
      }
      // In the batch: a segment that begins after it has these changes in its checkpoint, and one
      // that began before it does not.
      for (const entry of entries) {
        if ('journal' in entry) this.#journal(entry.journal).apply(entry.change);
      }
      group = log.appendedGroup;
    } finally {
      log.endBatch();
    }
    log.sync();
    return this.#waiters.until(group, log.durableGroup);
  }

  #changed(record: StateRecord): void {
    this.#changes.push(record);
    this.changedBytes += record.bytes.length;
  }

  #journal(name: string): Journal {
    const journal = this.#journals.get(name);
    assert(journal !== undefined, `there is no journal '${name}'`);
    return journal;
  }

  #timeline(name: string): Timeline {
    const timeline = this.#timelines.get(name);
    assert(timeline !== undefined, `there is no timeline '${name}'`);
    return timeline;
  }

  /** The log has synced all groups up to this one. */
  onDurable(group: number): void {
    this.#waiters.onDurable(group);
  }

  /** The log can no longer be written: current and later commits are rejected. */
  onFailed(error: Error): void {
    this.#waiters.onFailed(error);
  }

  /** Reads records of a timeline, including those that are not synced yet. */
  readTimeline(name: string, range: TimelineRange): AsyncGenerator<TimelineRecord> {
    return this.#timeline(name).read(this.#opened, range);
  }

  /** Reads the newest records of a timeline, the oldest of them first. */
  readNewest(name: string, count: number): AsyncGenerator<TimelineRecord> {
    return this.#timeline(name).readNewest(this.#opened, count);
  }

  /** Reads the record at a cursor of a timeline; undefined if it was dropped. */
  readAt(name: string, cursor: string): Promise<Buffer | undefined> {
    return this.#timeline(name).readAt(this.#opened, cursor);
  }

  /** Drops whole segments of a timeline whose records are among the oldest ones. */
  dropOldest(name: string, recordCount: number): void {
    this.#drop(name, (timeline) => timeline.dropFirst(this.#opened, recordCount));
  }

  /** The number of records in a timeline. */
  countOf(name: string): number {
    return this.#timeline(name).count;
  }

  /** Drops whole segments of a timeline without records newer than the given time. */
  dropBefore(name: string, oldestMs: number): void {
    this.#drop(name, (timeline) => timeline.dropBefore(this.#opened, oldestMs));
  }

  /** Drops the oldest segments of a timeline while it has more records or segments. */
  keepAtMost(name: string, recordCountMax: number, segmentCountMax: number): void {
    this.#drop(name, (timeline) =>
      timeline.keepAtMost(this.#opened, recordCountMax, segmentCountMax),
    );
  }

  /** What is dropped is a part of the state: it does not return, even if its segment is kept. */
  #drop(name: string, drop: (timeline: Timeline) => void): void {
    const timeline = this.#timeline(name);
    const before = timeline.keptFrom;
    drop(timeline);
    const bytes = timeline.keptFrom === before ? undefined : timeline.keptRecord();
    if (bytes !== undefined) this.#changed(writeRecord(this.#opened, recordTypes.kept, bytes));
  }

  /** The records that recreate the current state of the journals, and what timelines dropped. */
  *checkpoint(log: RecordLog): Generator<unknown> {
    for (const journal of this.#journals.values()) {
      for (const change of journal.snapshot()) {
        yield writeRecord(log, recordTypes.change, encodeChange(journal.name, change));
      }
    }
    for (const timeline of this.#timelines.values()) {
      const kept = timeline.keptRecord();
      if (kept !== undefined) yield writeRecord(log, recordTypes.kept, kept);
    }
  }

  /** Writes the changes of the state since the segment began or the last call. */
  changes(log: RecordLog): void {
    for (const { type, bytes } of this.#changes) writeRecord(log, type, bytes);
    this.begun();
  }

  /** A segment has begun. */
  begun(): void {
    this.#changes = [];
    this.changedBytes = 0;
  }

  /** Writes the positions of the timelines' records in one segment. */
  index(segment: number, log: RecordLog): void {
    for (const timeline of this.#timelines.values()) {
      timeline.writeIndex(log, segment);
    }
  }

  /** Starts a compaction. */
  moves(): TimelineMoves {
    return new TimelineMoves(this.#opened, [...this.#timelines.values()]);
  }

  /**
   * Applies a record, in the order of the log.
   *
   * @throws {StorageError} `record-invalid` if it does not match its type
   */
  replay(block: RecordBlock, type: number, buffer: Buffer, start: number, end: number): void {
    if (type === recordTypes.change || type === recordTypes.kept) {
      if (type === recordTypes.change) this.applyRecord(type, buffer, start, end);
      else {
        const timeline = this.#timeline(timelineName(buffer, start, end));
        timeline.replayKept(this.#opened, buffer, start, end);
      }
      if (block.transient) return;
      this.#changed({ type, bytes: Buffer.from(buffer.subarray(start, end)) });
    } else if (type === recordTypes.record) {
      const timeline = this.#timeline(timelineName(buffer, start, end));
      timeline.replay(this.#opened, block, buffer, start, end);
    } else if (type === recordTypes.index) {
      const timeline = this.#timeline(timelineName(buffer, start, end));
      timeline.replayIndex(this.#opened, buffer, start, end);
    }
  }

  /** Applies a record if it is a change of a journal, for reading without a log. */
  applyRecord(type: number, buffer: Buffer, start: number, end: number): void {
    if (type !== recordTypes.change) return;
    const [journal, change] = parseJson(buffer, start, end) as [string, object]; // as it was written
    this.#journal(journal).apply(change);
  }

  /** All records have been replayed. */
  recovered(): void {}

  /** Syncs all data and closes the log. */
  close(): Promise<void> {
    return this.#opened.close();
  }
}

function encodeChange(journal: string, change: object): Buffer {
  return Buffer.from(JSON.stringify([journal, change]));
}

function writeRecord(log: RecordLog, type: number, bytes: Buffer): StateRecord {
  const { buffer } = log.reserve(type, bytes.length);
  bytes.copy(buffer, log.at);
  return { type, bytes };
}
