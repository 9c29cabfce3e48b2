import { assert } from '../../base/assert.ts';
import type { RecordBlock } from '../record-log.ts';
import type { LiveSegment } from './live-segment.ts';

/** Plaintext of a full block, unless one record alone is longer. */
export const blockBytes = 128 * 1024;

/** Memory that blocks share: small blocks lie in it one after the other. */
export class Arena {
  readonly buffer: Buffer;
  /** Where the next block may begin. */
  used = 0;
  /** Blocks whose plaintext is in it. */
  blockCount = 0;
  /** Whether no more blocks will begin in it. */
  isClosed = false;
  /** Whether it counts as memory of the cache. */
  isCounted = false;

  constructor(size: number) {
    this.buffer = Buffer.allocUnsafeSlow(size);
  }
}

/** Memory for blocks, used again once nothing in it is wanted any more. */
export class Arenas {
  readonly #spare: Arena[] = [];
  readonly #spareMax = 32;
  /** Bytes of the arenas that are counted: one small block that is wanted keeps all of its arena. */
  countedBytes = 0;

  /**
   * @param size bytes that must fit
   * @param isCounted whether the cache is to make room for it
   */
  take(size: number, isCounted: boolean): Arena {
    const spare = size > blockBytes ? undefined : this.#spare.pop();
    const arena = spare ?? new Arena(Math.max(size, blockBytes));
    arena.isCounted = isCounted;
    if (isCounted) this.countedBytes += arena.buffer.length;
    return arena;
  }

  /** A block's plaintext is not wanted any more. */
  releaseBlock(arena: Arena): void {
    arena.blockCount--;
    this.release(arena);
  }

  /** No more blocks begin in the arena. */
  close(arena: Arena): void {
    arena.isClosed = true;
    this.release(arena);
  }

  /**
   * Longer buffers are left to the garbage collector, which knows whether a socket still has a slice
   * of one.
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
  /** From 1; 0 for one that is never written. */
  readonly number: number;
  readonly buffer: Buffer;
  /** Whose memory the buffer is, unless it is the block's own. */
  readonly arena: Arena | undefined;
  readonly start: number;
  /** Bytes of plaintext. */
  length: number;
  /** Bytes of memory that the plaintext takes: what was left out at sealing is in them. */
  heldBytes: number;
  /** Whether its bytes are final. */
  isSealed = false;
  /** Whether something in it was wanted and is not any more, though it is not sealed. */
  hasDead = false;
  /** Whether its records must stay where they are. */
  isFixed = false;
  isSynced = false;

  /** One that begins where the arena is free, or else fills the buffer. */
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

  /** First position of the buffer that is none of the block's. */
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
