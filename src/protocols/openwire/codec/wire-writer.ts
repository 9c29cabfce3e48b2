// Writes the fields of data structures, in both encodings.

import { copyBytes, writeU32 } from '../../../base/bytes.ts';
import { encodeModified } from './modified-utf8.ts';
import { isPreparable, type Long, type Throwable } from './wire-reader.ts';
import type { WriteCache } from './write-cache.ts';

/** A data structure as far as it matters here. */
interface Structure {
  readonly type: number;
}

/** Writes the fields of a structure. */
export type WriteStructure<S extends Structure> = (w: WireWriter, structure: S) => void;

/** Maximum length of a string on the wire, in bytes: the tight encoding has a signed length. */
export const stringBytesMax = 32_767;

/** Size up to which a buffer is kept for the next frame. */
const keptBytesMax = 1024 * 1024;
const startBytes = 4096;
const nothing = Buffer.alloc(0);
/** Up to this length, characters are written one by one. */
const shortLengthMax = 64;

/**
 * A frame that is being written. It has two parts, the bits and the data, which the tight encoding
 * sends one after the other. The object is reused.
 */
export class WireWriter {
  version = 1;
  isTight = false;
  cache: WriteCache | undefined = undefined;
  data: Buffer = Buffer.allocUnsafe(startBytes);
  at = 0;
  #bits: Buffer = Buffer.alloc(64);
  #bitCount = 0;
  /** Bytes that are sent between two parts of the data without a copy: a message's body. */
  body: Buffer = nothing;
  bodyStart = 0;
  bodyEnd = 0;
  /** Where the body belongs; -1 if there is none. */
  bodyAt = -1;
  #hasBody = false;

  /** Starts a frame. */
  begin(): void {
    if (this.data.length > keptBytesMax) this.data = Buffer.allocUnsafe(startBytes);
    this.at = 0;
    this.#bitCount = 0;
    this.bodyAt = -1;
    this.#hasBody = false;
    this.body = nothing;
  }

  /** Reserves `size` bytes and returns their offset. */
  claim(size: number): number {
    const start = this.at;
    if (start + size > this.data.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.data.length * 2, start + size));
      this.data.copy(larger, 0, 0, start);
      this.data = larger;
    }
    this.at = start + size;
    return start;
  }

  /** The length of the stream of bits with its length; 0 in the loose encoding. */
  get bitsSize(): number {
    if (!this.isTight) return 0;
    const size = (this.#bitCount + 7) >> 3;
    return size + (size < 64 ? 1 : size < 256 ? 2 : 3);
  }

  /** Copies the stream of bits with its length. Returns the offset after it. */
  copyBits(to: Buffer, start: number): number {
    if (!this.isTight) return start;
    const size = (this.#bitCount + 7) >> 3;
    let at = start;
    if (size >= 256) {
      to[at++] = 0x80;
      to[at++] = size >> 8;
    } else if (size >= 64) to[at++] = 0xc0;
    to[at++] = size & 0xff;
    return copyBytes(to, at, this.#bits, 0, size);
  }

  bool(value: boolean): void {
    if (this.isTight) this.#putBit(value);
    else this.byte(value ? 1 : 0);
  }

  #putBit(value: boolean): void {
    const at = this.#bitCount >> 3;
    if (at >= this.#bits.length) {
      const larger = Buffer.alloc(this.#bits.length * 2);
      this.#bits.copy(larger);
      this.#bits = larger;
    }
    const bit = this.#bitCount++ & 7;
    if (bit === 0) this.#bits[at] = 0;
    if (value) this.#bits[at] = (this.#bits[at] ?? 0) | (1 << bit);
  }

  byte(value: number): void {
    const at = this.claim(1);
    this.data[at] = value;
  }

  short(value: number): void {
    const at = this.claim(2);
    this.data[at] = value >> 8;
    this.data[at + 1] = value;
  }

  int(value: number): void {
    const at = this.claim(4);
    writeU32(this.data, at, value);
  }

  long(value: Long): void {
    if (!this.isTight) {
      this.#long8(value);
      return;
    }
    if (typeof value === 'bigint' || value < 0 || value > 0xffff_ffff) {
      this.#putBit(true);
      this.#putBit(true);
      this.#long8(value);
    } else if (value > 0xffff) {
      this.#putBit(true);
      this.#putBit(false);
      const at = this.claim(4);
      writeU32(this.data, at, value);
    } else {
      this.#putBit(false);
      this.#putBit(value > 0);
      if (value > 0) this.short(value);
    }
  }

  #long8(value: Long): void {
    const at = this.claim(8);
    if (typeof value === 'bigint') this.data.writeBigInt64BE(BigInt.asIntN(64, value), at);
    else writeLong(this.data, at, value);
  }

  /** Writes text; undefined is null. Text that is too long for the wire is cut off. */
  str(text: string | undefined): void {
    this.bool(text !== undefined);
    if (text === undefined) return;
    if (text.length <= shortLengthMax && this.#shortAscii(text)) return;
    const all = encodeModified(text);
    const bytes = all.length > stringBytesMax ? all.subarray(0, stringBytesMax) : all;
    if (this.isTight) this.#putBit(false);
    this.short(bytes.length);
    const at = this.claim(bytes.length);
    bytes.copy(this.data, at);
  }

  /** Writes short text of ASCII characters. Returns false, with nothing written, if it is not. */
  #shortAscii(text: string): boolean {
    const start = this.at;
    const at = this.claim(2 + text.length);
    const { data } = this;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit === 0 || unit > 127) {
        this.at = start;
        return false;
      }
      data[at + 2 + i] = unit;
    }
    data[at] = text.length >> 8;
    data[at + 1] = text.length;
    if (this.isTight) this.#putBit(true);
    return true;
  }

  /** Writes zero bytes: numbers, flags and null values of the loose encoding. */
  zeros(count: number): void {
    const at = this.claim(count);
    for (let i = at; i < at + count; i++) this.data[i] = 0;
  }

  /** Copies encoded values. */
  raw(from: Buffer, start: number, end: number): void {
    const at = this.claim(end - start);
    copyBytes(this.data, at, from, start, end);
  }

  /** Writes encoded text. */
  text(from: Buffer, start: number, end: number): void {
    this.bool(true);
    if (this.isTight) this.#putBit(isShortAscii(from, start, end));
    this.short(end - start);
    this.raw(from, start, end);
  }

  /** Writes bytes; undefined is null. */
  bytes(value: Buffer | undefined): void {
    this.bool(value !== undefined);
    if (value === undefined) return;
    this.int(value.length);
    const at = this.claim(value.length);
    value.copy(this.data, at);
  }

  /**
   * Writes the content of a message: {@link body} if it was set, which is then not copied.
   *
   * @param value the content otherwise
   */
  content(value: Buffer | undefined): void {
    if (!this.#hasBody) {
      this.bytes(value);
      return;
    }
    this.bool(true);
    this.int(this.bodyEnd - this.bodyStart);
    this.bodyAt = this.at;
  }

  /** Sets the content of the message that is written next. */
  setBody(bytes: Buffer, start: number, end: number): void {
    this.#hasBody = true;
    this.body = bytes;
    this.bodyStart = start;
    this.bodyEnd = end;
  }

  throwable(value: Throwable | undefined): void {
    this.bool(value !== undefined);
    if (value === undefined) return;
    this.str(value.className);
    this.str(value.message);
  }

  /** Writes a nested structure; undefined is null. */
  nested<S extends Structure>(value: S | undefined, write: WriteStructure<S>): void {
    this.bool(value !== undefined);
    if (value === undefined) return;
    this.byte(value.type);
    if (this.isTight && isPreparable(value.type)) this.#putBit(false);
    write(this, value);
  }

  /** Writes a nested structure, or its number in the cache. */
  cached<S extends Structure>(value: S | undefined, write: WriteStructure<S>): void {
    const { cache } = this;
    if (cache === undefined) {
      this.nested(value, write);
      return;
    }
    const known = cache.find(value);
    this.bool(known === undefined);
    if (known !== undefined) {
      this.short(known);
      return;
    }
    this.short(cache.add(value));
    this.nested(value, write);
  }

  /** Writes a list of nested structures; undefined is null. */
  list<S extends Structure>(
    items: readonly (S | undefined)[] | undefined,
    write: WriteStructure<S>,
  ): void {
    this.bool(items !== undefined);
    if (items === undefined) return;
    this.short(items.length);
    for (const item of items) this.nested(item, write);
  }
}

/** Writes a 64-bit value. */
export function writeLong(data: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  writeU32(data, at, high);
  writeU32(data, at + 4, value - high * 0x1_0000_0000);
}

/** Whether the encoding of a text is that of short text of ASCII characters. */
function isShortAscii(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > shortLengthMax) return false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0 || byte > 127) return false;
  }
  return true;
}
