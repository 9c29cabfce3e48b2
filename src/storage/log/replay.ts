// Replay of a log.

import type { StorageError } from '../errors.ts';
import { ahead } from './ahead.ts';
import { LogBlock } from './block.ts';
import type { LiveSegment } from './live-segment.ts';
import {
  type Base,
  blocksOf,
  decodeBlocks,
  decodeParts,
  decodeTable,
  decodeTableOfFormat2,
  isLogRecord,
  type LogRecord,
  logRecordTypes,
  partKinds,
  partOf,
  recordsOf,
  type TableEntry,
} from './records.ts';
import type { Recovery } from './recovery.ts';
import { isCompacted, placeInTable } from './segment.ts';
import type { ReadBlock } from './segment-reader.ts';

/**
 * Size of a segment up to which its index is read ahead, bytes. An index has some bytes for each record
 * of its segment, so those that are read ahead at a time fit into some MiB.
 */
const smallSegmentBytes = 1024 * 1024;

/** Receives the replayed records. */
export interface ReplayTarget {
  /** A live segment. */
  add(segment: LiveSegment): void;
  /** The block with the next records. The target takes over its plaintext. */
  begin(segment: LiveSegment, number: number, plaintext: Buffer): LogBlock;
  /** All records of the block have been passed. */
  end(block: LogBlock): void;
  /** A record. Those of checkpoints and indexes are in a block without a segment. */
  record(block: LogBlock, type: number, buffer: Buffer, start: number, end: number): void;
  /** The progress in older segments. */
  progress?(doneCount: number, totalCount: number): void;
}

/** The table of the first segment of recovery, and its position. */
interface FoundTable {
  /** The index of its block in the first group. */
  readonly at: number;
  /** The offset of the next record in that block. */
  readonly end: number;
  readonly base: Base;
  readonly entries: readonly TableEntry[];
}

/**
 * Reads a log in the order of recovery: the base and the changes since, which are the state at the
 * beginning of the newest segment, then the indexes of older segments, then the records of the
 * newest segment.
 */
export class Replay {
  /** The base that was found; undefined if nothing was ever confirmed. */
  base: Base | undefined = undefined;
  readonly #recovery: Recovery;
  readonly #target: ReplayTarget;
  readonly #nowhere = new LogBlock(0, undefined, 0, Buffer.alloc(0));

  constructor(recovery: Recovery, target: ReplayTarget) {
    this.#recovery = recovery;
    this.#target = target;
  }

  /**
   * Replays the log.
   *
   * @param segments the numbers of existing segments, ascending
   * @returns the segment with which recovery began; undefined if nothing was ever confirmed
   * @throws {StorageError} `volume-damaged`, `volume-rolled-back`
   */
  async run(segments: readonly number[]): Promise<LiveSegment | undefined> {
    const start = await this.#recovery.start(segments);
    if (start === undefined) return undefined;
    this.#target.add(start);
    let isFirst = true;
    await this.#recovery.readGroups(start, async (blocks) => {
      if (isFirst) await this.#replayFirst(start, blocks);
      else for (const block of blocks) this.#replayBlock(start, block);
      isFirst = false;
    });
    const { index, end } = start;
    // Before a crash, the owner may have been ahead of the index that it wrote: released records
    // are live again, and in no index. Therefore only the index of a clean end is valid for later
    // starts. An index of format 2 lacks the changes.
    if (!this.#recovery.isClosed || start.header.format === 1) start.index = undefined;
    else if (index !== undefined && end !== undefined) {
      start.index = { ...index, blockCount: end.blocks - index.firstBlock + 1 };
    }
    return start;
  }

  /** Replays the group with the segment's checkpoint, which ends with its table. */
  async #replayFirst(segment: LiveSegment, blocks: readonly ReadBlock[]): Promise<void> {
    for (const { number, offset, plaintext } of blocks) {
      segment.offsets[number] = offset;
      segment.lengths[number] = plaintext.length;
    }
    const table = this.#findTable(segment, blocks);
    this.base = table.base;
    const older = await this.#openListed(segment, table);
    if (table.base.start === segment.number)
      this.#replayOwnBase(segment, blocks.slice(0, table.at + 1));
    else await this.#replayState(older, table.base);
    let doneCount = 0;
    const read = async (each: LiveSegment) => [each, await this.#smallIndex(each)] as const;
    for await (const [each, index] of ahead(older, read)) {
      await this.#replayIndex(each, index ?? this.#readIndex(each));
      this.#target.progress?.(++doneCount, older.length);
    }
    const last = blocks[table.at];
    if (last !== undefined) this.#replayBlock(segment, last, table.end);
    for (const block of blocks.slice(table.at + 1)) this.#replayBlock(segment, block);
  }

  #findTable(segment: LiveSegment, blocks: readonly ReadBlock[]): FoundTable {
    const isFormat2 = segment.header.format === 1;
    let bytes = 0;
    for (const [at, block] of blocks.entries()) {
      bytes += block.length;
      for (const { type, start, end } of this.#records(segment, block)) {
        const { plaintext } = block;
        if (isFormat2 && type === logRecordTypes.tableOfFormat2) {
          const read = () => decodeTableOfFormat2(plaintext, start, end);
          const base = { start: segment.number, bytes };
          return { at, end, base, entries: this.#proved(segment, block, start, read) };
        }
        if (!isFormat2 && type === logRecordTypes.table) {
          const read = () => decodeTable(plaintext, start, end);
          return { at, end, ...this.#proved(segment, block, start, read) };
        }
      }
    }
    throw this.#damage(segment, 'begins without a checkpoint');
  }

  /** Opens the older segments in a table, which include all those since its base. */
  async #openListed(newest: LiveSegment, { base, entries }: FoundTable): Promise<LiveSegment[]> {
    const known = new Map([[newest.number, newest]]);
    for await (const segment of ahead(entries, (entry) => this.#recovery.openListed(entry))) {
      known.set(segment.number, segment);
      this.#target.add(segment);
    }
    const isAscending = entries.every(({ end }, i) => {
      const next = entries[i + 1]?.end.segment ?? newest.number;
      return placeInTable(end.segment) < placeInTable(next);
    });
    if (!isAscending) throw this.#damage(newest, 'lists segments out of order');
    for (let number = base.start; number < newest.number || number === 0; number++) {
      if (!known.has(number)) throw this.#damage(newest, `lacks segment ${number} of its base`);
    }
    if (base.start > newest.number) throw this.#damage(newest, 'names a base that is later');
    known.delete(newest.number);
    const older = [...known.values()];
    for (const segment of older) {
      const home = segment.index?.segment ?? 0;
      if (home !== newest.number && !known.has(home)) {
        throw this.#damage(newest, `lacks segment ${home}, which holds an index`);
      }
      if (home !== segment.number) segment.indexHome = known.get(home) ?? newest;
    }
    return older;
  }

  /** Replays a base that was written completely with the segment, before the table. */
  #replayOwnBase(segment: LiveSegment, blocks: readonly ReadBlock[]): void {
    const isFormat2 = segment.header.format === 1;
    segment.sliceBase = segment.number;
    for (const block of blocks) {
      if (!isFormat2 && partOf(block.plaintext) !== partKinds.slice) continue;
      segment.slices.push(block.number);
      this.#replayPart(segment, block);
    }
  }

  /** Replays an earlier base, and the changes of each segment since. */
  async #replayState(older: readonly LiveSegment[], base: Base): Promise<void> {
    const changed: [segment: LiveSegment, home: LiveSegment, blocks: readonly ReadBlock[]][] = [];
    const since = older.filter(({ number }) => !isCompacted(number) && number >= base.start);
    for await (const head of ahead(since, (each) => this.#readHead(each))) changed.push(head);
    for (const [segment] of changed) {
      if (segment.sliceBase === base.start) await this.#replayParts(segment, segment.slices);
    }
    for (const [segment, home, blocks] of changed) {
      await this.#replayParts(segment, segment.changes);
      for (const block of blocks) this.#replayPart(home, block);
    }
  }

  /**
   * Reads the beginning of an index: the positions of blocks, the blocks with parts, and changes.
   */
  async #readHead(
    segment: LiveSegment,
  ): Promise<[segment: LiveSegment, home: LiveSegment, changes: readonly ReadBlock[]]> {
    const changes: ReadBlock[] = [];
    const home = segment.indexHome ?? segment;
    for await (const read of this.#readIndex(segment)) {
      if (partOf(read.plaintext) === partKinds.changes) changes.push(read);
      else if (!this.#readPlaces(segment, home, read)) break;
    }
    return [segment, home, changes];
  }

  /** Reads the positions of blocks and parts. Returns false if the block contains none. */
  #readPlaces(segment: LiveSegment, home: LiveSegment, read: ReadBlock): boolean {
    let isFound = false;
    for (const { type, start, end } of this.#records(home, read)) {
      if (type !== logRecordTypes.blocks && type !== logRecordTypes.parts) continue;
      isFound = true;
      const decode = type === logRecordTypes.blocks ? decodeBlocks : decodeParts;
      this.#proved(home, read, start, () => decode(read.plaintext, start, end, segment));
    }
    return isFound;
  }

  async #replayParts(segment: LiveSegment, numbers: readonly number[]): Promise<void> {
    for await (const block of this.#recovery.readBlocksAt(segment, numbers)) {
      this.#replayPart(segment, block);
    }
  }

  /** Replays the records of a checkpoint's block. Other records may follow after its table. */
  #replayPart(segment: LiveSegment, block: ReadBlock): void {
    for (const record of this.#records(segment, block)) {
      if (record.type === logRecordTypes.tableOfFormat2) return;
      if (!isLogRecord(record.type)) this.#tell(segment, block, record);
    }
  }

  /** Reads the index of a small segment, ahead of its replay; undefined for a larger one. */
  async #smallIndex(segment: LiveSegment): Promise<readonly ReadBlock[] | undefined> {
    if (segment.lastOffset > smallSegmentBytes) return undefined;
    const blocks: ReadBlock[] = [];
    for await (const block of this.#readIndex(segment)) blocks.push(block);
    return blocks;
  }

  async #replayIndex(
    segment: LiveSegment,
    index: Iterable<ReadBlock> | AsyncIterable<ReadBlock>,
  ): Promise<void> {
    const home = segment.indexHome ?? segment;
    const isPlaced = segment.offsets.length > 1;
    for await (const read of index) {
      if (partOf(read.plaintext) !== undefined) continue;
      if (!isPlaced) this.#readPlaces(segment, home, read);
      for (const record of this.#records(home, read)) {
        if (record.type === logRecordTypes.index) this.#tell(home, read, record);
      }
    }
  }

  #readIndex(segment: LiveSegment): AsyncGenerator<ReadBlock> {
    const { offset = 0, firstBlock = 0, blockCount = 0 } = segment.index ?? {};
    return this.#recovery.readBlocks(segment.indexHome ?? segment, offset, firstBlock, blockCount);
  }

  /** Replays a block of the newest segment. Parts of checkpoints in it repeat its other records. */
  #replayBlock(segment: LiveSegment, read: ReadBlock, from = 0): void {
    const { number, offset, plaintext } = read;
    segment.offsets[number] = offset;
    segment.lengths[number] = plaintext.length;
    if (partOf(plaintext) !== undefined) return;
    const block = this.#target.begin(segment, number, plaintext);
    for (const record of this.#records(segment, read, from)) {
      const { type, start, end } = record;
      if (type === logRecordTypes.blocks) {
        const of = this.#proved(segment, read, start, () => blocksOf(plaintext, start, end));
        if (of !== segment.number) continue;
        segment.index = { segment: of, offset, firstBlock: number, blockCount: 0 };
      } else if (!isLogRecord(type)) {
        this.#tell(segment, read, record, block);
      }
    }
    this.#target.end(block);
  }

  #records(segment: LiveSegment, block: ReadBlock, from = 0): Generator<LogRecord> {
    const broken = () => this.#damage(segment, `has a broken record in block ${block.number}`);
    return recordsOf(block.plaintext, broken, from);
  }

  /** Reads a record, and reports an invalid one as damage with its position. */
  #proved<T>(segment: LiveSegment, block: ReadBlock, start: number, read: () => T): T {
    try {
      return read();
    } catch (cause) {
      throw this.#recovery.brokenRecord(segment.number, block, start, cause);
    }
  }

  /** Passes a record to the owner. */
  #tell(segment: LiveSegment, read: ReadBlock, record: LogRecord, block = this.#nowhere): void {
    const { type, start, end } = record;
    try {
      this.#target.record(block, type, read.plaintext, start, end);
    } catch (cause) {
      throw this.#recovery.brokenRecord(segment.number, read, start, cause);
    }
  }

  #damage(segment: LiveSegment, what: string): StorageError {
    return this.#recovery.damage(segment.number, what);
  }
}
