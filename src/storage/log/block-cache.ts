import type { Arenas, LogBlock } from './block.ts';

/** What a block in memory takes besides its plaintext: small blocks are mostly that. */
const objectBytes = 256;

/** The part of the budget that is used as long as nobody reads what the cache has dropped. */
const usualShare = 8;

/**
 * Plaintext of synced blocks that are still wanted, up to a budget; the oldest goes first. The newest
 * stays whatever its size, as somebody is about to read it.
 *
 * Consumers that keep up read a block soon after it was written. In a backlog, the newest blocks are
 * read last and the oldest are on the disk anyway: to keep many would only take memory. So the cache
 * uses an eighth of its budget until a block has to be read back, and the whole budget from then on,
 * until it has dropped as much as the whole budget without another block being read back.
 */
export class BlockCache {
  readonly #arenas: Arenas;
  readonly #bytesMax: number;
  readonly #dropped: (block: LogBlock) => void;
  /** In the order they came: a set keeps it. */
  readonly #cached = new Set<LogBlock>();
  /** Bytes of plaintext in the cache that lies in no arena. */
  #ownBytes = 0;
  /** Bytes dropped for want of room since a block was read back; the whole budget is in use below it. */
  #evictedBytes: number;

  /**
   * @param bytesMax the whole budget
   * @param dropped told of each block whose plaintext is in memory no more
   */
  constructor(arenas: Arenas, bytesMax: number, dropped: (block: LogBlock) => void) {
    this.#arenas = arenas;
    this.#bytesMax = bytesMax;
    this.#dropped = dropped;
    this.#evictedBytes = bytesMax;
  }

  /** Bytes that the budget is for, with what is not synced yet and with what arenas hold besides. */
  get bytes(): number {
    return this.#ownBytes + this.#arenas.countedBytes + this.#cached.size * objectBytes;
  }

  /** The part of the budget that is in use. */
  get bytesMax(): number {
    const isWhole = this.#evictedBytes < this.#bytesMax;
    return isWhole ? this.#bytesMax : Math.floor(this.#bytesMax / usualShare);
  }

  /** Counts a block's plaintext from now on. */
  add(block: LogBlock): void {
    this.#cached.add(block);
    if (block.arena === undefined) this.#ownBytes += block.heldBytes;
  }

  /** Counts the plaintext of a block that was read back from the disk. */
  addRead(block: LogBlock): void {
    this.#evictedBytes = 0;
    this.add(block);
  }

  /** Lets go of a block's plaintext, whether or not it was in the cache. */
  drop(block: LogBlock): void {
    const isCached = this.#cached.delete(block);
    if (block.arena !== undefined) this.#arenas.releaseBlock(block.arena);
    else if (isCached) this.#ownBytes -= block.heldBytes;
    this.#dropped(block);
  }

  /** Drops the oldest until the rest is within the budget. To be called between turns only. */
  evict(): void {
    for (const oldest of this.#cached) {
      if (this.bytes <= this.bytesMax || this.#cached.size <= 1) return;
      this.#evictedBytes += oldest.heldBytes;
      this.drop(oldest);
    }
  }
}
