import type { Arenas, LogBlock } from './block.ts';

/**
 * Plaintext of synced blocks that are still wanted, up to a budget; the oldest goes first. The newest
 * stays whatever its size, as somebody is about to read it.
 */
export class BlockCache {
  readonly #arenas: Arenas;
  readonly #bytesMax: number;
  /** In the order they came: a set keeps it. */
  readonly #cached = new Set<LogBlock>();
  /** Bytes of plaintext in the cache that lies in no arena. */
  bytes = 0;

  constructor(arenas: Arenas, bytesMax: number) {
    this.#arenas = arenas;
    this.#bytesMax = bytesMax;
  }

  /** Counts a block's plaintext from now on. */
  add(block: LogBlock): void {
    if (block.buffer === undefined || this.#cached.has(block)) return;
    this.#cached.add(block);
    if (block.arena === undefined) this.bytes += block.heldBytes;
  }

  /** Lets go of a block's plaintext. */
  drop(block: LogBlock): void {
    if (this.#cached.delete(block) && block.arena === undefined) this.bytes -= block.heldBytes;
    block.buffer = undefined;
    if (block.arena !== undefined) this.#arenas.leave(block.arena);
    block.arena = undefined;
    block.start = 0;
  }

  /**
   * Drops the oldest until the rest is within the budget, with what is not synced yet and with what
   * arenas hold besides. To be called between turns only.
   */
  evict(): void {
    for (const oldest of this.#cached) {
      const bytes = this.bytes + this.#arenas.countedBytes;
      if (bytes <= this.#bytesMax || this.#cached.size <= 1) return;
      this.drop(oldest);
    }
  }
}
