// The memory of queue indexes: rings of short queues, and chunks of longer ones.

import { ChunkPool } from '../chunk-pool.ts';
import { RingPool } from '../ring-pool.ts';
import { expiryBits } from './expiry-times.ts';

/** The number of messages in a chunk, as a power of two. */
export const shift = 8;
/** The number of messages in a chunk. */
export const size: number = 1 << shift;
/**
 * The words of a message: the slot of its block plus one (0 if it is not live), its offset with the
 * expiry code in the upper bits, and its body length.
 */
export const wordCount = 3;
/** Bits of the offset in its word. */
export const offsetBits: number = 32 - expiryBits;
/** Maximum offset of a record in the plaintext of its block. */
export const offsetMax: number = 2 ** offsetBits - 1;
/**
 * A chunk is packed when this many follow it. The blocks of its messages are then written, so that they do
 * not move, and a queue that is consumed nearly as fast as it is filled packs none.
 */
export const unpackedChunkCount = 64;
/** Number of messages in the smallest ring. */
export const ringSizeMin = 16;
/** Number of messages in the next larger ring. The largest has as many as a chunk. */
const ringSizeMiddle = size / 4;

/** The smallest rings, many in one array. */
export const ringPool: RingPool = new RingPool(ringSizeMin * wordCount);
const middlePool = new ChunkPool(ringSizeMiddle * wordCount, 4);
/** Chunks, and rings of their size. */
export const chunkPool: ChunkPool = new ChunkPool(size * wordCount);
/** Chunks with one word for each message. */
export const packedPool: ChunkPool = new ChunkPool(size, 2);

/** The size of the ring for numbers with a distance of `span`, which is less than that of a chunk. */
export function ringSizeFor(span: number): number {
  return span < ringSizeMiddle ? ringSizeMiddle : size;
}

/** Takes a ring that is not one of the smallest, without live messages. */
export function newRing(messageCount: number): Uint32Array {
  return messageCount === size ? chunkPool.take() : middlePool.take();
}

/** Releases a ring of any size. */
export function releaseRing(ring: Uint32Array, base: number, messageCount: number): void {
  if (messageCount === ringSizeMin) ringPool.release(ring, base);
  else if (messageCount === size) chunkPool.release(ring.fill(0));
  else middlePool.release(ring.fill(0));
}

/** Copies the words of a message. */
export function copyMessage(from: Uint32Array, at: number, to: Uint32Array, toAt: number): void {
  for (let word = 0; word < wordCount; word++) to[toAt + word] = from[at + word] ?? 0;
}

/**
 * Replaces a ring by a larger one. It is copied in at most three parts: a message to many queues makes all
 * of them grow, and a loop over their messages takes milliseconds before it is compiled.
 *
 * @param base the offset of the ring in its array
 * @param mask its size, minus 1
 * @param first the number of its first message
 */
export function copyRing(
  ring: Uint32Array,
  base: number,
  mask: number,
  first: number,
  toSize: number,
): Uint32Array {
  const to = newRing(toSize);
  const end = first + mask + 1;
  for (let s = first; s < end; ) {
    const at = s & mask;
    const toAt = s & (toSize - 1);
    const count = Math.min(end - s, mask + 1 - at, toSize - toAt);
    const start = base + at * wordCount;
    to.set(ring.subarray(start, start + count * wordCount), toAt * wordCount);
    s += count;
  }
  releaseRing(ring, base, mask + 1);
  return to;
}

/**
 * Moves the messages before a place of a ring to a chunk of their own.
 *
 * @param at the place of the first message, so that those before it are the last ones
 * @returns the chunk and the number of its messages; no chunk if there are none
 */
export function splitRing(
  ring: Uint32Array,
  at: number,
): { readonly rest: Uint32Array | undefined; readonly count: number } {
  let count = 0;
  for (let word = 0; word < at * wordCount; word += wordCount) if (ring[word] !== 0) count++;
  if (count === 0) return { rest: undefined, count };
  const rest = chunkPool.take();
  rest.set(ring.subarray(0, at * wordCount));
  ring.fill(0, 0, at * wordCount);
  return { rest, count };
}
