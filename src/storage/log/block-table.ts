import { assert } from '../../base/assert.ts';
import { Uint32List } from '../../base/uint32-list.ts';
import { type Arena, Arenas, LogBlock } from './block.ts';
import { BlockCache } from './block-cache.ts';
import type { LiveSegment } from './live-segment.ts';
import { recordHeaderBytes, writeRecordHeader } from './records.ts';

/**
 * The blocks in which something is wanted, each under a slot. Many of them may hold a single record,
 * so one that is only on the disk is a row of numbers, and an object only while it is in memory.
 */
export class BlockTable {
  /** By slot; undefined where the plaintext is not in memory. */
  readonly blocks: (LogBlock | undefined)[] = [];
  readonly arenas = new Arenas();
  readonly cache: BlockCache;
  /** By slot; undefined for one that is never written. */
  readonly #homes: (LiveSegment | undefined)[] = [];
  readonly #numbers = new Uint32List();
  /** Records in each that are wanted. */
  readonly #liveCounts = new Uint32List();
  readonly #freeSlots: number[] = [];
  readonly #swept: () => void;
  /** Slots of blocks in which nothing is wanted, unless that changes within this turn. */
  readonly #dead = new Set<number>();
  #isSweeping = false;
  /** Where copies of what is read from the disk go. */
  #copies = this.arenas.take(0, true);
  /** Slots given to blocks of one segment that were not in memory. */
  #located: { readonly home: LiveSegment | undefined; readonly slots: Map<number, number> } = {
    home: undefined,
    slots: new Map(),
  };
  #openTransient: LogBlock | undefined = undefined;
  #usedTransient = 0;
  /** Where the payload of the last record reserved in a transient block begins. */
  transientAt = 0;
  /** Segments that have ended and in which nothing is wanted any more, since this was set to 0. */
  deadSegmentCount = 0;

  /**
   * @param cacheBytes plaintext of synced blocks kept in memory
   * @param swept called between turns, when blocks have been freed
   */
  constructor(cacheBytes: number, swept: () => void) {
    this.cache = new BlockCache(this.arenas, cacheBytes, (block) => this.#dropped(block));
    this.#swept = swept;
  }

  /** The segment that a slot's block is in; undefined for one that is never written. */
  home(slot: number): LiveSegment | undefined {
    return this.#homes[slot];
  }

  /** The number of a slot's block in its segment. */
  number(slot: number): number {
    return this.#numbers.values[slot] ?? 0;
  }

  /** A slot for a block. */
  take(home: LiveSegment | undefined, number: number): number {
    const slot = this.#freeSlots.pop() ?? this.blocks.length;
    this.blocks[slot] = undefined;
    this.#homes[slot] = home;
    this.#numbers.set(slot, number);
    this.#liveCounts.set(slot, 0);
    return slot;
  }

  /** The slot of a block of an ended segment: the same for each, while one segment is asked about. */
  locate(home: LiveSegment, number: number): number {
    if (this.#located.home !== home) this.#located = { home, slots: new Map() };
    const { slots } = this.#located;
    const known = home.blocks.get(number)?.slot ?? slots.get(number) ?? -1;
    if (this.#homes[known] === home && this.number(known) === number) return known;
    const slot = this.take(home, number);
    slots.set(number, slot);
    return slot;
  }

  /** How many slots there are, free ones among them. */
  get slotCount(): number {
    return this.blocks.length;
  }

  /** Whether somebody wants a record in the slot's block. */
  isLive(slot: number): boolean {
    return this.#homes[slot] !== undefined && (this.#liveCounts.values[slot] ?? 0) > 0;
  }

  /** Gives a slot's block the memory it is in from now on. */
  place(slot: number, memory: Arena | Buffer): LogBlock {
    const home = this.#homes[slot];
    const block = new LogBlock(slot, home, this.number(slot), memory);
    this.blocks[slot] = block;
    home?.blocks.set(block.number, block);
    return block;
  }

  /**
   * Gives a slot's block, which lies on the disk, a copy of its plaintext: in an arena, since buffers
   * of all sizes that live long would leave holes of all sizes in the process's memory.
   */
  placeCopy(slot: number, plaintext: Buffer): LogBlock {
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

  /** Gives a slot's block, which lies on the disk, its plaintext. */
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

  /** Frames a record in a block that is never written. */
  reserveTransient(type: number, size: number): LogBlock {
    const need = size + recordHeaderBytes;
    let block = this.#openTransient;
    if (block === undefined || this.#usedTransient + need > block.buffer.length) {
      if (block !== undefined && this.#liveCounts.values[block.slot] === 0)
        this.#markDead(block.slot);
      const arena = this.arenas.take(need, false);
      block = this.place(this.take(undefined, 0), arena);
      this.arenas.close(arena);
      this.#openTransient = block;
      this.#usedTransient = 0;
    }
    this.transientAt = writeRecordHeader(block.buffer, this.#usedTransient, type, size);
    this.#usedTransient += need;
    return block;
  }

  /**
   * One more record in the slot's block is wanted.
   *
   * @param bytes how long it is, about
   */
  retain(slot: number, bytes = 0): void {
    const { values } = this.#liveCounts;
    values[slot] = (values[slot] ?? 0) + 1;
    const home = this.#homes[slot];
    if (home === undefined) return;
    home.liveCount++;
    home.liveBytes += bytes;
  }

  /**
   * One record less is wanted.
   *
   * @param bytes as it was retained with
   */
  release(slot: number, bytes = 0): void {
    const { values } = this.#liveCounts;
    const left = (values[slot] ?? 0) - 1;
    assert(left >= 0, 'a block is released more often than retained');
    values[slot] = left;
    const block = this.blocks[slot];
    if (block !== undefined) block.hasDead = true;
    const home = this.#homes[slot];
    if (home !== undefined) {
      home.liveCount--;
      home.liveBytes -= bytes;
      if (home.liveCount === 0 && home.end !== undefined) this.deadSegmentCount++;
    }
    if (left === 0) this.#markDead(slot);
  }

  /** Keeps a segment for a part of a checkpoint or an index in it. */
  pin(home: LiveSegment): void {
    home.liveCount++;
    home.pinCount++;
  }

  /** Undoes {@link pin}. */
  unpin(home: LiveSegment): void {
    assert(home.pinCount > 0, 'a segment is let go more often than kept');
    home.pinCount--;
    home.liveCount--;
    if (home.liveCount === 0 && home.end !== undefined) this.deadSegmentCount++;
  }

  /** Whether the log has still to write the slot's block. */
  #isUnsynced(slot: number): boolean {
    const block = this.blocks[slot];
    return block !== undefined && !block.isSynced && !block.transient;
  }

  /** Frees the slot after this turn, unless somebody wants its block again. */
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
      if (slot === this.#openTransient?.slot) this.#usedTransient = 0;
      else this.#free(slot);
    }
    this.#dead.clear();
    this.#swept();
  }

  /** What becomes of a block that is on the disk from now on. */
  synced(block: LogBlock): void {
    block.isSynced = true;
    if ((this.#liveCounts.values[block.slot] ?? 0) > 0) this.cache.add(block);
    else this.#free(block.slot);
  }

  #free(slot: number): void {
    const block = this.blocks[slot];
    if (block !== undefined) this.cache.drop(block);
    this.#homes[slot] = undefined;
    this.#dead.delete(slot);
    this.#freeSlots.push(slot);
  }
}
