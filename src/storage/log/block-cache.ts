import type { Arenas, LogBlock } from './block.ts';

/** What a block in memory takes besides its plaintext: small blocks are mostly that. */
const objectBytes = 256;

/**
 * Plaintext of synced blocks that are still wanted, up to a budget; the oldest goes first. The newest
 * stays whatever its size, as somebody is about to read it.
 */
export class BlockCache {
  readonly #arenas: Arenas;
  readonly #bytesMax: number;
  readonly #dropped: (block: LogBlock) => void;
  /** In the order they came: a set keeps it. */
  readonly #cached = new Set<LogBlock>();
  /** Bytes of plaintext in the cache that lies in no arena. */
  #ownBytes = 0;

  /** @param dropped told of each block whose plaintext is in memory no more */
  constructor(arenas: Arenas, bytesMax: number, dropped: (block: LogBlock) => void) {
    this.#arenas = arenas;
    this.#bytesMax = bytesMax;
    this.#dropped = dropped;
  }

  /** Bytes that the budget is for, with what is not synced yet and with what arenas hold besides. */
  get bytes(): number {
    return this.#ownBytes + this.#arenas.countedBytes + this.#cached.size * objectBytes;
  }

  /** Counts a block's plaintext from now on. */
  add(block: LogBlock): void {
    this.#cached.add(block);
    if (block.arena === undefined) this.#ownBytes += block.heldBytes;
  }

  /** Lets go of a block's plaintext, whether or not it was in the cache. */
  drop(block: LogBlock): void {
    const isCached = this.#cached.delete(block);
    if (block.arena !== undefined) this.#arenas.leave(block.arena);
    else if (isCached) this.#ownBytes -= block.heldBytes;
    this.#dropped(block);
  }

  /** Drops the oldest until the rest is within the budget. To be called between turns only. */
  evict(): void {
    for (const oldest of this.#cached) {
      if (this.bytes <= this.#bytesMax || this.#cached.size <= 1) return;
      this.drop(oldest);
    }
  }
}
