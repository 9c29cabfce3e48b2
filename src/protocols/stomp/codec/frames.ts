// Decodes frames.

import { decodeText } from '../../../base/byte-text.ts';
import { SuspendableInput } from '../../suspendable-input.ts';
import { StompError } from '../errors.ts';
import { bodyBytesMax, type FrameLimits, unauthenticatedLimits } from '../limits.ts';
import { unescapeHeader, type Version } from './header-text.ts';

const lf = 10;
const cr = 13;
const nul = 0;

const isLength = /^\s*\d{1,15}\s*$/;

/** Heads up to this size are decoded at once. Kept headers may keep all of it in memory. */
const textHeadMax = 1024;

/** The command and headers of a frame. If a header is repeated, the first one counts. */
export interface Frame {
  readonly command: string;
  readonly headers: ReadonlyMap<string, string>;
}

/** The receiver of frames. The bytes are slices of the received data and may be kept. */
export interface FrameSink {
  /** The command and headers are complete; a body may follow. */
  head(frame: Frame): void;
  /** A part of the body of a SEND frame. */
  body(frame: Frame, bytes: Buffer, at: number, end: number): void;
  /** A frame is complete. */
  frame(frame: Frame): void;
}

/**
 * Decodes a byte stream into frames. A head that is split over chunks is joined. The body of a SEND
 * frame is passed on in parts as it arrives and is never joined.
 */
export class FrameReader extends SuspendableInput {
  limits: FrameLimits = unauthenticatedLimits;
  /** The version of the data that is received next. */
  version: Version = '1.0';
  /** Whether spaces around names and values are removed. */
  isTrimmed = true;
  /** Maximum size of the body of a SEND frame, in bytes. */
  bodyBytesMax = bodyBytesMax;
  readonly #sink: FrameSink;
  /** The beginning of an incomplete head. */
  #head: Buffer = Buffer.alloc(0);
  #headLength = 0;
  /** The number of bytes of it that have been searched for its end. */
  #scanned = 0;
  /** The frame whose body is being received. */
  #frame: Frame | undefined = undefined;
  /** The number of body bytes still to be received; -1 if the body ends with a NUL. */
  #bodyLeft = -1;
  #bodyBytes = 0;

  constructor(sink: FrameSink) {
    super();
    this.#sink = sink;
  }

  protected override discard(): void {
    this.#head = Buffer.alloc(0);
    this.#headLength = 0;
    this.#frame = undefined;
  }

  /** @throws {StompError} `malformed` if the bytes are not frames, or exceed a limit */
  protected override decode(bytes: Buffer, at: number): number {
    if (this.#frame !== undefined) return this.#takeBody(this.#frame, bytes, at);
    return this.#takeHead(bytes, at);
  }

  /** Reads the available part of a head. Returns the position after it. */
  #takeHead(bytes: Buffer, from: number): number {
    let at = from;
    if (this.#headLength === 0) {
      at = skipLineEnds(bytes, at);
      if (at === bytes.length) return at;
      const end = headEnd(bytes, at);
      if (end >= 0) {
        this.#begin(bytes, at, end);
        return end;
      }
    }
    return this.#completeHead(bytes, at);
  }

  /** Joins a split head. Each byte is copied and searched only once. */
  #completeHead(bytes: Buffer, from: number): number {
    const before = this.#headLength;
    const room = this.limits.headBytesMax - before + 1;
    const size = Math.min(bytes.length - from, Math.max(room, 0));
    this.#reserve(before + size);
    bytes.copy(this.#head, before, from, from + size);
    this.#headLength = before + size;
    // The end can begin in the last three bytes of the previous chunk.
    const end = headEnd(this.#head.subarray(0, this.#headLength), Math.max(0, this.#scanned - 3));
    this.#scanned = this.#headLength;
    if (end < 0) {
      if (this.#headLength > this.limits.headBytesMax) throw this.#headTooLarge();
      return from + size;
    }
    const head = this.#head;
    this.#head = Buffer.alloc(0);
    this.#headLength = 0;
    this.#scanned = 0;
    this.#begin(head, 0, end);
    return from + end - before;
  }

  #reserve(size: number): void {
    if (size <= this.#head.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(size, this.#head.length * 2, 256));
    this.#head.copy(larger, 0, 0, this.#headLength);
    this.#head = larger;
  }

  #headTooLarge(): StompError {
    const allowed = `more than ${this.limits.headBytesMax} bytes`;
    return new StompError('malformed', `The headers of a frame are ${allowed}`);
  }

  #begin(bytes: Buffer, start: number, end: number): void {
    if (end - start > this.limits.headBytesMax) throw this.#headTooLarge();
    const frame = this.#readHead(bytes, start, end);
    this.#sink.head(frame);
    this.#frame = frame;
    this.#bodyBytes = 0;
    this.#bodyLeft = frame.command === 'SEND' ? this.#contentLength(frame) : -1;
  }

  #contentLength({ headers }: Frame): number {
    const text = headers.get('content-length');
    if (text === undefined) return -1;
    if (!isLength.test(text)) {
      throw new StompError('malformed', 'Specified content-length is not a valid integer');
    }
    const length = Number(text);
    if (length > this.bodyBytesMax) throw this.#bodyTooLarge(length, this.bodyBytesMax);
    return length;
  }

  #bodyTooLarge(length: number, lengthMax: number): StompError {
    const found = `The body of ${length} bytes or more`;
    return new StompError('malformed', `${found} is larger than the maximum of ${lengthMax}`);
  }

  #readHead(bytes: Buffer, start: number, end: number): Frame {
    if (end - start <= textHeadMax) {
      const text = decodeText(bytes, start, end);
      // One character for each byte.
      if (text.length === end - start && !text.includes('\0')) return this.#readText(text);
    }
    return this.#readBytes(bytes, start, end);
  }

  /** Reads a head of ASCII characters. */
  #readText(text: string): Frame {
    const { commandBytesMax } = this.limits;
    const headers = new Map<string, string>();
    const commandEnd = lineEndOf(text, 0);
    requireLength('command', commandEnd.text, commandBytesMax);
    const command = text.slice(0, commandEnd.text).trim();
    let count = 0;
    for (let at = commandEnd.next; at < text.length; ) {
      const line = lineEndOf(text, at);
      if (line.text > at) {
        this.#requireHeader(line.text - at, ++count);
        this.#addHeader(headers, text, at, line.text, command);
      }
      at = line.next;
    }
    return { command, headers };
  }

  #requireHeader(size: number, count: number): void {
    const { headerBytesMax, headerCountMax } = this.limits;
    requireLength('header', size, headerBytesMax);
    if (count <= headerCountMax) return;
    throw new StompError('malformed', `A frame has more than ${headerCountMax} headers`);
  }

  #readBytes(bytes: Buffer, start: number, end: number): Frame {
    const { commandBytesMax } = this.limits;
    // Clients would take it for the end of a frame when they receive the header.
    const nulAt = bytes.subarray(start, end).indexOf(nul);
    if (nulAt >= 0) throw new StompError('malformed', 'The headers of a frame contain a null byte');
    const headers = new Map<string, string>();
    let command: string | undefined;
    let count = 0;
    for (let at = start; at < end; ) {
      const lineEnd = bytes.indexOf(lf, at);
      const textEnd = lineEnd > at && bytes[lineEnd - 1] === cr ? lineEnd - 1 : lineEnd;
      if (command === undefined) {
        requireLength('command', textEnd - at, commandBytesMax);
        command = decodeText(bytes, at, textEnd).trim();
      } else if (textEnd > at) {
        this.#requireHeader(textEnd - at, ++count);
        const line = decodeText(bytes, at, textEnd);
        this.#addHeader(headers, line, 0, line.length, command);
      }
      at = lineEnd + 1;
    }
    return { command: command ?? '', headers };
  }

  /** Reads the line between two positions of a text. */
  #addHeader(
    headers: Map<string, string>,
    text: string,
    start: number,
    end: number,
    command: string,
  ): void {
    const colon = text.indexOf(':', start);
    if (colon < 0 || colon >= end) {
      throw new StompError('malformed', 'A header line of a frame has no colon');
    }
    const isPlain = command === 'CONNECT' || command === 'STOMP';
    const version = isPlain ? '1.0' : this.version;
    const name = unescapeHeader(text.slice(start, colon), version);
    const value = unescapeHeader(text.slice(colon + 1, end), version);
    const isTrimmed = isPlain || this.isTrimmed;
    const key = isTrimmed ? name.trim() : name;
    if (!headers.has(key)) headers.set(key, isTrimmed ? value.trim() : value);
  }

  /**
   * Reads the available part of a body, and passes the frame on if it is complete. Returns the
   * position after it.
   */
  #takeBody(frame: Frame, bytes: Buffer, from: number): number {
    return this.#bodyLeft < 0
      ? this.#takeUntilNul(frame, bytes, from)
      : this.#takeCounted(frame, bytes, from);
  }

  #takeUntilNul(frame: Frame, bytes: Buffer, from: number): number {
    const found = bytes.indexOf(nul, from);
    const end = found < 0 ? bytes.length : found;
    this.#bodyBytes += end - from;
    const isSend = frame.command === 'SEND';
    const sizeMax = isSend ? this.bodyBytesMax : this.limits.ignoredBodyBytesMax;
    if (this.#bodyBytes > sizeMax) throw this.#bodyTooLarge(this.#bodyBytes, sizeMax);
    if (isSend && end > from) this.#sink.body(frame, bytes, from, end);
    if (found < 0) return end;
    this.#complete(frame);
    return found + 1;
  }

  #takeCounted(frame: Frame, bytes: Buffer, from: number): number {
    const end = Math.min(from + this.#bodyLeft, bytes.length);
    this.#bodyLeft -= end - from;
    if (end > from) this.#sink.body(frame, bytes, from, end);
    if (end === bytes.length) return end;
    if (bytes[end] !== nul) {
      const why = 'content-length bytes were read and there was no trailing null byte';
      throw new StompError('malformed', why);
    }
    this.#complete(frame);
    return end + 1;
  }

  #complete(frame: Frame): void {
    this.#frame = undefined;
    this.#sink.frame(frame);
  }
}

/** The end of the text of a line, and the beginning of the next one. */
function lineEndOf(text: string, at: number): { text: number; next: number } {
  const end = text.indexOf('\n', at);
  const isCr = end > at && text.charCodeAt(end - 1) === cr;
  return { text: isCr ? end - 1 : end, next: end + 1 };
}

function requireLength(what: string, size: number, sizeMax: number): void {
  if (size <= sizeMax) return;
  const found = `The ${what} line of ${size} bytes`;
  throw new StompError('malformed', `${found} is longer than the maximum of ${sizeMax}`);
}

/** Skips heart-beats and the line ends that some clients send between frames. */
function skipLineEnds(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && (bytes[at] === lf || bytes[at] === cr)) at++;
  return at;
}

/** Returns the position after the empty line that ends a head; -1 if it has not arrived. */
function headEnd(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(lf, from); at >= 0; at = bytes.indexOf(lf, at + 1)) {
    if (bytes[at + 1] === lf) return at + 2;
    if (bytes[at + 1] === cr && bytes[at + 2] === lf) return at + 3;
  }
  return -1;
}
