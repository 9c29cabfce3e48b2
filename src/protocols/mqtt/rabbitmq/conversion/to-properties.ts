// Converts an MQTT message to neutral properties, as RabbitMQ converts it for AMQP.

import { isUtf8 } from 'node:buffer';
import type { EncodedMessage, Properties } from '../../../../broker/conversion/properties.ts';
import { emptyProperties } from '../../../../broker/conversion/properties.ts';
import { type Field, textValue, type Value } from '../../../../broker/conversion/value.ts';
import { HeadView } from '../../codec/head.ts';
import { readVisible } from '../../codec/stored-properties.ts';
import { toRoutingKey } from '../topics.ts';
import { readDeaths } from './deaths.ts';

/** Maximum length of the content type in AMQP 0-9-1, in bytes. */
const shortBytesMax = 255;

/** Converts a message. The payload is bytes, whatever the client said about its format. */
export function toProperties(message: EncodedMessage): Properties {
  const { buffer, headAt, headLength, bodyAt, bodyLength } = message;
  const view = new HeadView().open(buffer, headAt, headAt + headLength);
  const visible = readVisible(buffer, view.visibleAt, view.visibleEnd);
  const { contentType, responseTopic, correlationData } = visible;
  const headers: Field[] = visible.pairs.map(([name, value]) => [name, textValue(value)]);
  return {
    ...emptyProperties,
    isDurable: view.qos > 0,
    ttlMs: view.ttlMs < 0 ? undefined : view.ttlMs,
    correlationId: correlationData && correlationOf(correlationData),
    replyTo:
      responseTopic === undefined
        ? undefined
        : { kind: 'topic', name: toRoutingKey(responseTopic, false) },
    contentType: contentType !== undefined && isPlain(contentType) ? contentType : undefined,
    headers: [...headers, ...readDeaths(view.hidden)],
    body: { kind: 'bytes', bytes: Buffer.from(buffer.subarray(bodyAt, bodyAt + bodyLength)) },
  };
}

function correlationOf(data: Buffer): Value {
  return isUtf8(data) ? textValue(data.toString()) : { type: 'binary', value: data };
}

/** Whether a text is ASCII and short. */
function isPlain(text: string): boolean {
  return text.length <= shortBytesMax && /^[\x20-\x7e]*$/.test(text);
}
