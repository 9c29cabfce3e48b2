// Values of any protocol, with their types.

import { BrokerError } from '../errors.ts';

/**
 * A typed value of a property, header or body. The types are those of AMQP 1.0, which include those
 * of JMS, AMQP 0-9-1 and OpenWire. Text contains lone surrogates if the bytes were not UTF-8; see
 * `decodeText`.
 */
export type Value =
  | { readonly type: 'null'; readonly value: null }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: NumberType; readonly value: number }
  /** Timestamps are in milliseconds since 1970. */
  | { readonly type: 'long' | 'ulong' | 'timestamp'; readonly value: bigint }
  /** A decimal is text such as `-1.25`, a uuid has 36 characters, a char has one. */
  | { readonly type: TextType; readonly value: string }
  | { readonly type: 'binary'; readonly value: Buffer }
  | { readonly type: 'list'; readonly value: readonly Value[] }
  | { readonly type: 'map'; readonly value: readonly Field[] };

/** A value without elements. */
export type Scalar = Exclude<Value, { readonly type: 'list' | 'map' }>;

/** Numeric types that a JavaScript number represents exactly. */
export type NumberType =
  | 'byte'
  | 'ubyte'
  | 'short'
  | 'ushort'
  | 'int'
  | 'uint'
  | 'float'
  | 'double';
/** Types that are represented as text. */
export type TextType = 'decimal' | 'char' | 'string' | 'symbol' | 'uuid';

/** A named value. Names keep their order, and may be repeated if the protocol allows it. */
export type Field = readonly [name: string, value: Value];

/** A text value. */
export function textValue(value: string): Value {
  return { type: 'string', value };
}

/**
 * Maximum size of a value as JSON, characters. A control character takes six, so that the text of a large
 * message could be larger than any string.
 */
export const jsonLengthMax: number = 160 * 1024 * 1024;

/** Texts up to this length are not counted exactly: six times as many characters are never too many. */
const countedLengthMin = 16 * 1024;

/**
 * Encodes a value as JSON.
 *
 * @throws {BrokerError} `precondition-failed` if it would be longer than {@link jsonLengthMax}
 */
export function jsonText(value: Value): string {
  const length = jsonLength(value);
  if (length > jsonLengthMax) {
    const why = `a value of ${length} characters in JSON cannot be converted`;
    throw new BrokerError('precondition-failed', `${why}; at most ${jsonLengthMax} are allowed`);
  }
  return JSON.stringify(toJson(value));
}

/** The length of a value in JSON, or somewhat more, characters. */
function jsonLength({ type, value }: Value): number {
  switch (type) {
    case 'list':
      return value.reduce((sum, item) => sum + jsonLength(item) + 1, 2);
    case 'map':
      return value.reduce((sum, [name, item]) => sum + textLength(name) + jsonLength(item) + 2, 2);
    case 'binary':
      return Math.ceil(value.length / 3) * 4 + 2;
    default:
      return typeof value === 'string' ? textLength(value) : smallLength;
  }
}

/** The length of a number or another small value in JSON, or more. */
const smallLength = 32;

function textLength(text: string): number {
  if (text.length <= countedLengthMin) return text.length * 6 + 2;
  let length = text.length + 2;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20) length += 5;
    else if (unit === 0x22 || unit === 0x5c) length += 1;
    else if (unit >= 0xd800 && unit <= 0xdfff) length += 5;
  }
  return length;
}

/** Converts a value to JSON. Types that JSON lacks become text, and bytes become base64. */
export function toJson({ type, value }: Value): unknown {
  switch (type) {
    case 'list':
      return value.map(toJson);
    case 'map':
      return Object.fromEntries(value.map(([name, item]) => [name, toJson(item)]));
    case 'binary':
      return value.toString('base64');
    case 'long':
    case 'ulong':
    case 'timestamp': {
      const near = Number(value);
      return Number.isSafeInteger(near) ? near : String(value);
    }
    case 'float':
    case 'double':
      return Number.isFinite(value) ? value : String(value);
    default:
      return value;
  }
}
