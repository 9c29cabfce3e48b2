// Field tables.

import { decodeText, encodeText } from '../../../base/byte-text.ts';
import { Reader, readU32, type Writer } from '../../../base/bytes.ts';
import type {
  Argument,
  ArgumentChanges,
  Arguments,
  ArgumentType,
} from '../../../broker/arguments.ts';
import { AmqpError } from '../errors.ts';

/** A field table (4.2.5.5): names of up to 255 bytes, and typed values. */
export type FieldTable = Arguments;

type FieldArray = readonly Argument[];

/** Maximum nesting of tables and arrays, so that untrusted data cannot exhaust the stack. */
const depthMax = 64;

/** The type letters of RabbitMQ, which differ from 4.2.1 of the specification. */
const letters: Readonly<Record<ArgumentType, number>> = {
  longstr: 0x53, // S
  binary: 0x78, // x
  bool: 0x74, // t
  byte: 0x62, // b
  unsignedbyte: 0x42, // B
  short: 0x73, // s
  unsignedshort: 0x75, // u
  signedint: 0x49, // I
  unsignedint: 0x69, // i
  long: 0x6c, // l
  float: 0x66, // f
  double: 0x64, // d
  decimal: 0x44, // D
  timestamp: 0x54, // T
  void: 0x56, // V
  table: 0x46, // F
  array: 0x41, // A
};

/** The sizes of numeric types except `long`. */
const sizes = {
  byte: 1,
  unsignedbyte: 1,
  short: 2,
  unsignedshort: 2,
  signedint: 4,
  unsignedint: 4,
  float: 4,
  double: 8,
} as const;

const typeNames = Object.keys(letters) as ArgumentType[];
const typesByLetter = new Map(typeNames.map((type) => [letters[type], type]));
typesByLetter.set(0x4c, 'long'); // L, which some clients send

/**
 * Decodes a field table, starting with its length. If a name occurs twice, the first value is used.
 */
export function readTable(r: Reader, depth = 0): FieldTable {
  const end = endOf(r, depth);
  const table: Record<string, Argument> = Object.create(null);
  while (r.at < end) {
    const name = r.shortString();
    const value = readArgument(r, depth);
    // The first of two fields with the same name is used, as in RabbitMQ, which searches a list.
    table[name] ??= value;
  }
  checkEnd(r, end);
  return table;
}

/** The size of each type in octets, or one of the codes below; -1 for unknown types. */
const skips = new Int8Array(256).fill(-1);
const skipsLong = 100;
const skipsTable = 101;
const skipsArray = 102;
for (const type of typeNames) skips[letters[type]] = type in sizes ? sizes[type as 'byte'] : 0;
for (const type of ['bool', 'long', 'decimal', 'timestamp'] as const) {
  skips[letters[type]] = { bool: 1, long: 8, decimal: 5, timestamp: 8 }[type];
}
skips[letters.longstr] = skipsLong;
skips[letters.binary] = skipsLong;
skips[letters.table] = skipsTable;
skips[letters.array] = skipsArray;
skips[0x4c] = 8;

/**
 * Validates a field table without decoding it.
 *
 * @returns whether it contains a field `CC` or `BCC`
 * @throws {AmqpError} 'syntax-error' if `readTable` would refuse it
 */
export function scanTable(r: Reader): boolean {
  const end = endOf(r, 0);
  const isAddressed = scanFields(r.bytes, r.at, end, 0);
  r.at = end;
  return isAddressed;
}

function scanFields(bytes: Buffer, from: number, end: number, depth: number): boolean {
  let isAddressed = false;
  for (let at = from; at < end; ) {
    const size = bytes[at] ?? 0;
    const valueAt = at + 1 + size;
    if ((size === 2 || (size === 3 && bytes[at + 1] === 0x42)) && isCc(bytes, valueAt - 2)) {
      isAddressed = true;
    }
    at = afterValue(bytes, valueAt, end, depth);
  }
  return isAddressed;
}

/** Decodes the fields `CC` and `BCC` of a validated table, and skips the others. */
export function readAddressFields(bytes: Buffer, at: number): FieldTable {
  const end = at + 4 + readU32(bytes, at);
  const table: Record<string, Argument> = Object.create(null);
  for (let field = at + 4; field < end; ) {
    const size = bytes[field] ?? 0;
    const valueAt = field + 1 + size;
    const isAddress = size === 2 || (size === 3 && bytes[field + 1] === 0x42);
    if (isAddress && isCc(bytes, valueAt - 2)) {
      table[size === 2 ? 'CC' : 'BCC'] = readArgument(new Reader(bytes, valueAt, end), 0);
    }
    field = afterValue(bytes, valueAt, end, 0);
  }
  return table;
}

/** Counts the fields of a validated table, whose length is at an offset. */
export function countFields(bytes: Buffer, at: number): number {
  const end = at + 4 + readU32(bytes, at);
  let count = 0;
  for (let field = at + 4; field < end; count++) {
    field = afterValue(bytes, field + 1 + (bytes[field] ?? 0), end, 0);
  }
  return count;
}

/** Decodes the first field with a name of a validated table, whose length is at an offset. */
export function readField(bytes: Buffer, at: number, name: string): Argument | undefined {
  const wanted = encodeText(name);
  const end = at + 4 + readU32(bytes, at);
  for (let field = at + 4; field < end; ) {
    const valueAt = field + 1 + (bytes[field] ?? 0);
    const isWanted =
      valueAt - field - 1 === wanted.length &&
      bytes.compare(wanted, 0, wanted.length, field + 1, valueAt) === 0;
    if (isWanted) return readArgument(new Reader(bytes, valueAt, end), 0);
    field = afterValue(bytes, valueAt, end, 0);
  }
  return undefined;
}

function isCc(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0x43 && bytes[at + 1] === 0x43;
}

/** Skips a type letter and a value, which must end before `end`. */
function afterValue(bytes: Buffer, at: number, end: number, depth: number): number {
  if (at >= end) throw endsInside();
  const letter = bytes[at] ?? 0;
  const size = skips[letter] ?? -1;
  if (size < 0) throw unknownType(letter);
  if (size < skipsLong) {
    if (at + 1 + size > end) throw endsInside();
    return at + 1 + size;
  }
  if (at + 5 > end) throw endsInside();
  const start = at + 5;
  const next = start + readU32(bytes, at + 1);
  if (next > end) throw endsInside();
  if (size === skipsLong) return next;
  checkDepth(depth + 1);
  if (size === skipsTable) scanFields(bytes, start, next, depth + 1);
  else for (let item = start; item < next; ) item = afterValue(bytes, item, next, depth + 1);
  return next;
}

function readArray(r: Reader, depth: number): FieldArray {
  const end = endOf(r, depth);
  const values: Argument[] = [];
  while (r.at < end) values.push(readArgument(r, depth));
  checkEnd(r, end);
  return values;
}

function endOf(r: Reader, depth: number): number {
  checkDepth(depth);
  const size = r.u32();
  if (size > r.left) {
    throw new AmqpError('syntax-error', `field table of ${size} bytes is cut off after ${r.left}`);
  }
  return r.at + size;
}

function checkDepth(depth: number): void {
  if (depth <= depthMax) return;
  throw new AmqpError('syntax-error', `field tables nested deeper than ${depthMax}`);
}

function checkEnd(r: Reader, end: number): void {
  if (r.at !== end) throw endsInside();
}

function endsInside(): AmqpError {
  return new AmqpError('syntax-error', 'field table ends inside a value');
}

function readArgument(r: Reader, depth: number): Argument {
  const letter = r.u8();
  const type = typesByLetter.get(letter);
  if (type === undefined) throw unknownType(letter);
  return { type, value: readValue(r, type, depth) };
}

function unknownType(letter: number): AmqpError {
  const found = `0x${letter.toString(16).padStart(2, '0')}`;
  return new AmqpError('syntax-error', `unknown type letter ${found} in a field table`);
}

function readValue(r: Reader, type: ArgumentType, depth: number): Argument['value'] {
  switch (type) {
    case 'longstr':
      return readLongText(r);
    case 'binary':
      return r.longBytes().toString('base64');
    case 'bool':
      return r.u8() !== 0;
    case 'timestamp':
      return fromBigInt(r.bytes.readBigUInt64BE(r.skip(8)));
    case 'void':
      return null;
    case 'table':
      return readTable(r, depth + 1);
    case 'array':
      return readArray(r, depth + 1);
    case 'decimal':
      return readDecimal(r);
    default:
      return readNumber(r, type);
  }
}

function readLongText(r: Reader): string {
  const size = r.u32();
  const start = r.skip(size);
  return decodeText(r.bytes, start, start + size);
}

type NumberType = Exclude<
  ArgumentType,
  'longstr' | 'binary' | 'bool' | 'timestamp' | 'void' | 'table' | 'array' | 'decimal'
>;

function readNumber(r: Reader, type: NumberType): number | string {
  const bytes = r.bytes;
  switch (type) {
    case 'byte':
      return bytes.readInt8(r.skip(1));
    case 'unsignedbyte':
      return r.u8();
    case 'short':
      return bytes.readInt16BE(r.skip(2));
    case 'unsignedshort':
      return r.u16();
    case 'signedint':
      return bytes.readInt32BE(r.skip(4));
    case 'unsignedint':
      return r.u32();
    case 'long':
      return fromBigInt(bytes.readBigInt64BE(r.skip(8)));
    case 'float':
      return fromFloat(bytes.readFloatBE(r.skip(4)));
    case 'double':
      return fromFloat(bytes.readDoubleBE(r.skip(8)));
  }
}

/** JSON has neither infinities nor NaN, so such values stay text. */
function fromFloat(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** Values beyond 2^53 would not be exact, so they stay decimal text. */
function fromBigInt(value: bigint): number | string {
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : value.toString();
}

function readDecimal(r: Reader): string {
  const scale = r.u8();
  const unscaled = r.bytes.readInt32BE(r.skip(4));
  const digits = String(Math.abs(unscaled)).padStart(scale + 1, '0');
  const sign = unscaled < 0 ? '-' : '';
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Encodes a field table, starting with its length. */
export function writeTable(w: Writer, table: ArgumentChanges): void {
  const start = w.claim(4);
  writeFields(w, table);
  w.bytes.writeUInt32BE(w.at - start - 4, start);
}

/**
 * Encodes a changed copy of a field table, starting with its length. Unchanged fields keep their
 * bytes and their order. New fields follow them.
 *
 * @param at the offset of the length of the original table, which is validated
 */
export function writeChangedTable(
  w: Writer,
  bytes: Buffer,
  at: number,
  changes: ArgumentChanges,
): void {
  const start = w.claim(4);
  const end = at + 4 + readU32(bytes, at);
  for (let field = at + 4; field < end; ) {
    const valueAt = field + 1 + (bytes[field] ?? 0);
    const next = afterValue(bytes, valueAt, end, 0);
    const name = decodeText(bytes, field + 1, valueAt);
    if (!Object.hasOwn(changes, name)) w.raw(bytes.subarray(field, next));
    field = next;
  }
  writeFields(w, changes);
  w.bytes.writeUInt32BE(w.at - start - 4, start);
}

function writeFields(w: Writer, table: ArgumentChanges): void {
  for (const [name, argument] of Object.entries(table)) {
    if (argument === undefined) continue;
    w.shortString(name);
    writeArgument(w, argument);
  }
}

function writeArray(w: Writer, values: FieldArray): void {
  const start = w.claim(4);
  for (const argument of values) writeArgument(w, argument);
  w.bytes.writeUInt32BE(w.at - start - 4, start);
}

function writeArgument(w: Writer, { type, value }: Argument): void {
  w.u8(letters[type]);
  if (type === 'longstr') w.longBytes(encodeText(String(value)));
  else if (type === 'binary') w.longBytes(Buffer.from(String(value), 'base64'));
  else if (type === 'bool') w.u8(value === true ? 1 : 0);
  else if (type === 'timestamp') writeInt64(w, BigInt(value as number | string));
  else if (type === 'table')
    writeTable(w, value as FieldTable); // the type determines the value
  else if (type === 'array') writeArray(w, value as FieldArray);
  else if (type === 'decimal') writeDecimal(w, String(value));
  else if (type === 'long') writeInt64(w, BigInt(String(value)));
  else if (type !== 'void') writeNumber(w, type, Number(value));
}

function writeNumber(w: Writer, type: Exclude<NumberType, 'long'>, value: number): void {
  const start = w.claim(sizes[type]);
  switch (type) {
    case 'byte':
    case 'unsignedbyte':
      w.bytes.writeUInt8(value & 0xff, start);
      break;
    case 'short':
    case 'unsignedshort':
      w.bytes.writeUInt16BE(value & 0xffff, start);
      break;
    case 'signedint':
    case 'unsignedint':
      w.bytes.writeUInt32BE(value >>> 0, start);
      break;
    case 'float':
      w.bytes.writeFloatBE(value, start);
      break;
    case 'double':
      w.bytes.writeDoubleBE(value, start);
      break;
  }
}

function writeInt64(w: Writer, value: bigint): void {
  const start = w.claim(8);
  w.bytes.writeBigInt64BE(BigInt.asIntN(64, value), start);
}

function writeDecimal(w: Writer, text: string): void {
  const [whole = '0', fraction = ''] = text.split('.');
  w.u8(fraction.length);
  w.u32(Number(whole + fraction) >>> 0);
}

/** A text value. */
export function longString(value: string): Argument {
  return { type: 'longstr', value };
}

/** A boolean value. */
export function boolean(value: boolean): Argument {
  return { type: 'bool', value };
}
