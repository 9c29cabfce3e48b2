/** Bits that a message has for when it expires, beside where its record begins. */
export const dueBits = 15;

/** Says that a message's time is in the list of its chunk. */
const listed = 2 ** dueBits - 1;
/** How far before the first time that is set in a chunk the codes begin, in milliseconds. */
const leadMs = 2048;

/** When the messages of one chunk expire, as far as their codes do not say it. */
interface ChunkDues {
  /** The time that code 1 stands for. */
  readonly base: number;
  /** Times that no code stands for, by the message's place in the chunk. */
  exact: Float64Array | undefined;
}

/**
 * When the messages of one window expire. A message has a code of 15 bits, kept in words it has anyway:
 * 0 for never, else milliseconds since a time that its chunk has in common. So messages with a time to
 * live take no memory of their own where those of a chunk expire within half a minute; a chunk with
 * others has 8 bytes a message for them. Times may be set in any order.
 */
export class DueTimes {
  readonly #chunks = new Map<Uint32Array, ChunkDues>();
  /** The chunk that was asked of last. */
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
   * Sets when a message expires.
   *
   * @param index its place in the chunk
   * @param size messages that the chunk has places for
   * @param dueMs wall milliseconds; Infinity for never
   * @returns the message's code
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

  /** When a message expires, wall milliseconds; Infinity for never. */
  dueMs(chunk: Uint32Array, index: number, code: number): number {
    if (code === 0) return Infinity;
    const dues = this.#of(chunk);
    if (dues === undefined) return Infinity;
    return code === listed ? (dues.exact?.[index] ?? Infinity) : dues.base + code - 1;
  }

  /** Forgets a chunk in which nothing is live any more. */
  drop(chunk: Uint32Array): void {
    this.#chunks.delete(chunk);
    this.#chunk = undefined;
    this.#dues = undefined;
  }

  /** Forgets everything. */
  clear(): void {
    this.#chunks.clear();
    this.#chunk = undefined;
    this.#dues = undefined;
  }
}
