// A record log in memory.

import { blockBytes } from '../../src/storage/log/block.ts';
import { recordHeaderBytes, writeRecordHeader } from '../../src/storage/log/records.ts';
import type { MessageStore } from '../../src/storage/message-store.ts';
import type { RecordBlock, RecordLog } from '../../src/storage/record-log.ts';

interface Row {
  readonly type: number;
  readonly block: MemoryBlock;
  readonly start: number;
  readonly end: number;
  readonly group: number;
  readonly batch: number;
}

class MemoryBlock implements RecordBlock {
  readonly segment: number;
  readonly number: number;
  readonly start = 0;
  readonly slot: number;
  readonly transient: boolean;
  readonly stored: Buffer;
  /** This log seals at once, so no record is left out. */
  readonly isSealed = true;
  readonly isFilling = false;
  used = 0;
  live = 0;
  constructor(segment: number, slot: number, transient: boolean, size: number) {
    this.segment = segment;
    this.slot = slot;
    this.number = slot;
    this.transient = transient;
    this.stored = Buffer.alloc(size);
  }
  fix(): void {}
  get buffer(): Buffer {
    return this.stored;
  }
  get end(): number {
    return this.used;
  }
}

/** The log's contract in memory: what was synced survives `reopen`, and nothing else does. */
export class MemoryLog implements RecordLog {
  at = 0;
  openGroup = 1;
  durableGroup = 0;
  pendingBytes = 0;
  onDurable: (group: number) => void = () => {};
  /** Blocks without live records count for nothing. */
  readonly usage = this.#usage();
  blocks: (MemoryBlock | undefined)[] = [];
  /** All there are, by slot, in memory or not. */
  all: (MemoryBlock | undefined)[] = [];
  rows: Row[] = [];
  #open: MemoryBlock | undefined;
  #openTransient: MemoryBlock | undefined;
  #batch = 0;
  #isInBatch = false;
  #slot = 0;
  #segment = 1;
  #checkpointCount = 0;
  #indexes: Row[] = [];

  #usage() {
    const bytesOf = (isTransient: boolean) => () => {
      let bytes = 0;
      for (const block of this.all) {
        if (block?.transient === isTransient && block.live > 0) bytes += block.used;
      }
      return bytes;
    };
    const [stored, transient] = [bytesOf(false), bytesOf(true)];
    return {
      get storedBytes() {
        return stored();
      },
      get transientBytes() {
        return transient();
      },
    };
  }

  get appendedGroup(): number {
    return this.rows.at(-1)?.group ?? 0;
  }

  reserve(type: number, size: number): RecordBlock {
    const block = this.#room(this.#open, false, type, size);
    this.pendingBytes += size;
    this.#open = block;
    const batch = this.#isInBatch ? this.#batch : 0;
    const end = this.at + size;
    this.rows.push({ type, block, start: this.at, end, group: this.openGroup, batch });
    return block;
  }
  reserveTransient(type: number, size: number): RecordBlock {
    this.#openTransient = this.#room(this.#openTransient, true, type, size);
    return this.#openTransient;
  }
  #room(
    open: MemoryBlock | undefined,
    transient: boolean,
    type: number,
    size: number,
  ): MemoryBlock {
    const need = size + recordHeaderBytes;
    let block = open;
    if (block === undefined || block.used + need > block.stored.length) {
      block = new MemoryBlock(this.#segment, this.#slot++, transient, Math.max(blockBytes, need));
      this.all[block.slot] = block;
      this.blocks[block.slot] = block;
    }
    this.at = writeRecordHeader(block.stored, block.used, type, size);
    block.used += need;
    return block;
  }
  #block(slot: number): MemoryBlock {
    const block = this.all[slot];
    if (block === undefined) throw new Error(`there is no block with slot ${slot}`);
    return block;
  }
  segmentOf(slot: number): number {
    const block = this.#block(slot);
    return block.transient ? 0 : block.segment;
  }
  numberOf(slot: number): number {
    return this.#block(slot).number;
  }
  slotAt(segment: number, number: number): number | undefined {
    return this.all.find((block) => block?.segment === segment && block.number === number)?.slot;
  }
  retain(slot: number, _bytes?: number, count = 1): void {
    this.#block(slot).live += count;
  }
  release(slot: number, _bytes?: number, count = 1): void {
    const block = this.#block(slot);
    block.live -= count;
    if (block.live < 0) throw new Error('a block is released more often than retained');
  }
  async load(slot: number): Promise<void> {
    this.blocks[slot] = this.#block(slot);
  }
  damaged(slot: number, offset: number): void {
    throw new Error(`the record at ${offset} of slot ${slot} is damaged`);
  }
  /** Leaves every full block on the disk only. */
  evict(): void {
    for (const block of this.all) {
      if (block === undefined || block === this.#open || block.transient) continue;
      this.blocks[block.slot] = undefined;
    }
  }
  beginBatch(): void {
    this.#batch++;
    this.#isInBatch = true;
  }
  batchPaused(): void {}
  endBatch(): void {
    this.#isInBatch = false;
  }
  sync(): void {}
  async close(last?: () => void): Promise<void> {
    last?.();
    this.syncNow();
  }

  /** Begins a new segment, from which older ones are only known by their indexes. */
  roll(store: Pick<MessageStore, 'index' | 'checkpoint' | 'begun'>): void {
    this.rows = [];
    store.index(this.#segment, this);
    this.#indexes.push(...this.rows);
    this.rows = [];
    this.#segment++;
    this.#open = undefined;
    store.begun();
    for (const _ of store.checkpoint(this));
    this.#checkpointCount = this.rows.length;
    this.syncNow();
  }

  /** Drops everything that is settled, so that a long run needs no memory. */
  forget(): void {
    this.rows.length = 0;
    for (const block of [this.#open, this.#openTransient]) if (block?.live === 0) block.used = 0;
  }

  /** Performs a sync. */
  syncNow(): void {
    if (this.#isInBatch) return;
    this.durableGroup = this.openGroup++;
    this.pendingBytes = 0;
    this.onDurable(this.durableGroup);
  }

  /**
   * A log as the next start finds it; of what was not synced, only what is among the first rows.
   */
  reopen(store: Pick<MessageStore, 'attach' | 'replay'>, rowCount = 0): this {
    // Creates a log of the same class.
    const next: this = new (this.constructor as new () => this)();
    next.all = this.all.map((block) => {
      if (block !== undefined) block.live = 0;
      return block?.transient === true ? undefined : block;
    });
    next.blocks = [...next.all];
    next.#slot = this.#slot;
    next.#batch = this.#batch;
    next.openGroup = this.openGroup;
    store.attach(next);
    const kept = this.rows.filter((row, i) => row.group <= this.durableGroup || i < rowCount);
    // A batch is recovered whole or not at all.
    const torn = this.rows[kept.length]?.batch ?? 0;
    while (torn !== 0 && kept.at(-1)?.batch === torn) kept.pop();
    const { length } = kept;
    next.#checkpointCount = Math.min(this.#checkpointCount, length);
    next.#indexes = this.#indexes;
    next.#segment = this.#segment;
    next.rows = kept.map((row) => ({ ...row, group: 0 }));
    const first = next.rows.slice(0, next.#checkpointCount);
    for (const row of [...first, ...this.#indexes, ...next.rows.slice(first.length)]) {
      store.replay(row.block, row.type, row.block.stored, row.start, row.end);
    }
    return next;
  }
}
