// The expiry times of messages.

/** Number of bits of a message's expiry code, which shares a word with its offset. */
export const dueBits = 15;

/** The code for a time in the list of the chunk. */
const listed = 2 ** dueBits - 1;
/** The codes of a chunk begin this much before the first time that is set, milliseconds. */
const leadMs = 2048;

/** The expiry times of one chunk. */
interface ChunkDues {
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
export class DueTimes {
  readonly #chunks = new Map<Uint32Array, ChunkDues>();
  /** The chunk of the last request. */
  #chunk: Uint32Array | undefined = undefined;
  #dues: ChunkDues | undefined = undefined;

  #of(chunk: Uint32Array): ChunkDues | undefined {
    if (chunk !== this.#chunk) {
      this.#chunk = chunk;
      this.#dues = this.#chunks.get(chunk);
    }
    return this.#dues;
  }

  /**
   * Sets the expiry time of a message.
   *
   * @param index its place in the chunk
   * @param size the number of places in the chunk
   * @param dueMs milliseconds since 1970; Infinity for never
   * @returns the code of the message
   */
  set(chunk: Uint32Array, index: number, size: number, dueMs: number): number {
    if (dueMs === Infinity) return 0;
    let dues = this.#of(chunk);
    if (dues === undefined) {
      dues = { base: dueMs - leadMs, exact: undefined };
      this.#chunks.set(chunk, dues);
      this.#dues = dues;
    }
    const code = dueMs - dues.base + 1;
    if (code >= 1 && code < listed && Number.isInteger(code)) return code;
    dues.exact ??= new Float64Array(size);
    dues.exact[index] = dueMs;
    return listed;
  }

  /** The expiry time of a message, milliseconds since 1970; Infinity for never. */
  dueMs(chunk: Uint32Array, index: number, code: number): number {
    if (code === 0) return Infinity;
    const dues = this.#of(chunk);
    if (dues === undefined) return Infinity;
    return code === listed ? (dues.exact?.[index] ?? Infinity) : dues.base + code - 1;
  }

  /** Removes a chunk without live messages. */
  drop(chunk: Uint32Array): void {
    this.#chunks.delete(chunk);
    this.#chunk = undefined;
    this.#dues = undefined;
  }

  /** Removes all chunks. */
  clear(): void {
    this.#chunks.clear();
    this.#chunk = undefined;
    this.#dues = undefined;
  }
}
