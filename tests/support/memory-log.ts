import type { MessageBlock, MessageLog, MessageStore } from '../../src/storage/message-store.ts';

interface Row {
  readonly type: number;
  readonly block: MemoryBlock;
  readonly start: number;
  readonly end: number;
  readonly group: number;
  readonly batch: number;
}

class MemoryBlock implements MessageBlock {
  readonly segment = 1;
  readonly number: number;
  readonly start = 0;
  readonly slot: number;
  readonly transient: boolean;
  readonly buffer: Buffer;
  used = 0;
  live = 0;
  constructor(slot: number, transient: boolean, size: number) {
    this.slot = slot;
    this.number = slot;
    this.transient = transient;
    this.buffer = Buffer.alloc(size);
  }
}

/** The log's contract in memory: what was synced survives `reopen`, and nothing else does. */
export class MemoryLog implements MessageLog {
  at = 0;
  openGroup = 1;
  durableGroup = 0;
  pendingBytes = 0;
  onDurable: (group: number) => void = () => {};
  blocks: (MemoryBlock | undefined)[] = [];
  rows: Row[] = [];
  #open: MemoryBlock | undefined;
  #openTransient: MemoryBlock | undefined;
  #batch = 0;
  #isInBatch = false;
  #slot = 0;

  reserve(type: number, size: number): MessageBlock {
    const block = this.#room(this.#open, false, size);
    this.#open = block;
    const batch = this.#isInBatch ? this.#batch : 0;
    const end = this.at + size;
    this.rows.push({ type, block, start: this.at, end, group: this.openGroup, batch });
    return block;
  }
  reserveTransient(_type: number, size: number): MessageBlock {
    this.#openTransient = this.#room(this.#openTransient, true, size);
    return this.#openTransient;
  }
  #room(open: MemoryBlock | undefined, transient: boolean, size: number): MemoryBlock {
    let block = open;
    if (block === undefined || block.used + size > block.buffer.length) {
      block = new MemoryBlock(this.#slot++, transient, Math.max(4096, size));
      this.blocks[block.slot] = block;
    }
    this.at = block.used;
    block.used += size;
    return block;
  }
  retain(block: MemoryBlock): void {
    block.live++;
  }
  release(block: MemoryBlock): void {
    block.live--;
    if (block.live < 0) throw new Error('a block is released more often than retained');
  }
  async load(): Promise<void> {}
  beginBatch(): void {
    this.#batch++;
    this.#isInBatch = true;
  }
  endBatch(): void {
    this.#isInBatch = false;
  }
  sync(): void {}
  async close(): Promise<void> {
    this.syncNow();
  }

  /** What a sync does. */
  syncNow(): void {
    this.durableGroup = this.openGroup++;
    this.onDurable(this.durableGroup);
  }

  /** A log as the next start finds it; of what was not synced, only what is among the first rows. */
  reopen(store: MessageStore, rowCount = 0): MemoryLog {
    const next = new MemoryLog();
    next.blocks = this.blocks.map((block) => {
      if (block !== undefined) block.live = 0;
      return block?.transient === true ? undefined : block;
    });
    next.#slot = this.#slot;
    next.#batch = this.#batch;
    next.openGroup = this.openGroup;
    store.attach(next);
    const synced = this.rows.filter((row, i) => row.group <= this.durableGroup || i < rowCount);
    next.rows = synced.map((row) => ({ ...row, group: 0 }));
    for (const { type, block, start, end } of synced) {
      store.replay(block, type, block.buffer, start, end);
    }
    return next;
  }
}
