// Converts a STOMP message to neutral properties.

import { decodeText } from '../../../../base/byte-text.ts';
import type { Body, EncodedMessage, Properties } from '../../../../broker/conversion/properties.ts';
import { emptyProperties } from '../../../../broker/conversion/properties.ts';
import { type Field, textValue } from '../../../../broker/conversion/value.ts';
import { readDestinationText } from '../address.ts';
import { type HeadLine, propertyNames, readHead } from '../codec/head.ts';
import { transformationHeader, transformed } from './transformations.ts';

/** Converts a STOMP message to neutral properties. */
export function toProperties(message: EncodedMessage): Properties {
  const { buffer, headAt, headLength } = message;
  const lines = readHead(buffer, headAt, headAt + headLength);
  const named = new Named(lines);
  const replyTo = named.text('reply-to');
  const address = replyTo === undefined ? undefined : readDestinationText(replyTo);
  const headers = lines.filter(
    ([name]) => !propertyNames.has(name) || (name === 'reply-to' && address === undefined),
  );
  const properties: Properties = {
    ...emptyProperties,
    isDurable: named.text('persistent') === 'true',
    priority: named.number('priority'),
    ttlMs: named.number('expires'),
    createdAtMs: named.big('timestamp'),
    messageId: named.value('message-id'),
    correlationId: named.value('correlation-id'),
    replyTo: address,
    type: named.text('type'),
    contentType: named.text('content-type'),
    contentEncoding: named.text('content-encoding'),
    userId: named.text('JMSXUserID'),
    groupId: named.text('JMSXGroupID'),
    groupSequence: named.number('JMSXGroupSeq'),
    isRetained: named.text('ActiveMQ.Retain') === 'true',
    headers: headers.map(([name, value]): Field => [name, textValue(value)]),
    body: bodyOf(message, named),
  };
  return transformed(properties, named.text(transformationHeader));
}

/** The first line with each name. */
class Named {
  readonly #values = new Map<string, string>();

  constructor(lines: readonly HeadLine[]) {
    for (const [name, value] of lines) {
      if (!this.#values.has(name)) this.#values.set(name, value);
    }
  }

  text(name: string): string | undefined {
    return this.#values.get(name);
  }

  value(name: string) {
    const text = this.text(name);
    return text === undefined ? undefined : textValue(text);
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
  }

  big(name: string): bigint | undefined {
    const text = this.text(name);
    return text !== undefined && /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
  }
}

/**
 * A content-length means that the body is bytes, unless the sender states another type. A frame without
 * a body is an empty text.
 */
function bodyOf({ buffer, bodyAt, bodyLength }: EncodedMessage, named: Named): Body {
  const isText =
    named.text('amq-msg-type') === 'text' || named.text('content-length') === undefined;
  const end = bodyAt + bodyLength;
  if (!isText) return { kind: 'bytes', bytes: Buffer.from(buffer.subarray(bodyAt, end)) };
  return { kind: 'text', text: decodeText(buffer, bodyAt, end) };
}
