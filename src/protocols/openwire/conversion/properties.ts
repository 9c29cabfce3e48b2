// The properties of messages: an encoded map, which is kept as the sender encoded it.

import { WaxwingError } from '../../../base/errors.ts';
import type { Argument, ArgumentChanges, Arguments } from '../../../broker/arguments.ts';
import type { Field, Value } from '../../../broker/conversion/value.ts';
import { encodeEntry, joinEntries, ValueReader } from '../codec/primitives.ts';

/** Reads properties. Those behind an invalid one are missing. */
export function readProperties(bytes: Buffer | undefined): readonly Field[] {
  if (bytes === undefined) return [];
  const fields: Field[] = [];
  try {
    const reader = new ValueReader(bytes);
    for (const { name, value } of reader.entries()) fields.push([name, value]);
  } catch (thrown) {
    if (!(thrown instanceof WaxwingError)) throw thrown;
  }
  return fields;
}

/** The number of properties, as it is encoded. */
export function countProperties(bytes: Buffer | undefined): number {
  return bytes === undefined || bytes.length < 4 ? 0 : new ValueReader(bytes).count();
}

/** Returns properties with changes. The others keep their bytes. */
export function changedProperties(bytes: Buffer | undefined, changes: ArgumentChanges): Buffer {
  const kept: Buffer[] = [];
  try {
    const reader = new ValueReader(bytes ?? Buffer.alloc(4));
    for (const { name, start, end } of reader.entries()) {
      if (!Object.hasOwn(changes, name)) kept.push(reader.bytes.subarray(start, end));
    }
  } catch (thrown) {
    if (!(thrown instanceof WaxwingError)) throw thrown;
  }
  for (const [name, argument] of Object.entries(changes)) {
    const entry = argument && encodeEntry([name, fromArgument(argument)]);
    if (entry !== undefined) kept.push(entry);
  }
  return joinEntries(kept);
}

/** Converts a value to an argument. */
export function toArgument({ type, value }: Value): Argument {
  switch (type) {
    case 'null':
      return { type: 'void', value: null };
    case 'boolean':
      return { type: 'bool', value };
    case 'byte':
    case 'short':
      return { type, value };
    case 'int':
      return { type: 'signedint', value };
    case 'long': {
      const near = Number(value);
      return { type: 'long', value: Number.isSafeInteger(near) ? near : String(value) };
    }
    case 'float':
    case 'double':
      return { type, value: Number.isFinite(value) ? value : String(value) };
    case 'binary':
      return { type: 'binary', value: value.toString('base64') };
    case 'list':
      return { type: 'array', value: value.map(toArgument) };
    case 'map':
      return { type: 'table', value: argumentsOf(value) };
    default:
      return { type: 'longstr', value: String(value) };
  }
}

/** Converts fields to arguments. If a name is repeated, the first one counts. */
export function argumentsOf(fields: readonly Field[]): Arguments {
  const found = new Map<string, Argument>();
  for (const [name, value] of fields) if (!found.has(name)) found.set(name, toArgument(value));
  return Object.fromEntries(found);
}

/** Converts an argument to a value. */
function fromArgument({ type, value }: Argument): Value {
  switch (type) {
    case 'void':
      return { type: 'null', value: null };
    case 'bool':
      return { type: 'boolean', value: value === true };
    case 'byte':
    case 'short':
      return { type, value: Number(value) };
    case 'unsignedbyte':
    case 'unsignedshort':
    case 'signedint':
      return { type: 'int', value: Number(value) };
    case 'unsignedint':
    case 'long':
    case 'timestamp':
      return { type: 'long', value: BigInt(String(value)) };
    case 'float':
    case 'double':
      return { type, value: Number(value) };
    case 'binary':
      return { type: 'binary', value: Buffer.from(String(value), 'base64') };
    case 'array':
      return { type: 'list', value: (value as readonly Argument[]).map(fromArgument) }; // by its type
    case 'table':
      return {
        type: 'map',
        value: Object.entries(value as Arguments).map(([name, item]) => [name, fromArgument(item)]),
      }; // by its type
    case 'longstr':
    case 'decimal':
      return { type: 'string', value: String(value) };
  }
}
