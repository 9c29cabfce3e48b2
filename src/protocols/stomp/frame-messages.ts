// WebSocket messages of STOMP.

import { isUtf8 } from 'node:buffer';
import type { OutputMessage, OutputMessages } from '../protocol.ts';

/** Size in bytes above which a frame that comes in several parts is not gathered. */
const gatheredBytesMax = 256 * 1024;

const lineFeed = 10;
const blankLine = Buffer.from('\n\n');
const lengthHeader = Buffer.from('\ncontent-length:');

/** What the next bytes are a part of. */
type Phase = 'between' | 'head' | 'body';

/**
 * Makes one WebSocket message of each frame and each heart-beat, as ActiveMQ and RabbitMQ do: a text, or a
 * binary message if the frame is not UTF-8. The parts of a large frame that is not written at once are
 * binary messages of their own.
 */
export class FrameMessages implements OutputMessages {
  #phase: Phase = 'between';
  /** The beginning of a frame. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  /** Whether the beginning of the frame has been passed on. */
  #isLong = false;
  #endsWithLineFeed = false;
  /** The remaining bytes of the body; -1 if it ends with the next NUL. */
  #bodyBytesLeft = -1;

  *split(output: Buffer): Generator<OutputMessage> {
    let from = 0;
    for (let at = 0; at < output.length; ) {
      if (this.#phase === 'between') {
        if (output[at] === lineFeed) {
          yield { bytes: output.subarray(at, at + 1), isText: true };
          from = ++at;
        } else this.#phase = 'head';
      } else if (this.#phase === 'head') {
        at = this.#headEnd(output, from);
        if (at < 0) break;
      } else {
        at = this.#frameEnd(output, at);
        if (at < 0) break;
        yield this.#whole(output.subarray(from, at));
        from = at;
      }
    }
    if (from === output.length) return;
    const message = this.#keep(output.subarray(from));
    if (message !== undefined) yield message;
  }

  /** Returns where the body begins; -1 if the head goes on. */
  #headEnd(bytes: Buffer, from: number): number {
    const isBlankNow = this.#endsWithLineFeed && bytes[from] === lineFeed;
    const found = isBlankNow ? from - 1 : bytes.indexOf(blankLine, from);
    const isFound = isBlankNow || found >= 0;
    this.#endsWithLineFeed = !isFound && bytes[bytes.length - 1] === lineFeed;
    if (!isFound) return -1;
    const end = found + blankLine.length;
    const own = bytes.subarray(from, end);
    const head = this.#parts.length === 0 ? own : Buffer.concat([...this.#parts, own]);
    const at = head.indexOf(lengthHeader);
    const digits = at < 0 ? '' : head.toString('latin1', at + lengthHeader.length, at + 40);
    this.#bodyBytesLeft = at < 0 ? -1 : Number.parseInt(digits, 10);
    this.#phase = 'body';
    return end;
  }

  /** Returns where the frame and the line feed behind it end; -1 if it goes on. */
  #frameEnd(bytes: Buffer, from: number): number {
    let end: number;
    if (this.#bodyBytesLeft < 0) {
      end = bytes.indexOf(0, from);
      if (end < 0) return -1;
    } else {
      end = from + this.#bodyBytesLeft;
      if (end >= bytes.length) {
        this.#bodyBytesLeft = end - bytes.length;
        return -1;
      }
    }
    this.#phase = 'between';
    return bytes[end + 1] === lineFeed ? end + 2 : end + 1;
  }

  /** A message with everything that was kept, and its last part. */
  #whole(last: Buffer): OutputMessage {
    const bytes = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last]);
    const isText = !this.#isLong && isUtf8(bytes);
    this.#parts = [];
    this.#partBytes = 0;
    this.#isLong = false;
    return { bytes, isText };
  }

  /**
   * Keeps the beginning of a frame, a copy because the buffer is reused by its owner. Returns a message
   * instead if the frame is long.
   */
  #keep(rest: Buffer): OutputMessage | undefined {
    const isLong = this.#isLong || this.#partBytes + rest.length > gatheredBytesMax;
    if (isLong && this.#phase === 'body') {
      this.#isLong = true;
      const message = this.#whole(rest);
      this.#isLong = true;
      return message;
    }
    this.#parts.push(Buffer.from(rest));
    this.#partBytes += rest.length;
    return undefined;
  }
}
