// Writing of a compacted segment.

import { assert } from '../../base/assert.ts';
import { CounterSealer } from '../../crypto/aead.ts';
import { type DiskFile, fromCallback } from '../disk.ts';
import { blockBytes } from '../log/block.ts';
import type { LiveSegment } from '../log/live-segment.ts';
import {
  encodeBlocks,
  logRecordTypes,
  recordHeaderBytes,
  writeRecordHeader,
} from '../log/records.ts';
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
} from '../log/segment.ts';
import type { SegmentFiles } from '../log/segment-files.ts';
import type { RecordSink } from '../log-owner.ts';

/** Amount of plaintext that is written and synced at a time. */
const groupBytesMax = 1024 * 1024;
/** The durable position in the blocks of a compacted segment. It is not used. */
const nowhere = { segment: 0, blocks: 0 };

/** Bytes of a large record that are sealed in a turn of the event loop. */
const sealedBytes = 1024 * 1024;

/** The position of a copied record. */
export interface Place {
  readonly block: number;
  /** The offset of its payload in the plaintext of the block. */
  readonly offset: number;
}

/** Writes a compacted segment: records in blocks, and blocks in groups, each of which is synced. */
export class CompactedFile implements RecordSink {
  at = 0;
  readonly segment: LiveSegment;
  readonly #files: SegmentFiles;
  readonly #sealer: CounterSealer;
  #file: DiskFile | undefined = undefined;
  /** The plaintext of the open block, and its used size. */
  #buffer: Buffer;
  #used = 0;
  #isOpen = false;
  #number = 0;
  /** Sealed blocks that are not written yet, and their file offset. */
  #chunks: Buffer[];
  #writtenEnd = 0;
  #sealedEnd = pageBytes;
  #groupBytes = 0;
  #isGroupBegun = false;

  /** @param segment an empty segment */
  constructor(files: SegmentFiles, segment: LiveSegment) {
    this.#files = files;
    this.segment = segment;
    this.#sealer = new CounterSealer(segment.key);
    this.#buffer = Buffer.allocUnsafeSlow(blockBytes);
    this.#chunks = [encodeSegmentHeader(segment.key, segment.header)];
  }

  /** The current size of the file, bytes. */
  get sizeBytes(): number {
    return this.#sealedEnd + this.#used;
  }

  reserve(type: number, size: number): { readonly buffer: Buffer } {
    const need = recordHeaderBytes + size;
    if (!this.#isOpen || this.#used + need > this.#buffer.length) this.#beginBlock(need);
    this.at = writeRecordHeader(this.#buffer, this.#used, type, size);
    this.#used += need;
    return { buffer: this.#buffer };
  }

  /** Copies a record, whose payload is between two offsets. */
  add(type: number, buffer: Buffer, start: number, end: number): Place {
    const to = this.reserve(type, end - start).buffer;
    buffer.copy(to, this.at, start, end);
    return { block: this.#number, offset: this.at };
  }

  /** Begins the block of a large record, which {@link sealLarge} completes. */
  beginLarge(): Place {
    if (this.#isOpen) this.#endBlock(0);
    return { block: ++this.#number, offset: recordHeaderBytes };
  }

  /**
   * Adds a large record, whose payload is between two offsets: it is not copied, and is sealed in
   * slices, one in each turn of the event loop.
   */
  async sealLarge(type: number, buffer: Buffer, start: number, end: number): Promise<void> {
    const head = Buffer.alloc(recordHeaderBytes);
    writeRecordHeader(head, 0, type, end - start);
    const header = this.#nextHeader(recordHeaderBytes + end - start, 0);
    const [clear, sealer] = beginBlock(this.#sealer, header);
    this.#chunks.push(clear, sealer.add(head));
    for (let at = start; at < end; at += sealedBytes) {
      this.#chunks.push(sealer.add(buffer.subarray(at, Math.min(at + sealedBytes, end))));
      await new Promise(setImmediate);
    }
    sealer.end(clear.subarray(blockHeaderBytes - 16));
    this.#sealed(header, clear);
  }

  /** The last copy, valid until the next one. */
  get copy(): { readonly buffer: Buffer; readonly start: number } {
    return { buffer: this.#buffer, start: this.at };
  }

  #beginBlock(need: number): void {
    if (this.#isOpen) this.#endBlock(0);
    this.#isOpen = true;
    this.#number++;
    const size = Math.max(need, blockBytes);
    if (this.#buffer.length !== size) this.#buffer = Buffer.allocUnsafeSlow(size);
  }

  #endBlock(endFlags: number): void {
    const header = this.#nextHeader(this.#used, endFlags);
    const plaintext = this.#buffer.subarray(0, header.length);
    assert(plaintext.length === header.length, 'a compacted block is longer than its buffer');
    const [clear, sealed] = sealBlock(this.#sealer, header, plaintext);
    this.#chunks.push(clear, sealed);
    this.#isOpen = false;
    this.#used = 0;
    this.#sealed(header, clear);
  }

  /** The header of the last block. */
  #nextHeader(length: number, endFlags: number): BlockHeader {
    this.#groupBytes += length;
    let flags = endFlags;
    if (this.#groupBytes >= groupBytesMax) flags |= blockFlags.groupEnd;
    if (!this.#isGroupBegun) flags |= blockFlags.groupBegin;
    this.#isGroupBegun = true;
    return { number: this.#number, flags, length, durable: nowhere };
  }

  /** Counts the last block, whose chunks are complete. */
  #sealed({ number, flags, length }: BlockHeader, clear: Buffer): void {
    const { segment } = this;
    segment.offsets[number] = this.#sealedEnd;
    segment.lengths[number] = length;
    segment.lastOffset = this.#sealedEnd;
    this.#sealedEnd += blockHeaderBytes + length;
    if ((flags & blockFlags.segmentEnd) !== 0) {
      const tag = Buffer.from(clear.subarray(blockHeaderBytes - 16));
      segment.end = { segment: segment.number, blocks: number, tag };
    }
    if ((flags & blockFlags.groupEnd) !== 0) this.#endGroup();
  }

  #endGroup(): void {
    const end = pageAfter(this.#sealedEnd);
    this.#chunks.push(zeroPage.subarray(0, end - this.#sealedEnd));
    this.#sealedEnd = end;
    this.#groupBytes = 0;
    this.#isGroupBegun = false;
  }

  /** Whether there are groups to write. */
  get isGroupReady(): boolean {
    return !this.#isGroupBegun && this.#chunks.length > 1;
  }

  /** Writes and syncs the completed groups. */
  async write(): Promise<void> {
    this.#file ??= await this.#files.create(this.segment.number);
    const file = this.#file;
    const chunks = this.#chunks;
    const offset = this.#writtenEnd;
    this.#chunks = [];
    this.#writtenEnd = this.#sealedEnd;
    await fromCallback((done) => file.writeThrough(offset, chunks, done));
  }

  /**
   * Starts the index, in blocks of its own, with the positions of the blocks. Everything that
   * {@link reserve} appends from now on belongs to the index.
   */
  beginIndex(): void {
    if (this.#isOpen) this.#endBlock(0);
    const { segment } = this;
    const payload = encodeBlocks(segment, this.#number);
    const [offset, firstBlock] = [this.#sealedEnd, this.#number + 1];
    payload.copy(this.reserve(logRecordTypes.blocks, payload.length).buffer, this.at);
    segment.index = { segment: segment.number, offset, firstBlock, blockCount: 0 };
  }

  /** Completes the segment. Its contents and its name are on disk when this resolves. */
  async end(): Promise<void> {
    const { segment } = this;
    this.#endBlock(blockFlags.groupEnd | blockFlags.segmentEnd);
    if (segment.index !== undefined) {
      const blockCount = this.#number - segment.index.firstBlock + 1;
      segment.index = { ...segment.index, blockCount };
    }
    await this.write();
    await this.#files.finish(segment.number);
    this.#file = undefined;
    await this.#files.syncFolder();
  }

  /** Removes the file. */
  async discard(): Promise<void> {
    if (this.#file !== undefined) await this.#files.finish(this.segment.number);
    if (this.#writtenEnd > 0) await this.#files.retire(this.segment.number);
  }
}
