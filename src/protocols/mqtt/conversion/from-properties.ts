// Converts neutral properties to an MQTT message.

import { encodeText } from '../../../base/byte-text.ts';
import { bodyBytes } from '../../../broker/conversion/body-bytes.ts';
import type { Address, Body, Encoded, Properties } from '../../../broker/conversion/properties.ts';
import { toJson, type Value } from '../../../broker/conversion/value.ts';
import { exchangeNames } from '../activemq/address.ts';
import { isSendable } from '../codec/fields.ts';
import { writeHead } from '../codec/head.ts';
import { PropertyWriter, propertyIds } from '../codec/properties.ts';
import { qosHeader } from './names.ts';

/** The properties that MQTT clients are not sent. */
export interface Hidden {
  body?: 'none' | 'text' | undefined;
  priority?: number;
  createdAtMs?: string;
  messageId?: string;
  correlationId?: string;
  replyTo?: Address;
  type?: string;
  contentType?: string;
  contentEncoding?: string;
  userId?: string;
  groupId?: string;
  groupSequence?: number;
  /** Headers that cannot be user properties. */
  headers?: [name: string, value: string][];
}

/** Encodes a message as MQTT, where all values are text. */
export function fromProperties(properties: Properties, headBytesMax: number): Encoded {
  const { isDurable, isRetained, ttlMs } = properties;
  const hidden = hiddenOf(properties);
  const writer = new PropertyWriter();
  writeVisible(writer, properties, hidden);
  const published = publishedQos(properties);
  const roomBytes = headBytesMax - writer.length - jsonBytes(hidden) - fixedBytes;
  // If the properties alone are too large, only what every head has is written.
  const isFitting = roomBytes >= 0;
  if (isFitting) writeHeaders(writer, properties, hidden, roomBytes);
  const hasHidden = isFitting && Object.keys(hidden).length > 0;
  const head = writeHead({
    qos: isDurable ? Math.max(1, published) : 0,
    isRetained,
    isNative: published >= 0,
    ttlMs: ttlMs ?? -1,
    ...(hasHidden && { hidden: JSON.stringify(hidden) }),
    visible: isFitting ? writer.bytes() : Buffer.alloc(0),
  });
  return { head, body: bodyBytes(properties.body) };
}

/** Size of the parts of a head that every message may have, in bytes. */
const fixedBytes = 16;

/** The quality of service in {@link qosHeader}; -1 without it. */
function publishedQos({ headers }: Properties): number {
  const found = headers.find(([name]) => name === qosHeader)?.[1];
  const qos = found === undefined ? -1 : Number(textOf(found));
  return qos === 0 || qos === 1 || qos === 2 ? qos : -1;
}

function writeVisible(writer: PropertyWriter, properties: Properties, hidden: Hidden): void {
  const { body, contentType, replyTo, correlationId } = properties;
  if (isPlainText(body)) writer.byte(propertyIds.payloadFormat, 1);
  writer.text(propertyIds.contentType, contentType);
  if (replyTo !== undefined && isTopicReply(replyTo)) {
    writer.text(propertyIds.responseTopic, exchangeNames(replyTo.name));
  }
  if (correlationId !== undefined && hidden.correlationId === undefined) {
    writer.binary(propertyIds.correlationData, correlationBytes(correlationId));
  }
}

/** Writes headers as user properties, as far as there is room. */
function writeHeaders(
  writer: PropertyWriter,
  properties: Properties,
  hidden: Hidden,
  roomBytes: number,
): void {
  const isNative = publishedQos(properties) >= 0;
  let left = roomBytes;
  for (const [name, value] of properties.headers) {
    if (name === qosHeader && isNative) continue;
    const text = textOf(value);
    const isPair = isSendable(name) && isSendable(text);
    // In JSON, a character takes up to six bytes.
    left -= isPair
      ? 5 + Buffer.byteLength(name) + Buffer.byteLength(text)
      : 24 + 6 * (name.length + text.length);
    if (left < 0) return;
    if (isPair) writer.pair(name, text);
    else {
      hidden.headers ??= [];
      hidden.headers.push([name, text]);
    }
  }
}

function jsonBytes(hidden: Hidden): number {
  return Object.keys(hidden).length === 0 ? 0 : Buffer.byteLength(JSON.stringify(hidden));
}

/** JSON leaves out what is undefined. */
function hiddenOf(properties: Properties): Hidden {
  const { body, priority, createdAtMs, messageId, replyTo, contentType } = properties;
  const { type, contentEncoding, userId, groupId, groupSequence } = properties;
  const all: Partial<Record<keyof Hidden, Hidden[keyof Hidden]>> = {
    body: hiddenBody(body),
    priority,
    createdAtMs: createdAtMs?.toString(),
    messageId: messageId && textOf(messageId),
    correlationId: longCorrelation(properties),
    replyTo: replyTo !== undefined && isTopicReply(replyTo) ? undefined : replyTo,
    type,
    contentType: contentType !== undefined && isSendable(contentType) ? undefined : contentType,
    contentEncoding,
    userId,
    groupId,
    groupSequence,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function hiddenBody(body: Body): Hidden['body'] {
  if (body.kind === 'none') return 'none';
  return body.kind === 'text' && !isPlainText(body) ? 'text' : undefined;
}

/** Correlation data has at most 65,535 bytes. */
function longCorrelation({ correlationId }: Properties): string | undefined {
  if (correlationId === undefined || correlationBytes(correlationId).length <= 65_535) {
    return undefined;
  }
  return textOf(correlationId);
}

/** Whether a reply address can be a response topic: a topic without wildcards. */
function isTopicReply({ kind, name }: Address): boolean {
  return kind === 'topic' && name !== '' && !/[*>]/.test(name) && isSendable(name);
}

function isPlainText(body: Body): boolean {
  return body.kind === 'value' || (body.kind === 'text' && body.text.isWellFormed());
}

function correlationBytes(value: Value): Buffer {
  return value.type === 'binary' ? value.value : encodeText(textOf(value));
}

function textOf(value: Value): string {
  const json = toJson(value);
  return typeof json === 'string' ? json : JSON.stringify(json);
}
