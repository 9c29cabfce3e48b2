// Reading of segments during recovery.

import { BytesError } from '../../base/bytes.ts';
import { diskFailed, StorageError } from '../errors.ts';
import type { Volume } from '../volume.ts';
import { largeRecordBytes } from './block.ts';
import { readWatermark, type WatermarkPosition, watermarkFile } from './durable-watermark.ts';
import { LiveSegment } from './live-segment.ts';
import type { TableEntry } from './records.ts';
import {
  blockFlags,
  blockHeaderBytes,
  blockTag,
  decodeSegmentHeader,
  type End,
  noEnd,
  openBlock,
  openLargeBlock,
  pageBytes,
  type SegmentHeader,
} from './segment.ts';
import { type SegmentFiles, segmentFile } from './segment-files.ts';
import { type ReadBlock, SegmentReader } from './segment-reader.ts';

/**
 * Reads the segments of a volume, and distinguishes a torn write, which is discarded, from damage.
 */
export class Recovery {
  readonly #volume: Volume;
  readonly #files: SegmentFiles;
  /** The header of a later segment in which nothing was confirmed. */
  #successor: SegmentHeader | undefined = undefined;
  /** The position up to which the log is known to be synced. */
  #watermark: WatermarkPosition = { generation: 0, epoch: 0, segment: 0, blocks: 0 };

  constructor(volume: Volume, files: SegmentFiles) {
    this.#volume = volume;
    this.#files = files;
  }

  /** Whether the volume was closed cleanly. */
  get isClosed(): boolean {
    return this.#volume.header.state === 'closed';
  }

  /**
   * The segment with which recovery begins; undefined if nothing was ever confirmed.
   *
   * @param segments the numbers of existing segments, ascending
   * @throws {StorageError} `volume-rolled-back`, `volume-damaged`
   */
  async start(segments: readonly number[]): Promise<LiveSegment | undefined> {
    const { state, position, epoch } = this.#volume.header;
    const later = segments.filter((segment) => segment > position.segment);
    const laterMax = state === 'open' ? 1 : 0;
    if (later.length > laterMax || (later[0] ?? position.segment + 1) !== position.segment + 1) {
      throw this.#rolledBack(`${segmentFile(later.at(-1) ?? 0)} was written after it`);
    }
    if (later[0] !== undefined) await this.#readSuccessor(later[0]);
    await this.#readWatermark();
    if (position.segment === 0) return undefined;
    const segment = await this.open(position.segment);
    const isRightMount = position.blocks > 0 || segment.header.epoch === epoch;
    if (segment.header.epoch > epoch || !isRightMount) {
      throw this.#rolledBack(`${segmentFile(segment.number)} is of mount ${segment.header.epoch}`);
    }
    return segment;
  }

  #rolledBack(reason: string): StorageError {
    const { folder, header } = this.#volume;
    return new StorageError(
      'volume-rolled-back',
      `${folder}/volume says mount ${header.epoch}, segment ${header.position.segment}; ${reason}`,
    );
  }

  /**
   * The watermark of a mount is written before its header, and the header names a segment before
   * the watermark does.
   */
  async #readWatermark(): Promise<void> {
    const { epoch, position } = this.#volume.header;
    const mark = await readWatermark(this.#volume);
    if (mark === undefined) return;
    if (mark.epoch < epoch) throw this.#rolledBack(`${watermarkFile} is of mount ${mark.epoch}`);
    if (mark.segment > position.segment) {
      throw this.#rolledBack(
        `${watermarkFile} says that ${segmentFile(mark.segment)} was confirmed`,
      );
    }
    this.#watermark = mark;
  }

  /** The last block of a segment that is known to be synced. */
  blocksMarked(segment: number): number {
    return this.#watermark.segment === segment ? this.#watermark.blocks : 0;
  }

  /** Opens a segment and reads its header page. */
  async open(segment: number): Promise<LiveSegment> {
    const page = await this.#files.read(segment, 0, pageBytes).catch((cause) => {
      if (cause.code !== 'ENOENT') throw cause;
      throw this.damage(segment, 'is missing', { cause });
    });
    const found = decodeSegmentHeader(this.#volume, page, segment);
    if (found === undefined) throw this.damage(segment, 'does not begin as it was written');
    return new LiveSegment(found.header, found.key);
  }

  reader(
    segment: LiveSegment,
    offset?: number,
    number?: number,
    windowBytes?: number,
  ): SegmentReader {
    const read = (at: number, size: number) => this.#files.read(segment.number, at, size);
    return new SegmentReader(segment.key, read, offset, number, windowBytes);
  }

  damage(segment: number, what: string, options?: ErrorOptions): StorageError {
    const file = this.#volume.path(segmentFile(segment));
    return new StorageError('volume-damaged', `${file} ${what}`, options);
  }

  /**
   * Converts the error for an invalid record to damage; other errors are returned unchanged.
   *
   * @param start the offset of the payload in the plaintext of the block
   */
  brokenRecord(segment: number, block: ReadBlock, start: number, cause: unknown): unknown {
    const isInvalid = cause instanceof StorageError && cause.code === 'record-invalid';
    if (!isInvalid && !(cause instanceof BytesError)) return cause;
    const at = block.offset + blockHeaderBytes + start;
    const what = `has a broken record at byte ${at} in block ${block.number}: ${cause.message}`;
    return this.damage(segment, what, { cause });
  }

  /**
   * The error for an invalid record at a known position; a block without a segment is only in
   * memory.
   */
  brokenPlace(home: LiveSegment | undefined, block: number, offset: number): StorageError {
    if (home === undefined) {
      const what = `a record that is in memory only is damaged at offset ${offset} of its block`;
      return new StorageError('volume-damaged', what);
    }
    const at = (home.offsets[block] ?? 0) + blockHeaderBytes + offset;
    return this.damage(home.number, `has a broken record at byte ${at} in block ${block}`);
  }

  /** Converts an error to an error of the storage. */
  failed(doing: string, cause: unknown): StorageError {
    if (cause instanceof StorageError) return cause;
    return diskFailed(doing, cause);
  }

  /**
   * Reads the complete groups of the first segment of recovery, and finds its end.
   *
   * @param take called for each group, in order
   * @throws {StorageError} `volume-damaged`, `volume-rolled-back`
   */
  async readGroups(
    segment: LiveSegment,
    take: (blocks: readonly ReadBlock[]) => Promise<void>,
  ): Promise<void> {
    const { position, endTag } = this.#volume.header;
    const blocksMax = position.blocks === 0 ? Infinity : position.blocks;
    const reader = this.reader(segment);
    let group: ReadBlock[] = [];
    let end: End = noEnd;
    while (end.blocks < blocksMax) {
      const block = await reader.next();
      if (block === undefined) break;
      group.push(block);
      if ((block.flags & blockFlags.groupEnd) === 0) continue;
      await take(group);
      end = { segment: segment.number, blocks: block.number, tag: block.tag };
      segment.lastOffset = block.offset;
      group = [];
      if ((block.flags & blockFlags.segmentEnd) !== 0) break;
    }
    segment.end = end;
    if (position.blocks > 0) this.#checkEnd(reader, end, endTag);
    const blocksMarked = this.blocksMarked(segment.number);
    if (end.blocks < blocksMarked) {
      throw this.damage(
        segment.number,
        `ends with block ${end.blocks}; ${watermarkFile} says that ${blocksMarked} were synced`,
      );
    }
    if (position.blocks === 0) await this.#checkCut(segment, reader, end);
  }

  /** The segment was closed or cut before, so it must be unchanged up to that point. */
  #checkEnd(reader: SegmentReader, end: End, endTag: Buffer): void {
    const { blocks, segment } = this.#volume.header.position;
    if (end.blocks !== blocks) {
      throw this.damage(segment, `is damaged at byte ${reader.offset}: block ${reader.number}`);
    }
    if (!end.tag.equals(endTag)) throw this.#rolledBack(`${segmentFile(segment)} is another`);
  }

  /** Unconfirmed data may be discarded; confirmed data that does not open is damage. */
  async #checkCut(segment: LiveSegment, reader: SegmentReader, end: End): Promise<void> {
    const { offset, number } = reader;
    const damaged = () =>
      this.damage(segment.number, `is damaged at byte ${offset}: block ${number}`);
    if (end.blocks === 0) throw damaged();
    if ((this.#successor?.predecessor.blocks ?? 0) > end.blocks) throw damaged();
    const size = await this.#files.using(segment.number, async (file) => file.sizeBytes);
    for (;;) {
      const later = await reader.nextGroup(size);
      if (later === undefined) return;
      const { durable } = later;
      if (isLaterGroup(later, number)) throw damaged();
      if (durable.segment === segment.number && durable.blocks >= number) throw damaged();
    }
  }

  /** If anything in the later segment were confirmed, recovery would begin there. */
  async #readSuccessor(segment: number): Promise<void> {
    const page = await this.#files.read(segment, 0, pageBytes);
    const found = decodeSegmentHeader(this.#volume, page, segment);
    if (found === undefined) return;
    this.#successor = found.header;
    const size = await this.#files.using(segment, async (file) => file.sizeBytes);
    const reader = this.reader(new LiveSegment(found.header, found.key), 0);
    for (;;) {
      const block = await reader.nextGroup(size);
      if (block === undefined) return;
      if (block.durable.segment >= segment || isLaterGroup(block, 1)) {
        throw this.#rolledBack(`${segmentFile(segment)} was confirmed after it`);
      }
    }
  }

  /** Opens an older segment that is named in a table. */
  async openListed(entry: TableEntry): Promise<LiveSegment> {
    const { segment: number } = entry.end;
    const segment = await this.open(number);
    const header = await this.#files.read(number, entry.lastOffset, blockHeaderBytes);
    const isSame = header.length === blockHeaderBytes && blockTag(header, 0).equals(entry.end.tag);
    if (!isSame) throw this.#rolledBack(`${segmentFile(number)} does not end as it did`);
    // The tag could have been copied. A block that opens proves that the segment's key is the same.
    const { lastOffset, end } = entry;
    const last = await this.reader(segment, lastOffset, end.blocks, pageBytes).next();
    if (last === undefined) {
      throw this.damage(number, `is damaged at byte ${lastOffset}: its last block`);
    }
    segment.end = entry.end;
    segment.lastOffset = entry.lastOffset;
    segment.index = entry.index;
    return segment;
  }

  /**
   * Reads a block whose length is known.
   *
   * @throws {StorageError} `volume-damaged`
   */
  async readBlock(segment: LiveSegment, number: number): Promise<Buffer> {
    const offset = segment.offsets[number] ?? 0;
    const length = segment.lengths[number] ?? 0;
    const bytes = await this.#files.read(segment.number, offset, blockHeaderBytes + length);
    const isWhole = bytes.length === blockHeaderBytes + length;
    const { key } = segment;
    let plaintext: Buffer | undefined;
    if (isWhole && length > largeRecordBytes) {
      plaintext = await openLargeBlock(key, number, bytes, length);
    } else if (isWhole) plaintext = openBlock(key, number, bytes, 0, length);
    if (plaintext !== undefined) return plaintext;
    throw this.damage(segment.number, `is damaged at byte ${offset}: block ${number}`);
  }

  /**
   * Reads consecutive blocks.
   *
   * @throws {StorageError} `volume-damaged`
   */
  async *readBlocks(
    segment: LiveSegment,
    offset: number,
    firstBlock: number,
    blockCount: number,
  ): AsyncGenerator<ReadBlock> {
    const reader = this.reader(segment, offset, firstBlock);
    for (let i = 0; i < blockCount; i++) {
      const at = reader.offset;
      const block = await reader.next();
      if (block === undefined) {
        throw this.damage(segment.number, `is damaged at byte ${at}: block ${firstBlock + i}`);
      }
      yield block;
    }
  }

  /**
   * Reads separate blocks.
   *
   * @param numbers ascending; their positions are known
   * @throws {StorageError} `volume-damaged`
   */
  async *readBlocksAt(segment: LiveSegment, numbers: readonly number[]): AsyncGenerator<ReadBlock> {
    const reader = this.reader(segment);
    for (const number of numbers) {
      reader.offset = segment.offsets[number] ?? 0;
      reader.number = number;
      const block = await reader.next();
      if (block === undefined) {
        const at = segment.offsets[number] ?? 0;
        throw this.damage(segment.number, `is damaged at byte ${at}: block ${number}`);
      }
      yield block;
    }
  }
}

/** Whether a block begins a later group, so that everything before that group was synced. */
function isLaterGroup(block: ReadBlock, number: number): boolean {
  return (block.flags & blockFlags.groupBegin) !== 0 && block.number > number;
}
