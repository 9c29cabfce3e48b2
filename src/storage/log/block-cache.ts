import type { Arenas, LogBlock } from './block.ts';

/** Plaintext of synced blocks that are still wanted, up to a budget; the oldest goes first. */
export class BlockCache {
  readonly #arenas: Arenas;
  readonly #bytesMax: number;
  /** In the order they came; those no longer cached are left out when their turn comes. */
  #order: LogBlock[] = [];
  #first = 0;
  readonly #cached = new Set<LogBlock>();
  /** Bytes of plaintext in the cache. */
  bytes = 0;

  constructor(arenas: Arenas, bytesMax: number) {
    this.#arenas = arenas;
    this.#bytesMax = bytesMax;
  }

  /** Counts a block's plaintext from now on. */
  add(block: LogBlock): void {
    if (block.buffer === undefined || this.#cached.has(block)) return;
    this.#cached.add(block);
    this.#order.push(block);
    this.bytes += block.heldBytes;
  }

  /** Lets go of a block's plaintext. */
  drop(block: LogBlock): void {
    if (this.#cached.delete(block)) this.bytes -= block.heldBytes;
    block.buffer = undefined;
    if (block.arena !== undefined) this.#arenas.leave(block.arena);
    block.arena = undefined;
    block.start = 0;
  }

  /** Drops the oldest until the rest is within the budget. To be called between turns only. */
  evict(): void {
    while (this.bytes > this.#bytesMax) {
      const block = this.#order[this.#first++];
      if (block === undefined) break;
      if (this.#cached.has(block)) this.drop(block);
    }
    if (this.#first < 1024 && this.#first < this.#order.length) return;
    this.#order = this.#order.slice(this.#first);
    this.#first = 0;
  }
}
