// Output buffers of connections, for all protocols.

import { copyBytes } from '../base/bytes.ts';
import { TransportOutput } from './transport-output.ts';

/** Size of the largest buffers in bytes. A full one is written immediately. */
const bufferSize = 128 * 1024;

/**
 * Size in bytes above which a body is not copied for its peer. The record of such a message is alone
 * in its block.
 */
const largeBodyBytes = 1024 * 1024;

/** Buffers of one size, of which unused ones are kept for other connections. */
class BufferPool {
  /** In bytes. */
  readonly size: number;
  readonly #spareCountMax: number;
  readonly #spares: Buffer[] = [];

  constructor(size: number, spareCountMax: number) {
    this.size = size;
    this.#spareCountMax = spareCountMax;
  }

  take(): Buffer {
    return this.#spares.pop() ?? Buffer.allocUnsafeSlow(this.size);
  }

  release(buffer: Buffer): void {
    if (this.#spares.length < this.#spareCountMax) this.#spares.push(buffer);
  }
}

const largest = new BufferPool(bufferSize, 32);

/**
 * All pools, by size. One message goes to hundreds of peers in a turn: if each of them took a large
 * buffer, the collector would run again and again because of so much memory outside its heap.
 */
const pools: readonly BufferPool[] = [
  new BufferPool(4 * 1024, 1024),
  new BufferPool(32 * 1024, 64),
  largest,
];

function poolFor(size: number): BufferPool {
  return pools.find((pool) => pool.size >= size) ?? largest;
}

/**
 * Output of one peer. It is collected in one buffer, which is written at the end of a turn or when
 * it is full. An idle connection has no buffer. If all peers together have too much unread data,
 * deliveries to a peer that has used its share stop until it has read it.
 */
export class PeerOutbox extends TransportOutput {
  #buffer: Buffer | undefined = undefined;
  #pool: BufferPool = largest;
  #at = 0;
  /** The number of bytes that can be collected without another buffer. */
  #capacity = 0;
  /** The number of bytes at which the buffer is written. */
  #sizeMax = bufferSize;
  /**
   * The number of bytes that were written last, or half of the time before if that is more. The next
   * buffer has room for as many.
   */
  #usualSize = 0;

  /**
   * Reserves `size` bytes, all of which must be written before the next call to the outbox.
   *
   * @param size in bytes, at most 65536
   * @returns the position in {@link bytes}
   */
  claim(size: number): number {
    if (this.#at + size > this.#capacity) this.#makeRoom(size);
    const start = this.#at;
    this.#at = start + size;
    return start;
  }

  #makeRoom(size: number): void {
    if (this.#at + size > this.#sizeMax) this.flush();
    if (this.#buffer === undefined) {
      this.#take(poolFor(Math.max(size, this.#usualSize)));
      this.#sizeMax = this.isCrowded ? this.host.limits.deliveryBytesShare : bufferSize;
      this.transport.requestFlush();
    } else {
      const [before, pool] = [this.#buffer, this.#pool];
      this.#take(largest);
      before.copy(this.bytes, 0, 0, this.#at);
      pool.release(before);
    }
    this.#capacity = Math.min(this.bytes.length, Math.max(this.#sizeMax, size));
  }

  #take(pool: BufferPool): void {
    this.#pool = pool;
    this.#buffer = pool.take();
  }

  /** The buffer of the last `claim`. */
  get bytes(): Buffer {
    return this.#buffer as Buffer; // set by claim() before
  }

  /** Copies bytes of any length. */
  append(from: Buffer, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const room = bufferSize - this.#at;
      const size = Math.min(end - at, room === 0 ? bufferSize / 2 : room, bufferSize / 2);
      const to = this.claim(size);
      copyBytes(this.bytes, to, from, at, at + size);
      at += size;
    }
  }

  /**
   * Writes the body of a stored message. That of a large one is not copied: it stays in its block, whose
   * buffer nothing else uses, until the peer has read it.
   */
  appendBody(from: Buffer, start: number, end: number): void {
    if (end - start <= largeBodyBytes) {
      this.append(from, start, end);
      return;
    }
    this.flush();
    if (this.isEnded) return;
    for (let at = start; at < end; at += bufferSize) {
      const bytes = from.subarray(at, Math.min(at + bufferSize, end));
      this.pass(bytes.length, bytes, () => {});
    }
  }

  /** Discards the collected output, which may end within a frame after a bug. */
  discard(): void {
    if (this.#buffer !== undefined) this.#pool.release(this.#buffer);
    this.#leave();
  }

  #leave(): void {
    this.#buffer = undefined;
    this.#at = 0;
    this.#capacity = 0;
  }

  /** Passes the collected output to the transport. */
  flush(): void {
    const buffer = this.#buffer;
    if (buffer === undefined || this.#at === 0) return;
    if (this.isEnded) {
      this.discard();
      return;
    }
    const pool = this.#pool;
    const isCrowded = this.isCrowded;
    // Data that may stay unread for long must not take more memory than its size.
    const bytes = isCrowded
      ? Buffer.from(buffer.subarray(0, this.#at))
      : buffer.subarray(0, this.#at);
    if (isCrowded) pool.release(buffer);
    this.#usualSize = Math.max(this.#at, this.#usualSize >>> 1);
    this.#leave();
    this.pass(bytes.length, bytes, () => {
      if (!isCrowded) pool.release(buffer);
    });
  }
}
