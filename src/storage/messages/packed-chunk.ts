// Chunks of a queue index in less memory.

import { chunkPool, offsetMax, packedPool, size, wordCount } from './index-memory.ts';

/** The words of a message in a chunk. */
const [slotWord, offsetWord, lengthWord] = [0, 1, 2];
/** Numbers for each run: the place of its first message, its slot, and an offset. */
const runSize = 3;
/** Maximum count of these numbers. Packing chunks with more runs would save little. */
const runNumbersMax = 64 * runSize;
const half = 2 ** 16;

/** The runs of the chunk that is being packed. */
const scratch: number[] = [];

/**
 * A chunk whose messages are all live, in less memory. Neighbours are often in the same block in the order of
 * their numbers, and have the same size. A chunk is therefore runs of messages in a block, and for each
 * message nothing if all have the same distance and body length, otherwise one word with the lower half of
 * its offset and its body length: less than a byte or 4 bytes instead of 12. It is read in place and never changed.
 */
class PackedChunk {
  readonly #runs: readonly number[];
  /** The distance of neighbours and their body length, without words. */
  readonly #distance: number;
  readonly #bodyLength: number;
  /** A word for each message; undefined if they do not differ. */
  readonly #words: Uint32Array | undefined;

  private constructor(distance: number, bodyLength: number, words?: Uint32Array) {
    this.#runs = scratch.slice();
    this.#distance = distance;
    this.#bodyLength = bodyLength;
    this.#words = words;
  }

  /**
   * Packs a chunk in which all messages are live.
   *
   * @returns undefined if that is not possible: messages expire, are in more than 64 runs, or are large and
   *   differ in size
   */
  static of(chunk: Uint32Array): PackedChunk | undefined {
    return PackedChunk.#ofEqual(chunk) ?? PackedChunk.#ofDifferent(chunk);
  }

  static #ofEqual(chunk: Uint32Array): PackedChunk | undefined {
    const bodyLength = chunk[lengthWord] ?? 0;
    let [slot, offset, distance] = [0, 0, 0];
    scratch.length = 0;
    for (let at = 0; at < size * wordCount; at += wordCount) {
      const isNew = chunk[at + slotWord] !== slot;
      const by = (chunk[at + offsetWord] ?? 0) - offset;
      if (!isNew && distance === 0) distance = by;
      slot = chunk[at + slotWord] ?? 0;
      offset += by;
      // Above the maximum, the word contains an expiry code.
      const isEqual = chunk[at + lengthWord] === bodyLength && (isNew || by === distance);
      if (!isEqual || offset > offsetMax || scratch.length > runNumbersMax) return undefined;
      if (isNew) scratch.push(at / wordCount, slot, offset);
    }
    return new PackedChunk(distance, bodyLength);
  }

  static #ofDifferent(chunk: Uint32Array): PackedChunk | undefined {
    let [slot, upper] = [0, 0];
    scratch.length = 0;
    for (let at = 0; at < size * wordCount; at += wordCount) {
      const offset = chunk[at + offsetWord] ?? 0;
      const isSmall = offset <= offsetMax && (chunk[at + lengthWord] ?? 0) < half;
      if (!isSmall || scratch.length > runNumbersMax) return undefined;
      if (chunk[at + slotWord] === slot && offset - (offset % half) === upper) continue;
      slot = chunk[at + slotWord] ?? 0;
      upper = offset - (offset % half);
      scratch.push(at / wordCount, slot, upper);
    }
    const words = packedPool.take();
    for (let place = 0, at = 0; place < size; place++, at += wordCount) {
      words[place] = ((chunk[at + offsetWord] ?? 0) % half) + (chunk[at + lengthWord] ?? 0) * half;
    }
    return new PackedChunk(0, 0, words);
  }

  /**
   * Returns a word of a message, as it is in the unpacked chunk.
   *
   * @param place the place of the message in the chunk, 0 to 255
   * @param which 0 for the slot, 1 for the offset, 2 for the body length
   */
  word(place: number, which: number): number {
    if (which === lengthWord) return this.#lengthAt(place);
    const runs = this.#runs;
    let run = runs.length - runSize;
    while ((runs[run] ?? 0) > place) run -= runSize;
    return which === slotWord ? (runs[run + 1] ?? 0) : this.#offsetAt(place, run);
  }

  #lengthAt(place: number): number {
    return this.#words === undefined ? this.#bodyLength : (this.#words[place] ?? 0) >>> 16;
  }

  #offsetAt(place: number, run: number): number {
    const start = this.#runs[run + 2] ?? 0;
    if (this.#words !== undefined) return start + ((this.#words[place] ?? 0) & (half - 1));
    return start + (place - (this.#runs[run] ?? 0)) * this.#distance;
  }

  /** Copies the messages to a chunk, and releases the memory of this object, which must not be used any more. */
  unpack(chunk: Uint32Array): void {
    let run = 0;
    for (let place = 0, at = 0; place < size; place++, at += wordCount) {
      if (this.#runs[run + runSize] === place) run += runSize;
      chunk[at + slotWord] = this.#runs[run + 1] ?? 0;
      chunk[at + offsetWord] = this.#offsetAt(place, run);
      chunk[at + lengthWord] = this.#lengthAt(place);
    }
    if (this.#words !== undefined) packedPool.release(this.#words);
  }

  /** The sum of the body lengths of its messages, bytes. */
  bodyBytes(): number {
    if (this.#words === undefined) return this.#bodyLength * size;
    return this.#words.reduce((bytes, word) => bytes + (word >>> 16), 0);
  }
}

/** The packed chunks of a queue. */
export class PackedChunks {
  /** By the number of their first message divided by {@link size}. */
  readonly #chunks = new Map<number, PackedChunk>();

  /**
   * Packs a chunk in which all messages are live.
   *
   * @param first the number of its first message
   * @returns whether the chunk was packed. If it was, the caller may reuse its memory
   */
  pack(first: number, chunk: Uint32Array): boolean {
    const packed = PackedChunk.of(chunk);
    if (packed !== undefined) this.#chunks.set(first / size, packed);
    return packed !== undefined;
  }

  /** The packed chunk with a message. */
  at(sequence: number): PackedChunk | undefined {
    return this.#chunks.get(Math.floor(sequence / size));
  }

  /** Unpacks the chunk with a message; undefined if it is not packed. */
  unpack(sequence: number): Uint32Array | undefined {
    const packed = this.at(sequence);
    if (packed === undefined) return undefined;
    this.#chunks.delete(Math.floor(sequence / size));
    const chunk = chunkPool.take();
    packed.unpack(chunk);
    return chunk;
  }

  /** The sum of the body lengths of all messages in packed chunks, bytes. */
  bodyBytes(): number {
    let bytes = 0;
    for (const packed of this.#chunks.values()) bytes += packed.bodyBytes();
    return bytes;
  }
}
