// Appending of records to blocks and groups.

import { assert } from '../../base/assert.ts';
import { readU32 } from '../../base/bytes.ts';
import { CounterSealer, type PieceSealer } from '../../crypto/aead.ts';
import type { Position } from '../volume.ts';
import { type Arena, blockBytes, type LogBlock, largeRecordBytes } from './block.ts';
import type { BlockTable } from './block-table.ts';
import type { Group } from './group-writer.ts';
import type { LiveSegment } from './live-segment.ts';
import { logRecordTypes, type PartKind, recordHeaderBytes, writeRecordHeader } from './records.ts';
import {
  type BlockHeader,
  beginBlock,
  blockFlags,
  blockHeaderBytes,
  encodeSegmentHeader,
  pageAfter,
  pageBytes,
  sealBlock,
  zeroPage,
} from './segment.ts';

/** Size of the record that begins each block of a part. */
const partMarkBytes = recordHeaderBytes + 1;

/** The owner of the records, which decides which ones are still needed; see {@link LogOwner}. */
export interface RecordKeeper {
  pruneBeforeSeal?(type: number, buffer: Buffer, start: number, offset: number): boolean;
}

/**
 * Maximum size of the unsealed blocks in the open group, from which settled records can still be
 * removed.
 */
const unsealedBytesMax = 8 * 1024 * 1024;
/**
 * Maximum size of the unsealed blocks within a batch that takes several turns. It is smaller because
 * the rest is sealed in one turn at the end of the batch.
 */
const unsealedBytesOfBatch = 1024 * 1024;
/** Bytes that are sealed at once while too much is unsealed; the last block may exceed them. */
const excessBytesMax = 1024 * 1024;

/** A large block that is being sealed in pieces. */
interface OpenSeal {
  readonly block: LogBlock;
  readonly header: BlockHeader;
  /** The encoded header; the tag is set at the end. */
  readonly clear: Buffer;
  readonly sealer: PieceSealer;
  readonly pieces: Buffer[];
  sealedBytes: number;
}

/**
 * Appends records to blocks, seals the blocks, and collects them in the open group. Blocks are
 * sealed as late as possible, and records that have been settled by then are not written.
 */
export class Appender {
  readonly #table: BlockTable;
  readonly #segment: LiveSegment;
  readonly #arenaOf: { arena: Arena };
  readonly #keeper: RecordKeeper;
  readonly #sealer: CounterSealer;
  #open: LogBlock | undefined = undefined;
  #used = 0;
  #chunks: Buffer[];
  #blocks: LogBlock[] = [];
  /** The number of sealed blocks in the open group, and the size of the unsealed ones. */
  #sealedCount = 0;
  #unsealedBytes = 0;
  #openSeal: OpenSeal | undefined = undefined;
  /** The number of unsealed blocks of large records in the open group. */
  #largeCount = 0;
  #sealedEnd = pageBytes;
  #groupOffset = 0;
  /** The kind of the current part; undefined for ordinary records. */
  #part: PartKind | undefined = undefined;
  #partBlocks: number[] = [];
  /** Size of the markers in the open group: {@link partMarkBytes} for each block of a part. */
  #markBytes = 0;
  /** The number of the last block. */
  blockNumber = 0;
  /** The position that is known to be synced. Each block states it. */
  durable: Position = { segment: 0, blocks: 0 };
  /** Size of the full blocks in the open group. */
  groupBytes = 0;
  /** Whether the open group is the first of the segment. */
  isFirstGroup = true;
  /** The offset of the last payload in its block's buffer. */
  at = 0;

  /**
   * @param segment an empty segment; its header page is written with the first group
   * @param arenaOf contains the current arena, which the next appender continues to use
   */
  constructor(
    table: BlockTable,
    segment: LiveSegment,
    arenaOf: { arena: Arena },
    keeper: RecordKeeper,
  ) {
    this.#table = table;
    this.#segment = segment;
    this.#arenaOf = arenaOf;
    this.#keeper = keeper;
    this.#sealer = new CounterSealer(segment.key);
    this.#chunks = [encodeSegmentHeader(segment.key, segment.header)];
  }

  /**
   * The file offset of the next block; the actual offset is lower if earlier records are removed.
   */
  get offset(): number {
    const blockCount = this.#blocks.length - this.#sealedCount;
    return this.#sealedEnd + this.#unsealedBytes + blockCount * blockHeaderBytes;
  }

  /** Whether the open group is empty. */
  get isEmpty(): boolean {
    return this.#open === undefined && this.#blocks.length === 0;
  }

  /** The file offset of the end of the open block. */
  get end(): number {
    const start = this.#open?.start ?? this.#used;
    return this.offset + this.#used - start;
  }

  /** Whether the open block has room for a number of bytes. */
  hasRoom(bytes: number): boolean {
    return this.#open !== undefined && this.#used + bytes <= this.#arenaOf.arena.buffer.length;
  }

  /**
   * Appends a record to the open block, or to a new one.
   *
   * @param size the size of its payload, which the caller writes afterwards
   */
  append(type: number, size: number): LogBlock {
    const need = size + recordHeaderBytes;
    if (!this.hasRoom(need)) this.#beginBlock(need);
    const block = this.#open;
    assert(block !== undefined, 'a record has no block');
    const at = this.#used;
    this.at = writeRecordHeader(block.buffer, at, type, size);
    this.#used = at + need;
    return block;
  }

  #beginBlock(need: number): void {
    this.#endBlock();
    this.#makeRoom(this.#part === undefined ? need : need + partMarkBytes);
    const slot = this.#table.take(this.#segment, ++this.blockNumber);
    const block = this.#table.place(slot, this.#arenaOf.arena);
    this.#open = block;
    this.#used = block.start;
    if (this.#part !== undefined) this.#markPart(block, this.#part);
  }

  /** Marks a block of a part, so that the replay of ordinary records skips it. */
  #markPart(block: LogBlock, part: PartKind): void {
    const at = writeRecordHeader(block.buffer, this.#used, logRecordTypes.part, 1);
    block.buffer[at] = part;
    this.#used = at + 1;
    this.#markBytes += partMarkBytes;
    this.#partBlocks.push(block.number);
  }

  /** Starts a part: records go to separate, marked blocks until {@link endPart}. */
  beginPart(part: PartKind): void {
    this.#endBlock();
    this.#part = part;
    this.#partBlocks = [];
  }

  /** Ends a part, and returns the numbers of its blocks. */
  endPart(): readonly number[] {
    this.#endBlock();
    this.#part = undefined;
    return this.#partBlocks;
  }

  /** Reuses the rest of an arena for the next block if it is at least half of it. */
  #makeRoom(need: number): void {
    const { buffer, used } = this.#arenaOf.arena;
    const wanted = used === 0 ? need : Math.max(need, blockBytes / 2);
    if (wanted <= buffer.length - used) return;
    const { arenas } = this.#table;
    arenas.close(this.#arenaOf.arena);
    this.#arenaOf.arena = arenas.take(need, true);
  }

  /** Ends the open block, if there is one. It is sealed later. */
  #endBlock(): void {
    const block = this.#open;
    if (block === undefined) return;
    this.#open = undefined;
    this.#arenaOf.arena.used = this.#used;
    block.length = this.#used - block.start;
    block.heldBytes = block.length;
    if (block.heldBytes > largeRecordBytes) this.#largeCount++;
    this.#blocks.push(block);
    this.groupBytes += block.length;
    this.#unsealedBytes += block.length;
  }

  /**
   * Seals some blocks if too much is unsealed, up to the block of a large record. Plaintext may move, so
   * within a batch this may be called only at a pause between two turns.
   */
  sealExcess(isInBatch = false): void {
    const bytesMax = isInBatch ? unsealedBytesOfBatch : unsealedBytesMax;
    // There can be much more behind a large record, which is sealed in slices.
    for (let left = excessBytesMax; left > 0 && this.#unsealedBytes > bytesMax; ) {
      if (this.#isLargeNext) return;
      left -= this.#blocks[this.#sealedCount]?.heldBytes ?? 0;
      this.#sealNext(0);
    }
  }

  /**
   * Whether the open group must be sealed in several turns before it or its segment ends: it contains
   * large records, or much that waited behind them.
   */
  get needsSlices(): boolean {
    const isLargeOpen =
      this.#open !== undefined && this.#used - this.#open.start > largeRecordBytes;
    return this.#largeCount > 0 || isLargeOpen || this.#unsealedBytes > unsealedBytesMax;
  }

  /** Whether {@link sealSome} must wait for a record that is not complete. */
  get mustWait(): boolean {
    return (this.#blocks[this.#sealedCount] ?? this.#open)?.isFilling === true;
  }

  get #isLargeNext(): boolean {
    return (this.#blocks[this.#sealedCount]?.heldBytes ?? 0) > largeRecordBytes;
  }

  /** Seals some bytes of the open group while it {@link needsSlices}. Not called in a batch. */
  sealSome(bytesMax: number): void {
    for (let left = bytesMax; this.needsSlices && left > 0; ) {
      if (this.#sealedCount === this.#blocks.length) this.#endBlock();
      const block = this.#blocks[this.#sealedCount];
      if (block === undefined || block.isFilling) return;
      const isLarge = this.#isLargeNext;
      left -= isLarge ? this.#sealPiece(block, left) : block.heldBytes;
      if (!isLarge) this.#sealNext(0);
    }
  }

  /** Seals all blocks of the open group, which continues with a new one. */
  seal(): void {
    this.#endBlock();
    while (this.#sealedCount < this.#blocks.length) this.#sealNext(0);
  }

  #sealNext(endFlags: number): void {
    const block = this.#blocks[this.#sealedCount];
    assert(block !== undefined, 'a group has fewer blocks than it counts');
    block.filling?.copy(Infinity);
    if (this.#openSeal !== undefined) {
      assert(endFlags === 0, 'the header of a block is sealed and must end its group');
      this.#sealPiece(block, Infinity);
      return;
    }
    const header = this.#fix(block, endFlags);
    const plaintext = block.buffer.subarray(block.start, block.start + header.length);
    const [clear, sealed] = sealBlock(this.#sealer, header, plaintext);
    this.#chunks.push(clear, sealed);
    this.#sealed(block, header, clear);
  }

  /** Seals a part of the next block, which is large. Returns its size, and more than 0. */
  #sealPiece(block: LogBlock, bytesMax: number): number {
    this.#openSeal ??= this.#beginSeal(block);
    const { header, clear, sealer, pieces, sealedBytes } = this.#openSeal;
    const size = Math.min(bytesMax, header.length - sealedBytes);
    const at = block.start + sealedBytes;
    if (size > 0) pieces.push(sealer.add(block.buffer.subarray(at, at + size)));
    this.#openSeal.sealedBytes += size;
    if (this.#openSeal.sealedBytes < header.length) return size;
    this.#openSeal = undefined;
    sealer.end(clear.subarray(blockHeaderBytes - 16));
    this.#chunks.push(clear, ...pieces);
    this.#sealed(block, header, clear);
    return size + blockHeaderBytes;
  }

  #beginSeal(block: LogBlock): OpenSeal {
    const header = this.#fix(block, 0);
    const [clear, sealer] = beginBlock(this.#sealer, header);
    return { block, header, clear, sealer, pieces: [], sealedBytes: 0 };
  }

  /** Makes the contents of the next block final, and returns its header. */
  #fix(block: LogBlock, endFlags: number): BlockHeader {
    const flags = this.#sealedCount === 0 ? endFlags | blockFlags.groupBegin : endFlags;
    if (block.hasDead) this.#removeDead(block, block.buffer);
    block.isSealed = true;
    return { number: block.number, flags, length: block.length, durable: this.durable };
  }

  /** Counts the next block, whose chunks are complete. */
  #sealed(block: LogBlock, { number, flags, length }: BlockHeader, clear: Buffer): void {
    const segment = this.#segment;
    this.#sealedCount++;
    this.#unsealedBytes -= block.heldBytes;
    if (block.heldBytes > largeRecordBytes) this.#largeCount--;
    segment.offsets[number] = this.#sealedEnd;
    segment.lengths[number] = length;
    segment.lastOffset = this.#sealedEnd;
    this.#sealedEnd += blockHeaderBytes + length;
    if ((flags & blockFlags.segmentEnd) === 0) return;
    const tag = Buffer.from(clear.subarray(blockHeaderBytes - 16));
    segment.end = { segment: segment.number, blocks: number, tag };
  }

  /** Prepares the next seal. Call it when the process is idle. */
  prepare(): void {
    this.#sealer.prepare();
  }

  /** Removes the records of a block that are no longer needed. */
  #removeDead(block: LogBlock, buffer: Buffer): void {
    const keeper = this.#keeper;
    const { start: begin, length, isFixed } = block;
    const end = begin + length;
    let to = begin;
    for (let from = begin; from < end; ) {
      const start = from + recordHeaderBytes;
      const next = start + readU32(buffer, from + 1);
      const target = (isFixed ? from : to) + recordHeaderBytes - begin;
      const isKept = keeper.pruneBeforeSeal?.(buffer[from] ?? 0, buffer, start, target) ?? true;
      if (isKept || isFixed) {
        if (to !== from) buffer.copyWithin(to, from, next);
        to += next - from;
      }
      from = next;
    }
    block.length = to - begin;
  }

  /** Ends the open group. If all its blocks are sealed, an empty block marks the end. */
  endGroup(number: number, flags: number): Group {
    if (this.#openSeal !== undefined) this.#sealNext(0);
    if (this.#open === undefined && this.#sealedCount === this.#blocks.length) this.#beginBlock(0);
    this.#endBlock();
    while (this.#sealedCount < this.#blocks.length - 1) this.#sealNext(0);
    this.#sealNext(blockFlags.groupEnd | flags);
    const end = pageAfter(this.#sealedEnd);
    this.#chunks.push(zeroPage.subarray(0, end - this.#sealedEnd));
    const group: Group = {
      number,
      segment: this.#segment,
      offset: this.#groupOffset,
      chunks: this.#chunks,
      sizeBytes: end - this.#groupOffset,
      blocks: this.#blocks,
      reservedBytes: this.groupBytes - this.#markBytes,
      lastBlock: this.blockNumber,
      isFirst: this.isFirstGroup,
      isLast: (flags & blockFlags.segmentEnd) !== 0,
    };
    this.#chunks = [];
    this.#blocks = [];
    this.#sealedCount = 0;
    this.groupBytes = 0;
    this.#markBytes = 0;
    this.#groupOffset = end;
    this.#sealedEnd = end;
    this.isFirstGroup = false;
    return group;
  }
}
