import type { Arenas, LogBlock } from './block.ts';

/**
 * Plaintext of synced blocks that are still wanted, up to a budget; the oldest goes first. The newest
 * stays whatever its size, as somebody is about to read it.
 */
export class BlockCache {
  readonly #arenas: Arenas;
  readonly #bytesMax: number;
  /** In the order they came; those no longer cached are left out when their turn comes. */
  #order: LogBlock[] = [];
  #first = 0;
  /** How many have been cut off before the first of that order. */
  #passed = 0;
  /** Where in the order each came last. */
  readonly #cached = new Map<LogBlock, number>();
  /** Bytes of plaintext in the cache. */
  bytes = 0;

  constructor(arenas: Arenas, bytesMax: number) {
    this.#arenas = arenas;
    this.#bytesMax = bytesMax;
  }

  /** Counts a block's plaintext from now on. */
  add(block: LogBlock): void {
    if (block.buffer === undefined || this.#cached.has(block)) return;
    this.#cached.set(block, this.#passed + this.#order.length);
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
    while (this.bytes > this.#bytesMax && this.#cached.size > 1) {
      const at = this.#first++;
      const block = this.#order[at];
      if (block === undefined) break;
      if (this.#cached.get(block) === this.#passed + at) this.drop(block);
    }
    if (this.#first < 1024 && this.#first < this.#order.length) return;
    this.#passed += this.#first;
    this.#order = this.#order.slice(this.#first);
    this.#first = 0;
  }
}
