// Decodes the byte stream of a connection (2.2, 2.3).

import { readU32 } from '../../../base/bytes.ts';
import { SuspendableInput } from '../../suspendable-input.ts';
import { AmqpError } from '../errors.ts';
import { unauthenticatedFrameBytesMax } from '../limits.ts';

/** Size of a protocol header and of a frame header, in bytes. */
const headerBytes = 8;

/** Types of frames. */
export const frameTypes = { amqp: 0, sasl: 1 } as const;

/** Protocol ids of protocol headers. */
export const protocolIds = { amqp: 0, tls: 2, sasl: 3 } as const;

/** Returns the protocol header of a protocol id, version 1.0.0. */
export function protocolHeader(id: number): Buffer {
  return Buffer.of(0x41, 0x4d, 0x51, 0x50, id, 1, 0, 0);
}

/** The receiver of frames. The bytes are slices of the received data and may be kept. */
export interface FrameSink {
  /** A protocol header was received, where one is expected. */
  protocolHeader(header: Buffer): void;
  /** A frame is complete: its body is between two offsets. */
  frame(type: number, channel: number, bytes: Buffer, at: number, end: number): void;
}

/** Decodes a byte stream into protocol headers and frames. A split frame is joined. */
export class FrameReader extends SuspendableInput {
  /** Maximum size of a frame in bytes. */
  frameBytesMax = unauthenticatedFrameBytesMax;
  readonly #sink: FrameSink;
  #expectsHeader = true;
  /** The beginning of an incomplete frame or header. */
  #part: Buffer = Buffer.alloc(0);
  #partLength = 0;

  constructor(sink: FrameSink) {
    super();
    this.#sink = sink;
  }

  /** A protocol header follows, instead of a frame. */
  expectHeader(): void {
    this.#expectsHeader = true;
  }

  protected override discard(): void {
    this.#part = Buffer.alloc(0);
    this.#partLength = 0;
  }

  /** @throws {AmqpError} `connection:framing-error`, or the error of the receiver */
  protected override decode(bytes: Buffer, at: number): number {
    return this.#partLength > 0 ? this.#complete(bytes, at) : this.#take(bytes, at);
  }

  /** Handles a frame that is complete in the received data. Returns the offset after it. */
  #take(bytes: Buffer, at: number): number {
    const left = bytes.length - at;
    const size = left < headerBytes ? headerBytes : this.#sizeAt(bytes, at);
    if (left < size) {
      this.#keep(bytes, at, bytes.length, size);
      return bytes.length;
    }
    this.#pass(bytes, at, size);
    return at + size;
  }

  /** Adds data to an incomplete frame. Returns the offset after the data that was used. */
  #complete(bytes: Buffer, from: number): number {
    let at = from;
    if (this.#partLength < headerBytes) {
      at = this.#keep(bytes, at, Math.min(bytes.length, at + headerBytes - this.#partLength));
      if (this.#partLength < headerBytes) return at;
    }
    const size = this.#sizeAt(this.#part, 0);
    at = this.#keep(bytes, at, Math.min(bytes.length, at + size - this.#partLength), size);
    if (this.#partLength < size) return at;
    const part = this.#part;
    this.#part = Buffer.alloc(0);
    this.#partLength = 0;
    this.#pass(part, 0, size);
    return at;
  }

  /** Copies a part of a frame. Returns the offset after it. */
  #keep(bytes: Buffer, at: number, end: number, size = headerBytes): number {
    const length = this.#partLength + end - at;
    if (this.#part.length < size) {
      const larger = Buffer.allocUnsafeSlow(size);
      this.#part.copy(larger, 0, 0, this.#partLength);
      this.#part = larger;
    }
    bytes.copy(this.#part, this.#partLength, at, end);
    this.#partLength = length;
    return end;
  }

  /** The size of the frame or header whose first eight bytes are at an offset. */
  #sizeAt(bytes: Buffer, at: number): number {
    if (this.#expectsHeader) return headerBytes;
    const size = readU32(bytes, at);
    if (size < headerBytes) throw framingError(`a frame of ${size} bytes is smaller than 8`);
    if (size > this.frameBytesMax) {
      throw framingError(`a frame of ${size} bytes is larger than ${this.frameBytesMax}`);
    }
    const bodyAt = (bytes[at + 4] ?? 0) * 4;
    if (bodyAt < headerBytes || bodyAt > size) {
      throw framingError(`the body of a frame of ${size} bytes is at ${bodyAt}`);
    }
    return size;
  }

  #pass(bytes: Buffer, at: number, size: number): void {
    if (this.#expectsHeader) {
      this.#expectsHeader = false;
      this.#sink.protocolHeader(bytes.subarray(at, at + size));
      return;
    }
    const bodyAt = at + (bytes[at + 4] ?? 0) * 4;
    const channel = ((bytes[at + 6] ?? 0) << 8) | (bytes[at + 7] ?? 0);
    this.#sink.frame(bytes[at + 5] ?? 0, channel, bytes, bodyAt, at + size);
  }
}

/** The error of bytes that are not frames. */
export function framingError(message: string): AmqpError {
  return new AmqpError('connection:framing-error', message);
}
