// Reading of blocks.

import type { KeyObject } from 'node:crypto';
import { largeRecordBytes } from './block.ts';
import {
  type BlockHeader,
  blockFlags,
  blockHeaderBytes,
  blockTag,
  openBlock,
  openLargeBlock,
  pageAfter,
  pageBytes,
  readBlockHeader,
} from './segment.ts';

const windowBytesUsual = 1024 * 1024;

/** A block that was read and verified. */
export interface ReadBlock extends BlockHeader {
  /** The file offset of the block. */
  readonly offset: number;
  readonly plaintext: Buffer;
  readonly tag: Buffer;
}

/** Reads from a segment's file. */
export type ReadBytes = (offset: number, size: number) => Promise<Buffer>;

/** Reads the blocks of a segment in order, through a window of its file. */
export class SegmentReader {
  /** The offset of the next block. */
  offset: number;
  /** The expected number of the next block. */
  number: number;
  readonly #key: KeyObject;
  readonly #read: ReadBytes;
  readonly #windowBytes: number;
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;

  /** @param windowBytes size of a read; smaller if few blocks are needed */
  constructor(
    key: KeyObject,
    read: ReadBytes,
    offset = pageBytes,
    number = 1,
    windowBytes = windowBytesUsual,
  ) {
    this.#key = key;
    this.#read = read;
    this.#windowBytes = windowBytes;
    this.offset = offset;
    this.number = number;
  }

  /** The next block; undefined if there is none, or it is invalid. */
  async next(): Promise<ReadBlock | undefined> {
    const block = await this.#blockAt(this.offset);
    if (block?.number !== this.number) return undefined;
    const end = block.offset + blockHeaderBytes + block.length;
    this.offset = (block.flags & blockFlags.groupEnd) === 0 ? end : pageAfter(end);
    this.number++;
    return block;
  }

  /**
   * The first valid block with a higher number that starts at a later page. Only blocks that begin
   * a group are found.
   */
  async nextGroup(sizeBytes: number): Promise<ReadBlock | undefined> {
    for (let at = pageAfter(this.offset + 1); at < sizeBytes; at += pageBytes) {
      const block = await this.#blockAt(at);
      if (block === undefined || block.number < this.number) continue;
      this.offset = at + blockHeaderBytes + block.length - 1;
      return block;
    }
    return undefined;
  }

  async #blockAt(offset: number): Promise<ReadBlock | undefined> {
    if (!(await this.#fill(offset, blockHeaderBytes))) return undefined;
    const header = readBlockHeader(this.#window, offset - this.#windowAt);
    if (header === undefined) return undefined;
    if (!(await this.#fill(offset, blockHeaderBytes + header.length))) return undefined;
    const at = offset - this.#windowAt;
    const { number, length } = header;
    // The window changes with the next read, and not before this one ends.
    const plaintext =
      length > largeRecordBytes
        ? await openLargeBlock(this.#key, number, this.#window.subarray(at), length)
        : openBlock(this.#key, number, this.#window, at, length);
    if (plaintext === undefined) return undefined;
    return { ...header, offset, plaintext, tag: blockTag(this.#window, at) };
  }

  /** Whether the file has these bytes, which are then in the window. */
  async #fill(offset: number, size: number): Promise<boolean> {
    const end = offset + size;
    if (offset >= this.#windowAt && end <= this.#windowAt + this.#window.length) return true;
    if (size > this.#windowBytes && (await this.#read(end - 1, 1)).length === 0) return false;
    this.#window = await this.#read(offset, Math.max(this.#windowBytes, size));
    this.#windowAt = offset;
    return this.#window.length >= size;
  }
}
