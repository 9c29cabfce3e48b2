// Collection of what a growing backlog leaves in memory.

import { collectNewGarbage } from '../../../base/process.ts';

/** Size of evicted plaintext after which new garbage is collected, bytes. */
const evictedBytesMax = 4 * 1024 * 1024;

/**
 * Collects new garbage as a backlog grows. V8 would do so later, because it sees only some hundred bytes for
 * each block: received data and ciphertext are outside of its heap. Collected early, they have not left the
 * caches of the processor when their memory is used again. Only for blocks that nobody has read: with
 * consumers that keep up, most objects would still be in use, and would be kept longer.
 */
export class YoungCollector {
  readonly #collect: () => void;
  #evictedBytes = 0;

  /** @param collect collects new garbage */
  constructor(collect: () => void = collectNewGarbage) {
    this.#collect = collect;
  }

  /** A block of this size was not read before newer ones took its place in the cache. */
  evicted(bytes: number): void {
    this.#evictedBytes += bytes;
    if (this.#evictedBytes < evictedBytesMax) return;
    this.#evictedBytes = 0;
    this.#collect();
  }
}
