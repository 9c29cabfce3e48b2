import { assert } from '../../base/assert.ts';
import type { BlockTable } from './block-table.ts';
import type { Recovery } from './recovery.ts';

/** Brings blocks back to memory, each once however many ask for it. */
export class BlockLoader {
  readonly #table: BlockTable;
  readonly #recovery: Recovery;
  readonly #failed: (cause: unknown) => Error;
  /** Blocks being brought back, by slot. */
  readonly #loading = new Map<number, Promise<void>>();

  /** @param failed told why a block could not be read; what it returns is thrown to whoever waits */
  constructor(table: BlockTable, recovery: Recovery, failed: (cause: unknown) => Error) {
    this.#table = table;
    this.#recovery = recovery;
    this.#failed = failed;
  }

  /** Resolves once the slot's block is in memory. */
  load(slot: number): Promise<void> {
    if (this.#table.blocks[slot] !== undefined) return Promise.resolve();
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
    // Whoever waits may let go of the block meanwhile; its file stays until it is read.
    table.retain(slot);
    try {
      const plaintext = await this.#recovery.readBlock(home, table.number(slot));
      table.cache.addRead(table.placeCopy(slot, plaintext));
      // Not before whoever waits has had its turn: it may be this block that is too much.
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
