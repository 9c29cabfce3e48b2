// Conversion to neutral properties.

import { encodeText } from '../../../base/byte-text.ts';
import type { Argument, Arguments } from '../../../broker/arguments.ts';
import { toFields } from '../../../broker/conversion/argument-values.ts';
import type {
  Address,
  Body,
  EncodedMessage,
  Properties,
} from '../../../broker/conversion/properties.ts';
import type { Value } from '../../../broker/conversion/value.ts';
import { type BasicProperties, readProperties } from '../codec/basic-properties.ts';
import { carriers } from './carriers.ts';
import { readId } from './ids.ts';

/** Converts a message of AMQP 0-9-1 to neutral properties. */
export function toProperties(message: EncodedMessage): Properties {
  const { buffer, headAt, headLength, bodyAt, bodyLength } = message;
  const basic = readProperties(buffer, headAt, headAt + headLength);
  const headers = new Headers(basic.headers ?? {});
  const bytes = Buffer.from(buffer.subarray(bodyAt, bodyAt + bodyLength));
  return {
    isDurable: basic.deliveryMode === 2,
    priority: basic.priority,
    ttlMs: readTtl(basic.expiration),
    createdAtMs: createdAt(basic, headers),
    messageId: idOf(basic.messageId, headers, carriers.messageId, carriers.messageIdType),
    correlationId: idOf(
      basic.correlationId,
      headers,
      carriers.correlationId,
      carriers.correlationIdType,
    ),
    replyTo: replyTo(basic.replyTo, headers),
    to: headers.takeAddress(carriers.to),
    type: basic.type,
    contentType: basic.contentType,
    contentEncoding: basic.contentEncoding,
    userId: basic.userId,
    groupId: headers.takeText(carriers.groupId),
    groupSequence: headers.takeSequence(),
    replyToGroupId: headers.takeText(carriers.replyToGroupId),
    appId: basic.appId,
    clusterId: basic.clusterId,
    isRetained: headers.takeTrue(carriers.retained),
    body: bodyOf(bytes, headers),
    annotations: [],
    headers: toFields(headers.left),
  };
}

/** The headers of a message. Those that represent properties are removed. */
class Headers {
  readonly left: Record<string, Argument>;

  constructor(headers: Arguments) {
    this.left = { ...headers };
    // Receivers must not see it.
    delete this.left['BCC'];
  }

  takeText(name: string): string | undefined {
    const found = this.left[name];
    if (found?.type !== 'longstr') return undefined;
    delete this.left[name];
    return String(found.value);
  }

  takeTrue(name: string): boolean {
    const found = this.left[name];
    if (found?.type !== 'bool' || found.value !== true) return false;
    delete this.left[name];
    return true;
  }

  takeSequence(): number | undefined {
    const found = this.left[carriers.groupSequence];
    if (found?.type !== 'long' || !Number.isSafeInteger(found.value)) return undefined;
    delete this.left[carriers.groupSequence];
    return Number(found.value);
  }

  takeAddress(name: string): Address | undefined {
    const found = this.left[name];
    const match = /^(queue|topic|temporary-queue|temporary-topic):\/\/(.*)$/s.exec(
      found?.type === 'longstr' ? String(found.value) : '',
    );
    if (match === null) return undefined;
    delete this.left[name];
    const [, kind, address = ''] = match;
    return { kind: kind as Address['kind'], name: address }; // the pattern permits only these
  }
}

function readTtl(expiration: string | undefined): number | undefined {
  const isDigits = expiration !== undefined && /^\d{1,15}$/.test(expiration);
  return isDigits ? Number(expiration) : undefined;
}

/** The time with the milliseconds of the header, if it matches the seconds of the property. */
function createdAt({ timestamp }: BasicProperties, { left }: Headers): bigint | undefined {
  if (timestamp === undefined) return undefined;
  const seconds = BigInt(timestamp);
  const header = left[carriers.createdAtMs];
  if (header?.type === 'long') {
    const ms = BigInt(String(header.value));
    if (ms >= 0n && ms / 1000n === seconds && ms % 1000n !== 0n) {
      delete left[carriers.createdAtMs];
      return ms;
    }
  }
  return seconds * 1000n;
}

function idOf(
  property: string | undefined,
  headers: Headers,
  longName: string,
  typeName: string,
): Value | undefined {
  const text = property ?? headers.takeText(longName);
  if (text === undefined) return undefined;
  const type = headers.left[typeName];
  const id = readId(text, type?.type === 'longstr' ? String(type.value) : undefined);
  if (id.type !== 'string') delete headers.left[typeName];
  return id;
}

/** Replies go to a queue, unless a header states otherwise. */
function replyTo(property: string | undefined, headers: Headers): Address | undefined {
  if (property !== undefined) return { kind: 'queue', name: property };
  const topic = headers.takeText(carriers.replyToTopic);
  return topic === undefined
    ? headers.takeAddress(carriers.replyTo)
    : { kind: 'topic', name: topic };
}

function bodyOf(bytes: Buffer, headers: Headers): Body {
  const kind = headers.left[carriers.body];
  if (kind?.type === 'longstr' && kind.value === 'none' && bytes.length === 0) {
    delete headers.left[carriers.body];
    return { kind: 'none' };
  }
  if (kind?.type === 'longstr' && kind.value === 'text') {
    const text = bytes.toString('utf8');
    if (encodeText(text).equals(bytes)) {
      delete headers.left[carriers.body];
      return { kind: 'text', text };
    }
  }
  return { kind: 'bytes', bytes };
}
