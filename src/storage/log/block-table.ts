// The table of live blocks.

import { assert } from '../../base/assert.ts';
import { Uint32List } from '../../base/uint32-list.ts';
import { type Arena, Arenas, blockBytes, LogBlock, largeRecordBytes } from './block.ts';
import { BlockCache } from './block-cache.ts';
import type { LiveSegment } from './live-segment.ts';
import { recordHeaderBytes, writeRecordHeader } from './records.ts';

/**
 * The blocks with live records, each under a slot. Many of them may contain a single record, so a
 * block on disk is a row of numbers, and a block in memory is an object.
 */
export class BlockTable {
  /** By slot; undefined if the plaintext is not in memory. */
  readonly blocks: (LogBlock | undefined)[] = [];
  readonly arenas = new Arenas();
  readonly cache: BlockCache;
  /** The segment of each block by slot; undefined if it is never written. */
  readonly #homes: (LiveSegment | undefined)[] = [];
  readonly #numbers = new Uint32List();
  /** The number of live records in each block. */
  readonly #liveCounts = new Uint32List();
  readonly #freeSlots: number[] = [];
  readonly #swept: () => void;
  /** Slots of dead blocks, unless that changes within this turn. */
  readonly #dead = new Set<number>();
  #isSweeping = false;
  /** The arena for blocks read from disk. */
  #copies = this.arenas.take(0, true);
  /** Slots that were assigned to blocks of one segment on disk. */
  #located: { readonly home: LiveSegment | undefined; readonly slots: Map<number, number> } = {
    home: undefined,
    slots: new Map(),
  };
  #openTransient: LogBlock | undefined = undefined;
  #usedTransient = 0;
  /** The offset of the last payload in a transient block. */
  transientAt = 0;
  /** The memory of transient blocks, bytes. */
  transientBytes = 0;
  /** The number of dead segments that have ended, since it was reset to 0. */
  deadSegmentCount = 0;

  /**
   * @param cacheBytes plaintext of synced blocks kept in memory
   * @param swept called between turns when blocks have been freed
   */
  constructor(cacheBytes: number, swept: () => void) {
    this.cache = new BlockCache(this.arenas, cacheBytes, (block) => this.#dropped(block));
    this.#swept = swept;
  }

  /** The segment of a slot's block; undefined if it is never written. */
  home(slot: number): LiveSegment | undefined {
    return this.#homes[slot];
  }

  /** The number of a slot's block in its segment. */
  number(slot: number): number {
    return this.#numbers.values[slot] ?? 0;
  }

  /** Assigns a slot to a block. */
  take(home: LiveSegment | undefined, number: number): number {
    const slot = this.#freeSlots.pop() ?? this.blocks.length;
    this.blocks[slot] = undefined;
    this.#homes[slot] = home;
    this.#numbers.set(slot, number);
    this.#liveCounts.set(slot, 0);
    return slot;
  }

  /**
   * The slot of a block in an ended segment. Consistent as long as calls concern the same segment.
   */
  locate(home: LiveSegment, number: number): number {
    if (this.#located.home !== home) this.#located = { home, slots: new Map() };
    const { slots } = this.#located;
    const known = home.blocks.get(number)?.slot ?? slots.get(number) ?? -1;
    if (this.#homes[known] === home && this.number(known) === number) return known;
    const slot = this.take(home, number);
    slots.set(number, slot);
    return slot;
  }

  /** The number of slots, including free ones. */
  get slotCount(): number {
    return this.blocks.length;
  }

  /** Whether the block of a slot has live records. */
  isLive(slot: number): boolean {
    return this.#homes[slot] !== undefined && (this.#liveCounts.values[slot] ?? 0) > 0;
  }

  /** Assigns memory to the block of a slot. */
  place(slot: number, memory: Arena | Buffer): LogBlock {
    const home = this.#homes[slot];
    const block = new LogBlock(slot, home, this.number(slot), memory);
    this.blocks[slot] = block;
    home?.blocks.set(block.number, block);
    return block;
  }

  /**
   * Copies the plaintext of a block read from disk into an arena. Long-lived buffers of different
   * sizes would fragment the memory. That of a large record is returned to the system, and not copied.
   */
  placeCopy(slot: number, plaintext: Buffer): LogBlock {
    if (plaintext.length > largeRecordBytes) return this.placeSynced(slot, plaintext);
    if (plaintext.length > this.#copies.buffer.length - this.#copies.used) {
      this.arenas.close(this.#copies);
      this.#copies = this.arenas.take(plaintext.length, true);
    }
    const arena = this.#copies;
    const block = this.placeSynced(slot, arena);
    plaintext.copy(arena.buffer, arena.used);
    arena.used += plaintext.length;
    block.length = plaintext.length;
    block.heldBytes = plaintext.length;
    return block;
  }

  /** Assigns plaintext to a block on disk. */
  placeSynced(slot: number, memory: Arena | Buffer): LogBlock {
    const block = this.place(slot, memory);
    block.isSealed = true;
    block.isSynced = true;
    return block;
  }

  #dropped({ slot, home, number }: LogBlock): void {
    this.blocks[slot] = undefined;
    home?.blocks.delete(number);
  }

  /** Appends a record to a block that is never written. */
  reserveTransient(type: number, size: number): LogBlock {
    const need = size + recordHeaderBytes;
    let block = this.#openTransient;
    if (block === undefined || this.#usedTransient + need > block.buffer.length) {
      if (block !== undefined && this.#liveCounts.values[block.slot] === 0)
        this.#markDead(block.slot);
      const arena = this.arenas.take(need, false);
      block = this.place(this.take(undefined, 0), arena);
      this.transientBytes += block.buffer.length;
      this.arenas.close(arena);
      this.#openTransient = block;
      this.#usedTransient = 0;
    }
    this.transientAt = writeRecordHeader(block.buffer, this.#usedTransient, type, size);
    this.#usedTransient += need;
    return block;
  }

  /**
   * Adds live records to the block of a slot.
   *
   * @param bytes their approximate size
   */
  retain(slot: number, bytes = 0, count = 1): void {
    const { values } = this.#liveCounts;
    values[slot] = (values[slot] ?? 0) + count;
    const home = this.#homes[slot];
    if (home === undefined) return;
    home.liveCount += count;
    home.liveBytes += bytes;
  }

  /**
   * Removes live records from the block of a slot.
   *
   * @param bytes the same sum as for {@link retain}
   */
  release(slot: number, bytes = 0, count = 1): void {
    const { values } = this.#liveCounts;
    const left = (values[slot] ?? 0) - count;
    assert(left >= 0, 'a block is released more often than retained');
    values[slot] = left;
    const block = this.blocks[slot];
    if (block !== undefined) block.hasDead = true;
    const home = this.#homes[slot];
    if (home !== undefined) {
      home.liveCount -= count;
      home.liveBytes -= bytes;
      if (home.liveCount === 0 && home.end !== undefined) this.deadSegmentCount++;
    }
    if (left === 0) this.#markDead(slot);
  }

  /** Keeps a segment because it contains a part of a checkpoint or an index. */
  pin(home: LiveSegment): void {
    home.liveCount++;
    home.pinCount++;
  }

  /** Reverts {@link pin}. */
  unpin(home: LiveSegment): void {
    assert(home.pinCount > 0, 'a segment is let go more often than kept');
    home.pinCount--;
    home.liveCount--;
    if (home.liveCount === 0 && home.end !== undefined) this.deadSegmentCount++;
  }

  /** Whether the block of a slot is still to be written. */
  #isUnsynced(slot: number): boolean {
    const block = this.blocks[slot];
    return block !== undefined && !block.isSynced && !block.transient;
  }

  /** Frees a slot after this turn, unless its block is retained again. */
  #markDead(slot: number): void {
    if (this.#isUnsynced(slot)) return;
    this.#dead.add(slot);
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    setImmediate(() => this.#sweep());
  }

  #sweep(): void {
    this.#isSweeping = false;
    for (const slot of this.#dead) {
      if ((this.#liveCounts.values[slot] ?? 0) > 0) continue;
      if (slot !== this.#openTransient?.slot) this.#free(slot);
      else if (this.#openTransient.buffer.length <= blockBytes) this.#usedTransient = 0;
      else {
        // The block of one large record: small ones would begin at offsets that no index holds.
        this.#openTransient = undefined;
        this.#free(slot);
      }
    }
    this.#dead.clear();
    this.#swept();
  }

  /** Handles a block that has been synced. */
  synced(block: LogBlock): void {
    block.isSynced = true;
    if ((this.#liveCounts.values[block.slot] ?? 0) > 0) this.cache.add(block);
    else this.#free(block.slot);
  }

  #free(slot: number): void {
    const block = this.blocks[slot];
    if (block?.transient === true) this.transientBytes -= block.buffer.length;
    if (block !== undefined) this.cache.drop(block);
    this.#homes[slot] = undefined;
    this.#dead.delete(slot);
    this.#freeSlots.push(slot);
  }
}
