// Converts an MQTT message to neutral properties.

import { isUtf8 } from 'node:buffer';
import { decodeText } from '../../../base/byte-text.ts';
import type { Body, EncodedMessage, Properties } from '../../../broker/conversion/properties.ts';
import { emptyProperties } from '../../../broker/conversion/properties.ts';
import { type Field, textValue, type Value } from '../../../broker/conversion/value.ts';
import { exchangeNames } from '../activemq/address.ts';
import { HeadView } from '../codec/head.ts';
import { readVisible, type StoredProperties } from '../codec/stored-properties.ts';
import type { Hidden } from './from-properties.ts';
import { qosHeader } from './names.ts';

/** Converts an MQTT message to neutral properties. */
export function toProperties(message: EncodedMessage): Properties {
  const { buffer, headAt, headLength } = message;
  const view = new HeadView().open(buffer, headAt, headAt + headLength);
  const visible = readVisible(buffer, view.visibleAt, view.visibleEnd);
  const hidden = readHidden(view.hidden);
  const { responseTopic } = visible;
  const headers: Field[] = visible.pairs.map(([name, value]) => [name, textValue(value)]);
  for (const [name, value] of hidden.headers ?? []) headers.push([name, textValue(value)]);
  if (view.isNative) headers.push([qosHeader, { type: 'int', value: view.qos }]);
  return {
    ...emptyProperties,
    isDurable: view.qos > 0,
    priority: hidden.priority,
    ttlMs: view.ttlMs < 0 ? undefined : view.ttlMs,
    createdAtMs: hidden.createdAtMs === undefined ? undefined : BigInt(hidden.createdAtMs),
    messageId: hidden.messageId === undefined ? undefined : textValue(hidden.messageId),
    correlationId: correlationOf(visible, hidden),
    replyTo:
      responseTopic === undefined
        ? hidden.replyTo
        : { kind: 'topic', name: exchangeNames(responseTopic) },
    type: hidden.type,
    contentType: visible.contentType ?? hidden.contentType,
    contentEncoding: hidden.contentEncoding,
    userId: hidden.userId,
    groupId: hidden.groupId,
    groupSequence: hidden.groupSequence,
    isRetained: view.isRetained,
    headers,
    body: bodyOf(message, visible, hidden),
  };
}

/** The JSON was written by `fromProperties`. Other bytes count as no properties. */
function readHidden(json: string | undefined): Hidden {
  if (json === undefined) return {};
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** Correlation data is text if it is UTF-8. */
function correlationOf({ correlationData }: StoredProperties, hidden: Hidden): Value | undefined {
  if (hidden.correlationId !== undefined) return textValue(hidden.correlationId);
  if (correlationData === undefined) return undefined;
  if (isUtf8(correlationData)) return textValue(correlationData.toString());
  return { type: 'binary', value: correlationData };
}

function bodyOf(
  { buffer, bodyAt, bodyLength }: EncodedMessage,
  { payloadFormat }: StoredProperties,
  hidden: Hidden,
): Body {
  if (hidden.body === 'none') return { kind: 'none' };
  const end = bodyAt + bodyLength;
  if (payloadFormat === 1 || hidden.body === 'text') {
    return { kind: 'text', text: decodeText(buffer, bodyAt, end) };
  }
  return { kind: 'bytes', bytes: Buffer.from(buffer.subarray(bodyAt, end)) };
}
