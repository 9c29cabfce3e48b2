// The properties of messages in JSON.

import { Writer } from '../../base/bytes.ts';
import { argumentsToJson } from '../../broker/rabbitmq/json-arguments.ts';
import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import {
  type BasicProperties,
  writeProperties,
} from '../../protocols/amqp091/codec/basic-properties.ts';
import { badRequest } from '../errors.ts';
import { argumentsFromJson } from '../json/arguments.ts';
import { isArray, isObject, own } from '../json/read.ts';

type Kind = 'text' | 'octet' | 'time';

/** The properties except for the headers, in RabbitMQ's order. */
const known: readonly (readonly [json: string, name: keyof BasicProperties, kind: Kind])[] = [
  ['content_type', 'contentType', 'text'],
  ['content_encoding', 'contentEncoding', 'text'],
  ['delivery_mode', 'deliveryMode', 'octet'],
  ['priority', 'priority', 'octet'],
  ['correlation_id', 'correlationId', 'text'],
  ['reply_to', 'replyTo', 'text'],
  ['expiration', 'expiration', 'text'],
  ['message_id', 'messageId', 'text'],
  ['timestamp', 'timestamp', 'time'],
  ['type', 'type', 'text'],
  ['user_id', 'userId', 'text'],
  ['app_id', 'appId', 'text'],
  ['cluster_id', 'clusterId', 'text'],
];

/**
 * Reads properties. Unknown ones are ignored, as in RabbitMQ.
 *
 * @throws {ManagementError} `bad-request`
 */
export function propertiesFromJson(value: JsonValue | undefined): BasicProperties {
  if (value === undefined || (isArray(value) && value.length === 0)) return {};
  if (!isObject(value)) throw badRequest('not_object', 'properties');
  const found: Record<string, unknown> = {};
  for (const [json, name, kind] of known) {
    const given = own(value, json);
    if (given !== undefined) found[name] = readProperty(json, kind, given);
  }
  const headers = own(value, 'headers');
  if (headers !== undefined) found['headers'] = argumentsFromJson(headers);
  return found as BasicProperties; // the table names the types of the interface
}

function readProperty(name: string, kind: Kind, value: JsonValue): string | number {
  if (kind === 'text') {
    if (typeof value === 'string') return value;
    throw badRequest('not_string', name);
  }
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  const max = kind === 'octet' ? 255 : Number.MAX_SAFE_INTEGER;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= max) {
    return number;
  }
  throw badRequest('not_int', name);
}

/** Encodes properties. */
export function encodeProperties(properties: BasicProperties): Buffer {
  const w = new Writer(256);
  writeProperties(w, properties);
  return w.toBuffer();
}

/** Writes properties. Without any, the result is an empty array, as in RabbitMQ. */
export function propertiesToJson(properties: BasicProperties): JsonValue {
  const written: Record<string, JsonValue> = {};
  for (const [json, name] of [...known].reverse()) {
    const value = properties[name];
    if (typeof value === 'string' || typeof value === 'number') written[json] = value;
    else if (typeof value === 'bigint') written[json] = Number(value);
  }
  const { headers } = properties;
  if (headers !== undefined) written['headers'] = argumentsToJson(headers);
  return Object.keys(written).length === 0 ? [] : (written as JsonObject);
}
