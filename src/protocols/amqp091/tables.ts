import type { Reader, Writer } from '../../base/bytes.ts';
import { AmqpError } from './errors.ts';

/** A moment in whole seconds since 1970, as type letter `T` has it. */
export class Timestamp {
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
  }
}

/** A value of a field table. Integers beyond 2^53 are bigint; `null` is the void type. */
export type FieldValue =
  | boolean
  | number
  | bigint
  | string
  | null
  | Buffer
  | Timestamp
  | FieldValue[]
  | FieldTable;

/** A field table: names of at most 255 bytes to values (4.2.5.5). */
export interface FieldTable {
  [name: string]: FieldValue;
}

/** Tables and arrays inside each other, so that a stranger's bytes cannot exhaust the stack. */
const depthMax = 64;

/** Reads a field table, its length first. Where a name comes twice the later value counts. */
export function readTable(r: Reader, depth = 0): FieldTable {
  const end = endOf(r, depth);
  const table: FieldTable = Object.create(null);
  while (r.at < end) {
    const name = r.shortString();
    table[name] = readValue(r, depth);
  }
  checkEnd(r, end);
  return table;
}

/** Steps over a field table without looking inside. */
export function skipTable(r: Reader): void {
  r.skip(r.u32());
}

function readArray(r: Reader, depth: number): FieldValue[] {
  const end = endOf(r, depth);
  const values: FieldValue[] = [];
  while (r.at < end) values.push(readValue(r, depth));
  checkEnd(r, end);
  return values;
}

function endOf(r: Reader, depth: number): number {
  if (depth > depthMax) {
    throw new AmqpError('syntax-error', `field tables nested deeper than ${depthMax}`);
  }
  const size = r.u32();
  if (size > r.left) {
    throw new AmqpError('syntax-error', `field table of ${size} bytes is cut off after ${r.left}`);
  }
  return r.at + size;
}

function checkEnd(r: Reader, end: number): void {
  if (r.at !== end) throw new AmqpError('syntax-error', 'field table ends inside a value');
}

/** One value behind its type letter; letters as RabbitMQ uses them (it differs from 4.2.1). */
function readValue(r: Reader, depth: number): FieldValue {
  const letter = r.u8();
  switch (letter) {
    case 0x53: // S
      return r.longBytes().toString('utf8');
    case 0x74: // t
      return r.u8() !== 0;
    case 0x54: // T
      return new Timestamp(r.u64());
    case 0x46: // F
      return readTable(r, depth + 1);
    case 0x41: // A
      return readArray(r, depth + 1);
    case 0x78: // x
      return Buffer.from(r.longBytes());
    case 0x56: // V
      return null;
    default:
      return readNumber(r, letter);
  }
}

function readNumber(r: Reader, letter: number): FieldValue {
  const bytes = r.bytes;
  switch (letter) {
    case 0x62: // b
      return bytes.readInt8(r.skip(1));
    case 0x42: // B
      return r.u8();
    case 0x73: // s
      return bytes.readInt16BE(r.skip(2));
    case 0x75: // u
      return r.u16();
    case 0x49: // I
      return bytes.readInt32BE(r.skip(4));
    case 0x69: // i
      return r.u32();
    case 0x6c: // l
    case 0x4c: // L
      return fromInt64(bytes.readBigInt64BE(r.skip(8)));
    case 0x66: // f
      return bytes.readFloatBE(r.skip(4));
    case 0x64: // d
      return bytes.readDoubleBE(r.skip(8));
    case 0x44: {
      // D: a scale, then the unscaled value
      const scale = r.u8();
      return bytes.readInt32BE(r.skip(4)) / 10 ** scale;
    }
    default: {
      const found = `0x${letter.toString(16).padStart(2, '0')}`;
      throw new AmqpError('syntax-error', `unknown type letter ${found} in a field table`);
    }
  }
}

function fromInt64(value: bigint): number | bigint {
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : value;
}

/** Writes a field table, its length first. */
export function writeTable(w: Writer, table: FieldTable): void {
  const start = w.claim(4);
  for (const [name, value] of Object.entries(table)) {
    w.shortString(name);
    writeValue(w, value);
  }
  w.bytes.writeUInt32BE(w.at - start - 4, start);
}

function writeValue(w: Writer, value: FieldValue): void {
  if (typeof value === 'string') {
    w.u8(0x53);
    w.longBytes(Buffer.from(value, 'utf8'));
  } else if (typeof value === 'boolean') {
    w.u8(0x74);
    w.u8(value ? 1 : 0);
  } else if (typeof value === 'number') {
    writeNumber(w, value);
  } else if (typeof value === 'bigint') {
    w.u8(0x6c);
    const start = w.claim(8);
    w.bytes.writeBigInt64BE(BigInt.asIntN(64, value), start);
  } else {
    writeObject(w, value);
  }
}

function writeNumber(w: Writer, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    const isShort = value === (value | 0);
    w.u8(isShort ? 0x49 : 0x6c);
    const start = w.claim(isShort ? 4 : 8);
    if (isShort) w.bytes.writeInt32BE(value, start);
    else w.bytes.writeBigInt64BE(BigInt(value), start);
  } else {
    w.u8(0x64);
    const start = w.claim(8);
    w.bytes.writeDoubleBE(value, start);
  }
}

function writeObject(w: Writer, value: null | Buffer | Timestamp | FieldValue[] | FieldTable) {
  if (value === null) {
    w.u8(0x56);
  } else if (Buffer.isBuffer(value)) {
    w.u8(0x78);
    w.longBytes(value);
  } else if (value instanceof Timestamp) {
    w.u8(0x54);
    w.u64(value.seconds);
  } else if (Array.isArray(value)) {
    w.u8(0x41);
    const start = w.claim(4);
    for (const item of value) writeValue(w, item);
    w.bytes.writeUInt32BE(w.at - start - 4, start);
  } else {
    w.u8(0x46);
    writeTable(w, value);
  }
}
