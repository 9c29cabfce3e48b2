// Converts neutral properties to a STOMP message.

import { bodyBytes } from '../../../../broker/conversion/body-bytes.ts';
import {
  annotationPrefix,
  type Encoded,
  type Properties,
} from '../../../../broker/conversion/properties.ts';
import { toJson, type Value } from '../../../../broker/conversion/value.ts';
import { destinationText } from '../address.ts';
import { frameNames, type HeadLine, lineBytes, propertyNames } from '../codec/head.ts';
import { doubleText, floatText } from './number-text.ts';
import { withMapText } from './transformations.ts';

/** Encodes a message as STOMP, where all values are text. */
export function fromProperties(converted: Properties, headBytesMax: number): Encoded {
  const properties = withMapText(converted);
  const body = bodyBytes(properties.body);
  const own = propertyLines(properties, body);
  const pieces: Buffer[] = [];
  let size = 0;
  const add = (line: HeadLine): void => {
    const bytes = lineBytes(line);
    if (size + bytes.length > headBytesMax) return;
    pieces.push(bytes);
    size += bytes.length;
  };
  for (const line of own) add(line);
  for (const [name, value] of properties.headers) {
    const isPlainReplyTo = name === 'reply-to' && properties.replyTo === undefined;
    if (frameNames.has(name) || (propertyNames.has(name) && !isPlainReplyTo)) continue;
    add([name, textOf(value)]);
  }
  for (const [name, value] of properties.annotations) add([annotationPrefix + name, textOf(value)]);
  return { head: Buffer.concat(pieces), body };
}

/** Returns the lines in the order of a head. */
function propertyLines(properties: Properties, body: Buffer): HeadLine[] {
  const { messageId, correlationId, replyTo, groupSequence } = properties;
  const isText = properties.body.kind !== 'bytes';
  const isCounted = !isText || body.includes(0);
  const all: readonly (readonly [string, string | number | bigint | undefined])[] = [
    ['expires', properties.ttlMs],
    ['timestamp', properties.createdAtMs],
    ['priority', properties.priority],
    ['message-id', messageId && textOf(messageId)],
    ['persistent', properties.isDurable ? 'true' : undefined],
    ['correlation-id', correlationId && textOf(correlationId)],
    ['reply-to', replyTo && destinationText(replyTo)],
    ['type', properties.type],
    ['content-type', properties.contentType],
    ['content-encoding', properties.contentEncoding],
    ['content-length', isCounted ? body.length : undefined],
    ['amq-msg-type', isCounted && isText ? 'text' : undefined],
    ['JMSXUserID', properties.userId],
    ['JMSXGroupID', properties.groupId],
    ['JMSXGroupSeq', groupSequence],
    ['ActiveMQ.Retain', properties.isRetained ? 'true' : undefined],
  ];
  return all.flatMap(([name, value]): HeadLine[] =>
    value === undefined ? [] : [[name, String(value)]],
  );
}

function textOf(value: Value): string {
  if (value.type === 'double') return doubleText(value.value);
  if (value.type === 'float') return floatText(value.value);
  const json = toJson(value);
  return typeof json === 'string' ? json : JSON.stringify(json);
}
