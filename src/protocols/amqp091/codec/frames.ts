// Parsing of frames.

import { joined, readU32 } from '../../../base/bytes.ts';
import { AmqpError } from '../errors.ts';

/** Frame types (4.2.3). */
export const frameTypes = { method: 1, header: 2, body: 3, heartbeat: 8 } as const;

/** The octet after every payload. */
export const frameEnd = 0xce;

/** The size of a frame without its payload. */
export const frameOverhead = 8;

/** The receiver of frames. The bytes are slices of the received data and may be kept. */
export interface FrameSink {
  method(channel: number, bytes: Buffer, at: number, end: number): void;
  header(channel: number, bytes: Buffer, at: number, end: number): void;
  /** A part of a body frame. `isLast` is set on the last part, which may be empty. */
  body(channel: number, bytes: Buffer, at: number, end: number, isLast: boolean): void;
  heartbeat(channel: number, size: number): void;
}

/**
 * Splits a byte stream into frames. Method and header frames that arrive in several chunks are
 * assembled. Bodies are passed on in parts as they arrive.
 */
export class FrameReader {
  /** The negotiated maximum size of a frame. */
  frameMax: number;
  readonly #sink: FrameSink;
  #stopped = false;
  #isSuspended = false;
  /** Data that arrived while suspended. */
  #kept: Buffer[] = [];
  /** The start of an incomplete frame; undefined between frames and inside bodies. */
  #partial: Buffer | undefined = undefined;
  /** The buffer of the complete frame, as far as it has arrived. */
  #frame: Buffer | undefined = undefined;
  #filled = 0;
  #bodyChannel = 0;
  /** The remaining payload of a body frame; -1 outside of body frames. */
  #bodyLeft = -1;

  constructor(sink: FrameSink, frameMax: number) {
    this.#sink = sink;
    this.frameMax = frameMax;
  }

  /** Stops permanently, even if further frames were received already. */
  stop(): void {
    this.#stopped = true;
    this.#partial = undefined;
    this.#frame = undefined;
  }

  /** Whether it is suspended. */
  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** Suspends after the current frame until `resume`. Received data is stored. */
  suspend(): void {
    this.#isSuspended = true;
  }

  /** Resumes, and returns the stored data, which must be received again. */
  resume(): Buffer {
    this.#isSuspended = false;
    const kept = this.#kept;
    this.#kept = [];
    return joined(kept);
  }

  /** @throws {AmqpError} 'frame-error' if the data is not a valid frame */
  receive(bytes: Buffer): void {
    if (this.#isSuspended) {
      this.#kept.push(bytes);
      return;
    }
    let at = 0;
    if (this.#bodyLeft >= 0) at = this.#continueBody(bytes);
    else if (this.#partial !== undefined) at = this.#completePartial(bytes);
    this.#cut(bytes, at);
  }

  #cut(bytes: Buffer, from: number): void {
    const length = bytes.length;
    let at = from;
    while (!this.#stopped && at < length) {
      if (this.#isSuspended) {
        this.#kept.push(bytes.subarray(at));
        return;
      }
      if (length - at < 7) {
        this.#partial = bytes.subarray(at);
        return;
      }
      const type = bytes[at] as number; // at + 6 < length, so the bytes exist
      const channel = ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
      const size = readU32(bytes, at + 3);
      const start = at + 7;
      this.#check(type, size);
      const end = start + size;
      if (end < length) {
        this.#dispatch(type, channel, bytes, start, end);
        at = end + 1;
      } else if (type === frameTypes.body) {
        this.#bodyChannel = channel;
        this.#bodyLeft = size;
        at = this.#takeBody(bytes, start);
      } else {
        this.#partial = bytes.subarray(at);
        return;
      }
    }
  }

  #check(type: number, size: number): void {
    // Some clients do not count the frame overhead, so it is tolerated.
    if (size > this.frameMax) {
      const found = `{frame_too_large,${size},${this.frameMax - frameOverhead}}`;
      throw new AmqpError('frame-error', `type ${type}, all octets = <<>>: ${found}`);
    }
    if (type === 0 || (type > 3 && type !== frameTypes.heartbeat)) {
      throw new AmqpError('frame-error', `frame of unknown type ${type}; known are 1, 2, 3 and 8`);
    }
  }

  #dispatch(type: number, channel: number, bytes: Buffer, start: number, end: number): void {
    checkFrameEnd(type, bytes, start, end);
    if (type === frameTypes.method) this.#sink.method(channel, bytes, start, end);
    else if (type === frameTypes.header) this.#sink.header(channel, bytes, start, end);
    else if (type === frameTypes.body) this.#sink.body(channel, bytes, start, end, true);
    else this.#sink.heartbeat(channel, end - start);
  }

  #continueBody(bytes: Buffer): number {
    return this.#stopped ? bytes.length : this.#takeBody(bytes, 0);
  }

  /** Passes on the available part of the body frame, and returns the next offset. */
  #takeBody(bytes: Buffer, from: number): number {
    const end = Math.min(from + this.#bodyLeft, bytes.length);
    this.#bodyLeft -= end - from;
    if (end === bytes.length) {
      if (end > from) this.#sink.body(this.#bodyChannel, bytes, from, end, false);
      return end;
    }
    checkFrameEnd(frameTypes.body, bytes, from, end);
    this.#bodyLeft = -1;
    this.#sink.body(this.#bodyChannel, bytes, from, end, true);
    return end + 1;
  }

  /** Completes the incomplete frame if possible, and returns the next offset. */
  #completePartial(bytes: Buffer): number {
    const kept = this.#partial as Buffer;
    if (kept.length >= 7) return this.#completeFrom(kept, bytes, 0);
    const used = Math.min(7 - kept.length, bytes.length);
    this.#partial = Buffer.concat([kept, bytes.subarray(0, used)]);
    if (this.#partial.length < 7) return used;
    return this.#completeFrom(this.#partial, bytes, used);
  }

  #completeFrom(kept: Buffer, bytes: Buffer, from: number): number {
    const type = kept.readUInt8(0);
    const size = kept.readUInt32BE(3);
    this.#check(type, size);
    if (type === frameTypes.body) {
      // Only the seven octets before the payload of a body frame are ever stored.
      this.#partial = undefined;
      this.#bodyChannel = kept.readUInt16BE(1);
      this.#bodyLeft = size;
      return this.#takeBody(bytes, from);
    }
    const frame = this.#frame ?? this.#beginFrame(kept, size + frameOverhead);
    const used = Math.min(frame.length - this.#filled, bytes.length - from);
    bytes.copy(frame, this.#filled, from, from + used);
    this.#filled += used;
    if (this.#filled === frame.length) {
      this.#partial = undefined;
      this.#frame = undefined;
      this.#dispatch(type, kept.readUInt16BE(1), frame, 7, 7 + size);
    }
    return from + used;
  }

  /** Allocates the complete frame at once, so that small chunks are not copied repeatedly. */
  #beginFrame(kept: Buffer, size: number): Buffer {
    const frame = Buffer.allocUnsafe(size);
    kept.copy(frame);
    this.#frame = frame;
    this.#filled = kept.length;
    return frame;
  }
}

function checkFrameEnd(type: number, bytes: Buffer, start: number, end: number): void {
  if (bytes[end] === frameEnd) return;
  const octets = Array.from(bytes.subarray(start, Math.min(end, start + 16))).join(',');
  throw new AmqpError(
    'frame-error',
    `type ${type}, first 16 octets = <<${octets}>>: {invalid_frame_end_marker,${bytes[end]}}`,
  );
}
