/**
 * A typed value of a message's property, header or body: the types of AMQP 1.0, which are those of JMS,
 * AMQP 0-9-1 and OpenWire too. Text may have lone surrogates where its bytes were not UTF-8; see
 * `decodeText`.
 */
export type Value =
  | { readonly type: 'null'; readonly value: null }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: NumberType; readonly value: number }
  /** A timestamp is in milliseconds since 1970. */
  | { readonly type: 'long' | 'ulong' | 'timestamp'; readonly value: bigint }
  /** A decimal is text such as `-1.25`, a uuid 36 characters, a char one character. */
  | { readonly type: TextType; readonly value: string }
  | { readonly type: 'binary'; readonly value: Buffer }
  | { readonly type: 'list'; readonly value: readonly Value[] }
  | { readonly type: 'map'; readonly value: readonly Field[] };

/** Types of numbers that a JavaScript number holds exactly. */
export type NumberType =
  | 'byte'
  | 'ubyte'
  | 'short'
  | 'ushort'
  | 'int'
  | 'uint'
  | 'float'
  | 'double';
/** Types that are text in JavaScript. */
export type TextType = 'decimal' | 'char' | 'string' | 'symbol' | 'uuid';

/** A named value. Names keep their order, and may come more than once where a protocol allows that. */
export type Field = readonly [name: string, value: Value];

/** A text value. */
export function textValue(value: string): Value {
  return { type: 'string', value };
}

/** A value as JSON can hold it: what JSON has no type for is text, bytes are base64. */
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
