// The output buffer of a connection.

import { copyBytes, Writer, writeU32 } from '../../base/bytes.ts';
import { hasHiddenHeaders } from '../../broker/format.ts';
import type { Publication } from '../../broker/publication.ts';
import type { Delivery } from '../../broker/subscription.ts';
import { TransportOutput } from '../transport-output.ts';
import { frameEnd, frameTypes } from './codec/frames.ts';
import { type Method, writeMethod } from './codec/methods.gen.ts';
import { visibleHead } from './format.ts';
import { headOfStream } from './streams/stream-head.ts';

/** Size of a buffer, after which it is written at the latest. */
const bufferSize = 128 * 1024;

/**
 * Size of a body, bytes, above which its frames are made later. The record of such a message is alone
 * in its block.
 */
const largeBodyBytes = 1024 * 1024;

/** Maximum number of unused buffers. */
const spareCountMax = 32;

const spares: Buffer[] = [];
const scratch = new Writer(1024);

function releaseBuffer(buffer: Buffer): void {
  if (spares.length < spareCountMax) spares.push(buffer);
}

/**
 * Gathers frames in one buffer, which is written at the end of a turn or when it is full. An idle
 * connection has no buffer. If all peers together have too much unread data, a peer with its share
 * of it gets no deliveries until it has read some.
 */
export class Outbox extends TransportOutput {
  #buffer: Buffer | undefined = undefined;
  #at = 0;
  /** The size at which the buffer is written. */
  #sizeMax = bufferSize;

  /**
   * Reserves `size` bytes, which must be written before any other call.
   *
   * @param size at most 65536; the space is in {@link bytes} at the returned offset
   */
  claim(size: number): number {
    if (this.#at + size > this.#sizeMax) this.flush();
    if (this.#buffer === undefined) {
      this.#buffer = spares.pop() ?? Buffer.allocUnsafeSlow(bufferSize);
      this.#sizeMax = this.isCrowded ? this.host.limits.deliveryBytesShare : bufferSize;
      this.transport.requestFlush();
    }
    const start = this.#at;
    this.#at = start + size;
    return start;
  }

  /** The buffer of the last `claim`. */
  get bytes(): Buffer {
    return this.#buffer as Buffer; // set by claim()
  }

  /** Appends bytes of any size. */
  append(from: Buffer, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const room = bufferSize - this.#at;
      const size = Math.min(end - at, room === 0 ? bufferSize / 2 : room, bufferSize / 2);
      const to = this.claim(size);
      copyBytes(this.bytes, to, from, at, at + size);
      at += size;
    }
  }

  /** Writes the seven octets before a payload. */
  frameHead(type: number, channel: number, size: number): void {
    const at = this.claim(7);
    writeFrameHead(this.bytes, at, type, channel, size);
  }

  frameEnd(): void {
    const at = this.claim(1);
    this.bytes[at] = frameEnd;
  }

  /** Writes a method frame. */
  method(channel: number, method: Method): void {
    scratch.at = 0;
    writeMethod(scratch, method);
    this.frameHead(frameTypes.method, channel, scratch.at);
    this.append(scratch.bytes, 0, scratch.at);
    this.frameEnd();
  }

  /** Writes a method frame whose payload is encoded already. */
  encodedMethod(channel: number, payload: Buffer): void {
    this.frameHead(frameTypes.method, channel, payload.length);
    this.append(payload, 0, payload.length);
    this.frameEnd();
  }

  /** Writes the header and body frames of a message, with frames of at most `frameMax`. */
  content(channel: number, frameMax: number, delivery: Delivery): void {
    const { buffer, headAt, headLength, deliveryCount } = delivery;
    if (delivery.streamOffset >= 0) {
      const { bytes, end } = headOfStream(delivery);
      this.#content(channel, frameMax, bytes, 0, end, delivery);
      return;
    }
    const isOther = (delivery.format & hasHiddenHeaders) !== 0 || deliveryCount > 0;
    const head = isOther ? visibleHead(buffer, headAt, headAt + headLength, deliveryCount) : buffer;
    const headStart = isOther ? 0 : headAt;
    const headEnd = isOther ? head.length : headAt + headLength;
    this.#content(channel, frameMax, head, headStart, headEnd, delivery);
  }

  #content(
    channel: number,
    frameMax: number,
    head: Buffer,
    headStart: number,
    headEnd: number,
    { buffer, bodyAt, bodyLength }: Delivery,
  ): void {
    this.frameHead(frameTypes.header, channel, 12 + headEnd - headStart);
    const at = this.claim(12);
    writeContentHead(this.bytes, at, bodyLength);
    this.append(head, headStart, headEnd);
    this.frameEnd();
    this.#bodyFrames(channel, frameMax, buffer, bodyAt, bodyAt + bodyLength);
  }

  /**
   * Writes the body of a large message, whose frames are made when those before them were sent. It stays
   * in its block, whose buffer nothing else uses, until then.
   */
  #largeBody(channel: number, frameMax: number, body: Buffer, start: number, end: number): void {
    this.flush();
    if (this.isEnded) return;
    const payloadMax = frameMax - 8;
    const payloadsMax = Math.max(1, Math.floor(bufferSize / frameMax)) * payloadMax;
    for (let from = start; from < end; from += payloadsMax) {
      const to = Math.min(from + payloadsMax, end);
      const sizeBytes = to - from + 8 * Math.ceil((to - from) / payloadMax);
      let made: Buffer | undefined;
      const make = () => {
        made = spares.pop() ?? Buffer.allocUnsafeSlow(bufferSize);
        return made.subarray(0, writeBodyFrames(made, channel, payloadMax, body, from, to));
      };
      this.pass(sizeBytes, make, () => made !== undefined && releaseBuffer(made));
    }
  }

  #bodyFrames(channel: number, frameMax: number, body: Buffer, start: number, end: number): void {
    if (end - start > largeBodyBytes && frameMax <= bufferSize) {
      this.#largeBody(channel, frameMax, body, start, end);
      return;
    }
    const payloadMax = frameMax - 8;
    for (let from = start; from < end; from += payloadMax) {
      const to = Math.min(from + payloadMax, end);
      this.frameHead(frameTypes.body, channel, to - from);
      this.append(body, from, to);
      this.frameEnd();
    }
  }

  /** Writes the header and body frames of a message that is being published. */
  publication(channel: number, frameMax: number, from: Publication): void {
    let { head, headStart, headEnd } = from;
    if ((from.format & hasHiddenHeaders) !== 0) {
      head = visibleHead(head, headStart, headEnd);
      headStart = 0;
      headEnd = head.length;
    }
    this.frameHead(frameTypes.header, channel, 12 + headEnd - headStart);
    const at = this.claim(12);
    writeContentHead(this.bytes, at, from.bodyLength);
    this.append(head, headStart, headEnd);
    this.frameEnd();
    for (let i = 0; i < from.partCount; i++) {
      const part = from.parts[i] as Buffer; // partCount elements of each list are in use
      this.#bodyFrames(channel, frameMax, part, from.partStarts[i] ?? 0, from.partEnds[i] ?? 0);
    }
  }

  /** Sends a heartbeat frame at once. It does not delay the next one. */
  heartbeat(): void {
    this.flush();
    const { hasWritten } = this;
    this.frameHead(frameTypes.heartbeat, 0, 0);
    this.frameEnd();
    this.flush();
    this.hasWritten = hasWritten;
  }

  /** Discards the buffer: after a bug, it may end inside a frame. */
  discard(): void {
    if (this.#buffer !== undefined) releaseBuffer(this.#buffer);
    this.#buffer = undefined;
    this.#at = 0;
  }

  /** Passes the buffer to the transport. */
  flush(): void {
    const buffer = this.#buffer;
    if (buffer === undefined || this.#at === 0) return;
    if (this.isEnded) {
      this.discard();
      return;
    }
    const isCrowded = this.isCrowded;
    // Data that may stay unread for long should not take more memory than its size.
    const bytes = isCrowded
      ? Buffer.from(buffer.subarray(0, this.#at))
      : buffer.subarray(0, this.#at);
    if (isCrowded) releaseBuffer(buffer);
    this.#buffer = undefined;
    this.#at = 0;
    this.pass(bytes.length, bytes, () => {
      if (!isCrowded) releaseBuffer(buffer);
    });
  }
}

/** Writes the body frames of a part of a body, and returns the end of the last one. */
function writeBodyFrames(
  to: Buffer,
  channel: number,
  payloadMax: number,
  body: Buffer,
  start: number,
  end: number,
): number {
  let at = 0;
  for (let from = start; from < end; from += payloadMax) {
    const size = Math.min(payloadMax, end - from);
    writeFrameHead(to, at, frameTypes.body, channel, size);
    at = copyBytes(to, at + 7, body, from, from + size);
    to[at++] = frameEnd;
  }
  return at;
}

/** Writes the seven octets before a payload. */
export function writeFrameHead(
  bytes: Buffer,
  at: number,
  type: number,
  channel: number,
  size: number,
): void {
  bytes[at] = type;
  bytes[at + 1] = channel >>> 8;
  bytes[at + 2] = channel;
  writeU32(bytes, at + 3, size);
}

/** Writes class, weight and body size: the first twelve octets of a content header. */
export function writeContentHead(bytes: Buffer, at: number, bodySize: number): void {
  bytes[at] = 0;
  bytes[at + 1] = 60;
  for (let i = 2; i < 8; i++) bytes[at + i] = 0;
  writeU32(bytes, at + 8, bodySize);
}
