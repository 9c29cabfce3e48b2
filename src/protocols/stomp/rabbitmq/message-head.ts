// Conversion between the headers of STOMP and the properties of AMQP 0-9-1.

import { Writer } from '../../../base/bytes.ts';
import type { Argument } from '../../../broker/arguments.ts';
import type { Delivery } from '../../../broker/subscription.ts';
import {
  type BasicProperties,
  readProperties,
  writeProperties,
} from '../../amqp091/codec/basic-properties.ts';
import { headerLine } from '../codec/out-frames.ts';
import { replyDestination } from './destinations.ts';
import { badHeader, escapes } from './errors.ts';
import { flagHeader, type Headers, wholeHeader } from './headers.ts';
import { encodePlainHead } from './plain-heads.ts';

/** Headers of SEND that are properties of the message, or no part of it. All others are its headers. */
const propertyHeaders: ReadonlySet<string> = new Set([
  'content-type',
  'content-encoding',
  'persistent',
  'priority',
  'correlation-id',
  'reply-to',
  'expiration',
  'amqp-message-id',
  'timestamp',
  'type',
  'user-id',
  'app-id',
  'destination',
]);

/** Headers of which the sender needs the values. */
const readHeaders: ReadonlySet<string> = new Set([...propertyHeaders, 'CC', 'BCC']);
const isProperty = (name: string) => readHeaders.has(name);

/** The properties of most messages, besides their headers. */
const noProperties: BasicProperties = Object.freeze({});
const persistentOnly: BasicProperties = Object.freeze({ deliveryMode: 2 });

const timestampDigits = /^\d{1,20}$/;
const timestampMax = 2n ** 64n - 1n;

/** A message as AMQP 0-9-1 encodes it. */
export interface MessageHead {
  readonly head: Buffer;
  /** Its headers are left out unless they name further routing keys. */
  readonly properties: BasicProperties;
}

/**
 * Encodes the headers of a SEND frame. The table has them in reverse order, as RabbitMQ writes it.
 *
 * @param replyTo replaces the header `reply-to`
 * @throws {RabbitMqError} `invalid`
 * @throws {RangeExceeded} if a name or a property is longer than a short string
 */
export function encodeHead(headers: Headers, replyTo: string | undefined): MessageHead {
  const isPersistent = flagHeader(headers, 'persistent') === true;
  const plain = replyTo === undefined && encodePlainHead(headers, isProperty, isPersistent);
  if (plain) return { head: plain, properties: isPersistent ? persistentOnly : noProperties };
  const properties: BasicProperties = {};
  const text = (name: keyof BasicProperties, header: string) => {
    const value = headers.get(header);
    if (value !== undefined) Object.assign(properties, { [name]: value });
  };
  text('contentType', 'content-type');
  text('contentEncoding', 'content-encoding');
  const table: Record<string, Argument> = Object.create(null);
  for (const [name, value] of [...headers].reverse()) {
    if (!propertyHeaders.has(name)) table[name] = { type: 'longstr', value };
  }
  properties.headers = table;
  if (isPersistent) properties.deliveryMode = 2;
  const priority = wholeHeader(headers, 'priority', 0, 255);
  if (priority !== undefined) properties.priority = priority;
  text('correlationId', 'correlation-id');
  text('replyTo', 'reply-to');
  if (replyTo !== undefined) properties.replyTo = replyTo;
  text('expiration', 'expiration');
  text('messageId', 'amqp-message-id');
  const timestamp = readTimestamp(headers);
  if (timestamp !== undefined) properties.timestamp = timestamp;
  text('type', 'type');
  text('userId', 'user-id');
  text('appId', 'app-id');
  const w = new Writer(256);
  writeProperties(w, properties);
  return { head: w.toBuffer(), properties };
}

function readTimestamp(headers: Headers): bigint | undefined {
  const text = headers.get('timestamp');
  if (text === undefined) return undefined;
  const trimmed = text.trim();
  const value = timestampDigits.test(trimmed) ? BigInt(trimmed) : -1n;
  if (value >= 0n && value <= timestampMax) return value;
  throw badHeader('timestamp', text, 'a whole number of seconds');
}

/** The types of headers that RabbitMQ shows. */
const shownTypes: ReadonlySet<string> = new Set(['longstr', 'signedint', 'long']);

/** The lines of a MESSAGE frame that come from the head of an AMQP 0-9-1 message. */
export function headLines(delivery: Delivery): string {
  const { buffer, headAt, headLength } = delivery;
  const properties = readProperties(buffer, headAt, headAt + headLength);
  let lines = '';
  const add = (name: string, value: string | number | bigint | undefined) => {
    if (value !== undefined) lines += headerLine(name, String(value), escapes);
  };
  for (const [name, { type, value }] of Object.entries(properties.headers ?? {})) {
    const isShown = shownTypes.has(type) && name !== 'content-length' && !isCounter(name, delivery);
    if (isShown) add(name, name === 'reply-to' ? replyDestination(String(value)) : String(value));
  }
  if (delivery.deliveryCount > 0) add('x-delivery-count', delivery.deliveryCount);
  if (delivery.streamOffset >= 0) add('x-stream-offset', delivery.streamOffset);
  add('app-id', properties.appId);
  add('user-id', properties.userId);
  add('type', properties.type);
  add('timestamp', properties.timestamp);
  add('amqp-message-id', properties.messageId);
  add('expiration', properties.expiration);
  add('reply-to', properties.replyTo && replyDestination(properties.replyTo));
  add('correlation-id', properties.correlationId);
  add('priority', properties.priority);
  const { deliveryMode } = properties;
  add('persistent', deliveryMode === 2 ? 'true' : deliveryMode);
  add('content-encoding', properties.contentEncoding);
  add('content-type', properties.contentType);
  return lines;
}

/** Whether the broker states a header itself. */
function isCounter(name: string, { deliveryCount, streamOffset }: Delivery): boolean {
  if (name === 'x-delivery-count') return deliveryCount > 0;
  return name === 'x-stream-offset' && streamOffset >= 0;
}
