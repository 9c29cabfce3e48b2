import { copyBytes } from '../base/bytes.ts';
import type { Limits } from '../broker/limits.ts';
import type { Transport } from './protocol.ts';

/** Bytes gathered before they are written at the latest; a buffer has room for as many. */
const bufferSize = 128 * 1024;

/** Buffers kept for the next connection that has something to say. */
const spareCountMax = 32;

const spares: Buffer[] = [];

function releaseBuffer(buffer: Buffer): void {
  if (spares.length < spareCountMax) spares.push(buffer);
}

/** What an outbox asks of its broker. */
export interface OutboxHost {
  /** What all peers together have not read yet. */
  readonly unread: { bytes: number };
  readonly limits: Pick<Limits, 'unreadBytesSum' | 'deliveryBytesShare'>;
}

/**
 * Bytes on their way to a peer, gathered into one buffer that leaves in one write at the end of a
 * turn, or when it is full. An idle connection holds no buffer. Where all peers together have left
 * too much unread, no more is delivered to a peer that has its share of it, until it has read that.
 */
export class PeerOutbox {
  /** Whether more may be delivered. */
  isWritable = true;
  /** Whether anything was written since the last look; for heart-beats. */
  hasWritten = false;
  /** Bytes handed to the transport that have not left yet. */
  waitingBytes = 0;
  /** Bytes that have left since the beginning. */
  leftBytes = 0;
  readonly #transport: Transport;
  readonly #host: OutboxHost;
  readonly #writableAgain: () => void;
  /** The transport has refused a write and is not writable again. */
  #isTransportBehind = false;
  /** The peer has its share of what all may leave unread. */
  #isShareUsed = false;
  #isEnded = false;
  #buffer: Buffer | undefined = undefined;
  #at = 0;
  /** Bytes at which the buffer is written. */
  #sizeMax = bufferSize;

  /** @param writableAgain called where the peer has read so much of its share that more may be delivered */
  constructor(transport: Transport, host: OutboxHost, writableAgain: () => void) {
    this.#transport = transport;
    this.#host = host;
    this.#writableAgain = writableAgain;
  }

  get #isCrowded(): boolean {
    return this.#host.unread.bytes > this.#host.limits.unreadBytesSum;
  }

  /** The transport is writable again. */
  resume(): void {
    this.#isTransportBehind = false;
    this.isWritable = !this.#isShareUsed;
  }

  /** No more is to be delivered, whatever the transport takes. */
  block(): void {
    this.#isTransportBehind = true;
    this.isWritable = false;
  }

  /**
   * Room for `size` bytes, which must all be written before anything else is asked of the outbox.
   *
   * @param size bytes, at most 65536; they go to {@link bytes} at the returned position
   */
  claim(size: number): number {
    if (this.#at + size > this.#sizeMax) this.flush();
    if (this.#buffer === undefined) {
      this.#buffer = spares.pop() ?? Buffer.allocUnsafeSlow(bufferSize);
      this.#sizeMax = this.#isCrowded ? this.#host.limits.deliveryBytesShare : bufferSize;
      this.#transport.requestFlush();
    }
    const start = this.#at;
    this.#at = start + size;
    return start;
  }

  /** The buffer that the last `claim` was for. */
  get bytes(): Buffer {
    return this.#buffer as Buffer; // claim() has just seen to it
  }

  /** Copies bytes of any size. */
  append(from: Buffer, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const room = bufferSize - this.#at;
      const size = Math.min(end - at, room === 0 ? bufferSize / 2 : room, bufferSize / 2);
      const to = this.claim(size);
      copyBytes(this.bytes, to, from, at, at + size);
      at += size;
    }
  }

  /** Forgets what has gathered: after a bug it may end inside a frame. */
  discard(): void {
    if (this.#buffer !== undefined) releaseBuffer(this.#buffer);
    this.#buffer = undefined;
    this.#at = 0;
  }

  /** Hands what has gathered to the transport. */
  flush(): void {
    const buffer = this.#buffer;
    if (buffer === undefined || this.#at === 0) return;
    if (this.#isEnded) {
      this.discard();
      return;
    }
    const { unread, limits } = this.#host;
    const isCrowded = this.#isCrowded;
    // What may stay unread for long should take no more memory than it has bytes.
    const bytes = isCrowded
      ? Buffer.from(buffer.subarray(0, this.#at))
      : buffer.subarray(0, this.#at);
    if (isCrowded) releaseBuffer(buffer);
    this.#buffer = undefined;
    this.#at = 0;
    this.hasWritten = true;
    const size = bytes.length;
    this.waitingBytes += size;
    unread.bytes += size;
    const released = () => {
      if (!isCrowded) releaseBuffer(buffer);
      if (!this.#isEnded) this.#left(size);
    };
    if (!this.#transport.write(bytes, released)) this.block();
    if (isCrowded && this.waitingBytes > limits.deliveryBytesShare) {
      this.#isShareUsed = true;
      this.isWritable = false;
    }
  }

  #left(size: number): void {
    this.waitingBytes -= size;
    this.leftBytes += size;
    this.#host.unread.bytes -= size;
    if (!this.#isShareUsed || this.waitingBytes > this.#host.limits.deliveryBytesShare) return;
    this.#isShareUsed = false;
    if (this.#isTransportBehind) return;
    this.isWritable = true;
    this.#writableAgain();
  }

  /** The peer is gone: what it has not read counts no more. */
  end(): void {
    if (this.#isEnded) return;
    this.#isShareUsed = false;
    this.#left(this.waitingBytes);
    this.#isEnded = true;
  }
}
