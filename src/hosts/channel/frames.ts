// The frames between the service and a host.

import { HostError } from '../errors.ts';

/**
 * A frame: its whole length u32 | the length of the head u32 | the head, a JSON object | the body. Data keys
 * are bodies: unlike texts, buffers can be overwritten.
 */
export interface Frame {
  readonly head: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

const lengthsBytes = 8;
const firstBytes = 1024;

/** Encodes a frame. The caller overwrites the result if the body is secret. */
export function encodeFrame(head: object, body: Uint8Array = Buffer.alloc(0)): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const frame = Buffer.alloc(lengthsBytes + text.length + body.length);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(text.length, 4);
  text.copy(frame, lengthsBytes);
  frame.set(body, lengthsBytes + text.length);
  return frame;
}

/**
 * Assembles frames. It keeps at most one incomplete frame, in one buffer: a peer that sends single bytes
 * would need many times their size otherwise. It overwrites the bytes that it is given.
 */
export class FrameReader {
  readonly #bytesMax: number;
  #kept: Buffer = Buffer.alloc(0);
  #size = 0;
  /** Bytes without which nothing is complete. */
  #needed = lengthsBytes;

  /** @param bytesMax the maximum length of a frame, bytes */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /**
   * Takes bytes and returns the frames that are complete.
   *
   * @throws {HostError} `message-invalid`
   */
  read(bytes: Buffer): Frame[] {
    this.#keep(bytes);
    if (this.#size < this.#needed) return [];
    const all = this.#kept.subarray(0, this.#size);
    const frames: Frame[] = [];
    let at = 0;
    this.#needed = lengthsBytes;
    while (all.length - at >= lengthsBytes) {
      const length = all.readUInt32BE(at);
      if (length < lengthsBytes + 2 || length > this.#bytesMax) {
        throw invalid(`a frame of ${length} bytes; at most ${this.#bytesMax} are allowed`);
      }
      if (all.length - at < length) {
        this.#needed = length;
        break;
      }
      frames.push(parse(all.subarray(at, at + length)));
      at += length;
    }
    // Bodies are parts of the buffer, and belong to the receiver.
    this.#kept = Buffer.alloc(0);
    this.#size = 0;
    this.#keep(all.subarray(at));
    return frames;
  }

  #keep(bytes: Buffer): void {
    const size = this.#size + bytes.length;
    if (size > this.#kept.length) {
      const larger = Buffer.alloc(Math.max(size, 2 * this.#kept.length, firstBytes));
      this.#kept.copy(larger, 0, 0, this.#size);
      this.#kept.fill(0);
      this.#kept = larger;
    }
    bytes.copy(this.#kept, this.#size);
    // The stream's own copy may contain a key.
    bytes.fill(0);
    this.#size = size;
  }
}

function parse(frame: Buffer): Frame {
  const headLength = frame.readUInt32BE(4);
  if (headLength > frame.length - lengthsBytes) {
    throw invalid(`a head of ${headLength} bytes in a frame of ${frame.length} bytes`);
  }
  const head: unknown = parsed(frame.toString('utf8', lengthsBytes, lengthsBytes + headLength));
  if (typeof head !== 'object' || head === null || Array.isArray(head)) {
    throw invalid('a head that is not a JSON object');
  }
  return {
    head: head as Readonly<Record<string, unknown>>,
    body: frame.subarray(lengthsBytes + headLength),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function invalid(found: string): HostError {
  return new HostError('message-invalid', `the other side sent ${found}`);
}
