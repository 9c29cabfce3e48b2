// The expiry times of messages.

/** Number of bits of a message's expiry code, which shares a word with its offset. */
export const expiryBits = 15;

/** The code for a time in the list of the chunk. */
const listed = 2 ** expiryBits - 1;
/** The codes of a chunk begin this much before the first time that is set, milliseconds. */
const leadMs = 2048;

/** The expiry times of one chunk. */
interface ChunkTimes {
  /** The time of code 1. */
  readonly base: number;
  /** Times without a code, by the message's place in the chunk. */
  exact: Float64Array | undefined;
}

/**
 * The expiry times of one queue's messages. A message has a 15-bit code in a word that exists
 * anyway: 0 for never, otherwise milliseconds since a base time of its chunk. Messages with a time
 * to live therefore take no extra memory if those of a chunk expire within half a minute. Other
 * chunks take 8 bytes per message. Times may be set in any order.
 */
export class ExpiryTimes {
  readonly #chunks = new Map<Uint32Array, ChunkTimes>();
  /** The chunk of the last request. */
  #chunk: Uint32Array | undefined = undefined;
  #expiryTimes: ChunkTimes | undefined = undefined;

  #of(chunk: Uint32Array): ChunkTimes | undefined {
    if (chunk !== this.#chunk) {
      this.#chunk = chunk;
      this.#expiryTimes = this.#chunks.get(chunk);
    }
    return this.#expiryTimes;
  }

  /**
   * Sets the expiry time of a message.
   *
   * @param index its place in the chunk
   * @param size the number of places in the chunk
   * @param expiryMs milliseconds since 1970; Infinity for never
   * @returns the code of the message
   */
  set(chunk: Uint32Array, index: number, size: number, expiryMs: number): number {
    if (expiryMs === Infinity) return 0;
    let times = this.#of(chunk);
    if (times === undefined) {
      times = { base: expiryMs - leadMs, exact: undefined };
      this.#chunks.set(chunk, times);
      this.#expiryTimes = times;
    }
    const code = expiryMs - times.base + 1;
    if (code >= 1 && code < listed && Number.isInteger(code)) return code;
    times.exact ??= new Float64Array(size);
    times.exact[index] = expiryMs;
    return listed;
  }

  /** The expiry time of a message, milliseconds since 1970; Infinity for never. */
  expiryMs(chunk: Uint32Array, index: number, code: number): number {
    if (code === 0) return Infinity;
    const times = this.#of(chunk);
    if (times === undefined) return Infinity;
    return code === listed ? (times.exact?.[index] ?? Infinity) : times.base + code - 1;
  }

  /** Removes a chunk without live messages. */
  drop(chunk: Uint32Array): void {
    this.#chunks.delete(chunk);
    this.#chunk = undefined;
    this.#expiryTimes = undefined;
  }

  /** Removes all chunks. */
  clear(): void {
    this.#chunks.clear();
    this.#chunk = undefined;
    this.#expiryTimes = undefined;
  }
}
