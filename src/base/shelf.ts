import { copyBytes } from './bytes.ts';

/** Bytes of a buffer that pieces share, and up to which a piece may share one. */
const sharedBytes = 16 * 1024;
const pieceBytesMax = 1024;

/**
 * Where small pieces of bytes that live long lie next to each other. A view of each would take
 * several times as much memory, which a processor's cache has no room for where they are many.
 */
export class Shelf {
  /** Where the piece lies that `put` took last. */
  bytes: Buffer = Buffer.alloc(0);
  #shared = this.bytes;
  #used = 0;

  /** Keeps a copy of what lies between two positions and returns where in {@link bytes} it begins. */
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
