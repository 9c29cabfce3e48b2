// Conversion between scalar values and text.

import type { Shape, TimestampFormat } from './shape.ts';
import { readTimestamp, writeTimestamp } from './timestamps.ts';

const integer = /^-?\d{1,10}$/;
const long = /^-?\d{1,19}$/;
const double = /^-?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,4})?$/;

/**
 * Converts text from a path, query, header, form, or XML document to the value that a shape
 * expects. Text that does not fit is returned unchanged, and the shape reader refuses it.
 *
 * @param own the default timestamp format of the source
 */
export function fromText(shape: Shape<unknown>, text: string, own: TimestampFormat): unknown {
  const { node } = shape;
  switch (node.kind) {
    case 'integer':
      return integer.test(text) ? Number(text) : text;
    case 'long':
      return long.test(text) ? Number(text) : text;
    case 'double':
      return double.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' || text === 'false' ? text === 'true' : text;
    case 'timestamp':
      return moment(text, node.format ?? own);
    case 'string':
    case 'enumeration':
    case 'blob':
    case 'structure':
    case 'list':
    case 'map':
    case 'document':
      return text;
  }
}

/** Converts a scalar value to text. @see fromText */
export function toText(shape: Shape<unknown>, value: unknown, own: TimestampFormat): string {
  const { node } = shape;
  if (node.kind === 'timestamp') return String(writeTimestamp(value as number, node.format ?? own));
  if (node.kind === 'blob') return (value as Buffer).toString('base64');
  return String(value);
}

/** Returns a `Date`, which readers accept; returns the text if it has another format. */
function moment(text: string, format: TimestampFormat): Date | string {
  const isNumber = format === 'epoch-seconds' && double.test(text);
  const ms = readTimestamp(isNumber ? Number(text) : text, format);
  return ms === undefined ? text : new Date(ms);
}
