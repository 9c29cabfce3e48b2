// The structures that a peer has numbered, so that it need not send them again.

import { OpenWireError } from '../errors.ts';
import { cacheBytesMax } from '../limits.ts';

/** Bytes that an entry counts in addition to its encoded size. */
const entryBytes = 64;

/** The cache of one direction. The sender chooses the numbers. */
export class ReadCache {
  readonly #size: number;
  readonly #values: unknown[] = [];
  readonly #sizes: number[] = [];
  #bytes = 0;

  /** @param size the negotiated number of entries */
  constructor(size: number) {
    this.#size = size;
  }

  /** @throws {OpenWireError} `malformed` if there is no such entry */
  get(index: number): unknown {
    if (index >= 0 && this.#sizes[index] !== undefined) {
      return this.#values[index];
    }
    throw new OpenWireError('malformed', `the cache has no entry ${index}`);
  }

  /**
   * Sets an entry; undefined stands for null.
   *
   * @param sizeBytes the encoded size
   * @throws {OpenWireError} `malformed` if the number is out of range, or the cache is too large
   */
  set(index: number, value: unknown, sizeBytes: number): void {
    if (index >= this.#size) {
      throw new OpenWireError('malformed', `a cache of ${this.#size} entries has no ${index}`);
    }
    this.#bytes += sizeBytes + entryBytes - (this.#sizes[index] ?? 0);
    if (this.#bytes > cacheBytesMax) {
      const found = `a cache of ${this.#bytes} bytes`;
      throw new OpenWireError('malformed', `${found}; at most ${cacheBytesMax} are allowed`);
    }
    this.#values[index] = value;
    this.#sizes[index] = sizeBytes + entryBytes;
  }
}
