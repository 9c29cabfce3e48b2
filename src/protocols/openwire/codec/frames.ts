// Splits received data into frames.

import { readU32 } from '../../../base/bytes.ts';
import { SuspendableInput } from '../../suspendable-input.ts';
import { OpenWireError } from '../errors.ts';

/** Size of the length that precedes a frame. */
const prefixBytes = 4;
const nothing = Buffer.alloc(0);
/** Initial size of the buffer for a frame that is split over chunks. */
const splitBytesMin = 64;
/** Size of a frame up to which its buffer has that size at once. */
const smallBytes = 4096;
/**
 * Size up to which the buffer of a frame doubles. Then it gets the size of the frame, because copying
 * more in a turn would hold up others.
 */
const doubledBytesMax = 8 * 1024 * 1024;

/** Receives complete frames, which must not be retained. */
export interface FrameSink {
  /**
   * The length and the type of a frame are known, before all of it has arrived.
   *
   * @throws {OpenWireError} if such a frame is not permitted
   */
  announced(sizeBytes: number, type: number): void;
  frame(bytes: Buffer, start: number, end: number): void;
}

/**
 * Splits a byte stream into frames. A frame that is split over chunks is gathered in a buffer that
 * grows with the received data, whatever length the peer states. The system provides the memory of a
 * large buffer when it is written to.
 */
export class FrameReader extends SuspendableInput {
  readonly #sink: FrameSink;
  /** The beginning of an incomplete frame, with its length. */
  #split: Buffer = nothing;
  #splitLength = 0;
  #isAnnounced = false;
  /** The length of the frame, if it was announced. */
  #announcedSize = 0;

  constructor(sink: FrameSink) {
    super();
    this.#sink = sink;
  }

  protected override discard(): void {
    this.#split = nothing;
    this.#splitLength = 0;
  }

  /** @throws {OpenWireError} `malformed` if a frame exceeds a limit; anything that the sink throws */
  protected override decode(bytes: Buffer, at: number): number {
    return this.#splitLength > 0 ? this.#complete(bytes, at) : this.#take(bytes, at);
  }

  /** Takes a frame that begins in a chunk. Returns the offset after what was taken. */
  #take(bytes: Buffer, at: number): number {
    const left = bytes.length - at;
    if (left > prefixBytes) {
      const size = readU32(bytes, at);
      this.#announce(size, bytes[at + prefixBytes] ?? 0);
      if (left >= prefixBytes + size) {
        const start = at + prefixBytes;
        this.#isAnnounced = false;
        this.#sink.frame(bytes, start, start + size);
        return start + size;
      }
    }
    this.#keep(bytes, at, bytes.length);
    return bytes.length;
  }

  #announce(size: number, type: number): void {
    if (this.#isAnnounced) return;
    if (size === 0) throw new OpenWireError('malformed', 'a frame of 0 bytes');
    this.#sink.announced(size, type);
    this.#isAnnounced = true;
    this.#announcedSize = size;
  }

  /** Adds to an incomplete frame. Returns the offset after what was taken. */
  #complete(bytes: Buffer, from: number): number {
    let at = from;
    if (this.#splitLength <= prefixBytes) {
      const size = Math.min(prefixBytes + 1 - this.#splitLength, bytes.length - at);
      this.#keep(bytes, at, at + size);
      at += size;
      if (this.#splitLength <= prefixBytes) return at;
    }
    const size = readU32(this.#split, 0);
    this.#announce(size, this.#split[prefixBytes] ?? 0);
    const end = Math.min(bytes.length, at + prefixBytes + size - this.#splitLength);
    this.#keep(bytes, at, end);
    if (this.#splitLength < prefixBytes + size) return end;
    const frame = this.#split;
    this.#split = nothing;
    this.#splitLength = 0;
    this.#isAnnounced = false;
    this.#sink.frame(frame, prefixBytes, prefixBytes + size);
    return end;
  }

  /** The size of the buffer for a number of bytes of the frame. */
  #bufferSize(length: number): number {
    const grown = Math.max(length, this.#split.length * 2, splitBytesMin);
    if (!this.#isAnnounced) return grown;
    const size = prefixBytes + this.#announcedSize;
    if (size <= smallBytes) return Math.max(size, grown);
    return grown > doubledBytesMax ? Math.max(size, length) : grown;
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    const length = this.#splitLength + end - start;
    if (length > this.#split.length) {
      const larger = allocate(this.#bufferSize(length));
      this.#split.copy(larger, 0, 0, this.#splitLength);
      this.#split = larger;
    }
    bytes.copy(this.#split, this.#splitLength, start, end);
    this.#splitLength = length;
  }
}

/** Small buffers share memory. Large ones are returned as soon as their frame was handled. */
function allocate(size: number): Buffer {
  return size <= Buffer.poolSize / 2 ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(size);
}
