// Memory for the chunks of queue indexes.

/** A memory area that is divided into chunks. */
interface Slab {
  /** Chunks that were released. */
  readonly free: Uint32Array[];
  readonly chunkCount: number;
  /** The offset of chunks that were never used. */
  fresh: number;
  usedCount: number;
}

/** Chunks in each of the first slabs. */
const chunksPerSlab = 64;
/** The number of slabs from which further ones are large, and how many times as large. */
const smallSlabCount = 8;
const largeSlabScale = 8;

/**
 * Chunks of equal size for queue indexes. Many of them share one memory area, which is large enough
 * to be returned to the system when none of its chunks is in use. Small separate areas would stay
 * in the heap of the C library as long as any later one is in use. The areas of a long backlog are
 * larger than what the C library has free in its heap between message blocks, so that they do not
 * keep that from shrinking.
 */
export class ChunkPool {
  readonly #wordCount: number;
  readonly #chunksPerSlab: number;
  readonly #slabs = new Map<ArrayBufferLike, Slab>();
  /** Slabs with free chunks. */
  readonly #open = new Set<ArrayBufferLike>();
  /** An unused slab that is kept for the next request. */
  #spare: ArrayBufferLike | undefined = undefined;

  /**
   * @param wordCount words in a chunk
   * @param scale how many times {@link chunksPerSlab} chunks are in a slab, which should have at least
   *   128 KiB
   */
  constructor(wordCount: number, scale = 1) {
    this.#wordCount = wordCount;
    this.#chunksPerSlab = chunksPerSlab * scale;
  }

  /** The number of slabs. */
  get slabCount(): number {
    return this.#slabs.size;
  }

  /** Returns a chunk in which the first word of every message is 0. */
  take(): Uint32Array {
    for (const memory of this.#open) return this.#takeFrom(memory);
    const scale = this.#slabs.size < smallSlabCount ? 1 : largeSlabScale;
    const chunkCount = this.#chunksPerSlab * scale;
    const memory = new ArrayBuffer(chunkCount * this.#wordCount * 4);
    this.#slabs.set(memory, { free: [], chunkCount, fresh: 0, usedCount: 0 });
    this.#open.add(memory);
    return this.#takeFrom(memory);
  }

  #takeFrom(memory: ArrayBufferLike): Uint32Array {
    const slab = this.#slabs.get(memory) as Slab; // every open slab exists
    slab.usedCount++;
    if (memory === this.#spare) this.#spare = undefined;
    if (slab.usedCount === slab.chunkCount) this.#open.delete(memory);
    const free = slab.free.pop();
    if (free !== undefined) return free;
    return new Uint32Array(memory, slab.fresh++ * this.#wordCount * 4, this.#wordCount);
  }

  /** Releases a chunk without live messages. */
  release(chunk: Uint32Array): void {
    const memory = chunk.buffer;
    const slab = this.#slabs.get(memory);
    if (slab === undefined) return; // not from this pool
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
