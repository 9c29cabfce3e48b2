// Loading of blocks from disk.

import { assert } from '../../base/assert.ts';
import type { BlockTable } from './block-table.ts';
import type { Recovery } from './recovery.ts';

/** Loads blocks into memory, each once regardless of the number of requests. */
export class BlockLoader {
  readonly #table: BlockTable;
  readonly #recovery: Recovery;
  readonly #failed: (cause: unknown) => Error;
  /** Blocks that are being loaded, by slot. */
  readonly #loading = new Map<number, Promise<void>>();

  /** @param failed called when a block could not be read; its result is thrown to those who wait */
  constructor(table: BlockTable, recovery: Recovery, failed: (cause: unknown) => Error) {
    this.#table = table;
    this.#recovery = recovery;
    this.#failed = failed;
  }

  /** Resolves once the block of a slot is in memory. */
  load(slot: number): Promise<void> {
    const block = this.#table.blocks[slot];
    if (block?.filling !== undefined) return block.filling.completed();
    if (block !== undefined) return Promise.resolve();
    let loading = this.#loading.get(slot);
    if (loading === undefined) {
      loading = this.#load(slot).finally(() => this.#loading.delete(slot));
      this.#loading.set(slot, loading);
    }
    return loading;
  }

  async #load(slot: number): Promise<void> {
    const table = this.#table;
    const home = table.home(slot);
    assert(home !== undefined, 'a block that is never written is not in memory');
    // Keeps the file while it is being read, even if the block is released.
    table.retain(slot);
    try {
      const plaintext = await this.#recovery.readBlock(home, table.number(slot));
      table.cache.addRead(table.placeCopy(slot, plaintext));
      // Later, because the loaded block itself may exceed the budget.
      setImmediate(() => table.cache.evict());
    } catch (cause) {
      throw this.#failed(cause);
    } finally {
      table.release(slot);
    }
  }

  /** Resolves once nothing is being read. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#loading.values());
  }
}
