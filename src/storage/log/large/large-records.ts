// Copying and sealing of large records in slices.

import { copyBytes } from '../../../base/bytes.ts';
import type { RecordParts } from '../../record-log.ts';
import type { Appender } from '../appender.ts';
import type { LogBlock } from '../block.ts';

/** Bytes that are copied in a turn of the event loop: about a millisecond of work. */
const copiedBytes = 4 * 1024 * 1024;
/**
 * If many bytes wait to be copied, a turn copies at least this share of them. Waiting bytes are in memory
 * twice, so their number must not grow for long, however much arrives in each turn.
 */
const copiedShare = 1 / 16;
/** Bytes that are sealed in a turn. */
const sealedBytes = 1024 * 1024;

/** The copying of the contents of a large record into its block. */
export class Filling {
  readonly #block: LogBlock;
  #at: number;
  readonly #parts: (Buffer | undefined)[];
  readonly #starts: number[];
  readonly #ends: number[];
  #part = 0;
  readonly #waiting: (() => void)[] = [];
  /** The number of bytes that are not copied yet. */
  leftBytes = 0;

  /** @param at the offset of the contents in the block's buffer */
  constructor(block: LogBlock, at: number, contents: RecordParts) {
    const { partCount } = contents;
    this.#block = block;
    this.#at = at;
    // The lists belong to the sender, who uses them for its next message.
    this.#parts = contents.parts.slice(0, partCount);
    this.#starts = contents.partStarts.slice(0, partCount);
    this.#ends = contents.partEnds.slice(0, partCount);
    for (const [i, end] of this.#ends.entries()) this.leftBytes += end - (this.#starts[i] ?? 0);
    block.isFilling = true;
    block.filling = this;
  }

  /** Copies up to a number of bytes. Returns whether the record is complete. */
  copy(bytesMax: number): boolean {
    let left = bytesMax;
    for (; this.#part < this.#parts.length; this.#part++) {
      const i = this.#part;
      const [part, start, end] = [this.#parts[i], this.#starts[i] ?? 0, this.#ends[i] ?? 0];
      const size = Math.min(left, end - start);
      if (part !== undefined)
        this.#at = copyBytes(this.#block.buffer, this.#at, part, start, start + size);
      left -= size;
      this.leftBytes -= size;
      if (start + size < end) {
        this.#starts[i] = start + size;
        return false;
      }
      this.#parts[i] = undefined; // its memory is free, however long the rest takes
    }
    if (this.#block.isFilling) this.#complete();
    return true;
  }

  #complete(): void {
    this.#block.isFilling = false;
    this.#block.filling = undefined;
    for (const tell of this.#waiting.splice(0)) tell();
  }

  /** Resolves once the record is complete. */
  completed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** What the work on large records needs of the log. */
export interface LargeRecordsHost {
  /** Undefined if the log is not open. */
  readonly appender: Appender | undefined;
  readonly isInBatch: boolean;
}

/**
 * Copies large records into their blocks and seals these, a slice in each turn. A group ends only
 * when its large records are sealed. Their messages are confirmed when it is synced, as all are, and
 * are delivered once they are complete.
 */
export class LargeRecords {
  readonly #host: LargeRecordsHost;
  readonly #sealed: () => void;
  readonly #fillings: Filling[] = [];
  #isRunning = false;
  /** Whether the last slice was copied, so that sealing is next. */
  #hasCopied = false;
  /** The number of slices so far. */
  sliceCount = 0;
  readonly #look = (): void => this.#step();

  /** @param sealed called when so much of the open group is sealed that it can end */
  constructor(host: LargeRecordsHost, sealed: () => void) {
    this.#host = host;
    this.#sealed = sealed;
  }

  /** Copies the contents of the record from the next turn on. */
  fill(block: LogBlock, at: number, contents: RecordParts): void {
    this.#fillings.push(new Filling(block, at, contents));
    this.run();
  }

  /** Goes on in the next turn, unless it does anyway. */
  run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    setImmediate(this.#look);
  }

  #step(): void {
    this.#isRunning = false;
    this.sliceCount++;
    const { appender, isInBatch } = this.#host;
    const isCopying = this.#fillings.length > 0;
    // Sealing moves the records of other blocks. The end of the batch goes on.
    const isSealing = appender?.needsSlices === true && !isInBatch;
    if (isCopying && !(isSealing && this.#hasCopied && !appender.mustWait)) this.#copy();
    else if (isSealing) this.#seal(appender);
    const isMore = isSealing && appender.needsSlices;
    if (isMore || this.#fillings.length > 0) this.run();
    if (!isMore && !isInBatch) this.#sealed();
  }

  /** Copies a slice, of one record or several. */
  #copy(): void {
    this.#hasCopied = true;
    const waitingBytes = this.#fillings.reduce((sum, { leftBytes }) => sum + leftBytes, 0);
    let left = Math.max(copiedBytes, Math.ceil(waitingBytes * copiedShare));
    while (left > 0) {
      const [filling] = this.#fillings;
      if (filling === undefined) return;
      const before = filling.leftBytes;
      if (filling.copy(left)) this.#fillings.shift();
      left -= before - filling.leftBytes;
    }
  }

  #seal(appender: Appender): void {
    this.#hasCopied = false;
    appender.sealSome(sealedBytes);
  }
}
