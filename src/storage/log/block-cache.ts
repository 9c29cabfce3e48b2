// The cache of plaintext blocks.

import type { Arenas, LogBlock } from './block.ts';

/** Bytes of a block object besides its plaintext. A small block consists mostly of them. */
const objectBytes = 256;

/** The fraction of the budget in use while no dropped block is read again. */
const usualShare = 16;

/**
 * The plaintext of synced blocks with live records, up to a budget; the oldest block is dropped
 * first. The newest is always kept, because it is about to be read.
 *
 * Consumers that keep up read blocks soon after they were written. In a backlog, the newest blocks
 * are read last and the oldest are on disk anyway, so caching many blocks would only waste memory.
 * The cache therefore uses a sixteenth of its budget until a block must be read back. It then uses
 * the whole budget, until it has dropped as much as the whole budget without another block being
 * read back.
 */
export class BlockCache {
  readonly #arenas: Arenas;
  readonly #bytesMax: number;
  readonly #dropped: (block: LogBlock) => void;
  /** Called for each block that is dropped to keep within the budget, with the size of its plaintext. */
  evicted: ((bytes: number) => void) | undefined = undefined;
  /** In the order of insertion. */
  readonly #cached = new Set<LogBlock>();
  /** Size of cached plaintext outside of arenas. */
  #ownBytes = 0;
  /**
   * Bytes dropped since a block was last read back. Below the budget, the whole budget is in use.
   */
  #evictedBytes: number;

  /**
   * @param bytesMax the whole budget
   * @param dropped called for each block whose plaintext is dropped
   */
  constructor(arenas: Arenas, bytesMax: number, dropped: (block: LogBlock) => void) {
    this.#arenas = arenas;
    this.#bytesMax = bytesMax;
    this.#dropped = dropped;
    this.#evictedBytes = bytesMax;
  }

  /**
   * Memory that counts for the budget, including data that is not synced and unused space in
   * arenas.
   */
  get bytes(): number {
    return this.#ownBytes + this.#arenas.countedBytes + this.#cached.size * objectBytes;
  }

  /** The part of the budget that is in use. */
  get bytesMax(): number {
    const isWhole = this.#evictedBytes < this.#bytesMax;
    return isWhole ? this.#bytesMax : Math.floor(this.#bytesMax / usualShare);
  }

  /** Adds a block. */
  add(block: LogBlock): void {
    this.#cached.add(block);
    if (block.arena === undefined) this.#ownBytes += block.heldBytes;
  }

  /** Adds a block that was read back from disk. */
  addRead(block: LogBlock): void {
    this.#evictedBytes = 0;
    this.add(block);
  }

  /** Drops the plaintext of a block, whether or not it is in the cache. */
  drop(block: LogBlock): void {
    const isCached = this.#cached.delete(block);
    if (block.arena !== undefined) this.#arenas.releaseBlock(block.arena);
    else if (isCached) this.#ownBytes -= block.heldBytes;
    this.#dropped(block);
  }

  /** Drops the oldest blocks until the rest is within the budget. Call it between turns only. */
  evict(): void {
    for (const oldest of this.#cached) {
      if (this.bytes <= this.bytesMax || this.#cached.size <= 1) return;
      this.#evictedBytes += oldest.heldBytes;
      this.drop(oldest);
      this.evicted?.(oldest.heldBytes);
    }
  }
}
