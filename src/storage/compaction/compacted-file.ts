import { CounterSealer } from '../../crypto/aead.ts';
import { answered, type DiskFile } from '../disk.ts';
import { blockBytes } from '../log/block.ts';
import type { LiveSegment } from '../log/live-segment.ts';
import {
  encodeBlocks,
  logRecordTypes,
  recordHeaderBytes,
  writeRecordHeader,
} from '../log/records.ts';
import {
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

/** Plaintext that is written and synced at a time. */
const groupBytesMax = 1024 * 1024;
/** What the blocks of a compacted segment say of the log: nothing. */
const nowhere = { segment: 0, blocks: 0 };

/** Where a record was copied to. */
export interface Place {
  readonly block: number;
  /** Where its payload begins in the plaintext of that block. */
  readonly offset: number;
}

/** Writes a compacted segment: records in blocks, blocks in groups, each group synced when written. */
export class CompactedFile implements RecordSink {
  at = 0;
  readonly segment: LiveSegment;
  readonly #files: SegmentFiles;
  readonly #sealer: CounterSealer;
  #file: DiskFile | undefined = undefined;
  /** The plaintext of the open block, and how much of it is used. */
  #buffer: Buffer;
  #used = 0;
  #isOpen = false;
  #number = 0;
  /** Sealed and not yet written, from an offset of the file. */
  #chunks: Buffer[];
  #writtenEnd = 0;
  #sealedEnd = pageBytes;
  #groupBytes = 0;
  #isGroupBegun = false;

  /** @param segment empty */
  constructor(files: SegmentFiles, segment: LiveSegment) {
    this.#files = files;
    this.segment = segment;
    this.#sealer = new CounterSealer(segment.key);
    this.#buffer = Buffer.allocUnsafeSlow(blockBytes);
    this.#chunks = [encodeSegmentHeader(segment.key, segment.header)];
  }

  /** Bytes of the file so far. */
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

  /** Copies a record; its payload lies between two positions. */
  add(type: number, buffer: Buffer, start: number, end: number): Place {
    const to = this.reserve(type, end - start).buffer;
    buffer.copy(to, this.at, start, end);
    return { block: this.#number, offset: this.at };
  }

  /** The copy that was added last, until the next one is. */
  get copy(): { readonly buffer: Buffer; readonly start: number } {
    return { buffer: this.#buffer, start: this.at };
  }

  #beginBlock(need: number): void {
    if (this.#isOpen) this.#endBlock(0);
    this.#isOpen = true;
    this.#number++;
    if (need > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(need);
    else if (this.#buffer.length > blockBytes) this.#buffer = Buffer.allocUnsafeSlow(blockBytes);
  }

  #endBlock(endFlags: number): void {
    const { segment } = this;
    const number = this.#number;
    const length = this.#used;
    this.#groupBytes += length;
    let flags = endFlags;
    if (this.#groupBytes >= groupBytesMax) flags |= blockFlags.groupEnd;
    if (!this.#isGroupBegun) flags |= blockFlags.groupBegin;
    this.#isGroupBegun = true;
    const header = { number, flags, length, durable: nowhere };
    const [clear, sealed] = sealBlock(this.#sealer, header, this.#buffer.subarray(0, length));
    segment.offsets[number] = this.#sealedEnd;
    segment.lengths[number] = length;
    segment.lastOffset = this.#sealedEnd;
    this.#sealedEnd += blockHeaderBytes + length;
    this.#chunks.push(clear, sealed);
    this.#isOpen = false;
    this.#used = 0;
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

  /** Whether groups are to be written. */
  get isGroupReady(): boolean {
    return !this.#isGroupBegun && this.#chunks.length > 1;
  }

  /** Writes and syncs the groups that have ended. */
  async write(): Promise<void> {
    this.#file ??= await this.#files.create(this.segment.number);
    const file = this.#file;
    const chunks = this.#chunks;
    const offset = this.#writtenEnd;
    this.#chunks = [];
    this.#writtenEnd = this.#sealedEnd;
    await answered((done) => file.writeThrough(offset, chunks, done));
  }

  /**
   * Begins the index, in blocks of its own, with where the blocks lie; what {@link reserve} appends
   * from now on belongs to it.
   */
  beginIndex(): void {
    if (this.#isOpen) this.#endBlock(0);
    const { segment } = this;
    const payload = encodeBlocks(segment, this.#number);
    const [offset, firstBlock] = [this.#sealedEnd, this.#number + 1];
    payload.copy(this.reserve(logRecordTypes.blocks, payload.length).buffer, this.at);
    segment.index = { segment: segment.number, offset, firstBlock, blockCount: 0 };
  }

  /** Ends the segment; all of it is on the disk when this resolves, its name too. */
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

  /** Removes the file again. */
  async discard(): Promise<void> {
    if (this.#file !== undefined) await this.#files.finish(this.segment.number);
    if (this.#writtenEnd > 0) await this.#files.retire(this.segment.number);
  }
}
