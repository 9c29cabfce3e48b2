import { assert } from '../../base/assert.ts';
import { type Arena, Arenas, LogBlock } from './block.ts';
import { BlockCache } from './block-cache.ts';
import type { LiveSegment } from './live-segment.ts';

/** The blocks in use, each under a slot, and their plaintext as far as it is in memory. */
export class BlockTable {
  /** By slot. */
  readonly blocks: (LogBlock | undefined)[] = [];
  readonly arenas = new Arenas();
  readonly cache: BlockCache;
  readonly #freeSlots: number[] = [];
  readonly #swept: () => void;
  #dead: LogBlock[] = [];
  #isSweeping = false;
  #openTransient: LogBlock | undefined = undefined;
  #usedTransient = 0;
  /** Where the last record reserved in a transient block begins. */
  transientAt = 0;
  /** Segments that have ended and in which nothing is wanted any more, since this was set to 0. */
  deadSegmentCount = 0;

  /**
   * @param cacheBytes plaintext of synced blocks kept in memory
   * @param swept called between turns, when blocks have been freed
   */
  constructor(cacheBytes: number, swept: () => void) {
    this.cache = new BlockCache(this.arenas, cacheBytes);
    this.#swept = swept;
  }

  /** A block under a slot of its own. */
  create(segment: LiveSegment | undefined, number: number): LogBlock {
    const slot = this.#freeSlots.pop() ?? this.blocks.length;
    const block = new LogBlock(slot, segment, number);
    this.blocks[slot] = block;
    segment?.blocks.set(number, block);
    return block;
  }

  /** A block that lies on the disk. */
  createSynced(segment: LiveSegment, number: number, length: number, plaintext?: Buffer): LogBlock {
    const block = this.create(segment, number);
    block.length = length;
    block.heldBytes = length;
    block.buffer = plaintext;
    block.isSealed = true;
    block.isSynced = true;
    return block;
  }

  /** Lets the block begin where the arena is free. */
  place(block: LogBlock, arena: Arena): void {
    block.buffer = arena.buffer;
    block.start = arena.used;
    block.arena = arena;
    arena.blockCount++;
  }

  /** Room in a block that is never written. */
  reserveTransient(size: number): LogBlock {
    let block = this.#openTransient;
    if (block?.buffer === undefined || this.#usedTransient + size > block.buffer.length) {
      if (block?.liveCount === 0) this.#bury(block);
      block = this.create(undefined, 0);
      const arena = this.arenas.take(size, false);
      this.place(block, arena);
      this.arenas.close(arena);
      this.#openTransient = block;
      this.#usedTransient = 0;
    }
    this.transientAt = this.#usedTransient;
    this.#usedTransient += size;
    return block;
  }

  /** One more message lies in the block. */
  retain(block: LogBlock): void {
    block.liveCount++;
    if (block.home !== undefined) block.home.liveCount++;
  }

  /** One message less. */
  release(block: LogBlock): void {
    assert(block.liveCount > 0, 'a block is released more often than retained');
    block.liveCount--;
    block.hasDead = true;
    const { home } = block;
    if (home !== undefined) {
      home.liveCount--;
      if (home.liveCount === 0 && home.end !== undefined) this.deadSegmentCount++;
    }
    if (block.liveCount === 0) this.#bury(block);
  }

  /** Frees the block after this turn, unless somebody wants it again. */
  #bury(block: LogBlock): void {
    if (!block.isSynced && !block.transient) return;
    this.#dead.push(block);
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    setImmediate(() => this.#sweep());
  }

  #sweep(): void {
    this.#isSweeping = false;
    const dead = this.#dead;
    this.#dead = [];
    for (const block of dead) {
      if (block.liveCount > 0 || this.blocks[block.slot] !== block) continue;
      if (block === this.#openTransient) this.#usedTransient = 0;
      else this.#free(block);
    }
    this.#swept();
  }

  /** What becomes of a block that is on the disk from now on. */
  synced(block: LogBlock): void {
    block.isSynced = true;
    if (block.liveCount > 0) this.cache.add(block);
    else this.#free(block);
  }

  #free(block: LogBlock): void {
    this.cache.drop(block);
    block.home?.blocks.delete(block.number);
    this.blocks[block.slot] = undefined;
    this.#freeSlots.push(block.slot);
  }
}
