// Reading and writing of binary data.

import { decodeText, encodeText } from './byte-text.ts';
import { WaxwingError } from './errors.ts';

/** The error for data that ends before the end of a value. */
export class BytesError extends WaxwingError<'bytes-truncated'> {
  constructor(wanted: number, left: number) {
    super('bytes-truncated', `a value of ${wanted} bytes is cut off after ${left}`);
  }
}

/** The error for a value that does not fit its field. Nothing was written. */
export class RangeExceeded extends WaxwingError<'value-out-of-range'> {
  constructor(message: string) {
    super('value-out-of-range', message);
  }
}

/** Maximum length of a short string, whose length field has one byte. */
export const shortStringBytesMax = 255;

/** @throws {RangeExceeded} if a short string cannot have this length */
export function checkShortString(sizeBytes: number): void {
  if (sizeBytes <= shortStringBytesMax) return;
  const found = `a short string of ${sizeBytes} bytes`;
  throw new RangeExceeded(`${found} is longer than ${shortStringBytesMax}`);
}

// The following functions are for hot paths: they are faster than Reader, Writer and the methods of
// Buffer. They do not check bounds, so the caller must.

/** Reads 32 bits, big-endian. */
export function readU32(bytes: Buffer, at: number): number {
  const low = ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  return (bytes[at] ?? 0) * 0x100_0000 + low;
}

/** Reads 48 bits, big-endian. */
export function readU48(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)) * 0x1_0000_0000 + readU32(bytes, at + 2);
}

/** Writes the low 32 bits, big-endian, and returns the next offset. */
export function writeU32(bytes: Buffer, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}

/** Writes 48 bits, big-endian, and returns the next offset. */
export function writeU48(bytes: Buffer, at: number, value: number): number {
  const high = Math.floor(value / 0x1_0000_0000);
  bytes[at] = high >>> 8;
  bytes[at + 1] = high;
  return writeU32(bytes, at + 2, value);
}

/** Up to this size, in bytes, a loop is as fast as a call of copy(). */
const loopSizeMax = 64;

/** Copies the bytes between two offsets and returns the next offset in the target. */
export function copyBytes(
  target: Buffer,
  at: number,
  source: Buffer,
  start: number,
  end: number,
): number {
  if (end - start > loopSizeMax) source.copy(target, at, start, end);
  else copyFew(target, at, source, start, end);
  return at + end - start;
}

/** Copies four bytes in each round, which takes two thirds of the time of a simple loop. */
function copyFew(target: Buffer, at: number, source: Buffer, start: number, end: number): void {
  let from = start;
  let to = at;
  for (; from + 3 < end; from += 4, to += 4) {
    target[to] = source[from] ?? 0;
    target[to + 1] = source[from + 1] ?? 0;
    target[to + 2] = source[from + 2] ?? 0;
    target[to + 3] = source[from + 3] ?? 0;
  }
  for (; from < end; from++, to++) target[to] = source[from] ?? 0;
}

/** Whether a number of bytes at an offset of one buffer are the same at an offset of another. */
export function equalRange(
  bytes: Buffer,
  at: number,
  others: Buffer,
  othersAt: number,
  size: number,
): boolean {
  const end = at + size;
  if (end > bytes.length || othersAt + size > others.length) return false;
  let i = at;
  let j = othersAt;
  for (; i + 3 < end; i += 4, j += 4) if (fourDiffer(bytes, i, others, j)) return false;
  for (; i < end; i++, j++) if (bytes[i] !== others[j]) return false;
  return true;
}

function fourDiffer(bytes: Buffer, i: number, others: Buffer, j: number): boolean {
  const differences =
    ((bytes[i] ?? 0) ^ (others[j] ?? 0)) |
    ((bytes[i + 1] ?? 0) ^ (others[j + 1] ?? 0)) |
    ((bytes[i + 2] ?? 0) ^ (others[j + 2] ?? 0)) |
    ((bytes[i + 3] ?? 0) ^ (others[j + 3] ?? 0));
  return differences !== 0;
}

/**
 * Whether all of some bytes are at an offset of others. The last bytes, in which names and ids differ
 * most, are compared first.
 */
export function equalsAt(expected: Buffer, bytes: Buffer, at: number): boolean {
  let i = expected.length;
  for (; i >= 4; i -= 4) {
    const last = at + i - 1;
    // A byte beyond the end differs from all bytes.
    const differences =
      ((bytes[last] ?? -1) ^ (expected[i - 1] ?? 0)) |
      ((bytes[last - 1] ?? -1) ^ (expected[i - 2] ?? 0)) |
      ((bytes[last - 2] ?? -1) ^ (expected[i - 3] ?? 0)) |
      ((bytes[last - 3] ?? -1) ^ (expected[i - 4] ?? 0));
    if (differences !== 0) return false;
  }
  for (; i > 0; i--) if (bytes[at + i - 1] !== expected[i - 1]) return false;
  return true;
}

/**
 * A cursor that reads big-endian values from untrusted data.
 *
 * @throws {BytesError} from every method, if the data ends too early
 */
export class Reader {
  bytes: Buffer;
  /** The offset of the next value. */
  at: number;
  /** The offset of the end of the data. */
  end: number;

  constructor(bytes: Buffer, at = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** The number of remaining bytes. */
  get left(): number {
    return this.end - this.at;
  }

  /** Skips `size` bytes and returns their offset. */
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

  /** Reads an unsigned 64-bit value. Values above 2^53 are not exact. */
  u64(): number {
    const high = this.u32();
    return high * 0x1_0000_0000 + this.u32();
  }

  /** Reads a string with a length of one byte. See `decodeText`. */
  shortString(): string {
    const size = this.u8();
    const start = this.skip(size);
    return decodeText(this.bytes, start, start + size);
  }

  /** Reads bytes with a length of four bytes. Returns a slice of the data. */
  longBytes(): Buffer {
    const size = this.u32();
    const start = this.skip(size);
    return this.bytes.subarray(start, start + size);
  }
}

/** Formats a whole number for an error message. Numbers above 2^53 - 1 are not exact. */
export function wholeText(value: number): string {
  return value > Number.MAX_SAFE_INTEGER ? `above ${Number.MAX_SAFE_INTEGER}` : String(value);
}

/**
 * A cursor that writes big-endian values into a growing buffer.
 *
 * @throws {RangeExceeded | RangeError} from every method, if a value does not fit its field
 */
export class Writer {
  bytes: Buffer;
  at = 0;

  /** @param size initial capacity, bytes */
  constructor(size = 256) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  /** Reserves `size` bytes and returns their offset. */
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
   * Writes a string with a length of one byte. See `encodeText`.
   *
   * @throws {RangeExceeded} if it has more than 255 bytes
   */
  shortString(value: string): void {
    const bytes = encodeText(value);
    checkShortString(bytes.length);
    this.u8(bytes.length);
    this.raw(bytes);
  }

  /** Writes bytes with a length of four bytes. */
  longBytes(value: Buffer): void {
    this.u32(value.length);
    this.raw(value);
  }

  raw(value: Buffer): void {
    const start = this.claim(value.length);
    value.copy(this.bytes, start);
  }

  /** A copy of the written data. */
  toBuffer(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.at));
  }
}

/**
 * Joins pieces of a byte stream. A single piece is not copied: a large one may be handed on again
 * after each of its frames.
 */
export function joined(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces;
  return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
}
