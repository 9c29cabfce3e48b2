// Values of the type system of AMQP 1.0 (part 1).

import type { Scalar } from '../../../broker/conversion/value.ts';

/** An entry of a map. Keys can have any type. */
export type Entry = readonly [key: Item, value: Item];

/** A value of any type, with the type that it was encoded with. */
export type Item =
  | Scalar
  | { readonly type: 'list' | 'array'; readonly value: readonly Item[] }
  | { readonly type: 'map'; readonly value: readonly Entry[] }
  | { readonly type: 'described'; readonly descriptor: Item; readonly value: Item };

/** The null value. */
export const nullItem: Item = Object.freeze({ type: 'null', value: null });

/** A string. */
export function stringItem(value: string): Item {
  return { type: 'string', value };
}

/** A symbol. */
export function symbolItem(value: string): Item {
  return { type: 'symbol', value };
}

/** The text of a string or symbol; undefined for other types. */
export function textOf(item: Item | undefined): string | undefined {
  return item?.type === 'string' || item?.type === 'symbol' ? item.value : undefined;
}

/** The value of the first entry with a key, which is a string or a symbol. */
export function entryOf(entries: readonly Entry[] | undefined, key: string): Item | undefined {
  return entries?.find(([name]) => textOf(name) === key)?.[1];
}
