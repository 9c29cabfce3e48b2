// Conversion between arguments and neutral values.

import { textBytes } from '../../base/byte-text.ts';
import { shortStringBytesMax } from '../../base/bytes.ts';
import type { Argument, Arguments, ArgumentType } from '../arguments.ts';
import type { Field, NumberType, Scalar, Value } from './value.ts';

/** Maximum nesting of tables and arrays. */
const depthMax = 60;

const numberTypes = {
  byte: 'byte',
  unsignedbyte: 'ubyte',
  short: 'short',
  unsignedshort: 'ushort',
  signedint: 'int',
  unsignedint: 'uint',
  float: 'float',
  double: 'double',
} as const;

const argumentTypes: Readonly<Record<NumberType, keyof typeof numberTypes>> = {
  byte: 'byte',
  ubyte: 'unsignedbyte',
  short: 'short',
  ushort: 'unsignedshort',
  int: 'signedint',
  uint: 'unsignedint',
  float: 'float',
  double: 'double',
};

/** Converts an argument to a neutral value, without loss. */
export function toValue({ type, value }: Argument): Value {
  switch (type) {
    case 'table':
      return { type: 'map', value: toFields(value as Arguments) }; // the type determines the value
    case 'array':
      return { type: 'list', value: (value as readonly Argument[]).map(toValue) };
    default:
      return toScalar(type, value);
  }
}

/** Converts an argument that is neither a table nor an array. */
export function toScalar(
  type: Exclude<ArgumentType, 'table' | 'array'>,
  value: Argument['value'],
): Scalar {
  switch (type) {
    case 'longstr':
      return { type: 'string', value: String(value) };
    case 'binary':
      return { type: 'binary', value: Buffer.from(String(value), 'base64') };
    case 'bool':
      return { type: 'boolean', value: value === true };
    case 'long':
      return { type: 'long', value: BigInt(String(value)) };
    case 'timestamp':
      return { type: 'timestamp', value: BigInt(String(value)) * 1000n };
    case 'decimal':
      return { type: 'decimal', value: String(value) };
    case 'void':
      return { type: 'null', value: null };
    default:
      return { type: numberTypes[type], value: Number(value) };
  }
}

/** The fields of a table. */
export function toFields(table: Arguments): Field[] {
  return Object.entries(table).map(([name, argument]) => [name, toValue(argument)]);
}

/**
 * Converts a neutral value to an argument. Chars, symbols, uuids, ulongs beyond 2^63 and decimals
 * beyond 32 bits become text, a time before 1970 becomes a long, and milliseconds of times are
 * lost.
 */
export function fromValue(field: Value, depth = 0): Argument {
  switch (field.type) {
    case 'null':
      return { type: 'void', value: null };
    case 'boolean':
      return { type: 'bool', value: field.value };
    case 'binary':
      return { type: 'binary', value: field.value.toString('base64') };
    case 'long':
    case 'ulong':
      return fromInteger(field.value);
    case 'timestamp':
      if (field.value < 0n) return fromInteger(field.value);
      return { type: 'timestamp', value: exact(field.value / 1000n) };
    case 'decimal':
      return isDecimal(field.value)
        ? { type: 'decimal', value: field.value }
        : { type: 'longstr', value: field.value };
    case 'char':
    case 'string':
    case 'symbol':
    case 'uuid':
      return { type: 'longstr', value: field.value };
    case 'list':
      if (depth >= depthMax) return { type: 'void', value: null };
      return { type: 'array', value: field.value.map((item) => fromValue(item, depth + 1)) };
    case 'map':
      if (depth >= depthMax) return { type: 'void', value: null };
      return { type: 'table', value: fromFields(field.value, depth + 1) };
    default:
      return { type: argumentTypes[field.type], value: finite(field.value) };
  }
}

/**
 * Converts fields to a table. The first field with a name is used, and names above 255 bytes are
 * left out.
 */
export function fromFields(fields: readonly Field[], depth = 0): Arguments {
  const table: Record<string, Argument> = Object.create(null);
  for (const [name, value] of fields) {
    if (textBytes(name) <= shortStringBytesMax) table[name] ??= fromValue(value, depth);
  }
  return table;
}

function fromInteger(value: bigint): Argument {
  if (value >= 2n ** 63n) return { type: 'longstr', value: String(value) };
  return { type: 'long', value: exact(value) };
}

/** See `Argument`: numbers beyond 2^53 are decimal text. */
function exact(value: bigint): number | string {
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : String(value);
}

function finite(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** Whether a decimal fits: a scale of one byte, and an unscaled number of 32 bits. */
function isDecimal(text: string): boolean {
  const match = /^(-?\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return false;
  const [, whole = '', fraction = ''] = match;
  const unscaled = Number(whole + fraction);
  return fraction.length <= 255 && unscaled <= 0x7fff_ffff && unscaled >= -0x8000_0000;
}
