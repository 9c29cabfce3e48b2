import type { KeyObject } from 'node:crypto';
import {
  type BlockHeader,
  blockFlags,
  blockHeaderBytes,
  blockTag,
  openBlock,
  pageAfter,
  pageBytes,
  readBlockHeader,
} from './segment.ts';

const windowBytesUsual = 1024 * 1024;

/** A block as it was read and proved. */
export interface ReadBlock extends BlockHeader {
  /** Where in the file it begins. */
  readonly offset: number;
  readonly plaintext: Buffer;
  readonly tag: Buffer;
}

/** What the reader asks of a segment's file. */
export type ReadBytes = (offset: number, size: number) => Promise<Buffer>;

/** Reads a segment's blocks one after the other, a window of its file at a time. */
export class SegmentReader {
  /** Where the next block begins. */
  offset: number;
  /** The number it must have. */
  number: number;
  readonly #key: KeyObject;
  readonly #read: ReadBytes;
  readonly #windowBytes: number;
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;

  /** @param windowBytes how much is read at once; less where few blocks are wanted */
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

  /** The next block; undefined where there is none, or not as it was written. */
  async next(): Promise<ReadBlock | undefined> {
    const block = await this.#blockAt(this.offset);
    if (block?.number !== this.number) return undefined;
    const end = block.offset + blockHeaderBytes + block.length;
    this.offset = (block.flags & blockFlags.groupEnd) === 0 ? end : pageAfter(end);
    this.number++;
    return block;
  }

  /**
   * The first block at a page after the present offset that opens and has a higher number: only
   * blocks that begin a group are found.
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
    const plaintext = openBlock(this.#key, header.number, this.#window, at, header.length);
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
