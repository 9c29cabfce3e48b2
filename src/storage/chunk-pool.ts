/** Chunks that share one piece of memory. */
interface Slab {
  /** Chunks of it that were given back. */
  readonly free: Uint32Array[];
  /** Chunks of it that nobody had before begin here. */
  fresh: number;
  usedCount: number;
}

const chunksPerSlab = 64;

/**
 * Chunks of equal size for indexes. Many lie in one piece of memory that is large enough to be the
 * system's again once nothing of it is used: pieces of a few KiB would stay in the C library's heap,
 * behind any one of them that is still used.
 */
export class ChunkPool {
  readonly #wordCount: number;
  readonly #slabs = new Map<ArrayBufferLike, Slab>();
  /** Slabs of which there is something to take. */
  readonly #open = new Set<ArrayBufferLike>();
  /** The one of which nothing is used, kept for whoever is next. */
  #spare: ArrayBufferLike | undefined = undefined;

  /** @param wordCount words in a chunk; 64 chunks should come to 128 KiB at least */
  constructor(wordCount: number) {
    this.#wordCount = wordCount;
  }

  /** Slabs that there are. */
  get slabCount(): number {
    return this.#slabs.size;
  }

  /** A chunk in which the first word of every message is 0. */
  take(): Uint32Array {
    for (const memory of this.#open) return this.#takeFrom(memory);
    const memory = new ArrayBuffer(chunksPerSlab * this.#wordCount * 4);
    this.#slabs.set(memory, { free: [], fresh: 0, usedCount: 0 });
    this.#open.add(memory);
    return this.#takeFrom(memory);
  }

  #takeFrom(memory: ArrayBufferLike): Uint32Array {
    const slab = this.#slabs.get(memory) as Slab; // every open one is there
    slab.usedCount++;
    if (memory === this.#spare) this.#spare = undefined;
    if (slab.usedCount === chunksPerSlab) this.#open.delete(memory);
    const free = slab.free.pop();
    if (free !== undefined) return free;
    return new Uint32Array(memory, slab.fresh++ * this.#wordCount * 4, this.#wordCount);
  }

  /** A chunk is not used any more, and nothing in it is live. */
  release(chunk: Uint32Array): void {
    const memory = chunk.buffer;
    const slab = this.#slabs.get(memory);
    if (slab === undefined) return; // a ring that became too large for its queue
    slab.free.push(chunk);
    slab.usedCount--;
    if (slab.usedCount === 0 && this.#spare !== undefined) {
      this.#slabs.delete(memory);
      this.#open.delete(memory);
      return;
    }
    if (slab.usedCount === 0) this.#spare = memory;
    this.#open.add(memory);
  }
}
