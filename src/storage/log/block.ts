// Blocks and their memory.

import { assert } from '../../base/assert.ts';
import type { RecordBlock } from '../record-log.ts';
import type { Filling } from './large/large-records.ts';
import type { LiveSegment } from './live-segment.ts';

/** Size of a full block, unless a single record is larger. */
export const blockBytes = 128 * 1024;

/**
 * A record of more bytes is _large_: it is copied, sealed and opened in slices, one in each turn of
 * the event loop, because the largest takes a tenth of a second. Its block contains nothing else.
 */
export const largeRecordBytes: number = 1024 * 1024;

/** Memory that small blocks share. */
export class Arena {
  readonly buffer: Buffer;
  /** The offset of the next block. */
  used = 0;
  /** The number of blocks in it. */
  blockCount = 0;
  /** Whether no more blocks are added. */
  isClosed = false;
  /** Whether it counts for the budget of the cache. */
  isCounted = false;

  constructor(size: number) {
    this.buffer = Buffer.allocUnsafeSlow(size);
  }
}

/** Arenas, which are reused when they contain no blocks. */
export class Arenas {
  readonly #spare: Arena[] = [];
  readonly #spareMax = 32;
  /** Size of the counted arenas. A single small block keeps its whole arena. */
  countedBytes = 0;

  /**
   * @param size bytes that must fit
   * @param isCounted whether it counts for the budget of the cache
   */
  take(size: number, isCounted: boolean): Arena {
    const spare = size > blockBytes ? undefined : this.#spare.pop();
    const arena = spare ?? new Arena(Math.max(size, blockBytes));
    arena.isCounted = isCounted;
    if (isCounted) this.countedBytes += arena.buffer.length;
    return arena;
  }

  /** A block in the arena is no longer needed. */
  releaseBlock(arena: Arena): void {
    arena.blockCount--;
    this.release(arena);
  }

  /** Marks an arena to which no more blocks are added. */
  close(arena: Arena): void {
    arena.isClosed = true;
    this.release(arena);
  }

  /**
   * Larger buffers are left to the garbage collector, which knows whether a socket still refers to
   * them.
   */
  release(arena: Arena): void {
    assert(arena.blockCount >= 0, 'an arena has fewer blocks than none');
    if (!arena.isClosed || arena.blockCount > 0) return;
    if (arena.isCounted) this.countedBytes -= arena.buffer.length;
    arena.isCounted = false;
    if (arena.buffer.length !== blockBytes || this.#spare.length >= this.#spareMax) return;
    arena.used = 0;
    arena.isClosed = false;
    this.#spare.push(arena);
  }
}

/** A block whose plaintext is in memory. */
export class LogBlock implements RecordBlock {
  readonly slot: number;
  readonly home: LiveSegment | undefined;
  /** Starts from 1; 0 for a block that is never written. */
  readonly number: number;
  readonly buffer: Buffer;
  /** The arena of the buffer, if it is shared. */
  readonly arena: Arena | undefined;
  readonly start: number;
  /** Size of the plaintext. */
  length: number;
  /** Size of the memory, including records that were left out at sealing. */
  heldBytes: number;
  /** Whether its contents are final. */
  isSealed = false;
  /** Whether it contains dead records and is not sealed. */
  hasDead = false;
  /** Whether its records must not move. */
  isFixed = false;
  isSynced = false;
  /** Whether the contents of a large record are still being copied. */
  isFilling = false;
  /** The copying, while {@link isFilling}. */
  filling: Filling | undefined = undefined;

  /** Creates a block at the free offset of an arena, or with its own buffer. */
  constructor(slot: number, home: LiveSegment | undefined, number: number, memory: Arena | Buffer) {
    this.slot = slot;
    this.home = home;
    this.number = number;
    this.arena = memory instanceof Arena ? memory : undefined;
    this.buffer = memory instanceof Arena ? memory.buffer : memory;
    this.start = memory instanceof Arena ? memory.used : 0;
    this.length = memory instanceof Arena ? 0 : memory.length;
    this.heldBytes = this.length;
    if (memory instanceof Arena) memory.blockCount++;
  }

  /** The end of the block in the buffer. */
  get end(): number {
    return this.isSealed ? this.start + this.length : this.buffer.length;
  }

  get segment(): number {
    return this.home?.number ?? 0;
  }

  fix(): void {
    this.isFixed = true;
  }

  get transient(): boolean {
    return this.home === undefined;
  }
}
