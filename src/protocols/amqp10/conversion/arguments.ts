// Conversion between application properties and the arguments of the broker.

import type { Argument } from '../../../broker/arguments.ts';
import { fromValue, toScalar } from '../../../broker/conversion/argument-values.ts';
import type { Scalar } from '../../../broker/conversion/value.ts';
import type { Item } from '../codec/items.ts';

/** Converts a value of an application property; undefined for types that cannot be one. */
export function toArgument(item: Item): Argument | undefined {
  switch (item.type) {
    case 'list':
    case 'array':
    case 'map':
    case 'described':
      return undefined;
    case 'timestamp':
      // Arguments have times in seconds.
      return fromValue({ type: 'long', value: item.value });
    case 'decimal':
      return { type: 'longstr', value: item.value };
    default:
      return fromValue(item);
  }
}

/** Converts an argument; undefined for tables and arrays, which application properties cannot have. */
export function fromArgument({ type, value }: Argument): Scalar | undefined {
  return type === 'table' || type === 'array' ? undefined : toScalar(type, value);
}
