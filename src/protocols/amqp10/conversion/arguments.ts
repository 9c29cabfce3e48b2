// Conversion between application properties and the arguments of the broker.

import type { Argument } from '../../../broker/arguments.ts';
import type { Item, Scalar } from '../codec/items.ts';

/** Converts a value of an application property; undefined for types that cannot be one. */
export function toArgument(item: Item): Argument | undefined {
  switch (item.type) {
    case 'null':
      return { type: 'void', value: null };
    case 'boolean':
      return { type: 'bool', value: item.value };
    case 'string':
    case 'symbol':
    case 'char':
    case 'uuid':
    case 'decimal':
      return { type: 'longstr', value: item.value };
    case 'binary':
      return { type: 'binary', value: item.value.toString('base64') };
    case 'long':
    case 'ulong':
      return item.value < 2n ** 63n
        ? { type: 'long', value: exact(item.value) }
        : { type: 'longstr', value: String(item.value) };
    case 'timestamp':
      // Arguments have times in seconds.
      return { type: 'long', value: exact(item.value) };
    case 'float':
    case 'double':
      return { type: item.type, value: finite(item.value) };
    case 'list':
    case 'array':
    case 'map':
    case 'described':
      return undefined;
    default:
      return { type: numberTypes[item.type], value: item.value };
  }
}

const numberTypes = {
  byte: 'byte',
  ubyte: 'unsignedbyte',
  short: 'short',
  ushort: 'unsignedshort',
  int: 'signedint',
  uint: 'unsignedint',
} as const;

/** Converts an argument; undefined for tables and arrays, which application properties cannot have. */
export function fromArgument({ type, value }: Argument): Scalar | undefined {
  switch (type) {
    case 'longstr':
      return { type: 'string', value: String(value) };
    case 'binary':
      return { type: 'binary', value: Buffer.from(String(value), 'base64') };
    case 'bool':
      return { type: 'boolean', value: value === true };
    case 'void':
      return { type: 'null', value: null };
    case 'long':
      return { type: 'long', value: BigInt(String(value)) };
    case 'timestamp':
      return { type: 'timestamp', value: BigInt(String(value)) * 1000n };
    case 'decimal':
      return { type: 'decimal', value: String(value) };
    case 'float':
    case 'double':
      return { type, value: Number(value) };
    case 'table':
    case 'array':
      return undefined;
    default:
      return { type: itemTypes[type], value: Number(value) };
  }
}

const itemTypes = {
  byte: 'byte',
  unsignedbyte: 'ubyte',
  short: 'short',
  unsignedshort: 'ushort',
  signedint: 'int',
  unsignedint: 'uint',
} as const;

function exact(value: bigint): number | string {
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : String(value);
}

function finite(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
