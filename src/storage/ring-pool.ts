/** Rings in one array. */
const ringCount = 256;

/**
 * The rings of short queues, many in one array: an array for each would take as much memory as what
 * is in it, in places that are apart. A processor's cache has no room for that of a thousand queues.
 */
export class RingPool {
  /** Where the ring lies that `take` gave last. */
  words: Uint32Array;
  readonly #size: number;
  /** Where the rings come from that nobody had before, and how much of it is in use. */
  #fresh: Uint32Array;
  #used = 0;
  readonly #free: { readonly words: Uint32Array; readonly base: number }[] = [];

  /** @param size words in a ring */
  constructor(size: number) {
    this.#size = size;
    this.#fresh = new Uint32Array(size * ringCount);
    this.words = this.#fresh;
  }

  /** Takes a ring of zeros and returns where in {@link words} it begins. */
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

  /** A ring is needed no more. */
  release(words: Uint32Array, base: number): void {
    words.fill(0, base, base + this.#size);
    this.#free.push({ words, base });
  }
}
