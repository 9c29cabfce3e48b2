import { decodeText, encodeText } from './byte-text.ts';
import { WaxwingError } from './errors.ts';

/** Bytes ended before the value that should be in them did. */
export class BytesError extends WaxwingError<'bytes-truncated'> {
  constructor(wanted: number, left: number) {
    super('bytes-truncated', `a value of ${wanted} bytes is cut off after ${left}`);
  }
}

/** A value does not fit the field it is to be written to; nothing of it was written. */
export class RangeExceeded extends WaxwingError<'value-out-of-range'> {
  constructor(message: string) {
    super('value-out-of-range', message);
  }
}

/** Bytes that a short string may have: its length is one byte. */
export const shortStringBytesMax = 255;

/** @throws {RangeExceeded} where no short string can have so many bytes */
export function checkShortString(sizeBytes: number): void {
  if (sizeBytes <= shortStringBytesMax) return;
  const found = `a short string of ${sizeBytes} bytes`;
  throw new RangeExceeded(`${found} is longer than ${shortStringBytesMax}`);
}

// On a hot path these are quicker than a Reader, a Writer or Buffer's own methods: they check no
// bounds, so the caller has seen to it that the bytes are there.

/** Reads 32 bits, big-endian. */
export function readU32(bytes: Buffer, at: number): number {
  const low = ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  return (bytes[at] ?? 0) * 0x100_0000 + low;
}

/** Reads 48 bits, big-endian. */
export function readU48(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)) * 0x1_0000_0000 + readU32(bytes, at + 2);
}

/** Writes 32 bits, big-endian, and returns the position after them; higher bits are left out. */
export function writeU32(bytes: Buffer, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}

/** Writes 48 bits, big-endian, and returns the position after them. */
export function writeU48(bytes: Buffer, at: number, value: number): number {
  const high = Math.floor(value / 0x1_0000_0000);
  bytes[at] = high >>> 8;
  bytes[at + 1] = high;
  return writeU32(bytes, at + 2, value);
}

/** Up to this many bytes a loop is quicker than a call to copy them. */
const loopSizeMax = 96;

/** Copies the bytes between two positions and returns the position after them in the target. */
export function copyBytes(
  target: Buffer,
  at: number,
  source: Buffer,
  start: number,
  end: number,
): number {
  if (end - start > loopSizeMax) source.copy(target, at, start, end);
  else for (let i = start, to = at; i < end; i++, to++) target[to] = source[i] ?? 0;
  return at + end - start;
}

/**
 * A cursor that reads big-endian values out of bytes that may come from a stranger.
 *
 * @throws {BytesError} from every method, where the bytes end too early
 */
export class Reader {
  bytes: Buffer;
  /** Position of the next value. */
  at: number;
  /** First position that is not to be read any more. */
  end: number;

  constructor(bytes: Buffer, at = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.end - this.at;
  }

  /** Steps over `size` bytes and returns where they began. */
  skip(size: number): number {
    const start = this.at;
    if (size > this.end - start) throw new BytesError(size, this.end - start);
    this.at = start + size;
    return start;
  }

  u8(): number {
    return this.bytes.readUInt8(this.skip(1));
  }

  u16(): number {
    return this.bytes.readUInt16BE(this.skip(2));
  }

  u32(): number {
    return this.bytes.readUInt32BE(this.skip(4));
  }

  /** An unsigned 64-bit value; above 2^53 it is no longer exact. */
  u64(): number {
    const high = this.u32();
    return high * 0x1_0000_0000 + this.u32();
  }

  /** A byte of length, then so many bytes; see `decodeText`. */
  shortString(): string {
    const size = this.u8();
    const start = this.skip(size);
    return decodeText(this.bytes, start, start + size);
  }

  /** Four bytes of length, then so many bytes; a slice of the bytes read from. */
  longBytes(): Buffer {
    const size = this.u32();
    const start = this.skip(size);
    return this.bytes.subarray(start, start + size);
  }
}

/** A whole number as a message says it: one that is above 2^53, and so no longer exact, is not told. */
export function wholeText(value: number): string {
  return value > Number.MAX_SAFE_INTEGER ? `above ${Number.MAX_SAFE_INTEGER}` : String(value);
}

/**
 * A cursor that writes big-endian values into a buffer that grows as needed.
 *
 * @throws {RangeExceeded | RangeError} from every method, where a value does not fit its field
 */
export class Writer {
  bytes: Buffer;
  at = 0;

  /** @param size bytes to begin with */
  constructor(size = 256) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  /** Makes room for `size` more bytes and returns where they go. */
  claim(size: number): number {
    const start = this.at;
    if (start + size > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, start + size));
      this.bytes.copy(larger, 0, 0, start);
      this.bytes = larger;
    }
    this.at = start + size;
    return start;
  }

  u8(value: number): void {
    if (value < 0 || value > 0xff) throw new RangeExceeded(`${value} does not fit into a byte`);
    const start = this.claim(1);
    this.bytes[start] = value;
  }

  u16(value: number): void {
    const start = this.claim(2);
    this.bytes.writeUInt16BE(value, start);
  }

  u32(value: number): void {
    const start = this.claim(4);
    this.bytes.writeUInt32BE(value, start);
  }

  /** @param value 0 to 2^53 - 1 */
  u64(value: number): void {
    this.u32(Math.floor(value / 0x1_0000_0000));
    this.u32(value >>> 0);
  }

  /**
   * Writes a text's bytes (see `encodeText`) after a byte of their length.
   *
   * @throws {RangeExceeded} where they are more than 255
   */
  shortString(value: string): void {
    const bytes = encodeText(value);
    checkShortString(bytes.length);
    this.u8(bytes.length);
    this.raw(bytes);
  }

  /** Writes bytes after four bytes of their length. */
  longBytes(value: Buffer): void {
    this.u32(value.length);
    this.raw(value);
  }

  raw(value: Buffer): void {
    const start = this.claim(value.length);
    value.copy(this.bytes, start);
  }

  /** A copy of what has been written. */
  toBuffer(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.at));
  }
}
