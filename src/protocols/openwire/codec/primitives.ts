// Typed values: properties, and the bodies of map and stream messages.

import type { Field, Value } from '../../../broker/conversion/value.ts';
import { OpenWireError } from '../errors.ts';
import { nestedValuesMax, valueCountMax } from '../limits.ts';
import { decodeModified, encodeModified } from './modified-utf8.ts';

/** The type codes of values. */
const codes = {
  null: 0,
  boolean: 1,
  byte: 2,
  char: 3,
  short: 4,
  int: 5,
  long: 6,
  double: 7,
  float: 8,
  string: 9,
  bytes: 10,
  map: 11,
  list: 12,
  longString: 13,
} as const;

/** Maximum length of a string with a length of two bytes, as ActiveMQ uses it. */
const shortStringBytesMax = 8191;
/** Maximum length of the name of a property, in bytes. */
const nameBytesMax = 65_535;

/** An entry of a map. */
interface Entry {
  readonly name: string;
  readonly value: Value;
  /** The entry with its name, between two offsets. */
  readonly start: number;
  readonly end: number;
}

/** A cursor over typed values, which come from clients. */
export class ValueReader {
  readonly bytes: Buffer;
  at: number;
  readonly #end: number;
  #depth = 0;
  #count = 0;

  constructor(bytes: Buffer, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end;
  }

  #skip(size: number): number {
    const start = this.at;
    if (size < 0 || size > this.#end - start) {
      const left = this.#end - start;
      throw new OpenWireError('malformed', `a value of ${size} bytes where ${left} are left`);
    }
    this.at = start + size;
    return start;
  }

  #u16(): number {
    return this.bytes.readUInt16BE(this.#skip(2));
  }

  #i32(): number {
    return this.bytes.readInt32BE(this.#skip(4));
  }

  #text(size: number): string {
    const start = this.#skip(size);
    return decodeModified(this.bytes, start, start + size);
  }

  /** Reads a map; undefined if it is null. */
  map(): Field[] | undefined {
    const count = this.#i32();
    if (count < 0) return undefined;
    const fields: Field[] = [];
    for (let left = count; left > 0; left--) fields.push([this.#text(this.#u16()), this.value()]);
    return fields;
  }

  /** Reads the entries of a map one after the other, with their positions. */
  *entries(): Generator<Entry> {
    for (let left = this.#i32(); left > 0; left--) {
      const start = this.at;
      const name = this.#text(this.#u16());
      const value = this.value();
      yield { name, value, start, end: this.at };
    }
  }

  /** The number of entries of a map, without reading them. */
  count(): number {
    return Math.max(0, this.#i32());
  }

  /** Reads one value. */
  value(): Value {
    if (++this.#count > valueCountMax) {
      throw new OpenWireError('malformed', `more than ${valueCountMax} values`);
    }
    const type = this.bytes[this.#skip(1)] ?? 0;
    return this.#simple(type) ?? this.#sized(type);
  }

  #simple(type: number): Value | undefined {
    switch (type) {
      case codes.null:
        return { type: 'null', value: null };
      case codes.boolean:
        return { type: 'boolean', value: this.bytes[this.#skip(1)] !== 0 };
      case codes.byte:
        return { type: 'byte', value: this.bytes.readInt8(this.#skip(1)) };
      case codes.char:
        return { type: 'char', value: String.fromCharCode(this.#u16()) };
      case codes.short:
        return { type: 'short', value: this.bytes.readInt16BE(this.#skip(2)) };
      case codes.int:
        return { type: 'int', value: this.#i32() };
      case codes.long:
        return { type: 'long', value: this.bytes.readBigInt64BE(this.#skip(8)) };
      case codes.double:
        return { type: 'double', value: this.bytes.readDoubleBE(this.#skip(8)) };
      case codes.float:
        return { type: 'float', value: this.bytes.readFloatBE(this.#skip(4)) };
      default:
        return undefined;
    }
  }

  #sized(type: number): Value {
    switch (type) {
      case codes.string:
        return { type: 'string', value: this.#text(this.#u16()) };
      case codes.longString:
        return { type: 'string', value: this.#text(this.#i32()) };
      case codes.bytes: {
        const size = this.#i32();
        const start = this.#skip(size);
        return { type: 'binary', value: Buffer.from(this.bytes.subarray(start, start + size)) };
      }
      case codes.map:
      case codes.list:
        return this.#nested(type);
      default:
        throw new OpenWireError('malformed', `a value of the unknown type ${type}`);
    }
  }

  #nested(type: number): Value {
    if (++this.#depth > nestedValuesMax) {
      const why = `values nested in more than ${nestedValuesMax} levels`;
      throw new OpenWireError('malformed', why);
    }
    let found: Value;
    if (type === codes.map) found = { type: 'map', value: this.map() ?? [] };
    else {
      const items: Value[] = [];
      for (let left = this.#i32(); left > 0; left--) items.push(this.value());
      found = { type: 'list', value: items };
    }
    this.#depth--;
    return found;
  }
}

const u16 = (value: number) => Buffer.of(value >> 8, value & 0xff);

function i32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

/** Encodes text with a length of two bytes, and a length of four bytes if it is long. */
function encodeString(text: string): Buffer {
  const bytes = encodeModified(text);
  return bytes.length > shortStringBytesMax
    ? Buffer.concat([Buffer.of(codes.longString), i32(bytes.length), bytes])
    : Buffer.concat([Buffer.of(codes.string), u16(bytes.length), bytes]);
}

/** Encodes a number with a function of Buffer. */
function encodeNumber(type: number, size: number, write: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(1 + size);
  bytes[0] = type;
  write(bytes);
  return bytes;
}

const encodeByte = (value: number) => encodeNumber(codes.byte, 1, (b) => b.writeInt8(value, 1));
const encodeShort = (value: number) =>
  encodeNumber(codes.short, 2, (b) => b.writeInt16BE(value, 1));
const encodeInt = (value: number) => encodeNumber(codes.int, 4, (b) => b.writeInt32BE(value, 1));
const encodeLong = (value: bigint) =>
  encodeNumber(codes.long, 8, (b) => b.writeBigInt64BE(BigInt.asIntN(64, value), 1));

/** Encodes a value. Types that Java lacks become the next larger one, or text. */
export function encodeValue({ type, value }: Value): Buffer {
  switch (type) {
    case 'null':
      return Buffer.of(codes.null);
    case 'boolean':
      return Buffer.of(codes.boolean, value ? 1 : 0);
    case 'byte':
      return encodeByte(value);
    case 'ubyte':
    case 'short':
      return encodeShort(value);
    case 'ushort':
    case 'int':
      return encodeInt(value);
    case 'uint':
      return encodeLong(BigInt(value));
    case 'long':
    case 'ulong':
    case 'timestamp':
      return encodeLong(value);
    case 'float':
      return encodeNumber(codes.float, 4, (bytes) => bytes.writeFloatBE(value, 1));
    case 'double':
      return encodeNumber(codes.double, 8, (bytes) => bytes.writeDoubleBE(value, 1));
    case 'decimal':
      return encodeNumber(codes.double, 8, (bytes) => bytes.writeDoubleBE(Number(value), 1));
    case 'char': {
      const isOne = value.length === 1;
      return isOne
        ? Buffer.concat([Buffer.of(codes.char), u16(value.charCodeAt(0))])
        : encodeString(value);
    }
    case 'string':
    case 'symbol':
    case 'uuid':
      return encodeString(value);
    case 'binary':
      return Buffer.concat([Buffer.of(codes.bytes), i32(value.length), value]);
    case 'list':
      return encodeList(value);
    case 'map':
      return Buffer.concat([Buffer.of(codes.map), encodeMap(value)]);
  }
}

function encodeList(items: readonly Value[]): Buffer {
  return Buffer.concat([Buffer.of(codes.list), i32(items.length), ...items.map(encodeValue)]);
}

/** Encodes one entry of a map; undefined if its name is too long. */
export function encodeEntry([name, value]: Field): Buffer | undefined {
  const bytes = encodeModified(name);
  if (bytes.length > nameBytesMax) return undefined;
  return Buffer.concat([u16(bytes.length), bytes, encodeValue(value)]);
}

/** Joins encoded entries to a map. */
export function joinEntries(entries: readonly Buffer[]): Buffer {
  return Buffer.concat([i32(entries.length), ...entries]);
}

/** Encodes a map, without a type. If a name is repeated, the first one counts, as in STOMP. */
export function encodeMap(fields: readonly Field[]): Buffer {
  const names = new Set<string>();
  const entries: Buffer[] = [];
  for (const field of fields) {
    if (names.has(field[0])) continue;
    names.add(field[0]);
    const entry = encodeEntry(field);
    if (entry !== undefined) entries.push(entry);
  }
  return joinEntries(entries);
}
