// Bodies of messages.

import { inflateSync } from 'node:zlib';
import { WaxwingError } from '../../../base/errors.ts';
import { conversionWork } from '../../../broker/conversion/converted.ts';
import type { Body } from '../../../broker/conversion/properties.ts';
import { jsonText, type Value } from '../../../broker/conversion/value.ts';
import { type Message, types } from '../codec/commands.gen.ts';
import { decodeModified, encodeModified } from '../codec/modified-utf8.ts';
import { encodeMap, encodeValue, ValueReader } from '../codec/primitives.ts';
import { inflatedBytesMax, inflatedRatioMax, inflatedSmallBytes } from '../limits.ts';

/** The content type of serialised Java objects, which are never read here. */
export const javaObjectType = 'application/x-java-serialized-object';

const nothing = Buffer.alloc(0);
const nullText: Body = Object.freeze({ kind: 'none', isText: true });

/**
 * A byte that is inflated, decoded and encoded counts as this many converted bytes. A body of
 * {@link inflatedBytesMax} then takes the deliveries of a whole turn.
 */
const inflatedWeight = 4;

/** A body in the encoding of OpenWire. */
interface OpenWireBody {
  readonly type: Message['type'];
  /** Undefined for null. */
  readonly content: Buffer | undefined;
}

/** Decodes the body of a message. A body that is invalid is passed on as bytes. */
export function readBody(
  { type, compressed, content }: Message,
  buffer: Buffer,
  start: number,
  end: number,
): Body {
  if (content === undefined && end === start) return emptyBody(type);
  const stored = buffer.subarray(start, end);
  const bytes = compressed ? inflated(type, stored) : stored;
  try {
    return (bytes && readPlain(type, bytes)) ?? { kind: 'bytes', bytes: Buffer.from(stored) };
  } catch (thrown) {
    if (!(thrown instanceof WaxwingError)) throw thrown;
    return { kind: 'bytes', bytes: Buffer.from(stored) };
  }
}

/** The body of a message whose content is null. */
function emptyBody(type: Message['type']): Body {
  switch (type) {
    case types.BytesMessage:
    case types.ObjectMessage:
      return { kind: 'bytes', bytes: nothing };
    case types.MapMessage:
      return { kind: 'value', value: { type: 'map', value: [] } };
    case types.StreamMessage:
      return { kind: 'value', value: { type: 'list', value: [] } };
    case types.TextMessage:
      return nullText;
    default:
      return { kind: 'none' };
  }
}

/** Undefined if the bytes are not such a body. */
function readPlain(type: Message['type'], bytes: Buffer): Body | undefined {
  switch (type) {
    case types.TextMessage: {
      if (bytes.length < 4) return undefined;
      const size = bytes.readInt32BE(0);
      if (size < 0) return nullText;
      if (4 + size > bytes.length) return undefined;
      return { kind: 'text', text: decodeModified(bytes, 4, 4 + size) };
    }
    case types.MapMessage: {
      const value = new ValueReader(bytes).map() ?? [];
      return { kind: 'value', value: { type: 'map', value } };
    }
    case types.StreamMessage: {
      const reader = new ValueReader(bytes);
      const value: Value[] = [];
      while (!reader.isAtEnd) value.push(reader.value());
      return { kind: 'value', value: { type: 'list', value } };
    }
    default:
      return { kind: 'bytes', bytes: Buffer.from(bytes) };
  }
}

/** Inflates a body; undefined if it is invalid, or would become too large. */
function inflated(type: Message['type'], stored: Buffer): Buffer | undefined {
  const start = type === types.BytesMessage ? 4 : 0;
  const relative = inflatedSmallBytes + inflatedRatioMax * stored.length;
  const maxOutputLength = Math.min(inflatedBytesMax, relative);
  try {
    const bytes = inflateSync(stored.subarray(Math.min(start, stored.length)), { maxOutputLength });
    conversionWork.bytes = bytes.length * inflatedWeight;
    return start === 0 ? bytes : withoutRest(bytes, stored.readInt32BE(0));
  } catch {
    // The body is passed on as it is. Errors of zlib have several classes.
    conversionWork.bytes = maxOutputLength * inflatedWeight;
    return undefined;
  }
}

/**
 * The bytes of a BytesMessage. ActiveMQ's client compresses the whole buffer in which the body was written, and
 * states the size of the body before it.
 */
function withoutRest(bytes: Buffer, size: number): Buffer | undefined {
  return size < 0 ? undefined : bytes.subarray(0, size);
}

/** Encodes a body. */
export function writeBody(body: Body, isJavaObject: boolean): OpenWireBody {
  switch (body.kind) {
    case 'none':
      return { type: body.isText ? types.TextMessage : types.PlainMessage, content: undefined };
    case 'bytes':
      return {
        type: isJavaObject ? types.ObjectMessage : types.BytesMessage,
        content: body.bytes,
      };
    case 'text':
      return textBody(body.text);
    case 'value':
      return valueBody(body.value);
  }
}

function textBody(text: string): OpenWireBody {
  const bytes = encodeModified(text);
  const size = Buffer.alloc(4);
  size.writeInt32BE(bytes.length);
  return { type: types.TextMessage, content: Buffer.concat([size, bytes]) };
}

/** A map, a stream, text or bytes. Other values become JSON as text. */
function valueBody(value: Value): OpenWireBody {
  switch (value.type) {
    case 'map': {
      const isEmpty = value.value.length === 0;
      return { type: types.MapMessage, content: isEmpty ? undefined : encodeMap(value.value) };
    }
    case 'list':
      return { type: types.StreamMessage, content: Buffer.concat(value.value.map(encodeValue)) };
    case 'binary':
      return { type: types.BytesMessage, content: value.value };
    case 'string':
      return textBody(value.value);
    case 'null':
      return { type: types.PlainMessage, content: undefined };
    default:
      return textBody(jsonText(value));
  }
}
