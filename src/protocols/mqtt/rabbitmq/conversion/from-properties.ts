// Converts neutral properties to an MQTT message, as RabbitMQ converts AMQP messages.

import { encodeText } from '../../../../base/byte-text.ts';
import { bodyBytes } from '../../../../broker/conversion/body-bytes.ts';
import type { Encoded, Properties } from '../../../../broker/conversion/properties.ts';
import { toJson, type Value } from '../../../../broker/conversion/value.ts';
import { isTopicName } from '../../address.ts';
import { isSendable } from '../../codec/fields.ts';
import { writeHead } from '../../codec/head.ts';
import { PropertyWriter, propertyIds } from '../../codec/properties.ts';
import { toTopic } from '../topics.ts';

/** Maximum length of correlation data, in bytes. */
const correlationBytesMax = 65_535;

/** Size of the parts of a head that every message may have, in bytes. */
const fixedBytes = 16;

/** Addresses of AMQP 1.0 that are topics. */
const topicAddress = /^\/exchanges\/amq\.topic\/([^/]*)$/;

/** Encodes a message. Properties that MQTT has no field for are left out. */
export function fromProperties(properties: Properties, headBytesMax: number): Encoded {
  const { isDurable, ttlMs, headers, annotations, contentType, correlationId } = properties;
  const writer = new PropertyWriter().text(propertyIds.contentType, contentType);
  const topic = responseTopic(properties);
  if (topic !== undefined) writer.text(propertyIds.responseTopic, topic);
  const correlation = correlationId && correlationBytes(correlationId);
  if (correlation !== undefined && correlation.length <= correlationBytesMax) {
    writer.binary(propertyIds.correlationData, correlation);
  }
  let left = headBytesMax - writer.length - fixedBytes;
  const isFitting = left >= 0;
  for (const [name, value] of [...annotations, ...headers]) {
    const text = textOf(value);
    if (text === undefined || !isSendable(name) || !isSendable(text)) continue;
    left -= 5 + Buffer.byteLength(name) + Buffer.byteLength(text);
    if (left < 0) break;
    writer.pair(name, text);
  }
  const head = writeHead({
    qos: isDurable ? 1 : 0,
    isRetained: false,
    isNative: false,
    ttlMs: ttlMs ?? -1,
    visible: isFitting ? writer.bytes() : Buffer.alloc(0),
  });
  return { head, body: bodyBytes(properties.body) };
}

/** The topic for replies, if the reply address is one. */
function responseTopic({ replyTo }: Properties): string | undefined {
  if (replyTo === undefined) return undefined;
  const key = replyTo.kind === 'topic' ? replyTo.name : keyIn(replyTo.name);
  if (key === undefined || key === '') return undefined;
  const topic = toTopic(key, false);
  return isTopicName(topic) ? topic : undefined;
}

function keyIn(address: string): string | undefined {
  const [, encoded] = topicAddress.exec(address) ?? [];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function correlationBytes(value: Value): Buffer {
  return value.type === 'binary' ? value.value : encodeText(textOf(value) ?? '');
}

/** The text of a simple value; undefined for lists, maps and bytes. */
function textOf(value: Value): string | undefined {
  switch (value.type) {
    case 'list':
    case 'map':
    case 'binary':
      return undefined;
    case 'null':
      return '';
    default: {
      const json = toJson(value);
      return typeof json === 'string' ? json : String(json);
    }
  }
}
