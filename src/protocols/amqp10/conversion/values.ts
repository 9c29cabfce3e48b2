// Conversion between values of AMQP 1.0 and neutral values.

import { type Field, textValue, type Value } from '../../../broker/conversion/value.ts';
import { type Entry, type Item, stringItem, textOf } from '../codec/items.ts';

/** Converts a value. Descriptors are lost, and arrays become lists. */
export function toValue(item: Item): Value {
  switch (item.type) {
    case 'described':
      return toValue(item.value);
    case 'list':
    case 'array':
      return { type: 'list', value: item.value.map(toValue) };
    case 'map':
      return { type: 'map', value: toFields(item.value) };
    default:
      return item;
  }
}

/** Converts the entries of a map. Keys become text. */
export function toFields(entries: readonly Entry[]): Field[] {
  return entries.map(([key, value]) => [keyText(key), toValue(value)]);
}

function keyText(key: Item): string {
  const text = textOf(key);
  if (text !== undefined) return text;
  const { value } = key;
  return typeof value === 'object' ? key.type : String(value);
}

/** Converts a neutral value. */
export function fromValue(value: Value): Item {
  if (value.type === 'list') return { type: 'list', value: value.value.map(fromValue) };
  if (value.type === 'map') return { type: 'map', value: distinct(value.value, stringItem) };
  return value;
}

/** Converts fields to entries. Of fields with the same name, the first one is used. */
export function distinct(fields: readonly Field[], keyOf: (name: string) => Item): Entry[] {
  const found = new Map<string, Entry>();
  for (const [name, value] of fields) {
    if (!found.has(name)) found.set(name, [keyOf(name), fromValue(value)]);
  }
  return [...found.values()];
}

/** Returns a value if it can be an id: a string, binary, uuid or ulong. Others become text. */
export function idOf(value: Value): Item {
  switch (value.type) {
    case 'string':
    case 'binary':
    case 'uuid':
    case 'ulong':
      return value;
    case 'null':
    case 'list':
    case 'map':
      return stringItem('');
    default:
      return stringItem(String(value.value));
  }
}

/** The inverse of {@link idOf}; undefined if the value is null. */
export function idValue(item: Item | undefined): Value | undefined {
  if (item === undefined || item.type === 'null') return undefined;
  const value = toValue(item);
  return value.type === 'list' || value.type === 'map' ? textValue('') : value;
}
