// Reads the fields of data structures, in both encodings.

import { BytesError } from '../../../base/bytes.ts';
import { OpenWireError } from '../errors.ts';
import { structureLimits } from '../limits.ts';
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
  #bitsAt = 0;
  #bitsEnd = 0;
  #bit = 0;
  #depth = 0;
  #structureCount = 0;

  /** Starts to read a frame, and returns the type of its structure. */
  begin(bytes: Buffer, start: number, end: number): number {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.#depth = 0;
    this.#structureCount = 0;
    const type = this.#u8();
    if (this.isTight && type !== 0) this.#beginBits();
    return type;
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
    return this.bytes.readInt32BE(this.skip(4));
  }

  long(): Long {
    if (!this.isTight) return this.#long8();
    const isFirst = this.#nextBit();
    const isSecond = this.#nextBit();
    if (isFirst) return isSecond ? this.#long8() : this.bytes.readUInt32BE(this.skip(4));
    return isSecond ? this.#u16() : 0;
  }

  #long8(): Long {
    const at = this.skip(8);
    const high = this.bytes.readInt32BE(at);
    if (high >= -0x20_0000 && high < 0x20_0000) {
      const value = high * 0x1_0000_0000 + this.bytes.readUInt32BE(at + 4);
      if (Number.isSafeInteger(value)) return value;
    }
    return longOf(this.bytes.readBigInt64BE(at));
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
    if (cache === undefined) return this.nested(read);
    const isNew = this.bool();
    const index = this.short();
    if (!isNew) return cache.get(index) as S | undefined; // the caller checks its type
    const start = this.at;
    const found = this.nested(read);
    if (index >= 0) cache.set(index, found, this.at - start);
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
