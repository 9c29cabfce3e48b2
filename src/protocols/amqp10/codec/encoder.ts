// Encodes values of AMQP 1.0 (part 1).

import { encodeText } from '../../../base/byte-text.ts';
import { writeDecimal } from './decimals.ts';
import { codes } from './format-codes.ts';
import type { Entry, Item } from './items.ts';

/** Largest value, size and count of the short encodings. */
const smallMax = 0xff;

/**
 * Encodes values into a growing buffer. Typed methods write null for undefined. Null fields at the
 * end of a list are left out.
 */
export class Encoder {
  bytes: Buffer;
  #at = 0;
  /** Null fields of the current list that are not written yet. */
  #nullCount = 0;

  /** @param size initial capacity in bytes */
  constructor(size = 512) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  /** Number of bytes written. */
  get length(): number {
    return this.#at;
  }

  /** Starts again at an offset. */
  restart(at = 0): this {
    this.#at = at;
    this.#nullCount = 0;
    return this;
  }

  /** A copy of the written bytes. */
  toBuffer(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.#at));
  }

  /** Reserves bytes. Returns their offset. */
  #claim(size: number): number {
    if (this.#nullCount > 0) this.#writeNulls();
    return this.#room(size);
  }

  #room(size: number): number {
    const start = this.#at;
    const end = start + size;
    if (end > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.bytes.length * 2));
      this.bytes.copy(larger, 0, 0, start);
      this.bytes = larger;
    }
    this.#at = end;
    return start;
  }

  #writeNulls(): void {
    const count = this.#nullCount;
    this.#nullCount = 0;
    const at = this.#room(count);
    this.bytes.fill(codes.null, at, at + count);
  }

  null(): void {
    this.#nullCount++;
  }

  raw(bytes: Buffer, start = 0, end = bytes.length): void {
    const at = this.#claim(end - start);
    bytes.copy(this.bytes, at, start, end);
  }

  u8(value: number): void {
    const at = this.#claim(1);
    this.bytes[at] = value;
  }

  #code8(code: number, value: number): void {
    const at = this.#claim(2);
    this.bytes[at] = code;
    this.bytes[at + 1] = value;
  }

  #code32(code: number, value: number): void {
    const at = this.#claim(5);
    this.bytes[at] = code;
    this.bytes.writeUInt32BE(value, at + 1);
  }

  #code64(code: number, value: bigint): void {
    const at = this.#claim(9);
    this.bytes[at] = code;
    this.bytes.writeBigUInt64BE(BigInt.asUintN(64, value), at + 1);
  }

  boolean(value: boolean | undefined): void {
    if (value === undefined) this.null();
    else this.u8(value ? codes.true : codes.false);
  }

  ubyte(value: number | undefined): void {
    if (value === undefined) this.null();
    else this.#code8(codes.ubyte, value);
  }

  ushort(value: number | undefined): void {
    if (value === undefined) {
      this.null();
      return;
    }
    const at = this.#claim(3);
    this.bytes[at] = codes.ushort;
    this.bytes.writeUInt16BE(value, at + 1);
  }

  uint(value: number | undefined): void {
    if (value === undefined) this.null();
    else if (value === 0) this.u8(codes.uint0);
    else if (value <= smallMax) this.#code8(codes.smalluint, value);
    else this.#code32(codes.uint, value);
  }

  ulong(value: bigint | undefined): void {
    if (value === undefined) this.null();
    else if (value === 0n) this.u8(codes.ulong0);
    else if (value <= 0xffn) this.#code8(codes.smallulong, Number(value));
    else this.#code64(codes.ulong, value);
  }

  timestamp(value: bigint | undefined): void {
    if (value === undefined) this.null();
    else this.#code64(codes.timestamp, value);
  }

  binary(value: Buffer | undefined): void {
    if (value === undefined) this.null();
    else this.#sized(codes.vbin8, codes.vbin32, value);
  }

  string(value: string | undefined): void {
    if (value === undefined) this.null();
    else this.#sized(codes.str8, codes.str32, encodeText(value));
  }

  symbol(value: string | undefined): void {
    if (value === undefined) this.null();
    else this.#sized(codes.sym8, codes.sym32, encodeText(value));
  }

  #sized(short: number, long: number, value: Buffer): void {
    if (value.length <= smallMax) this.#code8(short, value.length);
    else this.#code32(long, value.length);
    this.raw(value);
  }

  /** An array of symbols. */
  symbols(values: readonly string[] | undefined): void {
    if (values === undefined) {
      this.null();
      return;
    }
    const at = this.#openCompound(codes.array32);
    this.u8(codes.sym32);
    for (const value of values) this.#symbol32(value);
    this.#closeCompound(at, values.length);
  }

  #symbol32(value: string): void {
    const bytes = encodeText(value);
    const at = this.#claim(4);
    this.bytes.writeUInt32BE(bytes.length, at);
    this.raw(bytes);
  }

  map(entries: readonly Entry[] | undefined): void {
    if (entries === undefined) {
      this.null();
      return;
    }
    const at = this.#openCompound(codes.map32);
    for (const [key, value] of entries) {
      this.#element(key);
      this.#element(value);
    }
    this.#closeCompound(at, entries.length * 2);
  }

  /** Begins a list, which {@link closeList} ends. */
  openList(): number {
    return this.#openCompound(codes.list32);
  }

  /**
   * Ends a list.
   *
   * @param at the result of {@link openList}
   * @param count the number of fields, including null fields at its end
   */
  closeList(at: number, count: number): void {
    const written = count - this.#nullCount;
    this.#nullCount = 0;
    if (written > 0) {
      this.#closeCompound(at, written);
      return;
    }
    this.bytes[at] = codes.list0;
    this.#at = at + 1;
  }

  #openCompound(code: number): number {
    const at = this.#claim(9);
    this.bytes[at] = code;
    return at;
  }

  #closeCompound(at: number, count: number): void {
    this.bytes.writeUInt32BE(this.#at - at - 5, at + 1);
    this.bytes.writeUInt32BE(count, at + 5);
  }

  /** Writes the descriptor of a type of the standard. */
  descriptor(code: number): void {
    const at = this.#claim(3);
    this.bytes[at] = codes.described;
    this.bytes[at + 1] = codes.smallulong;
    this.bytes[at + 2] = code;
  }

  /** Writes a value of any type. Undefined is written as null. */
  item(item: Item | undefined): void {
    if (item === undefined || item.type === 'null') this.null();
    else this.#notNull(item);
  }

  /** An element of a compound value, whose nulls are written at once. */
  #element(item: Item): void {
    if (item.type === 'null') this.u8(codes.null);
    else this.#notNull(item);
  }

  #notNull(item: Exclude<Item, { type: 'null' }>): void {
    switch (item.type) {
      case 'described':
        this.u8(codes.described);
        this.#element(item.descriptor);
        this.#element(item.value);
        return;
      case 'list': {
        const at = this.openList();
        for (const each of item.value) this.#element(each);
        this.#closeCompound(at, item.value.length);
        return;
      }
      case 'array':
        this.#array(item.value);
        return;
      case 'map':
        this.map(item.value);
        return;
      default:
        this.#scalar(item);
    }
  }

  /** Elements of an array have one encoding, which is that of the first. */
  #array(items: readonly Item[]): void {
    const at = this.#openCompound(codes.array32);
    const encoded = items.map((item) => wideBytes(item));
    const [first] = encoded;
    if (first === undefined) this.u8(codes.null);
    else this.raw(first.constructorBytes);
    let count = 0;
    for (const { constructorBytes, data } of encoded) {
      if (first?.constructorBytes.equals(constructorBytes) !== true) continue;
      this.raw(data);
      count++;
    }
    this.#closeCompound(at, count);
  }

  #scalar(item: Exclude<Item, { type: 'null' | 'described' | 'list' | 'array' | 'map' }>): void {
    switch (item.type) {
      case 'boolean':
        this.boolean(item.value);
        return;
      case 'ubyte':
        this.ubyte(item.value);
        return;
      case 'ushort':
        this.ushort(item.value);
        return;
      case 'uint':
        this.uint(item.value);
        return;
      case 'ulong':
        this.ulong(item.value);
        return;
      case 'timestamp':
        this.timestamp(item.value);
        return;
      case 'binary':
        this.binary(item.value);
        return;
      case 'string':
        this.string(item.value);
        return;
      case 'symbol':
        this.symbol(item.value);
        return;
      default:
        this.#fixed(item as FixedItem); // the other types are above
    }
  }

  #fixed(item: FixedItem): void {
    const data = fixedBytes(item);
    if (data === undefined) {
      this.string(String(item.value));
      return;
    }
    this.u8(fixedCodes[item.type]);
    this.raw(data);
  }
}

/** Values whose only encoding that is written here has a fixed width. */
type FixedItem =
  | { readonly type: 'byte' | 'short' | 'int' | 'float' | 'double'; readonly value: number }
  | { readonly type: 'long'; readonly value: bigint }
  | { readonly type: 'char' | 'uuid' | 'decimal'; readonly value: string };

const fixedCodes: Readonly<Record<FixedItem['type'], number>> = {
  byte: codes.byte,
  short: codes.short,
  int: codes.int,
  long: codes.long,
  float: codes.float,
  double: codes.double,
  char: codes.char,
  uuid: codes.uuid,
  decimal: codes.decimal128,
};

/** The bytes of a value after its code; undefined for a decimal that cannot be encoded. */
function fixedBytes(item: FixedItem): Buffer | undefined {
  const bytes = Buffer.alloc(8);
  switch (item.type) {
    case 'byte':
      bytes.writeInt8(item.value);
      return bytes.subarray(0, 1);
    case 'short':
      bytes.writeInt16BE(item.value);
      return bytes.subarray(0, 2);
    case 'int':
      bytes.writeInt32BE(item.value);
      return bytes.subarray(0, 4);
    case 'long':
      bytes.writeBigInt64BE(item.value);
      return bytes;
    case 'float':
      bytes.writeFloatBE(item.value);
      return bytes.subarray(0, 4);
    case 'double':
      bytes.writeDoubleBE(item.value);
      return bytes;
    case 'char':
      bytes.writeUInt32BE(item.value.codePointAt(0) ?? 0);
      return bytes.subarray(0, 4);
    case 'uuid':
      return Buffer.from(item.value.replaceAll('-', ''), 'hex');
    case 'decimal':
      return writeDecimal(item.value);
  }
}

/** An element of an array: the constructor, which all elements share, and the data after it. */
interface WideBytes {
  readonly constructorBytes: Buffer;
  readonly data: Buffer;
}

/** Encodes a value with the widest encoding of its type, so that it does not depend on the value. */
function wideBytes(item: Item): WideBytes {
  const encoder = new Encoder(64);
  encoder.item(item.type === 'described' ? item.value : item);
  const bytes = item.type === 'null' ? Buffer.of(codes.null) : encoder.toBuffer();
  const { code, data } = widened(bytes);
  if (item.type !== 'described') return { constructorBytes: Buffer.of(code), data };
  const prefix = new Encoder(64);
  prefix.item(item.descriptor);
  const constructorBytes = Buffer.concat([Buffer.of(0), prefix.toBuffer(), Buffer.of(code)]);
  return { constructorBytes, data };
}

function widened(bytes: Buffer): { readonly code: number; readonly data: Buffer } {
  const [code = 0, second = 0] = bytes;
  const u32 = (value: number) => {
    const wide = Buffer.alloc(4);
    wide.writeUInt32BE(value);
    return wide;
  };
  switch (code) {
    case codes.true:
    case codes.false:
      return { code: codes.boolean, data: Buffer.of(code === codes.true ? 1 : 0) };
    case codes.uint0:
      return { code: codes.uint, data: u32(0) };
    case codes.smalluint:
      return { code: codes.uint, data: u32(second) };
    case codes.ulong0:
      return { code: codes.ulong, data: Buffer.alloc(8) };
    case codes.smallulong:
      return { code: codes.ulong, data: Buffer.concat([u32(0), u32(second)]) };
    case codes.vbin8:
    case codes.str8:
    case codes.sym8:
      return { code: code + 0x10, data: Buffer.concat([u32(second), bytes.subarray(2)]) };
    default:
      return { code, data: bytes.subarray(1) };
  }
}
