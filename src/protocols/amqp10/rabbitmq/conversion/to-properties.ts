// Converts an AMQP 1.0 message to neutral properties, as RabbitMQ converts it for AMQP 0-9-1.

import { decodeText } from '../../../../base/byte-text.ts';
import { isShortName } from '../../../../broker/arguments.ts';
import type { EncodedMessage, Properties } from '../../../../broker/conversion/properties.ts';
import { emptyProperties } from '../../../../broker/conversion/properties.ts';
import type { Field } from '../../../../broker/conversion/value.ts';
import { type Entry, entryOf, type Item, textOf } from '../../codec/items.ts';
import { readHead } from '../../conversion/read-head.ts';
import { toValue } from '../../conversion/values.ts';
import { decodeSegment } from '../addresses.ts';
import { plainBody } from './body.ts';
import { deathValue } from './deaths.ts';
import { convertedId } from './ids.ts';
import { annotationNames, headerNames, isXName, sectionsType } from './names.ts';

/** Annotations that do not become headers. */
const internal: ReadonlySet<string> = new Set([
  annotationNames.exchange,
  annotationNames.routingKey,
  annotationNames.basicType,
  annotationNames.basicPriority,
  annotationNames.basicExpiration,
  annotationNames.basicDeliveryMode,
  headerNames.deaths,
]);

/** Converts a message. */
export function toProperties(message: EncodedMessage): Properties {
  const { buffer, headAt, headLength } = message;
  const head = readHead(buffer, headAt, headAt + headLength);
  const { header, annotations, properties, applicationProperties } = head;
  const messageId = convertedId(properties[0], headerNames.messageId);
  const correlationId = convertedId(properties[5], headerNames.correlationId);
  const { bytes, isSections } = plainBody(message);
  const created = properties[9];
  return {
    ...emptyProperties,
    isDurable: isDurable(header[0], annotations),
    priority: numberOf(header[1]) ?? numberOf(entryOf(annotations, annotationNames.basicPriority)),
    ttlMs: numberOf(header[2]) ?? ttlOf(entryOf(annotations, annotationNames.basicExpiration)),
    messageId: messageId.property,
    correlationId: correlationId.property,
    userId: userOf(properties[1]),
    replyTo: replyOf(textOf(properties[4])),
    type: isSections ? sectionsType : textOf(entryOf(annotations, annotationNames.basicType)),
    contentType: textOf(properties[6]),
    contentEncoding: textOf(properties[7]),
    // Only seconds, because AMQP 0-9-1 has no more.
    createdAtMs: created?.type === 'timestamp' ? (created.value / 1000n) * 1000n : undefined,
    appId: shortOf(textOf(properties[10])),
    headers: [
      ...messageId.headers,
      ...correlationId.headers,
      ...applicationProperties.flatMap(headerOf),
    ],
    annotations: annotations.flatMap(annotationOf),
    body: { kind: 'bytes', bytes },
  };
}

function isDurable(durable: Item | undefined, annotations: readonly Entry[]): boolean {
  if (durable?.type === 'boolean') return durable.value;
  return numberOf(entryOf(annotations, annotationNames.basicDeliveryMode)) === 2;
}

function numberOf(item: Item | undefined): number | undefined {
  return item?.type === 'uint' || item?.type === 'ubyte' ? item.value : undefined;
}

function ttlOf(item: Item | undefined): number | undefined {
  const text = textOf(item) ?? '';
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}

function shortOf(text: string | undefined): string | undefined {
  return text !== undefined && isShortName(text) ? text : undefined;
}

function userOf(item: Item | undefined): string | undefined {
  return item?.type === 'binary'
    ? shortOf(decodeText(item.value, 0, item.value.length))
    : undefined;
}

const queuePrefix = '/queues/';

/** AMQP 0-9-1 names the queue for replies, AMQP 1.0 its address. */
function replyOf(text: string | undefined): Properties['replyTo'] {
  if (text === undefined) return undefined;
  const name = text.startsWith(queuePrefix) ? decodeSegment(text.slice(queuePrefix.length)) : text;
  return name === undefined || !isShortName(name) ? undefined : { kind: 'queue', name };
}

function headerOf([key, value]: Entry): Field[] {
  const name = key.type === 'string' ? key.value : undefined;
  if (name === undefined || name === headerNames.cc || name === headerNames.bcc) return [];
  return [[name, toValue(value)]];
}

function annotationOf([key, value]: Entry): Field[] {
  const name = key.type === 'symbol' ? key.value : '';
  if (name === annotationNames.cc) return [[headerNames.cc, toValue(value)]];
  if (name === annotationNames.deaths) return [[headerNames.deaths, deathValue(value)]];
  if (name === annotationNames.receivedAt && value.type === 'timestamp') {
    return [[headerNames.receivedAt, { type: 'long', value: value.value }]];
  }
  return !isXName(name) || internal.has(name) ? [] : [[name, toValue(value)]];
}
