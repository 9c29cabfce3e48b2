// Decodes values of AMQP 1.0 (part 1).

import { decodeText } from '../../../base/byte-text.ts';
import { decodeError } from '../errors.ts';
import { depthMax, itemCountMax } from '../limits.ts';
import { readDecimal } from './decimals.ts';
import { codes, descriptorCodes, knownFixed } from './format-codes.ts';
import type { Entry, Item } from './items.ts';

/** Sizes of the fixed-width categories 0x4_ to 0x9_, in bytes. */
const fixedSizes = [0, 1, 2, 4, 8, 16];

const none = Buffer.alloc(0);

/**
 * Decodes values from untrusted bytes. Typed methods return undefined for null. Depth, number of
 * values and all sizes are limited.
 *
 * @throws {AmqpError} `decode-error` from every method
 */
export class Decoder {
  bytes: Buffer = none;
  /** The offset of the next value. */
  at = 0;
  end = 0;
  #itemsLeft = 0;
  /** The ends of the lists around the current one, and their number. */
  readonly #ends: number[] = Array.from({ length: depthMax }, () => 0);
  #depth = 0;

  /** Starts to decode the bytes between two offsets. */
  reset(bytes: Buffer, at: number, end: number): this {
    // Many values are in the same bytes: a reference from an old object to a new one is expensive.
    if (this.bytes !== bytes) this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.#itemsLeft = itemCountMax;
    this.#depth = 0;
    return this;
  }

  /** Skips `size` bytes and returns their offset. */
  take(size: number): number {
    const start = this.at;
    const left = this.end - start;
    if (size > left) throw decodeError(`a value of ${size} bytes is cut off after ${left}`);
    this.at = start + size;
    return start;
  }

  u8(): number {
    return this.bytes[this.take(1)] ?? 0;
  }

  u32(): number {
    return this.bytes.readUInt32BE(this.take(4));
  }

  /** Reads a format code and counts a value. */
  #code(): number {
    if (--this.#itemsLeft < 0) throw decodeError(`more than ${itemCountMax} values in one frame`);
    return this.u8();
  }

  #wrong(code: number, wanted: string): never {
    throw decodeError(`a value with format code 0x${code.toString(16)} is not of type ${wanted}`);
  }

  boolean(): boolean | undefined {
    const code = this.#code();
    if (code === codes.null) return undefined;
    if (code === codes.true) return true;
    if (code === codes.false) return false;
    return code === codes.boolean ? this.#byteAsBoolean() : this.#wrong(code, 'boolean');
  }

  #byteAsBoolean(): boolean {
    const value = this.u8();
    if (value > 1) throw decodeError(`a boolean is 0 or 1, not ${value}`);
    return value === 1;
  }

  ubyte(): number | undefined {
    const code = this.#code();
    if (code === codes.null) return undefined;
    return code === codes.ubyte ? this.u8() : this.#wrong(code, 'ubyte');
  }

  ushort(): number | undefined {
    const code = this.#code();
    if (code === codes.null) return undefined;
    return code === codes.ushort
      ? this.bytes.readUInt16BE(this.take(2))
      : this.#wrong(code, 'ushort');
  }

  uint(): number | undefined {
    const code = this.#code();
    if (code === codes.null) return undefined;
    if (code === codes.uint0) return 0;
    if (code === codes.smalluint) return this.u8();
    return code === codes.uint ? this.u32() : this.#wrong(code, 'uint');
  }

  ulong(): bigint | undefined {
    const code = this.#code();
    if (code === codes.null) return undefined;
    if (code === codes.ulong0) return 0n;
    if (code === codes.smallulong) return BigInt(this.u8());
    return code === codes.ulong
      ? this.bytes.readBigUInt64BE(this.take(8))
      : this.#wrong(code, 'ulong');
  }

  timestamp(): bigint | undefined {
    const code = this.#code();
    if (code === codes.null) return undefined;
    return code === codes.timestamp
      ? this.bytes.readBigInt64BE(this.take(8))
      : this.#wrong(code, 'timestamp');
  }

  /** A slice of the decoded bytes. */
  binary(): Buffer | undefined {
    const code = this.#code();
    if (code === codes.null) return undefined;
    if (code !== codes.vbin8 && code !== codes.vbin32) this.#wrong(code, 'binary');
    const size = code === codes.vbin8 ? this.u8() : this.u32();
    const start = this.take(size);
    return this.bytes.subarray(start, start + size);
  }

  string(): string | undefined {
    const code = this.#code();
    if (code === codes.null) return undefined;
    if (code !== codes.str8 && code !== codes.str32) this.#wrong(code, 'string');
    return this.#text(code === codes.str8);
  }

  symbol(): string | undefined {
    const code = this.#code();
    if (code === codes.null) return undefined;
    if (code !== codes.sym8 && code !== codes.sym32) this.#wrong(code, 'symbol');
    return this.#text(code === codes.sym8);
  }

  #text(isShort: boolean): string {
    const size = isShort ? this.u8() : this.u32();
    const start = this.take(size);
    return decodeText(this.bytes, start, start + size);
  }

  /** One symbol or an array of symbols (1.4: multiple). */
  symbols(): readonly string[] | undefined {
    const item = this.item();
    if (item.type === 'null') return undefined;
    if (item.type === 'symbol') return [item.value];
    if (item.type !== 'array') throw decodeError(`a ${item.type} is not an array of symbols`);
    return item.value.map((each) => {
      if (each.type === 'symbol') return each.value;
      throw decodeError(`an array of ${each.type} is not an array of symbols`);
    });
  }

  map(): readonly Entry[] | undefined {
    const item = this.item();
    if (item.type === 'null') return undefined;
    if (item.type === 'map') return item.value;
    throw decodeError(`a ${item.type} is not a map`);
  }

  /**
   * Begins to read the elements of a list, which {@link closeList} ends.
   *
   * @returns the number of elements
   */
  openList(): number {
    const code = this.#code();
    if (code === codes.list0) {
      this.#descend();
      this.end = this.at;
      return 0;
    }
    if (code !== codes.list8 && code !== codes.list32) this.#wrong(code, 'list');
    return this.#openCompound(code === codes.list8);
  }

  /** Narrows the decoder to a compound value. Returns the number of elements. */
  #openCompound(isSmall: boolean): number {
    const size = isSmall ? this.u8() : this.u32();
    const left = this.end - this.at;
    if (size > left) throw decodeError(`a value of ${size} bytes is cut off after ${left}`);
    this.#descend();
    this.end = this.at + size;
    return isSmall ? this.u8() : this.u32();
  }

  /** Ends a list. Elements that were not read are skipped. */
  closeList(): void {
    this.at = this.end;
    this.#ascend();
  }

  /** Ends a list or other compound value whose elements were all read. */
  closeWhole(): void {
    const left = this.end - this.at;
    if (left !== 0) throw decodeError(`${left} bytes follow the last element of a value`);
    this.closeList();
  }

  /** Reads a descriptor: its code; -1 if it is none of the standard's. */
  descriptor(codeOfName: (name: string) => number): number {
    const code = this.#code();
    if (code === codes.smallulong) return this.u8();
    if (code === codes.ulong) {
      const value = this.bytes.readBigUInt64BE(this.take(8));
      return value <= 0xffn ? Number(value) : -1;
    }
    if (code !== codes.sym8 && code !== codes.sym32) return this.#wrong(code, 'descriptor');
    return codeOfName(this.#text(code === codes.sym8));
  }

  /** Consumes a null, or the marker of a described value. Returns whether it is described. */
  described(): boolean {
    const code = this.#code();
    if (code === codes.null) return false;
    return code === codes.described || this.#wrong(code, 'described');
  }

  /** Reads a value of any type. Bytes are copied. */
  item(): Item {
    return this.#itemOf(this.#code());
  }

  #itemOf(code: number): Item {
    const { bytes } = this;
    switch (code) {
      case codes.described:
        return this.#describedItem();
      case codes.null:
        return { type: 'null', value: null };
      case codes.true:
        return { type: 'boolean', value: true };
      case codes.false:
        return { type: 'boolean', value: false };
      case codes.boolean:
        return { type: 'boolean', value: this.#byteAsBoolean() };
      case codes.uint0:
        return { type: 'uint', value: 0 };
      case codes.ulong0:
        return { type: 'ulong', value: 0n };
      case codes.list0:
        return { type: 'list', value: [] };
      case codes.ubyte:
        return { type: 'ubyte', value: this.u8() };
      case codes.byte:
        return { type: 'byte', value: bytes.readInt8(this.take(1)) };
      case codes.smalluint:
        return { type: 'uint', value: this.u8() };
      case codes.smallulong:
        return { type: 'ulong', value: BigInt(this.u8()) };
      case codes.smallint:
        return { type: 'int', value: bytes.readInt8(this.take(1)) };
      case codes.smalllong:
        return { type: 'long', value: BigInt(bytes.readInt8(this.take(1))) };
      case codes.ushort:
        return { type: 'ushort', value: bytes.readUInt16BE(this.take(2)) };
      case codes.short:
        return { type: 'short', value: bytes.readInt16BE(this.take(2)) };
      default:
        return this.#wideItem(code);
    }
  }

  #wideItem(code: number): Item {
    const { bytes } = this;
    switch (code) {
      case codes.uint:
        return { type: 'uint', value: this.u32() };
      case codes.int:
        return { type: 'int', value: bytes.readInt32BE(this.take(4)) };
      case codes.float:
        return { type: 'float', value: bytes.readFloatBE(this.take(4)) };
      case codes.char:
        return { type: 'char', value: this.#char() };
      case codes.ulong:
        return { type: 'ulong', value: bytes.readBigUInt64BE(this.take(8)) };
      case codes.long:
        return { type: 'long', value: bytes.readBigInt64BE(this.take(8)) };
      case codes.double:
        return { type: 'double', value: bytes.readDoubleBE(this.take(8)) };
      case codes.timestamp:
        return { type: 'timestamp', value: bytes.readBigInt64BE(this.take(8)) };
      case codes.uuid:
        return { type: 'uuid', value: this.#uuid() };
      case codes.decimal32:
      case codes.decimal64:
      case codes.decimal128: {
        const size = code === codes.decimal32 ? 4 : code === codes.decimal64 ? 8 : 16;
        return { type: 'decimal', value: readDecimal(bytes, this.take(size), size) };
      }
      default:
        return this.#variableItem(code);
    }
  }

  #char(): string {
    const point = this.u32();
    if (point > 0x10ffff) throw decodeError(`a char of ${point} is not a character`);
    return String.fromCodePoint(point);
  }

  #uuid(): string {
    const start = this.take(16);
    const hex = this.bytes.toString('hex', start, start + 16);
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }

  #variableItem(code: number): Item {
    switch (code) {
      case codes.vbin8:
      case codes.vbin32: {
        const size = code === codes.vbin8 ? this.u8() : this.u32();
        const start = this.take(size);
        return { type: 'binary', value: Buffer.from(this.bytes.subarray(start, start + size)) };
      }
      case codes.str8:
      case codes.str32:
        return { type: 'string', value: this.#text(code === codes.str8) };
      case codes.sym8:
      case codes.sym32:
        return { type: 'symbol', value: this.#text(code === codes.sym8) };
      case codes.list8:
      case codes.list32:
        return { type: 'list', value: this.#items(code === codes.list8) };
      case codes.map8:
      case codes.map32:
        return { type: 'map', value: this.#entries(code === codes.map8) };
      case codes.array8:
      case codes.array32:
        return { type: 'array', value: this.#array(code === codes.array8) };
      default:
        throw decodeError(`0x${code.toString(16)} is not a format code`);
    }
  }

  #describedItem(): Item {
    this.#descend();
    const descriptor = this.item();
    if (descriptor.type !== 'ulong' && descriptor.type !== 'symbol') {
      throw decodeError(`a descriptor is a ulong or a symbol, not a ${descriptor.type}`);
    }
    const value = this.item();
    this.#depth--;
    return { type: 'described', descriptor, value };
  }

  /** Counts a level of nesting. The caller may narrow the decoder. */
  #descend(): void {
    if (this.#depth >= depthMax) {
      throw decodeError(`values are nested more than ${depthMax} levels deep`);
    }
    this.#ends[this.#depth++] = this.end;
  }

  #ascend(): void {
    if (this.#depth > 0) this.end = this.#ends[--this.#depth] ?? this.end;
  }

  #items(isSmall: boolean): Item[] {
    const count = this.#openCompound(isSmall);
    const items: Item[] = [];
    for (let left = count; left > 0; left--) items.push(this.item());
    this.closeWhole();
    return items;
  }

  #entries(isSmall: boolean): Entry[] {
    const count = this.#openCompound(isSmall);
    if (count % 2 !== 0) throw decodeError(`a map has an odd number of elements: ${count}`);
    const entries: Entry[] = [];
    for (let left = count; left > 0; left -= 2) entries.push([this.item(), this.item()]);
    this.closeWhole();
    return entries;
  }

  #array(isSmall: boolean): Item[] {
    const count = this.#openCompound(isSmall);
    const items: Item[] = [];
    // An empty array may have no constructor.
    if (count > 0 || this.at < this.end) this.#elements(count, items);
    this.closeWhole();
    return items;
  }

  #elements(count: number, items: Item[]): void {
    const code = this.u8();
    const descriptor = code === codes.described ? this.item() : undefined;
    const element = code === codes.described ? this.u8() : code;
    if (element === codes.described) throw decodeError('elements of an array are described twice');
    for (let left = count; left > 0; left--) {
      if (--this.#itemsLeft < 0) throw decodeError(`more than ${itemCountMax} values in one frame`);
      const value = this.#itemOf(element);
      items.push(descriptor === undefined ? value : { type: 'described', descriptor, value });
    }
  }

  /** Skips a value of any type without creating it. It accepts the same values as {@link item}. */
  skip(): void {
    this.#skipOf(this.#code());
  }

  #skipOf(code: number): void {
    const fixed = fixedSizes[(code >>> 4) - 4];
    if (code === codes.described) this.#skipDescribed();
    else if (fixed !== undefined) {
      if (!knownFixed.has(code)) throw decodeError(`0x${code.toString(16)} is not a format code`);
      if (code === codes.char) this.#char();
      else if (code === codes.boolean) this.#byteAsBoolean();
      else this.take(fixed);
    } else this.#skipVariable(code);
  }

  #skipDescribed(): void {
    this.#descend();
    const code = this.#code();
    if (!descriptorCodes.has(code)) throw decodeError('a descriptor is not a ulong or a symbol');
    this.#skipOf(code);
    this.skip();
    this.#depth--;
  }

  #skipVariable(code: number): void {
    switch (code) {
      case codes.vbin8:
      case codes.str8:
      case codes.sym8:
        this.take(this.u8());
        return;
      case codes.vbin32:
      case codes.str32:
      case codes.sym32:
        this.take(this.u32());
        return;
      case codes.list8:
      case codes.list32:
      case codes.map8:
      case codes.map32: {
        const count = this.#openCompound(code === codes.list8 || code === codes.map8);
        const isMap = code === codes.map8 || code === codes.map32;
        if (isMap && count % 2 !== 0) {
          throw decodeError(`a map has an odd number of elements: ${count}`);
        }
        for (let left = count; left > 0; left--) this.skip();
        this.closeWhole();
        return;
      }
      case codes.array8:
      case codes.array32:
        this.#skipArray(code === codes.array8);
        return;
      default:
        throw decodeError(`0x${code.toString(16)} is not a format code`);
    }
  }

  #skipArray(isSmall: boolean): void {
    const count = this.#openCompound(isSmall);
    if (count > 0 || this.at < this.end) {
      const code = this.u8();
      if (code === codes.described) this.skip();
      const element = code === codes.described ? this.u8() : code;
      if (element === codes.described) {
        throw decodeError('elements of an array are described twice');
      }
      for (let left = count; left > 0; left--) {
        if (--this.#itemsLeft < 0) {
          throw decodeError(`more than ${itemCountMax} values in one frame`);
        }
        this.#skipOf(element);
      }
    }
    this.closeWhole();
  }
}
