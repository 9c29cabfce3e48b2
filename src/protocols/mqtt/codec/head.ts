// The stored form of the properties of a message.

import { readU32, readU48, writeU32, writeU48 } from '../../../base/bytes.ts';

/*
 * The layout of a stored head. Numbers are big-endian. A part in brackets exists if its flag is set.
 *
 * flags u8 | [time to live in ms u48] | [maximum quality of service u8, subscription id u32] |
 * [client id of the publisher: length u16, UTF-8] |
 * [properties that MQTT clients are not sent: length u32, JSON] |
 * the properties of MQTT 5, up to the end
 */
const qosMask = 3;
const retainFlag = 4;
const nativeFlag = 8;
const ttlFlag = 16;
const copyFlag = 32;
const originFlag = 64;
const hiddenFlag = 128;

/** The parts of a head that is written. */
export interface HeadParts {
  /** 0 to 2, as published. */
  readonly qos: number;
  /** The retain flag as published. */
  readonly isRetained: boolean;
  /** Whether an MQTT client published it. */
  readonly isNative: boolean;
  /** Milliseconds; negative for none. */
  readonly ttlMs: number;
  /** For a retained message that is sent because of a new subscription. */
  readonly copy?: { readonly qos: number; readonly subscriptionId: number };
  /** The client id of the publisher, if it has subscriptions that exclude its own messages. */
  readonly origin?: string;
  /** Properties that MQTT clients are not sent, as JSON. */
  readonly hidden?: string;
  /** Properties that MQTT 5 clients are sent, encoded, without the time to live. */
  readonly visible: Buffer;
}

const noBytes = Buffer.alloc(0);

/** Encodes a head. */
export function writeHead(parts: HeadParts): Buffer {
  const { qos, ttlMs, copy, visible } = parts;
  const origin = parts.origin === undefined ? undefined : Buffer.from(parts.origin);
  const hidden = parts.hidden === undefined ? undefined : Buffer.from(parts.hidden);
  let size = 1 + visible.length;
  let flags = qos | (parts.isRetained ? retainFlag : 0) | (parts.isNative ? nativeFlag : 0);
  if (ttlMs >= 0) {
    flags |= ttlFlag;
    size += 6;
  }
  if (copy !== undefined) {
    flags |= copyFlag;
    size += 5;
  }
  if (origin !== undefined) {
    flags |= originFlag;
    size += 2 + origin.length;
  }
  if (hidden !== undefined) {
    flags |= hiddenFlag;
    size += 4 + hidden.length;
  }
  const bytes = Buffer.alloc(size);
  let at = 1;
  bytes[0] = flags;
  if (ttlMs >= 0) at = writeU48(bytes, at, ttlMs);
  if (copy !== undefined) {
    bytes[at] = copy.qos;
    at = writeU32(bytes, at + 1, copy.subscriptionId);
  }
  if (origin !== undefined) {
    at = bytes.writeUInt16BE(origin.length, at);
    at += origin.copy(bytes, at);
  }
  if (hidden !== undefined) {
    at = writeU32(bytes, at, hidden.length);
    at += hidden.copy(bytes, at);
  }
  visible.copy(bytes, at);
  return bytes;
}

/** The heads of messages without properties, by quality of service and retain flag. */
const plainHeads: readonly Buffer[] = [0, 1, 2, 3, 4, 5, 6].map((flags) =>
  Buffer.of(flags | nativeFlag),
);

/** Returns the shared head of a message of an MQTT client that has no properties. */
export function plainHead(qos: number, isRetained: boolean): Buffer {
  return plainHeads[qos | (isRetained ? retainFlag : 0)] ?? noBytes;
}

/**
 * The parts of a stored head. The object is reused for each message. A head that is damaged or too
 * short is read as far as it goes.
 */
export class HeadView {
  qos = 0;
  isRetained = false;
  isNative = false;
  /** Milliseconds; negative for none. */
  ttlMs = -1;
  isCopy = false;
  copyQos = 0;
  copyId = 0;
  #buffer: Buffer = noBytes;
  #originAt = 0;
  #originEnd = 0;
  #hiddenAt = 0;
  #hiddenEnd = 0;
  /** The encoded properties of MQTT 5. */
  visibleAt = 0;
  visibleEnd = 0;

  /** Reads a head between two offsets. */
  open(buffer: Buffer, start: number, end: number): this {
    const flags = start < end ? (buffer[start] ?? 0) : 0;
    this.#buffer = buffer;
    this.qos = Math.min(flags & qosMask, 2);
    this.isRetained = (flags & retainFlag) !== 0;
    this.isNative = (flags & nativeFlag) !== 0;
    this.isCopy = false;
    this.ttlMs = -1;
    this.#originAt = this.#originEnd = this.#hiddenAt = this.#hiddenEnd = 0;
    const at = Math.min(start + 1, end);
    this.visibleAt = flags < ttlFlag ? at : this.#openParts(buffer, flags, at, end);
    this.visibleEnd = end;
    return this;
  }

  /** Reads the optional parts, and returns the position after them. */
  #openParts(buffer: Buffer, flags: number, start: number, end: number): number {
    let at = start;
    if ((flags & ttlFlag) !== 0) {
      if (at + 6 > end) return end;
      this.ttlMs = readU48(buffer, at);
      at += 6;
    }
    if ((flags & copyFlag) !== 0) {
      if (at + 5 > end) return end;
      this.isCopy = true;
      this.copyQos = Math.min(buffer[at] ?? 0, 2);
      this.copyId = readU32(buffer, at + 1);
      at += 5;
    }
    if ((flags & originFlag) !== 0) {
      if (at + 2 > end) return end;
      this.#originAt = at + 2;
      this.#originEnd = Math.min(this.#originAt + buffer.readUInt16BE(at), end);
      at = this.#originEnd;
    }
    if ((flags & hiddenFlag) === 0) return at;
    if (at + 4 > end) return end;
    this.#hiddenAt = at + 4;
    this.#hiddenEnd = Math.min(this.#hiddenAt + readU32(buffer, at), end);
    return this.#hiddenEnd;
  }

  /** The client id of the publisher; undefined if it is not stored. */
  get origin(): string | undefined {
    if (this.#originAt === 0) return undefined;
    return this.#buffer.toString('utf8', this.#originAt, this.#originEnd);
  }

  /** The JSON of the properties that MQTT clients are not sent; undefined if there are none. */
  get hidden(): string | undefined {
    if (this.#hiddenAt === 0) return undefined;
    return this.#buffer.toString('utf8', this.#hiddenAt, this.#hiddenEnd);
  }
}
