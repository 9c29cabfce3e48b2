// The lines of all log streams in one log.

import { assert } from '../../base/assert.ts';
import type { LogOwner } from '../../storage/log-owner.ts';
import type { RecordBlock, RecordLog } from '../../storage/record-log.ts';
import { SyncWaiters } from '../../storage/sync-waiters.ts';
import { LineMoves } from './line-moves.ts';
import {
  decodeLine,
  decodeStreamChange,
  encodeStreamChange,
  indexEntryBytes,
  indexHeadBytes,
  lineBytes,
  lineHeadBytes,
  lineRecordTypes,
  proveLine,
  readIndexEntry,
  readIndexHead,
  type StreamChange,
  sequenceOfLine,
  streamOfLine,
  timeOfLine,
  writeIndexEntry,
  writeIndexHead,
  writeLine,
} from './line-records.ts';
import { type LineLevel, type LogLine, type StreamName, streamKey } from './log-line.ts';
import { type LinePlace, StreamLines } from './stream-lines.ts';

/** Number of entries in one index record. */
const indexCountMax = 2000;

/**
 * The lines of all log streams. Each line can be dropped by itself: segments without lines are removed,
 * and the lines of segments with few are moved to new ones by compactions. Only the positions of lines
 * are in memory.
 */
export class LineStore implements LogOwner {
  readonly #streams = new Map<number, StreamLines>();
  readonly #byKey = new Map<string, StreamLines>();
  #log: RecordLog | undefined = undefined;
  #lastId = 0;
  /** The segment of the last appended line. */
  #segment = 0;
  readonly #waiters = new SyncWaiters();
  /** The changes since the current segment began, as they were written. */
  #changes: Buffer[] = [];
  changedBytes = 0;
  /** Whether the current segment contains dropped lines, so that it should end. */
  isSegmentStale = false;

  attach(log: RecordLog): void {
    this.#log = log;
  }

  get #opened(): RecordLog {
    assert(this.#log !== undefined, 'the line store has no log yet');
    return this.#log;
  }

  /** All streams, in the order of their creation. */
  get streams(): Iterable<StreamLines> {
    return this.#streams.values();
  }

  /** The stream with a name. */
  get(name: StreamName): StreamLines | undefined {
    return this.#byKey.get(streamKey(name));
  }

  /** Appends a line, and creates its stream if necessary. It is on disk once {@link synced} resolves. */
  append(name: StreamName, atMs: number, level: LineLevel, text: string | Buffer): void {
    const lines = this.get(name) ?? this.#create(name, atMs);
    const log = this.#opened;
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    const sizeBytes = lineHeadBytes + bytes.length;
    const block = log.reserve(lineRecordTypes.line, sizeBytes);
    const { next: sequence, id } = lines;
    // The order of times is the order of lines, even when the clock was set back.
    const time = Math.max(atMs, lines.lastMs);
    writeLine(block.buffer, log.at, { id, sequence, atMs: time, level, text: bytes });
    log.retain(block.slot, sizeBytes);
    this.#segment = block.segment;
    const offset = log.at - block.start;
    lines.add({ sequence, slot: block.slot, offset, atMs: time, sizeBytes });
  }

  #create(name: StreamName, createdMs: number): StreamLines {
    const { brokerId, category, stream } = name;
    const id = ++this.#lastId;
    this.#change({ stream: { id, brokerId, category, stream, createdMs, first: 0, next: 0 } });
    const made = this.#streams.get(id);
    assert(made !== undefined, 'a new stream does not exist');
    return made;
  }

  #change(change: StreamChange): void {
    this.#write(encodeStreamChange(change));
    this.#apply(change);
  }

  #write(bytes: Buffer): void {
    this.#put(bytes);
    this.#changes.push(bytes);
    this.changedBytes += bytes.length;
  }

  #put(bytes: Buffer): void {
    const { buffer } = this.#opened.reserve(lineRecordTypes.change, bytes.length);
    bytes.copy(buffer, this.#opened.at);
  }

  #apply(change: StreamChange): void {
    if ('removed' in change) {
      const lines = this.#streams.get(change.removed);
      if (lines === undefined) return;
      while (lines.count > 0) this.#release(lines);
      this.#streams.delete(lines.id);
      this.#byKey.delete(streamKey(lines));
      return;
    }
    const state = change.stream;
    this.#lastId = Math.max(this.#lastId, state.id);
    const known = this.#streams.get(state.id);
    if (known !== undefined) {
      known.first = Math.max(known.first, state.first);
      known.next = Math.max(known.next, state.next);
      return;
    }
    const lines = new StreamLines(state);
    this.#streams.set(lines.id, lines);
    this.#byKey.set(streamKey(lines), lines);
  }

  #release(lines: StreamLines): void {
    const { slot, sizeBytes } = lines.shift();
    if (this.#opened.segmentOf(slot) === this.#segment) this.isSegmentStale = true;
    this.#opened.release(slot, sizeBytes);
  }

  /**
   * Drops the oldest lines of a stream.
   *
   * @param isDropped whether to drop this line and to continue with the next one
   * @returns the number of lines dropped
   */
  drop(lines: StreamLines, isDropped: (atMs: number) => boolean): number {
    let count = 0;
    for (; lines.count > 0 && isDropped(lines.timeAt(0)); count++) this.#release(lines);
    if (count > 0) this.#write(encodeStreamChange({ stream: lines.state }));
    return count;
  }

  /** Removes a stream with all its lines. */
  remove(lines: StreamLines): void {
    this.#change({ removed: lines.id });
  }

  /** Resolves once everything appended so far is on disk. */
  synced(): Promise<void> {
    if (this.#waiters.failure !== undefined) return Promise.reject(this.#waiters.failure);
    const log = this.#opened;
    log.sync();
    return this.#waiters.until(log.appendedGroup, log.durableGroup);
  }

  /** Size of the files on disk, bytes. */
  get storedBytes(): number {
    return this.#opened.usage.storedBytes;
  }

  /** Removes dropped lines from the disk some time later. */
  reclaim(): void {
    this.#opened.reclaim?.(false);
  }

  /** The log has synced all groups up to this one. */
  onDurable(group: number): void {
    this.#waiters.onDurable(group);
  }

  /** The log can no longer be written. */
  onFailed(error: Error): void {
    this.#waiters.onFailed(error);
  }

  /**
   * Reads the line of a stream with an index.
   *
   * @returns undefined if it was dropped in the meantime
   */
  async read(lines: StreamLines, index: number): Promise<LogLine | undefined> {
    if (index >= lines.count) return undefined;
    const { brokerId, category, stream } = lines;
    const place = lines.place(index);
    const { sequence, atMs } = place;
    return this.#load(place, (buffer, start, end) => ({
      ...{ brokerId, category, stream, sequence, atMs },
      ...decodeLine(buffer, start, end),
    }));
  }

  /** Like {@link read}, for streams of bytes. */
  async readBytes(lines: StreamLines, index: number): Promise<Buffer | undefined> {
    if (index >= lines.count) return undefined;
    return this.#load(lines.place(index), (buffer, start, end) =>
      Buffer.from(lineBytes(buffer, start, end)),
    );
  }

  async #load<T>(
    { slot, offset, sizeBytes }: LinePlace,
    decode: (buffer: Buffer, start: number, end: number) => T,
  ): Promise<T> {
    const log = this.#opened;
    log.retain(slot);
    try {
      if (log.blocks[slot] === undefined) await log.load(slot);
      const block = log.blocks[slot];
      assert(block !== undefined, 'a block just loaded is not in memory');
      const at = block.start + offset;
      return decode(block.buffer, at, at + sizeBytes);
    } finally {
      log.release(slot);
    }
  }

  *checkpoint(): Generator<unknown> {
    for (const lines of [...this.#streams.values()]) {
      if (this.#streams.get(lines.id) !== lines) continue;
      this.#order(lines);
      this.#put(encodeStreamChange({ stream: lines.state }));
      yield;
    }
  }

  changes(): void {
    for (const bytes of this.#changes) this.#put(bytes);
    this.#changes = [];
    this.changedBytes = 0;
  }

  begun(): void {
    this.#changes = [];
    this.changedBytes = 0;
    this.isSegmentStale = false;
  }

  index(segment: number, log: RecordLog): void {
    for (const lines of this.#streams.values()) {
      this.#order(lines);
      const found = this.#indexesIn(lines, segment);
      for (let from = 0; from < found.length; from += indexCountMax) {
        this.#writeIndex(lines, segment, found.slice(from, from + indexCountMax), log);
      }
    }
  }

  /** The indexes of the lines of a stream that are in a segment. */
  #indexesIn(lines: StreamLines, segment: number): number[] {
    const log = this.#opened;
    const found: number[] = [];
    for (let i = lines.count - 1; i >= 0; i--) {
      if (log.segmentOf(lines.slotAt(i)) === segment) found.push(i);
      // The lines of the current segment are the newest ones.
      else if (segment === this.#segment) break;
    }
    return found.reverse();
  }

  #writeIndex(lines: StreamLines, segment: number, found: number[], log: RecordLog): void {
    const size = indexHeadBytes + found.length * indexEntryBytes;
    const { buffer } = log.reserve(lineRecordTypes.index, size);
    let at = writeIndexHead(buffer, log.at, lines.id, segment);
    for (const index of found) {
      const place = lines.place(index);
      at = writeIndexEntry(buffer, at, { ...place, block: log.numberOf(place.slot) });
    }
  }

  moves(): LineMoves {
    return new LineMoves(this.#opened, this.#streams);
  }

  /**
   * Applies a record, in the order of the log.
   *
   * @throws {StorageError} `record-invalid` if it does not match its type
   */
  replay(block: RecordBlock, type: number, buffer: Buffer, start: number, end: number): void {
    if (type === lineRecordTypes.change) {
      const change = decodeStreamChange(buffer, start, end);
      if (change === undefined) return;
      this.#apply(change);
      if (block.transient) return;
      this.#changes.push(Buffer.from(buffer.subarray(start, end)));
      this.changedBytes += end - start;
    } else if (type === lineRecordTypes.line) this.#replayLine(block, buffer, start, end);
    else if (type === lineRecordTypes.index) this.#replayIndex(buffer, start, end);
  }

  #replayLine(block: RecordBlock, buffer: Buffer, start: number, end: number): void {
    proveLine(buffer, start, end);
    const lines = this.#streams.get(streamOfLine(buffer, start));
    const sequence = sequenceOfLine(buffer, start);
    // The stream may be removed later in the log.
    if (lines === undefined || sequence < lines.first) return;
    const sizeBytes = end - start;
    this.#opened.retain(block.slot, sizeBytes);
    const place = { slot: block.slot, offset: start - block.start, sequence, sizeBytes };
    lines.add({ ...place, atMs: timeOfLine(buffer, start) });
  }

  #replayIndex(buffer: Buffer, start: number, end: number): void {
    const head = readIndexHead(buffer, start, end);
    const lines = head && this.#streams.get(head.id);
    if (head === undefined || lines === undefined) return;
    for (let at = start + indexHeadBytes; at < end; at += indexEntryBytes) {
      const { block, ...entry } = readIndexEntry(buffer, at);
      const slot = this.#opened.slotAt(head.segment, block);
      // The block is gone if all its lines were dropped.
      if (slot === undefined || entry.sequence < lines.first) continue;
      this.#opened.retain(slot, entry.sizeBytes);
      lines.add({ ...entry, slot });
    }
  }

  #order(lines: StreamLines): void {
    lines.order(({ slot, sizeBytes }) => this.#opened.release(slot, sizeBytes));
  }

  /** All records have been replayed. */
  recovered(): void {
    for (const lines of this.#streams.values()) this.#order(lines);
  }

  /** Syncs all data and closes the log. */
  close(): Promise<void> {
    return this.#opened.close();
  }
}
