// Compact storage of small byte sequences.

import { copyBytes } from './bytes.ts';

/** Size of a buffer that pieces share, and the maximum size of such a piece. */
const sharedBytes = 16 * 1024;
const pieceBytesMax = 1024;

/**
 * Stores small, long-lived byte sequences next to each other in shared buffers. A separate Buffer
 * for each would take several times as much memory and cause cache misses.
 */
export class ByteArena {
  /** The buffer that contains the last stored sequence. */
  bytes: Buffer = Buffer.alloc(0);
  #shared = this.bytes;
  #used = 0;

  /** Stores a copy of the bytes between two offsets, and returns its offset in {@link bytes}. */
  put(from: Buffer, start: number, end: number): number {
    const size = end - start;
    if (size > pieceBytesMax) {
      this.bytes = Buffer.from(from.subarray(start, end));
      return 0;
    }
    if (this.#used + size > this.#shared.length) {
      this.#shared = Buffer.allocUnsafeSlow(sharedBytes);
      this.#used = 0;
    }
    this.bytes = this.#shared;
    const at = this.#used;
    this.#used = copyBytes(this.bytes, at, from, start, end);
    return at;
  }
}
