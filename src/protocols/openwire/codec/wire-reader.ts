// Reads the fields of data structures, in both encodings.

import { BytesError, readU32 } from '../../../base/bytes.ts';
import { OpenWireError } from '../errors.ts';
import { structureLimits } from '../limits.ts';
import type { LastStructures } from './last-structures.ts';
import { decodeModified } from './modified-utf8.ts';
import type { ReadCache } from './read-cache.ts';

/** A 64-bit value: a number if that is exact, otherwise a bigint. */
export type Long = number | bigint;

/** A Java exception. Stack traces are not transmitted. */
export interface Throwable {
  readonly className: string;
  readonly message: string;
}

/** A data structure as far as it matters here. */
interface Structure {
  readonly type: number;
}

/** Reads a structure by its type; undefined if there is no such type. */
export type ReadStructure<S extends Structure> = (r: WireReader, type: number) => S | undefined;

/** Converts a 64-bit value. */
export function longOf(value: bigint): Long {
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : value;
}

/** Reads the 64-bit value at an offset. */
export function longAt(bytes: Buffer, at: number): Long {
  const high = readU32(bytes, at) | 0;
  if (high >= -0x20_0000 && high < 0x20_0000) {
    const value = high * 0x1_0000_0000 + readU32(bytes, at + 4);
    if (Number.isSafeInteger(value)) return value;
  }
  return longOf(bytes.readBigInt64BE(at));
}

/**
 * A cursor over one frame. In the tight encoding, flags are bits of a stream that precedes the data.
 *
 * @throws {BytesError | OpenWireError} from every method, if the data is invalid or exceeds a limit
 */
export class WireReader {
  bytes: Buffer = Buffer.alloc(0);
  /** The offset of the next value. */
  at = 0;
  end = 0;
  /** Negotiated properties. */
  version = 1;
  isTight = false;
  cache: ReadCache | undefined = undefined;
  /** Replaces the cache if the peer uses none, and the loose encoding. */
  last: LastStructures | undefined = undefined;
  /** The offset of the text that {@link text} has found. */
  textAt = 0;
  #bitsAt = 0;
  #bitsEnd = 0;
  #bit = 0;
  #depth = 0;
  #structureCount = 0;

  /** Starts to read a frame, and returns the type of its structure. */
  begin(bytes: Buffer, start: number, end: number): number {
    this.resume(bytes, start, end);
    const type = this.#u8();
    if (this.isTight && type !== 0) this.#beginBits();
    return type;
  }

  /** Starts to read within a frame. */
  resume(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.#depth = 0;
    this.#structureCount = 0;
  }

  #beginBits(): void {
    let size = this.#u8();
    if (size === 0xc0) size = this.#u8();
    else if (size === 0x80) size = this.#u16();
    this.#bitsAt = this.skip(size);
    this.#bitsEnd = this.at;
    this.#bit = 0;
  }

  /** Skips `size` bytes and returns their offset. */
  skip(size: number): number {
    const start = this.at;
    if (size > this.end - start) throw new BytesError(size, this.end - start);
    this.at = start + size;
    return start;
  }

  #u8(): number {
    return this.bytes[this.skip(1)] ?? 0;
  }

  #u16(): number {
    const at = this.skip(2);
    return ((this.bytes[at] ?? 0) << 8) | (this.bytes[at + 1] ?? 0);
  }

  /** A flag: a bit, or a byte in the loose encoding. */
  bool(): boolean {
    return this.isTight ? this.#nextBit() : this.#u8() !== 0;
  }

  #nextBit(): boolean {
    const at = this.#bitsAt + (this.#bit >> 3);
    if (at >= this.#bitsEnd) throw new BytesError(1, 0);
    return (((this.bytes[at] ?? 0) >> (this.#bit++ & 7)) & 1) !== 0;
  }

  /** Signed, as all numbers of Java. */
  byte(): number {
    return (this.#u8() << 24) >> 24;
  }

  short(): number {
    return (this.#u16() << 16) >> 16;
  }

  int(): number {
    return readU32(this.bytes, this.skip(4)) | 0;
  }

  long(): Long {
    if (!this.isTight) return this.#long8();
    const isFirst = this.#nextBit();
    const isSecond = this.#nextBit();
    if (isFirst) return isSecond ? this.#long8() : this.bytes.readUInt32BE(this.skip(4));
    return isSecond ? this.#u16() : 0;
  }

  #long8(): Long {
    return longAt(this.bytes, this.skip(8));
  }

  /** Text, or undefined for null. */
  str(): string | undefined {
    if (!this.bool()) return undefined;
    const isAscii = this.isTight && this.#nextBit();
    const size = this.#u16();
    const start = this.skip(size);
    return isAscii
      ? this.bytes.toString('latin1', start, start + size)
      : decodeModified(this.bytes, start, start + size);
  }

  /**
   * Skips a text, which begins at {@link textAt}. Returns its size in bytes; -1 for null.
   */
  text(): number {
    if (!this.bool()) return -1;
    if (this.isTight) this.#nextBit();
    const size = this.#u16();
    this.textAt = this.skip(size);
    return size;
  }

  /** A slice of the frame, or undefined for null. */
  data(): Buffer | undefined {
    if (!this.bool()) return undefined;
    const size = this.int();
    if (size < 0) throw new OpenWireError('malformed', `bytes of the length ${size}`);
    const start = this.skip(size);
    return this.bytes.subarray(start, start + size);
  }

  /** A copy of bytes, which can be retained without the frame; undefined for null. */
  octets(): Buffer | undefined {
    const found = this.data();
    return found && Buffer.from(found);
  }

  throwable(): Throwable | undefined {
    if (!this.bool()) return undefined;
    return { className: this.str() ?? '', message: this.str() ?? '' };
  }

  /** A nested structure, or undefined for null. */
  nested<S extends Structure>(read: ReadStructure<S>): S | undefined {
    if (!this.bool()) return undefined;
    const type = this.#u8();
    const { depthMax, countMax } = structureLimits;
    if (++this.#depth > depthMax || ++this.#structureCount > countMax) {
      const allowed = `${depthMax} levels and ${countMax} structures are allowed`;
      throw new OpenWireError('malformed', `a frame with too many nested structures; ${allowed}`);
    }
    // Messages could be nested in a form that was encoded before, which nobody uses.
    if (this.isTight && isPreparable(type) && this.#nextBit()) {
      throw new OpenWireError('malformed', 'a nested message in an encoded form');
    }
    const found = read(this, type);
    if (found === undefined) {
      throw new OpenWireError('malformed', `a structure of the unknown type ${type}`);
    }
    this.#depth--;
    return found;
  }

  /** A nested structure that may be in the cache. */
  cached<S extends Structure>(read: ReadStructure<S>): S | undefined {
    const { cache } = this;
    if (cache === undefined) return this.last === undefined ? this.nested(read) : this.#like(read);
    const isNew = this.bool();
    const index = this.short();
    if (!isNew) return cache.get(index) as S | undefined; // the caller checks its type
    const start = this.at;
    const found = this.nested(read);
    if (index >= 0) cache.set(index, found, this.at - start);
    return found;
  }

  /** A nested structure, which is the same object as the last one of its type if it is equal. */
  #like<S extends Structure>(read: ReadStructure<S>): S | undefined {
    const start = this.at;
    const known = this.last?.find(this.bytes, start, this.end);
    if (known !== undefined) {
      this.at = start + known.bytes.length;
      return known.value as S; // the caller checks its type
    }
    const found = this.nested(read);
    if (found !== undefined) this.last?.keep(this.bytes, start, this.at, found);
    return found;
  }

  /** A list of nested structures, or undefined for null. */
  list<S extends Structure>(read: ReadStructure<S>): (S | undefined)[] | undefined {
    if (!this.bool()) return undefined;
    const count = this.#u16();
    const { countMax } = structureLimits;
    if (count > countMax) {
      throw new OpenWireError('malformed', `a list of ${count} items; ${countMax} are allowed`);
    }
    const items: (S | undefined)[] = [];
    for (let left = count; left > 0; left--) items.push(this.nested(read));
    return items;
  }
}

/** Whether a structure of a type can be nested in a form that was encoded before: messages. */
export function isPreparable(type: number): boolean {
  return (type >= 23 && type <= 29) || type === 1;
}
