import { assert } from '../../base/assert.ts';
import { writeU32 } from '../../base/bytes.ts';
import type { Position } from '../volume.ts';
import { type Arena, blockBytes, type LogBlock } from './block.ts';
import type { BlockTable } from './block-table.ts';
import type { Group } from './group-writer.ts';
import type { LiveSegment } from './live-segment.ts';
import { recordHeaderBytes } from './records.ts';
import {
  blockFlags,
  blockHeaderBytes,
  encodeSegmentHeader,
  pageAfter,
  pageBytes,
  sealBlock,
} from './segment.ts';

/** Puts records into blocks, seals the blocks, and collects them into the group that is open. */
export class Appender {
  readonly #table: BlockTable;
  readonly #segment: LiveSegment;
  readonly #arenaOf: { arena: Arena };
  #open: LogBlock | undefined = undefined;
  #used = 0;
  #chunks: Buffer[];
  #blocks: LogBlock[] = [];
  #groupOffset = 0;
  /** Number of the last block begun. */
  blockNumber = 0;
  /** What is known to be synced; each block says it. */
  durable: Position = { segment: 0, blocks: 0 };
  /** Where in the file the next block goes. */
  offset = pageBytes;
  /** Plaintext sealed into the open group. */
  groupBytes = 0;
  /** Whether the open group is the segment's first. */
  isFirstGroup = true;
  /** Where the payload of the last record begins in its block's buffer. */
  at = 0;

  /**
   * @param segment empty; its header page is written with the first group
   * @param arenaOf where the arena is kept that the next appender goes on with
   */
  constructor(table: BlockTable, segment: LiveSegment, arenaOf: { arena: Arena }) {
    this.#table = table;
    this.#segment = segment;
    this.#arenaOf = arenaOf;
    this.#chunks = [encodeSegmentHeader(segment.key, segment.header)];
  }

  /** Whether nothing was appended to the open group. */
  get isEmpty(): boolean {
    return this.#open === undefined && this.#blocks.length === 0;
  }

  /** Where in the file the open block would end. */
  get end(): number {
    const start = this.#open?.start ?? this.#used;
    return this.offset + this.#used - start;
  }

  /** Whether the open block has room for so many bytes. */
  hasRoom(bytes: number): boolean {
    return this.#open !== undefined && this.#used + bytes <= this.#arenaOf.arena.buffer.length;
  }

  /**
   * Frames a record in the open block, or in a new one.
   *
   * @param size bytes of its payload, which the caller then writes
   */
  append(type: number, size: number): LogBlock {
    const need = size + recordHeaderBytes;
    if (!this.hasRoom(need)) this.#beginBlock(need);
    const block = this.#open;
    assert(block?.buffer !== undefined, 'a block just begun is not in memory');
    const at = this.#used;
    block.buffer[at] = type;
    this.at = writeU32(block.buffer, at + 1, size);
    this.#used = at + need;
    return block;
  }

  #beginBlock(need: number): void {
    this.endBlock(0);
    this.#makeRoom(need);
    const block = this.#table.create(this.#segment, ++this.blockNumber);
    this.#table.place(block, this.#arenaOf.arena);
    this.#open = block;
    this.#used = block.start;
  }

  /** The rest of an arena serves the next block while it is at least half. */
  #makeRoom(need: number): void {
    const { buffer, used } = this.#arenaOf.arena;
    const wanted = used === 0 ? need : Math.max(need, blockBytes / 2);
    if (wanted <= buffer.length - used) return;
    const { arenas } = this.#table;
    arenas.close(this.#arenaOf.arena);
    this.#arenaOf.arena = arenas.take(need);
  }

  /** Seals the open block, if there is one. */
  endBlock(endFlags: number): void {
    const block = this.#open;
    if (block?.buffer === undefined) return;
    const flags = this.#blocks.length === 0 ? endFlags | blockFlags.groupBegin : endFlags;
    const segment = this.#segment;
    this.#open = undefined;
    this.#arenaOf.arena.used = this.#used;
    block.length = this.#used - block.start;
    const { number, length } = block;
    const plaintext = block.buffer.subarray(block.start, this.#used);
    const header = { number, flags, length, durable: this.durable };
    const [clear, sealed] = sealBlock(segment.key, header, plaintext);
    segment.offsets[number] = this.offset;
    segment.lengths[number] = length;
    segment.lastOffset = this.offset;
    this.offset += blockHeaderBytes + length;
    this.#chunks.push(clear, sealed);
    this.#blocks.push(block);
    this.groupBytes += length;
    if ((flags & blockFlags.segmentEnd) === 0) return;
    const tag = Buffer.from(clear.subarray(blockHeaderBytes - 16));
    segment.end = { segment: segment.number, blocks: number, tag };
  }

  /** Ends the open group, which may be empty: a block then only marks its end. */
  endGroup(number: number, flags: number, isMarker: boolean): Group {
    if (this.#open === undefined) this.#beginBlock(0);
    this.endBlock(blockFlags.groupEnd | flags);
    const end = pageAfter(this.offset);
    this.#chunks.push(Buffer.alloc(end - this.offset));
    const group: Group = {
      number,
      segment: this.#segment,
      offset: this.#groupOffset,
      chunks: this.#chunks,
      sizeBytes: end - this.#groupOffset,
      blocks: this.#blocks,
      lastBlock: this.blockNumber,
      isFirst: this.isFirstGroup,
      isLast: (flags & blockFlags.segmentEnd) !== 0,
      isMarker,
    };
    this.#chunks = [];
    this.#blocks = [];
    this.groupBytes = 0;
    this.#groupOffset = end;
    this.offset = end;
    this.isFirstGroup = false;
    return group;
  }
}
