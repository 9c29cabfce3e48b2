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

/** Assembles frames. It keeps at most one incomplete frame. It overwrites the bytes that it is given. */
export class FrameReader {
  readonly #bytesMax: number;
  #parts: Buffer[] = [];
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
    this.#parts.push(bytes);
    this.#size += bytes.length;
    if (this.#size < this.#needed) return [];
    const all = Buffer.concat(this.#parts);
    // The stream's own copies may contain a key.
    for (const part of this.#parts) part.fill(0);
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
    this.#parts = at < all.length ? [Buffer.from(all.subarray(at))] : [];
    this.#size = all.length - at;
    return frames;
  }
}

function parse(frame: Buffer): Frame {
  const headLength = frame.readUInt32BE(4);
  if (headLength > frame.length - lengthsBytes) {
    throw invalid(`a head of ${headLength} bytes in a frame of ${frame.length} bytes`);
  }
  const head: unknown = parsed(frame.toString('utf8', lengthsBytes, lengthsBytes + headLength));
  if (typeof head !== 'object' || head === null || Array.isArray(head)) {
    throw invalid('a head that is no JSON object');
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
