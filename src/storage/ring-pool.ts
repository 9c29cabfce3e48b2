// Memory for the rings of short queues.

/** Number of rings in an array. */
const ringCount = 256;

/**
 * The rings of short queues, many in one array. Separate arrays would take twice the memory and be
 * scattered, so that the data of a thousand queues would not fit into a CPU cache.
 */
export class RingPool {
  /** The array of the last ring that `take` returned. */
  words: Uint32Array;
  readonly #size: number;
  /** The array with unused rings, and its used size. */
  #fresh: Uint32Array;
  #used = 0;
  readonly #free: { readonly words: Uint32Array; readonly base: number }[] = [];

  /** @param size words in a ring */
  constructor(size: number) {
    this.#size = size;
    this.#fresh = new Uint32Array(size * ringCount);
    this.words = this.#fresh;
  }

  /** Takes a zeroed ring, and returns its offset in {@link words}. */
  take(): number {
    const free = this.#free.pop();
    if (free !== undefined) {
      this.words = free.words;
      return free.base;
    }
    if (this.#used === this.#fresh.length) {
      this.#fresh = new Uint32Array(this.#fresh.length);
      this.#used = 0;
    }
    this.words = this.#fresh;
    const base = this.#used;
    this.#used += this.#size;
    return base;
  }

  /** Releases a ring. */
  release(words: Uint32Array, base: number): void {
    words.fill(0, base, base + this.#size);
    this.#free.push({ words, base });
  }
}
