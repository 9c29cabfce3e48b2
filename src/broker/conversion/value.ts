// Values of any protocol, with their types.

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
